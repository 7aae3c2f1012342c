"""Runs from a treebank to a model: it learns, the model tags as inference runs it, and no treebank is too small."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from charnn.config.training import Budget
from charnn.errors import CorpusError
from charnn.tasks.tagger.config import TaggerValidation
from charnn.tasks.tagger.directory import TaggerDirectory
from charnn.tasks.tagger.graph import sentence_graph, word_graph
from charnn.tasks.tagger.learn.objective import TaggerObjective
from charnn.tasks.tagger.learn.session import TaggerSession
from charnn.tasks.tagger.treebank import Treebank
from charnn.tasks.tagger.use.model import Tagger
from charnn.tasks.tagger.use.runtime import RuntimeTaggerNetwork
from charnn.training.report import Report

pytestmark = pytest.mark.usefixtures("five_validations")

TEXT = """the_DET cat_NOUN saw_VERB the_DET saw_NOUN ._PUNCT
the_DET saw_NOUN saw_VERB a_DET cat_NOUN ._PUNCT
cats_NOUN saw_VERB ._PUNCT
a_DET cat_NOUN can_AUX see_VERB the_DET can_NOUN ._PUNCT
"""
"""Only their neighbours tell the tags of "saw" and "can"."""
CONLLU = """1\tNew York\tNew York\tPROPN\tNNP\tNumber=Sing\t0\troot\t_\t_
2\tsaw\tsee\tVERB\tVBD\tTense=Past\t1\tdep\t_\t_

1-2\tcan't\t_\t_\t_\t_\t_\t_\t_\t_
1\tcan\tcan\tAUX\tMD\t_\t0\troot\t_\t_
2\tn't\tnot\tPART\tRB\tPolarity=Neg\t1\tdep\t_\t_
2.1\tgone\tgo\tVERB\tVBN\t_\t_\t_\t_\t_
3\t東京\t東京\tPROPN\tNNP\tNumber=Sing\t1\tdep\t_\t_

