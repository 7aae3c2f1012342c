"""The tagger in tests/golden/, which every later charnn reads as it was written."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from charnn.checkpoint.files import dump_config
from charnn.config.model import InferencePrecision
from charnn.errors import ModelFormatError
from charnn.readers.states import SentenceStates
from charnn.tasks.tagger.directory import TaggerDirectory
from charnn.tasks.tagger.use.model import Tagger
from charnn.tasks.tagger.use.runtime import RuntimeTaggerNetwork
from tests.paths import GOLDEN

PATH = GOLDEN / "tagger-1"
WORDS = ["the", "New York", "1,999", "Zürich", "🧊"]
"""All known but the fourth, most of whose characters are not known either."""
IDS = [4, 6, 5, 0, 9]
CHARACTERS = [
    [2, 20, 14, 13, 3, 0, 0, 0, 0, 0],
    [2, 9, 13, 22, 4, 10, 17, 18, 15, 3],
    [2, 7, 5, 8, 8, 8, 3, 0, 0, 0],
    [2, 1, 1, 18, 1, 12, 14, 3, 0, 0],
    [2, 24, 3, 0, 0, 0, 0, 0, 0, 0],
]
SHAPES = [0, 8, 2, 8, 0]
VECTORS = [15.25808, 17.38304, 8.62357, 16.48965, 10.42209]
"""Sums of absolute values."""
SCORES = {
    False: [
        [-4.51547, -0.41191, -1.68095, -4.27260, 3.80305, -5.29969, -1.90436, -7.26317],
        [-6.46633, -6.18691, -2.78190, 3.35499, -9.60197, 5.99192],
    ],
    True: [
        [-4.50033, -0.43440, -1.66863, -4.26938, 3.76739, -5.29939, -1.87414, -7.25853],
        [-6.45244, -6.18400, -2.75474, 3.30949, -9.60541, 5.98341],
    ],
}
"""The scores of both columns, summed over WORDS as one sentence, from the fp32 graph and from the int8 one."""
TAGS = [
    ["DET", "PROPN", "NUM", "PROPN", "SYM"],
    ["_", "Number=Sing", "NumType=Card", "Number=Sing", "_"],
]


@pytest.fixture
def model() -> TaggerDirectory:
    return TaggerDirectory.open(PATH)


def test_config_means_what_it_meant_and_is_written_again_byte_for_byte(model: TaggerDirectory) -> None:
    config = model.config()
    assert (config.task, config.corpus.columns, config.network.decoder) == ("tagger", ("upos", "feats"), "crf")
    assert config.scores is not None
    assert config.scores.accuracies == (1.0, 1.0)
    assert config.quantization is not None
    data = (PATH / "config.json").read_bytes()
    assert dump_config(config).encode() == data


def test_lexicon_gives_the_ids_that_the_weights_were_trained_on(model: TaggerDirectory) -> None:
    lexicon = model.lexicon()
    features = lexicon.features(WORDS)
    assert features.words_N.tolist() == IDS
    assert features.characters_NL.tolist() == CHARACTERS
    assert features.shapes_N.tolist() == SHAPES
    assert [word for word in WORDS if not lexicon.knows(word)] == ["Zürich"]
    assert lexicon.to_bytes() == (PATH / "lexicon.json").read_bytes()


@pytest.mark.parametrize("quantized", [False, True], ids=["fp32", "int8"])
def test_graphs_score_as_they_did(model: TaggerDirectory, quantized: bool) -> None:
    network = RuntimeTaggerNetwork(model.word_graph(), model.graph(quantized=quantized))
    vectors_ND = network.vectors(model.lexicon().features(WORDS))
    np.testing.assert_allclose(np.abs(vectors_ND).sum(1), VECTORS, rtol=1e-4)
    scores = network.scores(vectors_ND[:, None], np.array([len(WORDS)]))
    tolerance = 0.1 if quantized else 1e-3  # int8 rounds a little differently from processor to processor
    for scores_TBS, expected in zip(scores, SCORES[quantized], strict=True):
        np.testing.assert_allclose(scores_TBS.sum((0, 1)), expected, atol=tolerance)


def test_words_are_tagged_as_they_were(model: TaggerDirectory) -> None:
    tagger = Tagger(model, precision="fp32").sentence_tagger
    try:
        assert [column.tags for column in tagger.tag([WORDS])[0]] == TAGS
    finally:
        tagger.close()


# Graphs are made from the weights, by their names.


def test_weights_that_were_saved_anew_in_another_order_are_the_same_model(tmp_path: Path) -> None:
    path = Path(shutil.copytree(PATH, tmp_path / "model"))
    weights = dict(reversed(load_file(path / "weights.safetensors").items()))
    save_file(weights, path / "weights.safetensors", {"note": "saved by another tool"})
    old, new = (Tagger(TaggerDirectory.open(each), precision="fp32").tag([WORDS]) for each in (PATH, path))
    assert new == old


def test_a_graph_of_another_model_is_refused(tmp_path: Path) -> None:
    path = Path(shutil.copytree(PATH, tmp_path / "model"))
    config = (path / "config.json").read_text().replace('"decoder": "crf"', '"decoder": "feedback"')
    (path / "config.json").write_text(config)
    with pytest.raises(ModelFormatError):
        Tagger(TaggerDirectory.open(path), precision="fp32").tag([WORDS])


# The first segmenters had no column for the ends of sentences.

FIRST_SEGMENTER = GOLDEN / "tagger-words-1"


def test_a_first_segmenter_finds_words_as_it_did_and_rules_find_its_sentences() -> None:
    config = TaggerDirectory.open(FIRST_SEGMENTER).config()
    assert dump_config(config).encode() == (FIRST_SEGMENTER / "config.json").read_bytes()
    assert config.words is not None
    assert (config.words.used, config.words.sentences_used) == (True, False)
    assert str(config.words) == "F1 100.00%, rules 22.22%; used for raw text"
    assert config.words.of_sentences == ""
    with Tagger(TaggerDirectory.open(FIRST_SEGMENTER), precision="fp32") as model:
        assert model.words(["他喜欢北京大学。不 吃苹果"]) == [["他", "喜欢", "北京", "大学", "。", "不", "吃", "苹果"]]
        assert model.sentences("他喜欢北京大学。不 吃苹果\n我") == [
            ["他", "喜欢", "北京", "大学", "。"],
            ["不", "吃", "苹果", "我"],
        ]
        assert list(model.means()) == ["segmenter", "rules"]
        assert all(means.sentences is None for means in model.means().values())


READERS = GOLDEN / "tagger-readers-1"
READ = [["the", "cat", "saw", "Zürich", "🧊"], ["naïve", "saw"]]
STATES = [[18.26731, 20.98152], [7.72380, 6.85216]]
"""For each sentence, the sums of the absolute values of what each reader says of it."""
READ_TAGS = [["DET", "NOUN", "VERB", "NOUN", "DET"], ["ADJ", "VERB"]]
PROBABILITIES = {
    "fp32": [[0.88846, 0.93563, 0.52724, 0.30077, 0.26781], [0.44362, 0.55083]],
    "int8": [[0.88866, 0.93539, 0.52613, 0.30049, 0.26788], [0.44345, 0.55055]],
}


def test_a_tagger_with_readers_is_written_again_byte_for_byte() -> None:
    directory = TaggerDirectory.open(READERS)
    directory.check()
    assert dump_config(directory.config()).encode() == (READERS / "config.json").read_bytes()
    assert [str(reader) for reader in directory.config().network.readers] == [
        "ahead, forwards: 1 x 6 lstm, which learned from 2,106 characters at 2.736 bits each",
        "back, backwards: 1 x 6 gru, which learned from 2,106 characters at 2.293 bits each",
    ]
    for reader in directory.readers():
        file = READERS / f"reader-{reader.config.direction}.json"
        assert reader.tokenizer.to_bytes() == file.read_bytes()


def test_readers_say_what_they_said() -> None:
    states_TBR = SentenceStates.made_from(TaggerDirectory.open(READERS).readers(), spaced=True).of(READ)
    assert states_TBR.shape == (5, 2, 12)
    np.testing.assert_allclose(np.abs(states_TBR.reshape(5, 2, 2, 6)).sum((0, 3)), STATES, atol=1e-4)


@pytest.mark.parametrize("precision", PROBABILITIES)
def test_a_tagger_with_readers_gives_the_tags_that_it_gave(precision: InferencePrecision) -> None:
    with Tagger(TaggerDirectory.open(READERS), precision=precision) as model:
        tagged = [sentence["upos"] for sentence in model.tag(READ, probabilities=True)]
    assert [list(column.tags) for column in tagged] == READ_TAGS
    for column, expected in zip(tagged, PROBABILITIES[precision], strict=True):
        assert column.probabilities == pytest.approx(expected, abs=1e-4 if precision == "fp32" else 0.01)


LINEAR, APART = GOLDEN / "tagger-linear-1", GOLDEN / "tagger-linear-2"
"""Two taggers with a linear model, whose powers are the same for all words, or apart for those that were learned."""
TAGGED = [["the", "New York", "1,999", "Zürich", "🧊"], ["naïve", "saw"]]
LINEAR_TAGS = {
    LINEAR: [["DET", "PROPN", "NUM", "NOUN", "SYM"], ["ADJ", "VERB"]],
    APART: [["DET", "PROPN", "NUM", "ADJ", "SYM"], ["ADJ", "VERB"]],
}
LINEAR_PROBABILITIES = {
    LINEAR: [[0.93896, 0.75917, 0.73469, 0.2403, 0.73786], [0.70827, 0.73583]],
    APART: [[0.94367, 0.72515, 0.81892, 0.31121, 0.7738], [0.80717, 0.65602]],
}


@pytest.mark.parametrize("path", LINEAR_TAGS, ids=lambda path: path.name)
@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_a_tagger_with_a_linear_model_gives_the_tags_that_it_gave(precision: InferencePrecision, path: Path) -> None:
    directory = TaggerDirectory.open(path)
    directory.check()
    assert dump_config(directory.config()).encode() == (path / "config.json").read_bytes()
    with Tagger(directory, precision=precision) as model:
        tagged = [sentence["upos"] for sentence in model.tag(TAGGED, probabilities=True)]
    assert [list(column.tags) for column in tagged] == LINEAR_TAGS[path]
    for column, expected in zip(tagged, LINEAR_PROBABILITIES[path], strict=True):
        assert column.probabilities == pytest.approx(expected, abs=1e-4 if precision == "fp32" else 0.01)


def test_powers_of_a_linear_model_are_apart_for_known_words_and_unknown_ones_in_later_models_alone() -> None:
    early, later = (TaggerDirectory.open(path).linear() for path in (LINEAR, APART))
    assert early is not None
    assert later is not None
    assert early.powers_MCW[0, :, 0].tolist() == early.powers_MCW[0, :, 1].tolist()
    assert (early.powers_MCW[1] == 1).all(), "its weights were multiplied when they were written"
    np.testing.assert_allclose(later.powers_MCW, [[[0.4, 0.35]] * 2, [[0.35, 0.4]] * 2])


@pytest.mark.parametrize("damage", ["missing", "cut", "of other tags"])
def test_a_linear_model_that_is_missing_or_damaged_is_said(tmp_path: Path, damage: str) -> None:
    path = Path(shutil.copytree(LINEAR, tmp_path / "model"))
    file = path / "linear.safetensors"
    if damage == "missing":
        file.unlink()
    elif damage == "cut":
        file.write_bytes(file.read_bytes()[:-9])
    else:
        arrays = load_file(file)
        save_file({**arrays, "bias": arrays["bias"][1:]}, file)
    with pytest.raises(ModelFormatError, match=r"linear\.safetensors"):
        TaggerDirectory.open(path).check()
