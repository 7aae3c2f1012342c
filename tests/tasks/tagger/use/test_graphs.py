"""No graphs but charnn's, whole and of one model, are run as a tagger."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from onnx import ModelProto, TensorProto, helper

from charnn.errors import ModelFormatError
from charnn.tasks.tagger.config import TaggerNetworkConfig
from charnn.tasks.tagger.graph import sentence_graph, word_graph
from charnn.tasks.tagger.learn.network import TaggerNetwork
from charnn.tasks.tagger.lexicon import AFFIXES, Lexicon
from charnn.tasks.tagger.use.runtime import RuntimeTaggerNetwork

LEXICON = Lexicon.of(["a", "a", "b"], {"upos": "XYZ"})


def graphs_of(*, word_size: int = 3) -> tuple[bytes, bytes]:
    """The graphs of words and of sentences, with the weights that a network begins with."""
    config = TaggerNetworkConfig(
        words=LEXICON.word_ids,
        characters=LEXICON.character_ids,
        tags=(3,),
        hidden_size=4,
        word_size=word_size,
        character_size=4,
        reader_size=3,
        affix_size=1,
    )
    network = TaggerNetwork(config, torch.from_numpy(LEXICON.frequencies()))
    weights = {name: tensor.detach().numpy() for name, tensor in network.state_dict().items()}
    return word_graph(config, weights), sentence_graph(config, weights)


def foreign(inputs: list[Any], outputs: list[Any]) -> bytes:
    """A valid model with these ports. What comes out is as large as can only be known once it runs."""
    nodes = [
        helper.make_node("Shape", [inputs[0].name], ["shape"]),
        helper.make_node("Compress", ["shape", "first"], ["sizes"]),
        *(helper.make_node("Expand", ["zero", "sizes"], [output.name]) for output in outputs),
    ]
    constants = [
        helper.make_tensor("first", TensorProto.BOOL, [1], [True]),
        helper.make_tensor("zero", TensorProto.FLOAT, [], [0.0]),
    ]
    graph = helper.make_graph(nodes, "foreign", inputs, outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return bytes(model.SerializeToString())


def port(name: str, *shape: str | int, kind: int = TensorProto.FLOAT) -> Any:
    return helper.make_tensor_value_info(name, kind, list(shape) or None)


def ids(name: str, *shape: str | int) -> Any:
    return port(name, *shape, kind=TensorProto.INT64)


WORDS, SENTENCES = graphs_of()
D = RuntimeTaggerNetwork(WORDS, SENTENCES).vector_size
WORD_PORTS = [
    ids("words", "N"),
    ids("characters", "N", "L"),
    ids("lengths", "N"),
    ids("affixes", "N", AFFIXES),
    ids("shapes", "N"),
]
VECTORS, LENGTHS = port("vectors", "T", "B", D), port("lengths", "B", kind=TensorProto.INT32)
GIVEN, SCORES = port("vectors", "N", D), port("scores.0", "T", "B", 3)
FOREIGN_WORD_GRAPHS = {
    "an image model": foreign([port("image", "B", 3)], [port("scores", "B", 3)]),
    "the graph of sentences": SENTENCES,
    "no shapes": foreign(WORD_PORTS[:-1], [GIVEN]),
    "inputs in another order": foreign(WORD_PORTS[::-1], [GIVEN]),
    "one input more": foreign([*WORD_PORTS, ids("more", "N")], [GIVEN]),
    "no vectors": foreign(WORD_PORTS, [port("embeddings", "N", D)]),
    "one output more": foreign(WORD_PORTS, [GIVEN, port("more", "N", D)]),
    "lengths for vectors": foreign(WORD_PORTS, [port("lengths.next", "N", D)]),
    "vectors of any size": foreign(WORD_PORTS, [port("vectors", "N", "D")]),
    "vectors of any shape": foreign(WORD_PORTS, [port("vectors")]),
}
FOREIGN_SENTENCE_GRAPHS = {
    "an image model": foreign([port("image", "B", 3)], [port("scores", "B", 3)]),
    "the graph of words": WORDS,
    "no lengths": foreign([VECTORS], [SCORES]),
    "no vectors": foreign([LENGTHS], [SCORES]),
    "inputs in another order": foreign([LENGTHS, VECTORS], [SCORES]),
    "one input more": foreign([VECTORS, LENGTHS, port("state", 1)], [SCORES]),
    "no scores": foreign([VECTORS, LENGTHS], [port("logits", "T", "B", 3)]),
    "scores of the second column alone": foreign([VECTORS, LENGTHS], [port("scores.1", "T", "B", 3)]),
    "columns in another order": foreign([VECTORS, LENGTHS], [port("scores.1", "T", "B", 3), SCORES]),
    "one output more": foreign([VECTORS, LENGTHS], [SCORES, port("state", 1)]),
    "vectors of any size": foreign([port("vectors", "T", "B", "D"), LENGTHS], [SCORES]),
    "vectors of any shape": foreign([port("vectors"), LENGTHS], [SCORES]),
    "another model's": graphs_of(word_size=4)[1],
}


def changed(graph: bytes, change: Callable[[ModelProto], object]) -> bytes:
    """A graph of charnn's after `change`."""
    model = ModelProto.FromString(graph)
    change(model)
    return bytes(model.SerializeToString())