"""


def tagged(directory: TaggerDirectory, sentences: list[list[str]], precision: Any = "fp32") -> list[list[list[str]]]:
    """The tags of each column of each sentence, as inference gives them."""
    tagger = Tagger(directory, precision=precision)
    tags = [[column.tags for column in sentence.values()] for sentence in tagger.tag(sentences)]
    tagger.close()
    return tags


def gold(treebank: Treebank) -> tuple[list[list[str]], list[list[list[str]]]]:
    sentences = treebank.training
    return [sentence.words for sentence in sentences], [list(sentence.tags) for sentence in sentences]


# learning


@pytest.mark.parametrize(
    "overrides",
    [
        {"cell": "lstm", "words_from": "cnn"},
        {"cell": "gru", "words_from": "lstm", "layers": 2},
        {"cell": "rnn", "decoder": "crf"},
        {"decoder": "feedback"},
    ],
    ids=str,
)
def test_a_tiny_tagger_learns_a_toy_treebank_whole(start, treebank_of, silent, overrides: dict[str, Any]) -> None:
    treebank = treebank_of(TEXT * 3, valid=TEXT)
    session = start(treebank, steps=150, learning_rate=0.03, **overrides)
    assert session.run(silent) == "budget"
    assert (session.config.scores.accuracies, session.config.scores.unknown_accuracy) == ((1.0,), None)
    sentences, tags = gold(treebank)
    assert tagged(session.directory, sentences) == tags
    if session.directory.has_quantized_graph():
        assert tagged(session.directory, sentences, "int8") == tags


def test_several_columns_are_learnt_with_a_head_each(start, treebank_of, silent) -> None:
    columns = ("upos", "xpos", "feats")
    treebank = treebank_of(CONLLU * 4, valid=CONLLU, columns=columns)
    session = start(treebank, steps=25, learning_rate=0.02)
    session.run(silent)
    assert session.config.network.tags == (4, 4, 4)
    assert session.config.scores.columns == columns
    assert (session.config.scores.accuracies, session.config.scores.all_columns_accuracy) == ((1, 1, 1), 1)
    sentences, tags = gold(treebank)
    assert sentences[:2] == [["New York", "saw"], ["can", "n't", "東京"]]
    assert tagged(session.directory, sentences) == tags


def test_columns_stand_in_the_order_asked_for(start, treebank_of, silent) -> None:
    treebank = treebank_of(CONLLU * 4, valid=CONLLU, columns=("xpos", "upos"))
    session = start(treebank, steps=25, learning_rate=0.02)
    session.run(silent)
    assert tagged(session.directory, [["New York", "saw"]]) == [[["NNP", "VBD"], ["PROPN", "VERB"]]]


def test_characters_of_a_line_are_tagged_too(start, treebank_of, silent) -> None:
    """Word boundaries: B where a word begins, I within."""
    text = "a_B b_B a_I\nb_B a_I a_B\n"
    treebank = treebank_of(text * 6, valid=text, level="character")
    session = start(treebank, steps=25, learning_rate=0.02)
    session.run(silent)
    assert tagged(session.directory, [["a", "b", "a"]]) == [[["B", "B", "I"]]]
    assert "characters to train on" in session.description()[0]


def test_tags_that_only_validation_has_count_as_mistakes(start, treebank_of, silent) -> None:
    treebank = treebank_of(TEXT * 3, valid="the_DET cat_ANIMAL saw_VERB ._STOP\n")
    session = start(treebank, steps=25, learning_rate=0.02)
    session.run(silent)
    assert session.config.scores.accuracies == (0.5,)
    assert "ANIMAL" not in session.directory.lexicon().tags["tag"]


# what is kept


def test_the_best_weights_and_their_graphs_are_kept_and_not_the_last(
    start, treebank_of, silent, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second of five validations is the best."""
    accuracies = [0.5, 0.75, 0.25, 0.75, 0.5]
    seen: list[dict[str, npt.NDArray[Any]]] = []

    def validate(objective: TaggerObjective, report: Report) -> TaggerValidation:
        seen.append({name: tensor.numpy().copy() for name, tensor in objective.network.state_dict().items()})
        accuracy = accuracies[len(seen) - 1]
        return TaggerValidation(("tag",), (accuracy,), accuracy, None, report.step, report.epoch, report.seconds)

    monkeypatch.setattr(TaggerObjective, "validate", validate)
    session = start(treebank_of(TEXT * 3), steps=10)
    session.run(silent)
    directory, network = session.directory, session.config.network
    kept = directory.weights()
    is_kept = [all(np.array_equal(weights[name], kept[name]) for name in kept) for weights in seen]
    assert is_kept == [False, True, False, False, False]
    for quantized in (False, True):
        graph = sentence_graph(network, kept, quantized=quantized)
        assert directory.graph(quantized=quantized).read_bytes() == graph
    features = directory.lexicon().features(["the", "saw", "dog"])
    graphs = (directory.word_graph(), word_graph(network, kept))
    np.testing.assert_array_equal(*(RuntimeTaggerNetwork(words, graph).vectors(features) for words in graphs))
    assert directory.config().scores.step == 4
    assert [entry["accuracies"] for entry in directory.history()] == [[accuracy] for accuracy in accuracies]


@pytest.mark.parametrize("budget", [0.001, 0.05])
def test_after_any_time_there_is_a_model_that_tags(start, treebank_of, silent, budget: float) -> None:
    session = start(treebank_of(TEXT), steps=None, budget=Budget(seconds=budget))
    assert session.run(silent) == "budget"
    ((tags,),) = tagged(session.directory, [["the", "dog", "?"]])
    assert len(tags) == 3
    assert set(tags) <= {"DET", "NOUN", "VERB", "PUNCT", "AUX"}


