"""Features are the n-grams, words and pairs of words that a slow reading finds, whatever stands beside a text."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charnn.linear.rows import SparseRows
from charnn.tasks.classifier.features import Features
from charnn.tasks.classifier.ngrams import LONGEST_END, LONGEST_WORD, OCTAVE, NgramReader

TEXTS = st.text(alphabet="aAbé .,!\n1", max_size=30)


def counts(reader: NgramReader, texts: list[str]) -> list[Counter[int]]:
    """How often each feature occurs in each text, by its hash."""
    found = reader.read(texts)
    result: list[Counter[int]] = [Counter() for _ in texts]
    for feature, row in zip(found.hashes.tolist(), found.rows.tolist(), strict=True):
        result[row][feature] += 1
    return result


def character_ngrams(text: str, longest: int) -> Counter[str]:
    spaced = f" {''.join(' ' if c.isspace() else c.lower() for c in text)} "
    grams = [spaced[i : i + n] for n in range(1, longest + 1) for i in range(len(spaced) - n + 1)]
    return Counter(gram for gram in grams if gram != " ")


def words(text: str) -> list[str]:
    found, before = list[str](), " "
    for c in text:
        if c.isalnum() and before.isalnum():
            found[-1] += c
        elif not c.isspace():
            found.append(c)
        before = c
    return [word.lower()[:LONGEST_WORD] for word in found]


@given(st.lists(TEXTS, max_size=5), st.integers(1, 4))
def test_as_many_ngrams_are_found_as_a_slow_reading_finds(texts: list[str], longest: int) -> None:
    """Counts of counts, since a hash does not say what it is of."""
    found = counts(NgramReader(characters=longest, words=0), texts)
    assert [sorted(each.values()) for each in found] == [sorted(character_ngrams(t, longest).values()) for t in texts]


@given(st.lists(TEXTS, max_size=5))
def test_words_and_pairs_of_words_are_found_as_a_slow_reading_finds_them(texts: list[str]) -> None:
    found = counts(NgramReader(characters=0, words=2), texts)
    expected = [Counter([*words(t), *zip(words(t), words(t)[1:], strict=False)]) for t in texts]
    assert [sorted(each.values()) for each in found] == [sorted(each.values()) for each in expected]


@given(st.lists(TEXTS, max_size=5))
def test_ends_of_texts_of_several_words_and_gaps_are_found_as_a_slow_reading_finds_them(texts: list[str]) -> None:
    found = counts(NgramReader(characters=0, words=0, places=True), texts)
    assert [sorted(each.values()) for each in found] == [sorted(placed(text).values()) for text in texts]


def placed(text: str) -> Counter[tuple[str, ...]]:
    """What is known of a text besides its n-grams, words and pairs: nothing where it is one word."""
    all_words, plain = words(text), "".join(" " if c.isspace() else c.lower() for c in text)
    found = Counter(("gap", one, other) for one, other in zip(all_words, all_words[2:], strict=False))
    if len(all_words) > 1:
        found.update(("first", *all_words[:n]) for n in (1, 2, 3) if n <= len(all_words))
        found.update((("second", all_words[1]), ("last", all_words[-1]), ("last two", *all_words[-2:])))
        found.update(("beginning", plain[:n]) for n in range(1, LONGEST_END + 1) if n <= len(plain))
        found.update(("end", plain[-n:]) for n in range(1, LONGEST_END + 1) if n <= len(plain))
    return found


def test_a_word_in_the_first_place_is_another_feature_than_in_the_last() -> None:
    one, other = counts(NgramReader(characters=0, words=0, places=True), ["ab cd", "cd ab"])
    assert one
    assert other
    assert not set(one) & set(other)


def shape(word: str) -> tuple[str, frozenset[str]]:
    """What kind its first character is of, and which kinds the others are of."""
    kinds = ["capital" if c.isupper() else "small" if c.islower() else "digit" if c.isdigit() else "" for c in word]
    return kinds[0], frozenset(kinds[1:]) - {""}


def cased_words(text: str) -> list[str]:
    spaced = "".join(c if c.isalnum() else " " if c.isspace() else f" {c} " for c in text)
    return spaced.split()


@given(st.lists(TEXTS, max_size=5))
def test_shapes_of_words_and_of_neighbours_are_found_as_a_slow_reading_finds_them(texts: list[str]) -> None:
    found = counts(NgramReader(characters=0, words=0, shapes=True), texts)
    shapes = [[shape(word) for word in cased_words(text)] for text in texts]
    expected = [Counter([*own, *pairwise(own)]) for own in shapes]
    assert [sorted(each.values()) for each in found] == [sorted(each.values()) for each in expected]


def test_words_differ_in_shape_by_capitals_and_digits_alone() -> None:
    reader = NgramReader(characters=0, words=0, shapes=True)
    alike = ["cat", "élan"], ["Cat", "Dog"], ["CAT", "DO"], ["3", "5"], ["3rd", "5th"], ["A4"], ["McCoy"], ["猫", "!"]
    shapes = [{tuple(each) for each in counts(reader, group)} for group in alike]
    assert all(len(group) == 1 for group in shapes)
    assert len(set.union(*shapes)) == len(alike)


def ranges(length: int) -> set[tuple[int, int]]:
    """The ranges of lengths that a text is in: four that begin at quarters of a doubling."""
    quarters = (max(length, 1) ** OCTAVE).bit_length() - 1
    return {((quarters + shift) // OCTAVE, shift) for shift in range(OCTAVE)}


@given(st.lists(st.integers(0, 40) | st.integers(0, 9000), max_size=5))
def test_a_text_is_in_the_ranges_of_lengths_that_exact_powers_of_its_length_give(lengths: list[int]) -> None:
    found = counts(NgramReader(characters=0, words=0, lengths=True), ["x" * length for length in lengths])
    assert all(each.total() == len(each) == OCTAVE for each in found)
    for one, one_length in zip(found, lengths, strict=True):
        for other, other_length in zip(found, lengths, strict=True):
            assert len(set(one) & set(other)) == len(ranges(one_length) & ranges(other_length))


def test_texts_share_more_ranges_of_lengths_the_nearer_their_lengths_are() -> None:
    five, six, seven, ten, hundred = counts(
        NgramReader(characters=0, words=0, lengths=True), ["x" * n for n in (5, 6, 7, 10, 100)]
    )
    assert [len(five & other) for other in (five, six, seven, ten, hundred)] == [4, 3, 2, 0, 0]


@given(TEXTS, TEXTS, TEXTS)
def test_a_text_has_the_same_features_whatever_stands_beside_it(text: str, before: str, after: str) -> None:
    reader = NgramReader(characters=3, words=2, places=True, shapes=True, lengths=True)
    (alone,) = counts(reader, [text])
    assert counts(reader, [before, text, after])[1] == alone


def test_two_texts_share_what_they_have_in_common() -> None:
    reader = NgramReader(characters=0, words=1)
    one, other, third = counts(reader, ["The cat sat", "the CAT ran", "dog"])
    assert len(one & other) == 2
    assert not one & third
    long = "x" * LONGEST_WORD
    same, longer, different = counts(reader, [long, long + "y", long[:-1]])
    assert same == longer != different


# Features.


def dense(rows: SparseRows, width: int) -> np.ndarray:
    result = np.zeros((len(rows), width))
    for row in range(len(rows)):
        part = slice(rows.starts[row], rows.starts[row + 1])
        result[row, rows.ids[part]] = rows.values[part]
    return result


def test_texts_are_vectors_of_tf_idf_weights() -> None:
    """As by the definition, with one group of features, whose vectors have length 1."""
    texts = ["a b a", "b c", "c c c", ""]
    features = Features.choose(texts, ngrams=0, words=1, labels=2)
    assert len(features) == 3
    found = dense(features.read(texts), 3)
    idf = {word: np.log((1 + 4) / (1 + count)) + 1 for word, count in {"a": 1, "b": 2, "c": 2}.items()}
    expected = np.array([(1 + np.log(2)) * idf["a"], idf["b"]])
    np.testing.assert_allclose(sorted(found[0][found[0] > 0]), sorted(expected / np.linalg.norm(expected)), rtol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), [1, 1, 1, 0], rtol=1e-5)


@given(st.lists(TEXTS, min_size=1, max_size=6), st.lists(TEXTS, max_size=6))
def test_new_texts_have_only_features_that_are_known(texts: list[str], others: list[str]) -> None:
    features = Features.choose(texts, ngrams=2, words=2, labels=2)
    known = set(features.hashes.tolist())
    reader = NgramReader(characters=2, words=2)
    rows = features.read(others)
    for row, found in enumerate(counts(reader, others)):
        ids = rows.ids[rows.starts[row] : rows.starts[row + 1]]
        assert set(features.hashes[ids].tolist()) == set(found) & known


@given(st.lists(TEXTS, min_size=1, max_size=6))
def test_the_columns_as_rows_are_the_transpose(texts: list[str]) -> None:
    features = Features.choose(texts, ngrams=2, words=1, labels=2)
    rows = features.read(texts)
    columns = rows.transposed(len(features))
    np.testing.assert_array_equal(dense(columns, len(texts)), dense(rows, len(features)).T)
    ids = [columns.part(row, row + 1).ids.tolist() for row in range(len(columns))]
    assert all(row == sorted(row) for row in ids)


@given(st.lists(TEXTS, min_size=1, max_size=6), st.integers(1, 3))
def test_the_product_with_a_table_is_that_of_matrices(texts: list[str], labels: int) -> None:
    features = Features.choose(texts, ngrams=2, words=1, labels=labels)
    table_FK = np.random.default_rng(0).normal(size=(len(features), labels)).astype(np.float32)
    rows = features.read(texts)
    np.testing.assert_allclose(rows.times(table_FK), dense(rows, len(features)) @ table_FK, atol=1e-4)
    chosen = np.array([len(texts) - 1, 0])
    np.testing.assert_array_equal(dense(rows.chosen(chosen), len(features)), dense(rows, len(features))[chosen])


def test_the_rarest_features_are_left_out_where_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("charnn.tasks.classifier.features.MOST_WEIGHTS", 8)
    features = Features.choose(["a b", "a c", "a d", "b e"], ngrams=0, words=1, labels=4)
    assert sorted(features.counts.tolist()) == [2, 3]
