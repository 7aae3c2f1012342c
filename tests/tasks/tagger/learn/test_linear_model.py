"""A linear model is learned beside a tagger's network, changes nothing in it, and is used where it brings something."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from charnn.config.training import Budget
from charnn.errors import UsageError
from charnn.tasks.tagger.directory import TaggerDirectory
from charnn.tasks.tagger.learn import linear_model, objective
from charnn.tasks.tagger.learn.data import EncodedTreebank
from charnn.tasks.tagger.learn.linear_model import SolvedModel
from charnn.tasks.tagger.learn.session import TaggerSession
from charnn.tasks.tagger.lexicon import Lexicon
from charnn.tasks.tagger.linear_model import LinearModel
from charnn.tasks.tagger.treebank import Treebank
from charnn.tasks.tagger.use import sentence_tagger, word_vectors
from charnn.tasks.tagger.use.model import Tagger

NOUNS, VERBS = ("dog", "cat", "bird", "horse"), ("sees", "hears", "likes")


def text(sentences: int, seed: int) -> str:
    """Sentences in which `x` has the tag of the word that stands two words before it."""
    random = np.random.default_rng(seed)
    lines = []
    for _ in range(sentences):
        noun, verb = random.choice(NOUNS), random.choice(VERBS)
        words = [(noun, "N"), ("then", "O"), ("x", "N"), (verb, "V"), ("then", "O"), ("x", "V")]
        lines.append(" ".join(f"{word}_{tag}" for word, tag in words))
    return "\n".join(lines) + "\n"


@pytest.fixture
def treebank(treebank_of):
    return treebank_of(text(60, 0), valid=text(20, 1))


def test_it_tags_what_the_network_has_not_learned_and_changes_no_weight_of_it(treebank, start, silent) -> None:
    alone = start(treebank, "alone", linear=False, steps=2)
    alone.run(silent)
    beside = start(treebank, "beside", linear=True, steps=2)
    beside.run(silent)
    assert alone.directory.linear() is None
    weights = beside.directory.weights()
    for name, array in alone.directory.weights().items():
        np.testing.assert_array_equal(weights[name], array)
    measured = beside.config.linear
    assert measured is not None
    assert (measured.words, measured.accuracies_by_itself) == (120, (1.0,))
    assert measured.accuracies == (1.0,)
    assert measured.accuracies_by_network[0] < 0.9
    assert beside.config.scores is not None
    assert beside.config.scores.accuracies[0] < 0.9
    assert beside.config.result is not None
    assert str(beside.config.result) == "tag 100.00%"
    assert beside.config.result.all_columns_accuracy == 1
    assert any("with a linear model" in remark for remark in beside.remarks)
    with Tagger(beside.directory) as tagger:
        (found,) = tagger.tag([["horse", "then", "x", "sees", "then", "x"]])
    assert found["tag"].tags == ["N", "O", "N", "V", "O", "V"]


def test_what_words_add_is_not_kept_where_tags_are_too_many_and_the_tags_are_the_same(
    treebank, start, silent, monkeypatch
) -> None:
    kept = start(treebank, "kept", linear=True, steps=2)
    kept.run(silent)
    for module in (objective, word_vectors):
        monkeypatch.setattr(module, "MOST_KEPT", 0)
    monkeypatch.setattr(objective, "VALIDATION_SCORES", 30)
    monkeypatch.setattr(sentence_tagger, "MOST_SCORES", 30)
    anew = start(treebank, "anew", linear=True, steps=2)
    anew.run(silent)
    assert anew.figures_of_end() == pytest.approx(kept.figures_of_end())
    sentences = [["horse", "then", "x", "sees", "then", "x"], ["x"] * 700]
    with Tagger(anew.directory) as tagger:
        found = tagger.tag(sentences, probabilities=True)
    monkeypatch.undo()
    with Tagger(anew.directory) as tagger:
        expected = tagger.tag(sentences, probabilities=True)
    for own, other in zip(found, expected, strict=True):
        assert own["tag"].tags == other["tag"].tags
        assert own["tag"].probabilities == pytest.approx(other["tag"].probabilities, abs=1e-5)


def test_without_held_out_sentences_it_is_used_and_nothing_is_said_of_what_it_brings(
    treebank_of, start, silent
) -> None:
    treebank = treebank_of(text(60, 0), holds_out=False)
    session = start(treebank, settings={"keeps": "last"}, steps=2)
    session.run(silent)
    assert session.config.linear is not None
    assert session.config.linear.words == 0
    model = session.directory.linear()
    assert model is not None
    np.testing.assert_allclose(model.powers_MCW[:, 0].T, linear_model.USUAL_POWERS)


def test_figures_of_the_end_are_those_of_the_model_as_it_is_used_where_nothing_is_held_out(
    treebank_of, start, silent, monkeypatch
) -> None:
    monkeypatch.setattr(linear_model, "USUAL_POWERS", ((0.4, 0.5), (1.0, 0.0)))
    treebank = treebank_of(text(60, 0), valid=text(20, 1) + text(5, 2).replace("dog_N", "wolf_N"))
    session = start(treebank, settings={"keeps": "last"}, steps=2)
    session.run(silent)
    with Tagger(session.directory) as tagger:
        found = tagger.tag([sentence.words for sentence in treebank.validation])
    pairs = [
        (tag, expected)
        for one, sentence in zip(found, treebank.validation, strict=True)
        for tag, expected in zip(one["tag"].tags, sentence.tags[0], strict=True)
    ]
    right = sum(tag == expected for tag, expected in pairs) / len(pairs)
    figures = session.figures_of_end()
    assert figures["all_columns_accuracy"] == pytest.approx(right)
    assert session.config.scores is not None
    assert session.config.scores.all_columns_accuracy < right, "the network alone"
    alone = start(treebank, "alone", linear=False, steps=2)
    alone.run(silent)
    assert alone.figures_of_end() == {}


def powers_beside(session) -> np.ndarray:
    """(M, W): the powers of network and linear model, for known words and unknown ones, of the only column."""
    model = session.directory.linear()
    assert model is not None
    return model.powers_MCW[:, 0]


def test_powers_of_unknown_words_are_their_own_where_many_are_held_out_and_those_of_all_words_where_few_are(
    treebank_of, start, silent
) -> None:
    unlike = "dog_N then_O wolf_V\nwolf_O then_O x_N\ncat_N then_O bear_O\nbear_N then_O x_N\n"
    none = start(treebank_of(text(60, 0), valid=text(40, 1)), "none", steps=2)
    few = start(treebank_of(text(60, 0), valid=text(40, 1) + unlike[:20]), "few", steps=2)
    many = start(treebank_of(text(60, 0), valid=text(40, 1) + unlike * 100), "many", steps=2)
    for session in (none, few, many):
        session.run(silent)
    of_unknown = [powers_beside(session)[:, 1] for session in (none, few, many)]
    np.testing.assert_allclose(of_unknown[1], of_unknown[0], atol=0.1)
    assert of_unknown[2][1] < of_unknown[1][1] / 2, "what unknown words look like misleads"
    assert of_unknown[2][1] < powers_beside(many)[1, 0] / 1.3


@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_words_that_were_learned_and_words_that_were_not_have_powers_of_their_own(
    precision, treebank, start, silent
) -> None:
    session = start(treebank, steps=2)
    session.run(silent)
    both = session.directory.linear()
    assert both is not None
    sentence = ["wolf", "then", "x", "sees", "bears"]
    found = []
    for powers in ([[1, 1], [0, 0]], [[0, 0], [1, 1]], [[1, 0], [0, 1]]):
        powers_MCW = np.array(powers, np.float32)[:, np.newaxis]
        session.directory.write_linear(LinearModel.from_arrays(both.arrays() | {"powers": powers_MCW}, (3,)))
        with Tagger(session.directory, precision=precision) as tagger:
            found.append(np.array(tagger.tag([sentence], probabilities=True)[0]["tag"].probabilities))
    by_network, by_itself, apart = found
    is_known = np.array([False, True, True, True, False])
    np.testing.assert_allclose(apart, np.where(is_known, by_network, by_itself), atol=1e-5)
    assert (abs(by_network - by_itself) > 1e-3).all()


def test_it_is_left_out_where_it_makes_tags_no_likelier(treebank, start, silent, monkeypatch) -> None:
    monkeypatch.setattr(linear_model, "STRENGTH", 1e-9)  # so it knows how usual tags are, and nothing else
    monkeypatch.setattr(linear_model, "USUAL_POWERS", ((0.4, 1.0), (0.4, 1.0)))
    monkeypatch.setattr(linear_model, "CERTAINTY", 1e6)
    session = start(treebank, steps=60)
    session.run(silent)
    assert session.config.linear is None
    assert session.directory.linear() is None
    assert any("left out" in remark for remark in session.remarks)


@pytest.mark.parametrize("decoder", ["crf", "feedback"])
def test_it_is_not_for_decoders_that_see_other_tags(decoder: str, treebank, start) -> None:
    assert not start(treebank, "usual", decoder=decoder).config.learns_linear
    with pytest.raises(UsageError, match=f"--linear and --decoder {decoder}"):
        start(treebank, "asked", decoder=decoder, linear=True)


def test_it_is_not_for_tags_of_characters(treebank_of, start) -> None:
    treebank = treebank_of("a_X b_Y\n" * 30, level="character")
    assert not start(treebank, "usual").config.learns_linear
    with pytest.raises(UsageError, match="--linear and --level character"):
        start(treebank, "asked", linear=True)


def solved(treebank: Treebank, tags: list[int]) -> SolvedModel:
    columns = {
        column: {tag for sentence in treebank.training for tag in sentence.tags[number] if tag}
        for number, column in enumerate(treebank.config.columns)
    }
    lexicon = Lexicon.of((word for sentence in treebank.training for word in sentence.words), columns)
    model = SolvedModel(tags, None)
    model.solve(EncodedTreebank(treebank, lexicon, longest=9), lambda: False)
    return model


def test_words_without_a_tag_teach_nothing_in_that_column(treebank_of) -> None:
    some = treebank_of("a\tX\tP\nb\t_\tQ\nc\tY\tP\n\n" * 20, columns=["one", "two"], format="columns")
    model, _ = solved(some, [2, 2]).beside(TaggerDirectory(Path("unused")), None) or (None, None)
    assert model is not None
    total_TBK = model.total(model.additions(["", "a", "b", "c"], lambda _: True), np.array([[1], [2], [3]]))
    assert total_TBK[:, 0, :2].argmax(1)[[0, 2]].tolist() == [0, 1]
    assert total_TBK[:, 0, 2:].argmax(1).tolist() == [0, 1, 0]


def test_the_tags_that_a_word_had_elsewhere_tell_of_words_that_it_was_never_beside(treebank_of) -> None:
    beside = "".join(f"n{i}_N x_A\nv{i}_V x_B\n" for i in range(9))
    apart = "a_N o_A\nb_V o_A\na_N o_B\nb_V o_B\n" * 3
    model = solved(treebank_of(beside + beside + apart), [4]).with_usual_powers()
    words = ["", "a", "b", "x"]
    total_TBK = model.total(model.additions(words, lambda _: True), np.array([[1, 2], [3, 3]]))
    assert total_TBK.argmax(2).tolist() == [[2, 3], [0, 1]]


def test_a_column_of_very_many_tags_does_without_those_that_words_had_elsewhere(treebank_of, monkeypatch) -> None:
    treebank = treebank_of(text(60, 0))
    every = solved(treebank, [3]).with_usual_powers()
    monkeypatch.setattr(linear_model, "MOST_TOLD", 10)
    features_alone = solved(treebank, [3]).with_usual_powers()
    np.testing.assert_array_equal(every.hashes_F, features_alone.hashes_F)
    assert (every.weights_FK != features_alone.weights_FK).any()


def test_a_large_treebank_is_learned_from_sentences_all_over_it(treebank_of, start, silent, monkeypatch) -> None:
    treebank = treebank_of(text(60, 0) + "last_N words_V\n" * 30, valid=text(20, 1))
    monkeypatch.setattr(linear_model, "MOST_WORDS", 100)
    session = start(treebank, steps=2)
    session.run(silent)
    model = session.directory.linear()
    assert model is not None
    assert model.additions(["last", "horse"], lambda _: True).any(1).all()


def test_rare_features_are_left_out_where_there_are_too_many(treebank, start, silent, monkeypatch) -> None:
    session = start(treebank, steps=2)
    session.run(silent)
    monkeypatch.setattr(linear_model, "MOST_WEIGHTS", 30)
    small = start(treebank, "small", steps=2)
    small.run(silent)
    assert small.config.linear is not None
    assert session.config.linear is not None
    assert 1 <= small.config.linear.features <= 10 < session.config.linear.features


def test_a_run_that_is_interrupted_while_it_is_solved_goes_on_to_the_same_model(treebank, start, silent) -> None:
    whole = start(treebank, "whole", steps=3)
    whole.run(silent)
    parted = start(treebank, "parted", steps=3)
    assert parted.run(silent, lambda: True) == "interrupt"
    resumed = TaggerSession.resume(parted.directory, treebank)
    resumed.run(silent)
    assert resumed.config.linear == whole.config.linear is not None
    ours, theirs = whole.directory.linear(), parted.directory.linear()
    assert ours is not None
    assert theirs is not None
    for name, array in ours.arrays().items():
        np.testing.assert_array_equal(theirs.arrays()[name], array)


def test_the_solution_is_bounded_in_time_and_its_part_of_it_counts(treebank, start, silent) -> None:
    session = start(treebank, steps=None, budget=Budget(seconds=0.2))
    session.run(silent)
    assert session.config.record.seconds < 5