@pytest.mark.parametrize(("cell", "recorded"), [("lstm", True), ("gru", False), ("rnn", False)])
def test_int8_is_measured_where_there_is_an_operator_for_the_cell(
    start, treebank_of, silent, cell: str, recorded: bool
) -> None:
    session = start(treebank_of(TEXT), steps=2, cell=cell)
    session.run(silent)
    assert session.directory.has_quantized_graph() is recorded
    quantization = session.directory.config().quantization
    assert (quantization is not None) is recorded
    if quantization is not None:
        assert -1 <= quantization.accuracy_lost <= 1
        assert quantization.speed_ratio > 0


def test_config_records_the_run_the_sizes_and_the_treebank(start, treebank_of, silent) -> None:
    treebank = treebank_of(TEXT * 3)
    session = start(treebank, steps=7)
    session.run(silent)
    config = session.directory.config()
    assert config == session.config
    assert config.corpus == treebank.config
    assert (config.record.steps, config.record.stopped_by, config.record.device) == (7, "budget", "cpu")
    assert config.record.epochs > 0
    lexicon = session.directory.lexicon()
    assert lexicon == session.lexicon
    assert (config.network.words, config.network.characters) == (lexicon.word_ids, lexicon.character_ids)
    assert {"step", "epoch", "accuracies", "training_nats", "words_per_second"} <= session.directory.history()[
        -1
    ].keys()


def test_speed_is_recorded_in_characters_of_the_words(start, treebank_of, silent) -> None:
    treebank = treebank_of(TEXT * 3)
    session = start(treebank, steps=3)
    session.run(silent)
    targets = session.directory.training_state()[1]["progress"]["targets"]
    corpus, record = treebank.config, session.config.record
    characters = targets * corpus.training_characters / corpus.training_words
    assert record.characters_per_second == pytest.approx(characters / record.seconds, rel=0.2)


# the smallest treebanks, and what is refused


@pytest.mark.parametrize("text", ["a_X\nb_Y\n", "a_X\na_X\n", "a_X b_X\na_X b_X", "\n\na_X\n\nb_X\n\n"])
def test_two_sentences_are_a_treebank(start, treebank_of, silent, text: str) -> None:
    session = start(treebank_of(text, format="slashed"), steps=3, batch_size=None)
    assert session.run(silent) == "budget"
    assert len(tagged(session.directory, [["a", "b"]])[0][0]) == 2


def test_one_sentence_is_none(treebank_of) -> None:
    with pytest.raises(CorpusError, match="single sentence"):
        treebank_of("a_X b_Y\n", format="slashed")


def test_a_sentence_longer_than_the_window_is_learnt_in_parts(start, treebank_of, silent) -> None:
    long = " ".join(f"w{k}_{'XY'[k % 2]}" for k in range(50)) + "\n"
    session = start(treebank_of(long, valid=long), steps=40, window_length=7, learning_rate=0.02)
    session.run(silent)
    assert session.config.scores.accuracies[0] > 0.9


def test_an_observer_may_ask_for_the_tags_of_a_sentence_at_a_validation(start, treebank_of, silent) -> None:
    said: list[list[str]] = []

    class Curious(type(silent)):  # type: ignore[misc]
        def validation(self, report: Report, scores: object, *, best: bool) -> None:
            said.append(session.tag(["the", "saw", "saw", "the", "dog"]))

    session: TaggerSession = start(treebank_of(TEXT * 3, valid=TEXT), steps=25, learning_rate=0.02)
    session.run(Curious())
    assert said[-1][:4] == ["DET", "NOUN", "VERB", "DET"]


# What is set for the whole process.


# What there is to look at meanwhile.


def test_a_preview_is_a_validation_sentence_with_its_tags_another_one_each_time(start, treebank_of, silent) -> None:
    shown: list[str] = []

    class Looking(type(silent)):  # type: ignore[misc]
        def validation(self, report: Report, validation: object, *, best: bool) -> None:
            shown.append(session.preview(report))

    session = start(treebank_of(TEXT * 3, valid=TEXT), steps=65, learning_rate=0.04)
    session.run(Looking())
    assert [len(line.split()) for line in shown] == [6, 3, 7, 6, 6]
    assert set(shown[-2:]) <= set(TEXT.splitlines())
    assert session.preview_title
