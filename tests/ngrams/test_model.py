from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charnn.ngrams.counting import Level, count
from charnn.ngrams.model import MANY, ROOT, NgramModel
from charnn.ngrams.table import NgramTable, decode, encode

ORDER = 6
SIZE = 5
TEXT = np.random.default_rng(0).choice([1, 1, 1, 2, 2, 3, 4], 400)


def levels_of(text: np.ndarray) -> list[Level]:
    return count([text], SIZE, ORDER, before=0)


def table_of(text: np.ndarray) -> NgramTable:
    return NgramTable.of(levels_of(text), SIZE)


def probability_by_hand(levels: list[Level], context: list[int], id_: int) -> float:
    """By the equation of interpolation, without rounding."""
    probability = 1 / SIZE
    for length, level in enumerate(levels):
        packed = 0
        for one in context[len(context) - length :]:
            packed = packed << 3 | one
        place = np.searchsorted(level.contexts_S, packed)
        if length > len(context) or place == len(level.contexts_S) or level.contexts_S[place] != packed:
            break
        end = int(np.cumsum(level.followers_S)[place])
        part = slice(end - int(level.followers_S[place]), end)
        met = dict(zip(level.ids_E[part].tolist(), level.probabilities_E[part].tolist(), strict=True))
        probability = met.get(id_, 0.0) + float(level.left_S[place]) * probability
    return probability


def test_probabilities_are_those_of_the_equation_within_the_width_of_a_code() -> None:
    levels, model, state = levels_of(TEXT), NgramModel(table_of(TEXT), SIZE), np.array([ROOT], np.int32)
    for place, id_ in enumerate(TEXT[:200].tolist()):
        found = model.probabilities(state)[0]
        expected = [probability_by_hand(levels, TEXT[:place].tolist(), one) for one in range(SIZE)]
        np.testing.assert_allclose(found, expected, rtol=0.15)
        state = model.advance(state, np.array([id_]))


texts = st.lists(st.integers(0, SIZE - 1), min_size=1, max_size=80).map(np.array)


@given(texts, texts)
def test_each_state_gives_probabilities_of_sum_one(learned: np.ndarray, read: np.ndarray) -> None:
    model = NgramModel(table_of(learned), SIZE)
    states = model.states(np.array([ROOT], np.int32), read[np.newaxis])[0]
    probabilities = model.probabilities(states)
    assert (probabilities > 0).all()
    np.testing.assert_allclose(probabilities.sum(1), 1, atol=1e-5)
    for id_ in range(SIZE):
        ids = np.full(len(states), id_)
        np.testing.assert_array_equal(model.probability(states, ids), probabilities[:, id_])


@given(texts, texts, st.integers(0, 80))
def test_states_are_the_same_at_once_in_parts_one_by_one_and_beside_others(
    learned: np.ndarray, read: np.ndarray, cut: int
) -> None:
    model, start = NgramModel(table_of(learned), SIZE), np.array([ROOT], np.int32)
    whole = model.states(start, read[np.newaxis])[0]
    alone, beside = start, np.array([ROOT, ROOT], np.int32)
    for place, id_ in enumerate(read):
        alone = model.advance(alone, np.array([id_]))
        assert (model.advance(np.repeat(beside, 200), np.full(400, id_))[200:] == whole[place]).all()
        beside = model.advance(beside, np.array([read[-1 - place], id_]))
        assert alone[0] == beside[1] == whole[place]
    if 0 < cut < len(read):
        rest = model.states(whole[cut - 1 : cut], read[np.newaxis, cut:])[0]
        np.testing.assert_array_equal(rest, whole[cut:])


