"""The int8 graph of single steps: its contract, its weights, and what its rounding costs."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import pytest
from onnx import TensorProto, numpy_helper

from charnn.export.recurrent import LARGEST_INT8
from charnn.tasks.language_model import step_graph as steps
from charnn.tasks.language_model.config import LanguageModelNetworkConfig
from charnn.tasks.language_model.graph import language_model_graph
from charnn.tasks.language_model.learn.quantization import LARGEST_LOSS
from charnn.tasks.language_model.lengths import LENGTH_CLASSES
from charnn.tasks.language_model.step_graph import LEVELS, step_graph
from charnn.tasks.language_model.use.runtime import RuntimeLanguageModel

Array = npt.NDArray[np.float32]
CELLS: list[str] = ["rnn", "lstm", "gru"]
GATES = {"rnn": 1, "lstm": 4, "gru": 3}
DEEP: list[dict[str, Any]] = [{}, {"residual": True}, {"recurrent_depth": 3}, {"residual": True, "recurrent_depth": 2}]


def network_config(
    cell: str = "lstm", layers: int = 1, *, vocabulary_size: int = 11, **options: Any
) -> LanguageModelNetworkConfig:
    return LanguageModelNetworkConfig(
        vocabulary_size, cell=cell, layers=layers, hidden_size=8, embedding_size=5, **options
    )


def random_weights(config: LanguageModelNetworkConfig, scale: float = 0.7) -> dict[str, Array]:
    """By the names of weights.safetensors, as large as those of a trained network, so that logits are some units."""
    random = np.random.default_rng(0)
    vocabulary, embedding, hidden = config.vocabulary_size, config.embedding_size, config.hidden_size
    rows = GATES[config.cell] * hidden
    shapes: dict[str, tuple[int, ...]] = {"embedding.weight": (vocabulary, embedding)}
    for depth in range(config.layers):
        layer = f"recurrent.layers.{depth}."
        shapes[f"{layer}weight_ih_l0"] = (rows, embedding if depth == 0 else hidden)
        shapes[f"{layer}weight_hh_l0"] = (rows, hidden)
        shapes[f"{layer}bias_ih_l0"] = shapes[f"{layer}bias_hh_l0"] = (rows,)
    shapes |= {"head.weight": (vocabulary, hidden), "head.bias": (vocabulary,)}
    if config.stopping == "length":
        shapes["countdown.weight"] = (LENGTH_CLASSES, embedding)
        shapes |= {"lengths.weight": (LENGTH_CLASSES, hidden), "lengths.bias": (LENGTH_CLASSES,)}
    return {name: random.normal(0, scale, shape).astype(np.float32) for name, shape in shapes.items()}


def models(config: LanguageModelNetworkConfig, weights: dict[str, Array]) -> list[RuntimeLanguageModel]:
    """fp32, then int8."""
    return [RuntimeLanguageModel(write(config, weights)) for write in (language_model_graph, step_graph)]


@pytest.mark.parametrize("options", [{}, {"stopping": "length"}, {"residual": True, "recurrent_depth": 2}], ids=str)
def test_contract_of_names_and_shapes_is_kept(options: dict[str, Any]) -> None:
    config = network_config(layers=2, **options)
    model = onnx.ModelProto.FromString(step_graph(config, random_weights(config)))
    onnx.checker.check_model(model)

    def described(values: Any) -> dict[str, tuple[int, list[str | int]]]:
        types = {value.name: value.type.tensor_type for value in values}
        return {name: (t.elem_type, [d.dim_param or d.dim_value for d in t.shape.dim]) for name, t in types.items()}

    integers, floats, state = TensorProto.INT64, TensorProto.FLOAT, [1, "B", 8]
    names = ["hidden.0", "cell.0", "hidden.1", "cell.1"]
    given: dict[str, Any] = {"ids": (integers, ["B"]), **dict.fromkeys(names, (floats, state))}
    wanted: dict[str, Any] = {"logits": (floats, ["B", 11]), **{f"{name}.next": (floats, state) for name in names}}
    if config.stopping == "length":
        given["left"], wanted["log_lengths"] = (integers, ["B"]), (floats, ["B", LENGTH_CLASSES])
    assert described(model.graph.input) == given
    assert described(model.graph.output) == wanted


@pytest.mark.parametrize("options", DEEP, ids=str)
@pytest.mark.parametrize("cell", CELLS)
def test_weights_of_bytes_are_all_there_and_no_larger_than_is_safe(cell: str, options: dict[str, Any]) -> None:
    config = network_config(cell, 3, **options)
    model = onnx.ModelProto.FromString(step_graph(config, random_weights(config)))
    bytes_KN = [numpy_helper.to_array(c) for c in model.graph.initializer if c.data_type == TensorProto.INT8]
    rows = GATES[cell] * 8
    # The recurrent weights of each layer, and those of the inputs of the second and the third, at least once.
    assert sum(values.size for values in bytes_KN) >= 5 * 8 * rows
    for values_KN in bytes_KN:
        assert values_KN.shape in ((8, rows), (16, rows))
        np.testing.assert_array_equal(np.abs(values_KN.astype(int)).max(0), LARGEST_INT8)


def first_logits_bound(
    config: LanguageModelNetworkConfig, weights: dict[str, Array], token: int
) -> npt.NDArray[np.float64]:
    """(V,): how far int8 may take the first logits of a 2-layer lstm from fp32 ones, whatever the values.

    The state is zero and the first layer reads a table, so only the second layer's product with the h of the first is
    approximate, by at most d for each gate unit: the weights by half a scale, that of the whole row, and h by half a
    level. A sigmoid has a slope of at most 1/4, tanh of 1, and neither is above 1: c = sigmoid(i) tanh(g) is off by at
    most d_i / 4 + d_g, and h = sigmoid(o) tanh(c) by d_o / 4 + d_c. The head is exact.
    """
    w = {name: array.astype(np.float64) for name, array in weights.items()}
    first, second = "recurrent.layers.0.", "recurrent.layers.1."
    gates = w[f"{first}weight_ih_l0"] @ w["embedding.weight"][token] + w[f"{first}bias_ih_l0"] + w[f"{first}bias_hh_l0"]
    i, _, g, o = np.split(gates, 4)  # torch's order
    h = np.tanh(np.tanh(g) / (1 + np.exp(-i))) / (1 + np.exp(-o))
    weight = w[f"{second}weight_ih_l0"]
    half_scales = np.abs(np.concatenate([weight, w[f"{second}weight_hh_l0"]], 1)).max(1) / LARGEST_INT8 / 2
    half_level = 0.5 / LEVELS
    d = half_scales * (np.abs(h) + half_level).sum() + np.abs(weight).sum(1) * half_level
    d_i, _, d_g, d_o = np.split(d, 4)
    bound: npt.NDArray[np.float64] = np.abs(w["head.weight"]) @ (d_o / 4 + d_i / 4 + d_g)
    return bound + 1e-5  # fp32 itself


@pytest.mark.parametrize("token", range(11))
def test_first_logits_of_int8_are_within_what_its_rounding_explains(token: int) -> None:
    config = network_config(layers=2)
    weights = random_weights(config)
    plain_V, int8_V = (model.step(np.array([token]), model.initial_state(1))[0][0] for model in models(config, weights))
    assert (np.abs(int8_V - plain_V) <= first_logits_bound(config, weights, token)).all()
    assert (int8_V != plain_V).any()


@pytest.mark.parametrize("cell", CELLS)
def test_first_logits_of_one_layer_are_exact(cell: str) -> None:
    config = network_config(cell)
    (plain, _), (int8, _) = (
        model.step(np.arange(11), model.initial_state(11)) for model in models(config, random_weights(config))
    )
    np.testing.assert_allclose(int8, plain, rtol=0, atol=1e-5)


@pytest.mark.parametrize("options", DEEP, ids=str)
@pytest.mark.parametrize("cell", CELLS)
def test_int8_loses_less_than_would_keep_it_from_being_used(cell: str, options: dict[str, Any]) -> None:
    """Long runs have no useful worst case: a gate may be at its steepest at every step. What counts is the mean loss on
    text, and LARGEST_LOSS, in bits, is where int8 stops being used. The text is drawn from the fp32 model itself, the
    likeliest to show a difference: any change of its distribution costs nats there."""
    config = network_config(cell, layers=3, **options)
    weights = random_weights(config, 0.35 if cell == "rnn" else 0.5)  # any larger, and an rnn is chaotic
    weights["head.weight"] *= 3
    plain, int8 = models(config, weights)
    random, lanes = np.random.default_rng(1), 16
    ids_B, state, text = np.zeros(lanes, np.int64), plain.initial_state(lanes), []
    for _ in range(100):
        text.append(ids_B)
        logits_BV, state = plain.step(ids_B, state)
        ids_B = (logits_BV + random.gumbel(size=logits_BV.shape)).argmax(1)
    ids_BT = np.stack([*text, ids_B], 1)
    mean_bits = [
        sum(model.costs(ids_BT[:, :-1], ids_BT[:, 1:], model.initial_state(lanes))[0]).mean() / np.log(2)
        for model in (plain, int8)
    ]
    assert mean_bits[0] < np.log2(11) - 0.3, "there is something to lose"
    assert abs(mean_bits[1] - mean_bits[0]) < LARGEST_LOSS


@pytest.mark.parametrize("cell", CELLS)
def test_the_sums_of_residual_layers_are_not_cut_off(cell: str) -> None:
    """Units are always on, so that layer N reads N (or 0.8 N); the last one's gates would show what of it is lost."""
    config = network_config(cell, layers=5, residual=True)
    weights = {name: np.zeros_like(array) for name, array in random_weights(config).items()}
    for depth in range(5):
        bias = {"rnn": [9], "lstm": [9, 9, 9, 9], "gru": [0, -9, 9]}[cell]
        weights[f"recurrent.layers.{depth}.bias_ih_l0"] = np.repeat(np.array(bias, np.float32), 8)
    weights["recurrent.layers.4.weight_ih_l0"][:] = -0.25
    weights["head.weight"][:] = 1
    plain, int8 = (model.step(np.zeros(1, int), model.initial_state(1))[0] for model in models(config, weights))
    np.testing.assert_allclose(int8, plain, rtol=0, atol=1e-3 * np.abs(plain).max())


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("vocabulary_size", [1, 2])
@pytest.mark.parametrize("stopping", ["symbol", "length"])
def test_weights_that_are_zero_and_vocabularies_of_hardly_anything(
    cell: str, layers: int, vocabulary_size: int, stopping: Any
) -> None:
    config = network_config(cell, layers, vocabulary_size=vocabulary_size, stopping=stopping)
    for scale in (0.0, 0.3):
        weights = random_weights(config, scale)
        ids_BT, conditions = np.array([[0, vocabulary_size - 1, 0]]), {"countdown": np.array([[2, 1, 0]])}
        plain, int8 = (
            model.sequence(ids_BT, model.initial_state(1), conditions)[0] for model in models(config, weights)
        )
        np.testing.assert_allclose(int8, plain, rtol=0, atol=0.02 if scale else 0)


