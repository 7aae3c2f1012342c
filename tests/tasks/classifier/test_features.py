"""The features of the direct path are those of a slow reading by hand, and their vectors do not depend on the batch."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charnn.tasks.classifier import features as module
from charnn.tasks.classifier.features import LONGEST_READ, Features, of_features
from charnn.tasks.classifier.ngrams import NgramReader

TEXTS = st.lists(st.text("ab \u00e9\U0001f9ca.\n", max_size=12), max_size=6)


def by_hand(text: str, characters: int) -> list[str]:
    padded = f" {''.join(' ' if c.isspace() else c.lower() for c in text)} "
    grams = [padded[i : i + n] for n in range(1, characters + 1) for i in range(len(padded) - n + 1)]
    return [gram for gram in grams if gram != " "]


@given(TEXTS)
def test_ngrams_are_those_of_each_text_by_itself(texts: list[str]) -> None:
    """There are as many as by hand, and they are equal where those are equal."""
    reader = NgramReader(characters=3, words=0)
    found = reader.read(texts)
    expected = [(row, gram) for row, text in enumerate(texts) for gram in by_hand(text, 3)]
    pairs = sorted(zip(found.rows.tolist(), found.hashes.tolist(), strict=True))
    assert len(pairs) == len(expected)
    assert len({one for _, one in pairs}) == len({gram for _, gram in expected})
    for row in range(len(texts)):
        alone = sorted(reader.read([texts[row]]).hashes.tolist())
        assert alone == sorted(one for at, one in pairs if at == row)


def test_words_are_runs_of_letters_and_single_marks_and_pairs_stay_in_their_text() -> None:
    reader = NgramReader(characters=0, words=2)
    assert len(reader.read(["The cat, the CAT"]).hashes) == 5 + 4
    assert len(set(reader.read(["The cat, the CAT"]).hashes.tolist())) == 3 + 3
    assert len(reader.read(["one", "two", ""]).hashes) == 2


@given(TEXTS)
def test_a_vector_is_the_same_in_any_batch_and_has_length_one(texts: list[str]) -> None:
    features = Features.choose(["ab a", "b.b", "a\u00e9"], ngrams=2, words=2, labels=2)
    table = np.random.default_rng(0).normal(size=(len(features), 3)).astype(np.float32)
    together = features.read(texts).times(table)
    for row, text in enumerate(texts):
        np.testing.assert_allclose(features.read([text]).times(table)[0], together[row], rtol=1e-5, atol=1e-6)
    rows = features.read(["ab a"])
    is_word = features.is_word[rows.ids] == 1
    assert float((rows.values[is_word] ** 2).sum()) == pytest.approx(1)
    assert float((rows.values[~is_word] ** 2).sum()) == pytest.approx(1)


@given(TEXTS)
def test_a_product_with_a_matrix_is_that_of_the_whole_vectors(texts: list[str]) -> None:
    features = Features.choose(["ab a", "b.b", "a\u00e9"], ngrams=2, words=2, labels=2)
    table = np.random.default_rng(0).normal(size=(len(features), 3)).astype(np.float32)
    rows = features.read(texts)
    dense = np.zeros((len(texts), len(features)), np.float32)
    dense[np.repeat(np.arange(len(texts)), np.diff(rows.starts)), rows.ids] = rows.values
    np.testing.assert_allclose(rows.times(table), dense @ table, rtol=1e-4, atol=1e-6)
    np.testing.assert_array_equal(rows.times(np.asfortranarray(table)), rows.times(table))


def test_every_feature_is_found_and_no_other() -> None:
    texts = [f"{n} {n * n}" for n in range(500)]
    features = Features.choose(texts, ngrams=4, words=2, labels=2)
    occurrences = NgramReader(characters=4, words=2).read(texts)
    assert sorted(set(occurrences.hashes.tolist())) == features.hashes.tolist()
    rows = features.read(texts)
    assert set(rows.ids.tolist()) == set(range(len(features)))
    assert len(features.read(["qqq"]).ids) == 0


def test_what_follows_a_million_characters_is_not_read() -> None:
    features = Features.choose(["ab", "b c"], ngrams=2, words=1, labels=2)
    long = "ab " * (LONGEST_READ // 3) + "a"
    assert len(long) == LONGEST_READ
    cut, whole = features.read([long, long + " c" * 9]).chosen(np.array([0, 1])), features.read([long])
    assert np.array_equal(cut.ids, np.tile(whole.ids, 2))
    assert np.array_equal(cut.values, np.tile(whole.values, 2))


def test_texts_in_blocks_have_the_features_and_vectors_that_they_have_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """A feature of several blocks is counted in all of them, and a word stays one."""
    texts = [f"the cat {n} sat {n % 7} {'on the mat ' * (n % 5)}" for n in range(200)] + ["", "the"]
    together = Features.choose(texts, ngrams=3, words=2, labels=2)
    rows = together.read(texts)
    monkeypatch.setattr(module, "BLOCK_CHARACTERS", 100)
    in_blocks = Features.choose(texts, ngrams=3, words=2, labels=2)
    for name in ("hashes", "counts", "is_word"):
        assert np.array_equal(getattr(in_blocks, name), getattr(together, name)), name
    for name in ("ids", "values", "starts"):
        assert np.array_equal(getattr(in_blocks.read(texts), name), getattr(rows, name)), name
    the = together.read(["the"])
    assert together.counts[the.ids[together.is_word[the.ids] == 1]].tolist() == [201]


def test_vectors_of_some_features_are_those_of_a_reader_that_knows_no_others() -> None:
    texts = ["ab a.", "b.b", "a\u00e9", ""]
    features = Features.choose(texts, ngrams=2, words=2, labels=2)
    is_known = np.arange(len(features)) % 3 > 0
    few = Features(
        features.hashes[is_known], features.counts[is_known], features.is_word[is_known], ngrams=2, words=2, texts=4
    )
    table = np.random.default_rng(0).normal(size=(len(features), 3)).astype(np.float32)
    some = of_features(features.read(texts), is_known, features.is_word)
    np.testing.assert_allclose(some.times(table), few.read(texts).times(table[is_known]), rtol=1e-5, atol=1e-6)
