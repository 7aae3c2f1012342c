"""The inference graph: valid by ONNX's own rules, its contract kept; and weights as bytes."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from charnn import cells
from charnn.export.recurrent import LARGEST_INT8, quantize
from charnn.tasks.language_model.config import LanguageModelNetworkConfig
from charnn.tasks.language_model.graph import language_model_graph

Array = npt.NDArray[np.float32]
CELLS: list[str] = ["rnn", "lstm", "gru"]
GATES = {"rnn": 1, "lstm": 4, "gru": 3}
MATRICES = npst.arrays(
    np.float32,
    npst.array_shapes(min_dims=2, max_dims=2, max_side=6),
    elements=st.floats(-1e6, 1e6, width=32).map(lambda x: x if abs(x) > 1e-30 else 0.0),
)


DEEP: list[dict[str, Any]] = [{}, {"residual": True}, {"recurrent_depth": 3}, {"residual": True, "recurrent_depth": 2}]


def network_config(cell: str = "lstm", layers: int = 1, **options: Any) -> LanguageModelNetworkConfig:
    return LanguageModelNetworkConfig(11, cell=cell, layers=layers, hidden_size=8, embedding_size=5, **options)


def random_weights(config: LanguageModelNetworkConfig) -> dict[str, Array]:
    """By the names of weights.safetensors, as large as those of a trained network, so that logits are some units."""
    random = np.random.default_rng(0)
    hidden, rows = config.hidden_size, GATES[config.cell] * config.hidden_size
    shapes: dict[str, tuple[int, ...]] = {"embedding.weight": (config.vocabulary_size, config.embedding_size)}
    for depth in range(config.layers):
        layer = f"recurrent.layers.{depth}."
        shapes[f"{layer}weight_ih_l0"] = (rows, config.embedding_size if depth == 0 else hidden)
        shapes[f"{layer}weight_hh_l0"] = (rows, hidden)
        shapes[f"{layer}bias_ih_l0"] = shapes[f"{layer}bias_hh_l0"] = (rows,)
    shapes |= {"head.weight": (config.vocabulary_size, hidden), "head.bias": (config.vocabulary_size,)}
    return {name: random.normal(0, 0.7, shape).astype(np.float32) for name, shape in shapes.items()}


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("layers", [1, 3])
@pytest.mark.parametrize("options", DEEP, ids=str)
def test_graph_of_standard_operators_passes_the_checker_with_shapes_inferred(
    cell: str, layers: int, options: dict[str, Any]
) -> None:
    config = network_config(cell, layers, **options)
    model = onnx.ModelProto.FromString(language_model_graph(config, random_weights(config)))
    onnx.checker.check_model(model, full_check=True)
    assert {node.domain for node in model.graph.node} == {""}
    assert [node.op_type for node in model.graph.node].count(cell.upper()) == layers


@pytest.mark.parametrize("options", DEEP, ids=str)
def test_contract_of_names_and_shapes_is_kept(options: dict[str, Any]) -> None:
    config = network_config(layers=2, **options)
    model = onnx.ModelProto.FromString(language_model_graph(config, random_weights(config)))

    def described(values: Any) -> dict[str, tuple[int, list[str | int]]]:
        types = {value.name: value.type.tensor_type for value in values}
        return {name: (t.elem_type, [d.dim_param or d.dim_value for d in t.shape.dim]) for name, t in types.items()}

    floats, state = onnx.TensorProto.FLOAT, [1, "B", 8]
    names = ["hidden.0", "cell.0", "hidden.1", "cell.1"]
    assert described(model.graph.input) == {
        "ids": (onnx.TensorProto.INT64, ["B", "T"]),
        **dict.fromkeys(names, (floats, state)),
    }
    assert described(model.graph.output) == {
        "logits": (floats, ["B", "T", 11]),
        **{f"{name}.next": (floats, state) for name in names},
    }


def test_gru_resets_after_the_product_as_torch_does() -> None:
    config = network_config("gru")
    model = onnx.ModelProto.FromString(language_model_graph(config, random_weights(config)))
    (gru,) = (node for node in model.graph.node if node.op_type == "GRU")
    assert {a.name: a.i for a in gru.attribute}["linear_before_reset"] == 1


def test_sequences_of_an_lstm_alone_can_be_quantized() -> None:
    assert [name for name, cell in cells.CELLS.items() if cell.int8_operator] == ["lstm"]


# int8


@given(MATRICES)
def test_quantized_weights_are_within_half_a_scale_of_their_row(weight: Array) -> None:
    values, scale = quantize(weight)
    assert (values.dtype, scale.dtype) == (np.int8, np.float32)
    assert (values.shape, scale.shape) == (weight.shape, weight.shape[:1])
    error = np.abs(values * scale[:, None].astype(np.float64) - weight)
    assert (error <= scale[:, None] * (0.5 + 1e-4)).all()  # fp32 division may round what lies half-way to either side
    assert (scale > 0).all()


@given(MATRICES)
def test_largest_weight_of_each_row_uses_the_whole_range(weight: Array) -> None:
    values, _ = quantize(weight)
    largest = np.abs(values.astype(int)).max(axis=1)
    np.testing.assert_array_equal(largest, np.where(np.abs(weight).max(axis=1) > 0, LARGEST_INT8, 0))


def test_quantize_worked_example() -> None:
    values, scale = quantize(np.array([[6.4, -0.04, 0.06], [0.0, 0.0, 0.0], [-128.0, 2.0, 5.1]], np.float32))
    assert values.tolist() == [[64, 0, 1], [0, 0, 0], [-64, 1, 3]]
    np.testing.assert_allclose(scale, [0.1, 1.0, 2.0], rtol=1e-6)
