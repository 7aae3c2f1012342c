"""`--adapt` believes that a text says again what it has said before, as far as that was right so far."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import charnn
from charnn.ngrams.matches import LENGTHS, NOTHING, along
from charnn.softmax import log_softmax, softmax
from charnn.tasks.language_model.learn.adaptation import SEGMENT
from charnn.tasks.language_model.matching import LARGEST_CHANGE, USUAL, LearnedMatches, log_odds
from charnn.tasks.language_model.use.matched import MatchedScorer
from charnn.tokenizers.base import STOP_ID
from tests.paths import GOLDEN
from tests.tasks.language_model.tiny import tiny_model

SPELLINGS = [b"", b" ", b".", b"a", b"b", "é".encode()]
"""The ids from 3 on are of words."""
SIZE = len(SPELLINGS)
RANDOM = np.random.default_rng(0)
AGAIN = "ab.\u00e9 b"


def fresh() -> LearnedMatches:
    return LearnedMatches(SPELLINGS)


def learning(name: str) -> MatchedScorer:
    """A golden model that learns from what it scores, and has read nothing yet."""
    model: Any = charnn.load(GOLDEN / name, adapt=True)
    found = model.counts.learning(model.learner)
    assert isinstance(found, MatchedScorer)
    return found


def costs(scorer: Any, ids: np.ndarray) -> np.ndarray:
    tokens = np.concatenate([[STOP_ID], ids])[np.newaxis]
    return scorer.costs(tokens[:, :-1], tokens[:, 1:], scorer.initial_state(1))[0].text_BT[0]


# The regression.


def test_a_change_by_hand() -> None:
    """4, 5 and 3 came before a 4; the same three come again, after which 4 is likelier by what the weights say."""
    inputs, logits = np.array([4, 5, 3, 4, 5, 3]), np.log(np.full((6, SIZE), 1 / SIZE))
    changed = fresh().read(NOTHING, inputs, logits, np.array([5, 3, 4, 5, 3, 4]))
    np.testing.assert_allclose(changed[:5], logits[:5], rtol=1e-6)
    facts = np.array([1, np.log(1 / (SIZE - 1)), 1, 1, np.log(3)])
    own, by_length = np.array(USUAL) @ facts
    assert changed[5, 4] - logits[5, 4] == pytest.approx(own + np.log(LENGTHS[0]) * by_length, abs=1e-5)
    np.testing.assert_allclose(np.delete(changed[5], 4), np.delete(logits[5], 4), rtol=1e-6)


def test_what_is_right_or_wrong_again_and_again_is_believed_more_or_less() -> None:
    period = np.array([3, 4, 5, 1, 2, 3, 5, 4])
    inputs = np.tile(period, 100)
    logits = RANDOM.normal(0, 0.5, (len(inputs), SIZE))

    def last_change(ids: np.ndarray) -> float:
        matches, before, changed = fresh(), NOTHING, logits
        for start in range(0, len(inputs), SEGMENT):
            part = slice(start, start + SEGMENT)
            changed = matches.read(before, inputs[part], logits[part], ids[part])
            before = matches.latest
        expected = np.roll(period, -1)[-1]
        return float(changed[-1, expected] - logits[-1, expected])

    right = np.roll(inputs, -1)
    assert last_change(right) > 3
    assert last_change((right + 1) % SIZE) < -1


def test_the_places_of_one_part_are_all_scored_by_what_was_learned_before_it() -> None:
    inputs, logits = np.tile([3, 4, 5, 1], 20), RANDOM.normal(0, 1, (80, SIZE))
    first, second = (
        fresh().read(NOTHING, inputs, logits, ids) for ids in (np.roll(inputs, -1), RANDOM.integers(1, SIZE, 80))
    )
    np.testing.assert_array_equal(first, second)


def test_log_odds_of_what_is_certain_are_infinite_and_teach_no_nonsense() -> None:
    assert log_odds(np.array([[-1e4, 0.0], [0.0, -1e4]]), np.array([0, 0])).tolist() == [-np.inf, np.inf]
    inputs = np.tile([3, 4, 5], 40)
    matches = fresh()
    for sign in (1, -1):
        logits = np.zeros((120, SIZE))
        logits[np.arange(120), np.roll(inputs, -1)] = sign * 1e4
        changed = matches.read(NOTHING, inputs, logits, inputs)
        assert np.abs(changed - logits).max() <= LARGEST_CHANGE + 1e-2


def test_a_network_that_halts_decides_alone_where_a_text_ends() -> None:
    inputs = np.tile([3, 4, 5, STOP_ID], 30)
    logits, ids = RANDOM.normal(0, 1, (120, SIZE)), np.roll(inputs, -1)
    matches = fresh()
    for _ in range(5):
        changed = matches.read(matches.latest, inputs, logits, ids, halts=True)
    np.testing.assert_allclose(softmax(changed)[:, STOP_ID], softmax(logits)[:, STOP_ID], rtol=1e-4)
    goes_on = ids != STOP_ID
    rows = np.flatnonzero(goes_on)
    gain = (log_softmax(changed) - log_softmax(logits))[rows, ids[rows]]
    assert gain.mean() > 0.5


# The models.


@pytest.mark.parametrize("name", ["format-1", "text-words-1", "text-recent-1"])
def test_a_model_of_an_older_version_expects_what_it_has_read_with_n_grams_and_without(name: str) -> None:
    model: Any = charnn.load(GOLDEN / name, adapt=True)
    once = np.random.default_rng(3).integers(1, model.tokenizer.size, 3 * SEGMENT)
    ids = np.concatenate([once, once, once])
    without, nats = costs(model.counts.beside(model.learner), ids), costs(learning(name), ids)
    assert nats[len(once) :].sum() < 0.8 * without[len(once) :].sum()
    assert nats[: len(once)].sum() < without[: len(once)].sum() + 5


@pytest.mark.parametrize("place", [1, 70, 2 * SEGMENT, 5 * SEGMENT - 3])
def test_no_symbol_costs_less_for_having_come(place: int) -> None:
    one = np.tile(np.random.default_rng(4).integers(1, 9, 50), 4)[: 6 * SEGMENT]
    other = one.copy()
    other[place:] = other[place:][::-1] % 8 + 1
    left, right = (costs(learning("format-1"), ids)[:place] for ids in (one, other))
    np.testing.assert_array_equal(left, right)


def test_probabilities_of_all_symbols_add_up_to_one() -> None:
    read, model = np.tile([4, 5, 6, 7], 20), charnn.load(GOLDEN / "format-1")
    total = 0.0
    for id_ in range(model.tokenizer.size):
        scorer = learning("format-1")
        tokens = np.concatenate([[STOP_ID], read, [id_]])[np.newaxis]
        found = scorer.costs(tokens[:, :-1], tokens[:, 1:], scorer.initial_state(1))[0]
        total += float(np.exp(-(found.text_BT + found.ends_BT)[0, -1]))
    assert total == pytest.approx(1, abs=1e-4)


def test_a_text_is_read_in_parts_as_at_once() -> None:
    tokens = np.concatenate([[STOP_ID], np.tile(np.arange(1, 9), 16)])[np.newaxis]
    whole, parts = learning("text-words-1"), learning("text-words-1")
    at_once = whole.costs(tokens[:, :-1], tokens[:, 1:], whole.initial_state(1))[0].text_BT
    state, found = parts.initial_state(1), []
    for start in range(0, tokens.shape[1] - 1, SEGMENT):
        part = slice(start, start + SEGMENT)
        of_part, state = parts.costs(tokens[:, :-1][:, part], tokens[:, 1:][:, part], state)
        found.append(of_part.text_BT)
    np.testing.assert_allclose(np.concatenate(found, 1), at_once, atol=1e-4)


def test_rows_are_read_by_what_each_has_read() -> None:
    scorer = learning("format-1")
    ids = np.stack([np.tile([4, 5, 6, 7], 8), np.tile([8, 9, 4, 6], 8)])
    _, state = scorer.costs(ids, np.roll(ids, -1), scorer.initial_state(2))
    assert state.read_B.tolist() == [along(NOTHING, row)[1] for row in ids]


def test_what_one_line_said_is_expected_in_the_next_and_in_the_next_call() -> None:
    text, other = "the brave fox and the tart", "every old man on the farm"

    def nats(*, matches: bool) -> list[float]:
        model: Any = charnn.load(GOLDEN / "text-words-1", adapt=True)
        if not matches:
            model.counts.learning = model.counts.beside
        return [line.nats for lines in ([other, text], [other, text]) for line in model.score(lines)]

    with_them, without = nats(matches=True), nats(matches=False)
    assert with_them[:2] == pytest.approx(without[:2], abs=3)
    assert sum(with_them[2:]) < 0.9 * sum(without[2:])


def test_a_text_that_never_says_anything_again_costs_what_it_did() -> None:
    size = charnn.load(GOLDEN / "text-words-1").tokenizer.size
    ids = np.random.default_rng(5).integers(1, size, 30 * SEGMENT)
    model: Any = charnn.load(GOLDEN / "text-words-1", adapt=True)
    without = costs(model.counts.beside(model.learner), ids)
    assert costs(learning("text-words-1"), ids).sum() < without.sum() + 3


def test_a_model_that_foretells_lengths_and_one_that_does_not_learn_are_left_as_they_are(tmp_path: Path) -> None:
    model: Any = charnn.load(GOLDEN / "format-1")
    runtime = model.runtime("fp32", threads=1)
    assert model.counts.learning(runtime) is runtime
    directory = tiny_model(tmp_path, "a line\n" * 300, steps=2, documents="line", stopping="length", ngrams=0)
    model = charnn.load(directory.path, adapt=True)
    assert model.counts.learning(model.learner) is model.learner
