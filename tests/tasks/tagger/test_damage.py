"""Every file of a tagger, missing, cut short, overwritten or of another model, is refused in one line that names it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from charnn.errors import ModelError, ModelFormatError
from charnn.tasks.language_model.directory import LanguageModelDirectory
from charnn.tasks.tagger.directory import TaggerDirectory
from charnn.tasks.tagger.lexicon import Lexicon
from charnn.tasks.tagger.use.runtime import RuntimeTaggerNetwork
from tests.paths import GOLDEN

STATE = "training/state.safetensors"


def graphs(model: TaggerDirectory, *, quantized: bool = False) -> RuntimeTaggerNetwork:
    return RuntimeTaggerNetwork(model.word_graph_path(), model.graph_path(quantized=quantized))


READERS: dict[str, Callable[[TaggerDirectory], object]] = {
    "config.json": lambda model: model.config(),
    "lexicon.json": TaggerDirectory.lexicon,
    "weights.safetensors": TaggerDirectory.weights,
    STATE: TaggerDirectory.training_state,
    "words.onnx": graphs,
    "model.onnx": graphs,
    "model.int8.onnx": lambda model: graphs(model, quantized=True),
}
each_file = pytest.mark.parametrize("name", READERS)


def assert_refused(model: TaggerDirectory, name: str) -> str:
    """The message that it is refused with."""
    with pytest.raises(ModelFormatError) as caught:
        READERS[name](model)
    message = str(caught.value)
    assert message.startswith(str(model.path))
    assert Path(name).name in message
    assert "\n" not in message
    return message


def test_a_tagger_has_these_files_and_history(tagger: TaggerDirectory) -> None:
    files = {str(file.relative_to(tagger.path)) for file in tagger.path.rglob("*") if file.is_file()}
    assert files == {*READERS, "history.jsonl"}


@each_file
def test_sound_file_is_read(tagger: TaggerDirectory, name: str) -> None:
    READERS[name](tagger)


@pytest.mark.parametrize("name", [name for name in READERS if name != STATE])
def test_missing_file_is_refused(tagger: TaggerDirectory, name: str) -> None:
    (tagger.path / name).unlink()
    assert_refused(tagger, name)


@each_file
@pytest.mark.parametrize(
    "data",
    [b"", b"\0" * 100, b"\xff" * 1000, b"[" * 100_000, b"version https://git-lfs.github.com/spec/v1\n"],
    ids=["empty", "zeros", "ones", "nested", "git-lfs"],
)
def test_file_of_other_bytes_is_refused(tagger: TaggerDirectory, name: str, data: bytes) -> None:
    (tagger.path / name).write_bytes(data)
    assert assert_refused(tagger, name).count(Path(name).name) == 1


@each_file
@pytest.mark.parametrize("part", [0.05, 0.5, 0.98])
def test_file_cut_short_is_refused(tagger: TaggerDirectory, name: str, part: float) -> None:
    data = (tagger.path / name).read_bytes()
    (tagger.path / name).write_bytes(data[: int(len(data) * part)])
    assert_refused(tagger, name)


@pytest.mark.parametrize("size", [None, 0, 8, 3000])
def test_graph_of_words_whose_tables_are_gone_or_cut_short_is_refused(
    tagger: TaggerDirectory, size: int | None
) -> None:
    """They are in weights.safetensors."""
    weights = tagger.path / "weights.safetensors"
    if size is None:
        weights.unlink()
    else:
        weights.write_bytes(weights.read_bytes()[:size])
    assert_refused(tagger, "words.onnx")


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


def test_graphs_in_each_others_place_are_refused(tagger: TaggerDirectory) -> None:
    words, sentences = tagger.word_graph_path(), tagger.graph_path()
    first, second = words.read_bytes(), sentences.read_bytes()
    words.write_bytes(second)
    assert_refused(tagger, "words.onnx")
    words.write_bytes(first)
    sentences.write_bytes(first)
    assert_refused(tagger, "model.onnx")


# the lexicon


def test_the_lexicon_is_that_of_training(tagger: TaggerDirectory) -> None:
    lexicon = tagger.lexicon()
    assert lexicon.counts == {"the": 3, "cat": 2, "sat": 2, "cats": 1}  # a quarter is held out
    assert lexicon.tags == {"tag": ("D", "N", "V"), "fine": ("DT", "NN", "NNS", "VBD")}


@pytest.mark.parametrize(
    "change",
    [
        {"words": ["the", "cat"], "counts": [3, 2]},
        {"counts": [3, 2, 1, 1]},
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


def test_lexicon_is_written_again_byte_for_byte(tagger: TaggerDirectory, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    TaggerDirectory(tmp_path / "other").write_lexicon(tagger.lexicon())
    assert (tmp_path / "other/lexicon.json").read_bytes() == (tagger.path / "lexicon.json").read_bytes()


# what the one task has and the other has not


def test_a_tagger_has_no_tokenizer_and_a_language_model_no_lexicon(tagger: TaggerDirectory) -> None:
    with pytest.raises(ModelError, match="this is a tagger, and a language-model is needed"):
        LanguageModelDirectory.open(tagger.path).tokenizer()
    language_model = TaggerDirectory.open(GOLDEN / "format-1")
    with pytest.raises(ModelError, match="this is a language-model, and a tagger is needed"):
        language_model.lexicon()


def test_a_tagger_may_be_replaced_and_its_size_is_told_without_training(tagger: TaggerDirectory) -> None:
    used, training = tagger.size_on_disk()
    files = [file for file in tagger.path.rglob("*") if file.is_file()]
    assert used + training == sum(file.stat().st_size for file in files)
    assert training == (tagger.path / STATE).stat().st_size
    assert list(TaggerDirectory.create(tagger.path, overwrite=True).path.iterdir()) == []


def test_files_of_a_tagger_may_be_written_one_by_one(tmp_path: Path) -> None:
    model = TaggerDirectory.create(tmp_path / "model")
    model.write_lexicon(Lexicon.of(["a"], {"upos": ["X"]}))
    model.write_word_graph(b"words")
    model.write_graph(b"model")
    assert (model.word_graph_path().read_bytes(), model.graph_path().read_bytes()) == (b"words", b"model")
    assert not model.has_quantized_graph()
