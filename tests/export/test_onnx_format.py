"""Graphs are written as the onnx package writes them, to the byte; and what was written stays as it is."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from charnn.export.onnx_format import Body, Node, Port, model_bytes
from charnn.tasks.directory import WRITER
from charnn.tasks.table import TASKS
from tests.paths import GOLDEN

KINDS = {"float": TensorProto.FLOAT, "int64": TensorProto.INT64, "bool": TensorProto.BOOL, "int32": TensorProto.INT32}


def by_onnx(nodes: list[Node], inputs: list[Port], outputs: list[Port], constants: Any, properties: Any) -> bytes:
    """What the onnx package makes of the same."""

    def ports(given: Any) -> list[Any]:
        return [helper.make_tensor_value_info(name, KINDS[kind], shape) for name, kind, shape in given]

    def node(one: Node) -> Any:
        attributes = {
            name: helper.make_graph([*map(node, value.nodes)], "body", ports(value.inputs), ports(value.outputs))
            if isinstance(value, Body)
            else value
            for name, value in one.attributes.items()
        }
        return helper.make_node(one.operator, one.input, one.output, domain=one.domain, **attributes)

    arrays = [numpy_helper.from_array(array, name) for name, array in constants.items()]
    graph = helper.make_graph([*map(node, nodes)], "charnn", ports(inputs), ports(outputs), arrays)
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8, producer_name="charnn")
    helper.set_model_props(model, properties)
    return bytes(model.SerializeToString())


def test_bytes_are_those_of_the_onnx_package() -> None:
    body = Body([Node("Add", ["x", "w"], ["z"], "", {})], [("x", "float", None)], [("z", "bool", [1, "B"])])
    nodes = [
        Node("Transpose", ["a"], ["b"], "", {"perm": [1, 0, 2], "axis": -1, "scale": 0.5, "way": "forward"}),
        Node("LSTM", ["b", "", "ï"], ["", "c"], "com.microsoft", {"activations": ["Tanh", "Relu"], "hidden": 2**40}),
        Node("Scan", ["c"], ["d"], "", {"body": body, "directions": [0, -1]}),
    ]
    arrays = [np.float32, np.int64, np.int32, np.int8, np.uint8, np.bool_]
    constants: dict[str, Any] = {kind.__name__: np.arange(6).reshape(2, 3).astype(kind) for kind in arrays}
    constants |= {"empty": np.zeros((0, 3), np.float32), "scalar": np.array(3.5, np.float32)}
    inputs: list[Port] = [("a", "int64", ["B", 300, "T"]), ("b", "float", []), ("c", "int32", [2**35])]
    outputs: list[Port] = [("d", "float", ["B", 0])]
    ours = model_bytes(nodes, inputs, outputs, constants, {"stopping": "length", "": "ï" * 200})
    assert ours == by_onnx(nodes, inputs, outputs, constants, {"stopping": "length", "": "ï" * 200})


def test_an_attribute_of_another_kind_is_our_own_mistake() -> None:
    with pytest.raises(AssertionError):
        model_bytes([Node("Add", ["a"], ["b"], "", {"x": None})], [], [], {})


@pytest.mark.parametrize(
    "golden",
    ["format-1", "tagger-1", "classifier-1", "transducer-1", "forecaster-1"],
)
def test_graphs_of_all_tasks_are_what_onnx_reads_and_writes_again(golden: str) -> None:
    task = next(task for task in TASKS.values() if golden.startswith(task.name) or golden == "format-1")
    directory = task.directory(GOLDEN / golden)
    weights = directory.weights()
    for make in directory.graph_makers().values():
        graph = make(weights)
        assert onnx.load_from_string(graph).SerializeToString() == graph


GOLDEN_OF = {
    "format-1": "language-model",
    "tagger-1": "tagger",
    "classifier-1": "classifier",
    "transducer-1": "transducer",
    "forecaster-1": "forecaster",
}
DIGESTS = {
    4: {
        "format-1/model.onnx": "5cf418dba74e5f5c",
        "format-1/model.int8.onnx": "70a46782c341efb7",
        "tagger-1/words.onnx": "1b1e8d3608e706a6",
        "tagger-1/model.onnx": "c741c0b8da43315f",
        "tagger-1/model.int8.onnx": "c099e40365823e07",
        "classifier-1/model.onnx": "55ce2f1932509c90",
        "classifier-1/model.int8.onnx": "89aa743e8bed1216",
        "transducer-1/model.onnx": "5af0b0438e4561eb",
        "transducer-1/decoder.onnx": "13428259d32224a9",
        "transducer-1/model.int8.onnx": "48c6c9fc01d69fad",
        "forecaster-1/model.onnx": "bc8d0fabe79b9d64",
        "forecaster-1/model.int8.onnx": "51f8bfa2519f630c",
    },
}
"""By WRITER, the digest of each golden model's graphs with weights of 0, which are the same on every machine.

Where one changes, WRITER has to rise, so that no cache gives the graph of another charnn of the same version."""


def test_graphs_are_those_of_this_writer() -> None:
    found = {}
    for golden, task in GOLDEN_OF.items():
        directory = TASKS[task].directory(GOLDEN / golden)
        weights = {name: np.zeros_like(array) for name, array in directory.weights().items()}
        for name, make in directory.graph_makers().items():
            found[f"{golden}/{name}"] = hashlib.sha256(make(weights)).hexdigest()[:16]
    assert found == DIGESTS[WRITER]
