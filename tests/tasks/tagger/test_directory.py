"""The files that a tagger alone has: those of another model, or spoilt, are refused in one line that names them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from charnn.errors import ModelFormatError
from charnn.tasks.tagger.directory import TaggerDirectory
from charnn.tasks.tagger.use.runtime import RuntimeTaggerNetwork


def graphs(model: TaggerDirectory) -> RuntimeTaggerNetwork:
    return RuntimeTaggerNetwork(model.word_graph(), model.graph())


READERS: dict[str, Callable[[TaggerDirectory], object]] = {
    "lexicon.json": TaggerDirectory.lexicon,
    "weights.safetensors": graphs,
}


def assert_refused(model: TaggerDirectory, name: str) -> str:
    """The message that it is refused with."""
    with pytest.raises(ModelFormatError) as caught:
        READERS[name](model)
    message = str(caught.value)
    assert message.startswith(str(model.path))
    assert Path(name).name in message
    assert "\n" not in message
    return message


def test_a_tagger_that_was_moved_is_read_from_wherever_one_stands(
    tagger: TaggerDirectory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    features = tagger.lexicon().features(["the", "cat", "dog"])
    expected = graphs(tagger).vectors(features)
    moved = tmp_path / "naïve 東京"
    tagger.path.rename(moved)
    (tmp_path / "link").symlink_to(moved, target_is_directory=True)
    for here, path in ((tmp_path, moved.name), (moved, "."), (tmp_path, "link"), (tmp_path, moved)):
        monkeypatch.chdir(here)
        np.testing.assert_array_equal(graphs(TaggerDirectory(Path(path))).vectors(features), expected)


def test_graphs_that_lie_in_the_directory_are_never_read(tagger: TaggerDirectory) -> None:
    features = tagger.lexicon().features(["the", "cats"])
    expected = graphs(tagger).vectors(features)
    for name in ("words.onnx", "model.onnx", "model.int8.onnx"):
        (tagger.path / name).write_bytes(b"not a graph")
    np.testing.assert_array_equal(graphs(tagger).vectors(features), expected)


@pytest.mark.parametrize("size", [None, 0, 8, 3000])
def test_weights_that_are_gone_or_cut_short_are_refused(tagger: TaggerDirectory, size: int | None) -> None:
    weights = tagger.path / "weights.safetensors"
    if size is None:
        weights.unlink()
    else:
        weights.write_bytes(weights.read_bytes()[:size])
    assert_refused(tagger, "weights.safetensors")


# the lexicon


def test_the_lexicon_is_that_of_training(tagger: TaggerDirectory) -> None:
    lexicon = tagger.lexicon()
    assert lexicon.counts == {"the": 3, "cat": 2, "sat": 2, "cats": 1}  # a quarter is held out
    assert lexicon.tags == {"tag": ("D", "N", "V"), "fine": ("DT", "NN", "NNS", "VBD")}


@pytest.mark.parametrize(
    "change",
    [
        {"words": ["the", "cat"], "counts": [3, 2]},
        {"least_count": 2},
        {"characters": "?acehst"},
        {"characters": "acehs"},
        {"tags": {"tag": ["D", "N"], "fine": ["DT", "NN", "NNS", "VBD"]}},
        {"tags": {"tag": ["D", "N", "V"]}},
        {"tags": {"fine": ["DT", "NN", "NNS", "VBD"], "tag": ["D", "N", "V"]}},
        {"tags": {"upos": ["D", "N", "V"], "fine": ["DT", "NN", "NNS", "VBD"]}},
        {"tags": {}},
    ],
    ids=str,
)
def test_lexicon_of_another_network_is_refused(tagger: TaggerDirectory, change: dict[str, Any]) -> None:
    document = json.loads((tagger.path / "lexicon.json").read_bytes())
    (tagger.path / "lexicon.json").write_text(json.dumps({**document, **change}))
    assert "not that of this network" in assert_refused(tagger, "lexicon.json")


@pytest.mark.parametrize(
    "change",
    [{"words": None}, {"counts": [3, 2, 2]}, {"counts": [3, 2, 2, -1]}, {"tags": []}, {"later idea": 1}],
    ids=str,
)
def test_spoilt_lexicon_is_refused(tagger: TaggerDirectory, change: dict[str, Any]) -> None:
    document = json.loads((tagger.path / "lexicon.json").read_bytes())
    (tagger.path / "lexicon.json").write_text(json.dumps({**document, **change}))
    assert_refused(tagger, "lexicon.json")


@given(at=st.integers(0, 500), byte=st.integers(0, 255))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_byte_changed_in_the_lexicon_is_refused_or_harmless(tagger: TaggerDirectory, at: int, byte: int) -> None:
    """What is read of it is as large as the network's tables."""
    path = tagger.path / "lexicon.json"
    sound = path.read_bytes()
    data = bytearray(sound)
    data[at % len(data)] = byte
    path.write_bytes(data)
    try:
        lexicon = tagger.lexicon()
    except ModelFormatError:
        return
    finally:
        path.write_bytes(sound)
    network = tagger.config().network
    assert lexicon.features(["the", "cats"]).words_N.max() < network.words == len(lexicon.frequencies())