@pytest.mark.parametrize("stopping", ["symbol", "length"])
@pytest.mark.parametrize("cell", CELLS)
def test_a_large_vocabulary_is_multiplied_and_gives_what_its_table_would(
    cell: str, stopping: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = network_config(cell, 2, stopping=stopping)
    weights = random_weights(config)
    table = step_graph(config, weights)
    monkeypatch.setattr(steps, "LARGEST_TABLE", 11 * GATES[cell] * 8)
    assert step_graph(config, weights) == table
    monkeypatch.setattr(steps, "LARGEST_TABLE", 11 * GATES[cell] * 8 - 1)
    product = step_graph(config, weights)
    assert product != table
    ids_BT = np.random.default_rng(0).integers(11, size=(20, 6))
    whole, multiplied = (
        model.sequence(ids_BT, model.initial_state(20), {"countdown": 1 + ids_BT})
        for model in map(RuntimeLanguageModel, (table, product))
    )
    np.testing.assert_allclose(multiplied[0], whole[0], rtol=0, atol=0.1)
    model = RuntimeLanguageModel(product)
    for lane in range(20):
        alone, _ = model.sequence(ids_BT[[lane]], model.initial_state(1), {"countdown": 1 + ids_BT[[lane]]})
        np.testing.assert_array_equal(alone[0], multiplied[0][lane])