@pytest.mark.parametrize("most", [0, SIZE, 100, 1 << 17])
def test_many_states_get_the_probabilities_of_a_few_whatever_is_ready(
    most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("charnn.ngrams.model.MOST_SHORT", most)
    model = NgramModel(table_of(TEXT), SIZE)
    every = np.arange(len(model.facts.lengths_S), dtype=np.int32)
    assert len(every) > 2 * MANY
    few = [model.probabilities(every[first : first + MANY - 1]) for first in range(0, len(every), MANY - 1)]
    np.testing.assert_array_equal(model.probabilities(every), np.concatenate(few))
    np.testing.assert_array_equal(model.probabilities(every[::-1][:MANY]), np.concatenate(few)[::-1][:MANY])


def test_text_that_was_learned_is_expected() -> None:
    text = np.tile([1, 2, 3, 4], 50)
    model = NgramModel(table_of(text), SIZE)
    states = model.states(np.array([ROOT], np.int32), text[np.newaxis])[0]
    assert model.facts.lengths_S[states[-1]] == model.longest == ORDER - 1
    assert (model.probability(states[20:-1], text[21:]) > 0.9).all()


@given(st.lists(st.floats(2e-5, 1), min_size=1).map(np.array))
def test_codes_are_within_three_hundredths(probabilities: np.ndarray) -> None:
    np.testing.assert_allclose(decode(encode(probabilities)), probabilities, rtol=0.03)


def test_table_survives_being_written_as_arrays() -> None:
    table = table_of(TEXT)
    again = NgramTable.from_arrays(table.arrays())
    states = np.arange(len(table.left_S), dtype=np.int32)
    np.testing.assert_array_equal(
        NgramModel(again, SIZE).probabilities(states), NgramModel(table, SIZE).probabilities(states)
    )


SPOILED: dict[str, Callable[[NgramTable], NgramTable]] = {
    "an id that the vocabulary lacks": lambda table: replace(table, ids_E=table.ids_E + 3),
    "ids in another order": lambda table: replace(table, ids_E=table.ids_E[::-1].copy()),
    "no n-gram is a context": lambda table: replace(table, is_context_E=table.is_context_E * 0),
    "every n-gram is a context": lambda table: replace(table, is_context_E=table.is_context_E | 255),
    "other n-grams are contexts": lambda table: replace(table, is_context_E=table.is_context_E[::-1].copy()),
    "fewer contexts": lambda table: replace(table, left_S=table.left_S[:-1]),
    "fewer n-grams": lambda table: replace(table, ids_E=table.ids_E[:-1]),
    "a context after which nothing was met": lambda table: replace(
        table, followers_S=np.append(table.followers_S[:-1], [0, table.followers_S[-1]]).astype(np.uint8)[:-1]
    ),
    "numbers of another type": lambda table: replace(table, left_S=table.left_S.astype(np.float32)),
    "a table with two axes": lambda table: replace(table, left_S=table.left_S[np.newaxis]),
    "nothing at all": lambda table: replace(table, followers_S=table.followers_S[:0], left_S=table.left_S[:0]),
}


@pytest.mark.parametrize("spoil", SPOILED.values(), ids=SPOILED)
def test_table_that_contradicts_itself_is_refused(spoil: Callable[[NgramTable], NgramTable]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        NgramModel(NgramTable.from_arrays(spoil(table_of(TEXT)).arrays()), SIZE)


def test_table_that_lacks_an_array_is_refused() -> None:
    arrays = table_of(TEXT).arrays()
    del arrays["ids_E"]
    with pytest.raises(ValueError, match="no table of n-grams"):
        NgramTable.from_arrays(arrays)


def test_random_bytes_are_refused_or_give_probabilities() -> None:
    random, table = np.random.default_rng(0), table_of(TEXT)
    refused = 0
    for _ in range(300):
        arrays = {name: array.copy() for name, array in table.arrays().items()}
        name = random.choice(sorted(arrays))
        arrays[name][random.integers(len(arrays[name]))] = random.integers(256)
        try:
            model = NgramModel(NgramTable.from_arrays(arrays), SIZE)
        except ValueError:
            refused += 1
            continue
        probabilities = model.probabilities(np.arange(len(table.left_S), dtype=np.int32))
        np.testing.assert_allclose(probabilities.sum(1), 1, atol=1e-5)
    assert 0 < refused < 300