def damaged(graph: bytes) -> dict[str, bytes]:
    return {
        "empty": b"",
        "not protobuf": b"\xff" * 100,
        "text": b"a graph",
        "cut short": graph[:-40],
        "weights gone": changed(graph, lambda model: model.graph.ClearField("initializer")),
        "nodes gone": changed(graph, lambda model: model.graph.ClearField("node")),
        "unknown operator": changed(graph, lambda model: setattr(model.graph.node[0], "op_type", "Teleport")),
        "opset of the future": changed(graph, lambda model: setattr(model.opset_import[0], "version", 9999)),
    }


BAD_GRAPHS: dict[str, dict[str, bytes]] = {
    "words.onnx": FOREIGN_WORD_GRAPHS | damaged(WORDS),
    "model.onnx": FOREIGN_SENTENCE_GRAPHS | damaged(SENTENCES),
}


@pytest.mark.parametrize(("name", "why"), [(name, why) for name, graphs in BAD_GRAPHS.items() for why in graphs])
def test_foreign_or_damaged_graph_is_refused_in_one_line_that_names_its_file(
    name: str, why: str, tmp_path: Path
) -> None:
    (tmp_path / "words.onnx").write_bytes(WORDS)
    (tmp_path / "model.onnx").write_bytes(SENTENCES)
    (tmp_path / name).write_bytes(BAD_GRAPHS[name][why])
    with pytest.raises(ModelFormatError, match=r"\A[^\n]+\Z") as caught:
        RuntimeTaggerNetwork(tmp_path / "words.onnx", tmp_path / "model.onnx")
    assert str(caught.value).startswith(f"{tmp_path / name}: ")


@pytest.mark.parametrize("columns", [1, 2, 12])
def test_graphs_that_keep_the_contract_are_taken_however_many_columns_there_are(columns: int) -> None:
    outputs = [port(f"scores.{column}", "T", "B", 3) for column in range(columns)]
    RuntimeTaggerNetwork(foreign(WORD_PORTS, [GIVEN]), foreign([VECTORS, LENGTHS], outputs))


def test_a_folder_whose_name_is_no_utf8_is_no_harm_to_graphs_without_tables_beside_them(tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    try:
        folder.mkdir()
    except OSError:
        pytest.skip("the file system takes no such name")
    (folder / "words.onnx").write_bytes(WORDS)
    (folder / "model.onnx").write_bytes(SENTENCES)
    features = LEXICON.features(["a", "b"])
    vectors = RuntimeTaggerNetwork(folder / "words.onnx", folder / "model.onnx").vectors(features)
    np.testing.assert_array_equal(vectors, RuntimeTaggerNetwork(WORDS, SENTENCES).vectors(features))
