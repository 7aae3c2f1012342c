from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from charnn.generation.model import Conditions
from charnn.tasks.language_model.lengths import remaining_tokens
from charnn.tasks.language_model.use.reading import MOST_LOGITS, score_crops
from charnn.tasks.language_model.use.scores import Costs, LanguageScore
from tests.tasks.language_model.use.fakes import STOP, Fake, Floats, Ids


def letters(text: str) -> Ids:
    """a is 1, b is 2, and so on."""
    return np.array([ord(c) - ord("a") + 1 for c in text], dtype=np.int32)


def pairs(text: str) -> Ids:
    """Two letters a token, from the left of whatever is encoded; a letter left over is one by itself."""
    parts = [letters(text[i : i + 2]) for i in range(0, len(text), 2)]
    return np.array([int(p[0]) * 30 + (int(p[1]) if len(p) > 1 else 0) for p in parts], dtype=np.int32)


class Counting(Fake):
    """A target costs as many nats as inputs have been read since the initial state; `read` keeps the inputs."""

    def __init__(self) -> None:
        self.read: list[list[list[int]]] = []

    def initial_state(self, batch: int) -> Ids:
        return np.zeros(batch, dtype=np.int32)

    def nats(self, inputs_BT: Ids, targets_BT: Ids, state: Ids) -> tuple[Floats, Ids]:
        assert inputs_BT.shape == targets_BT.shape
        assert len(inputs_BT) == len(state)
        self.read.append(inputs_BT.tolist())
        read_BT = state[:, None] + np.arange(1, inputs_BT.shape[1] + 1)
        return read_BT.astype(np.float32), read_BT[:, -1]


class Hashing(Counting):
    """A target's nats are a whole number that depends on it and on every input since the initial state, in order."""

    def nats(self, inputs_BT: Ids, targets_BT: Ids, state: Ids) -> tuple[Floats, Ids]:
        nats_BT = np.zeros(inputs_BT.shape, dtype=np.float32)
        for t, inputs_B in enumerate(inputs_BT.T):
            state = (state * 31 + inputs_B + 1) % 1009
            nats_BT[:, t] = (state * 7 + targets_BT[:, t]) % 1009
        return nats_BT, state


def scored_crop_by_crop(documents: list[str], context: int) -> LanguageScore:
    score = LanguageScore(0.0, len("".join(documents)))
    for text in documents:
        crops = [text[i : i + context] for i in range(0, len(text), context)] or [""]
        before = STOP
        for k, crop in enumerate(crops):
            scorer = Hashing()
            state = scorer.initial_state(1)
            for target in [*letters(crop).tolist(), *([STOP] if k == len(crops) - 1 else [])]:
                nats, state = scorer.nats(np.array([[before]]), np.array([[target]]), state)
                cost = float(nats[0, 0])
                score += LanguageScore(0.0, 0, cost, 1) if target == STOP else LanguageScore(cost, 0)
                before = target
    return score


def test_every_crop_begins_cold_and_the_ragged_one_ends_in_the_stop_token() -> None:
    score = score_crops(Counting(), ["abcde"], letters, context=2, stop_id=STOP)
    # Counts: ab 1 2, cd 1 2, e 1 and the stop token 2.
    assert score == LanguageScore(nats=3 + 3 + 1, characters=5, stop_nats=2, stops=1)


def test_a_last_crop_of_full_length_still_ends_in_the_stop_token() -> None:
    score = score_crops(Counting(), ["abcd"], letters, context=2, stop_id=STOP)
    assert score == LanguageScore(nats=3 + 3, characters=4, stop_nats=3, stops=1)


def test_a_crop_is_read_after_the_token_before_it_and_a_document_after_the_stop_token() -> None:
    scorer = Counting()
    score_crops(scorer, ["abcd", "xyz"], letters, context=2, stop_id=STOP, batch=1)
    assert scorer.read == [[[0, 1]], [[0, 24]], [[25, 26]], [[2, 3, 4]]]


def test_crops_are_of_characters_whatever_the_tokens() -> None:
    score = score_crops(Counting(), ["abcdefg"], pairs, context=3, stop_id=STOP)
    # Counts: ab c 1 2, de f 1 2, g 1 and the stop token 2.
    assert score == LanguageScore(nats=3 + 3 + 1, characters=7, stop_nats=2, stops=1)


def test_crops_of_like_length_share_a_batch() -> None:
    scorer = Counting()
    score_crops(scorer, ["abcdefg", "a", "abcdefg", "b"], letters, context=6, stop_id=STOP, batch=2)
    assert [np.shape(inputs) for inputs in scorer.read] == [(2, 2), (2, 2), (2, 6)]


def test_crops_of_a_large_vocabulary_are_read_fewer_at_once() -> None:
    scorer, documents = Counting(), ["abcdefg", "a", "abcdefg", "b"]
    score = score_crops(scorer, documents, letters, context=6, stop_id=STOP, vocabulary_size=MOST_LOGITS // 12)
    assert [len(inputs) for inputs in scorer.read] == [2, 2, 2]
    assert score == score_crops(Counting(), documents, letters, context=6, stop_id=STOP)


def test_no_documents_cost_nothing() -> None:
    assert score_crops(Counting(), [], letters, context=4, stop_id=STOP) == LanguageScore(0.0, 0)


@given(
    st.lists(st.text(alphabet="abcdef", max_size=30), max_size=6),
    st.integers(1, 12),
    st.integers(1, 9),
)
def test_batches_and_padding_change_nothing(documents: list[str], context: int, batch: int) -> None:
    score = score_crops(Hashing(), documents, letters, context=context, stop_id=STOP, batch=batch)
    assert score == scored_crop_by_crop(documents, context)


class CountingDown(Counting):
    """Reads what remains, which is what its text and lengths cost."""

    def conditions(self, targets_BT: Ids, later_B: Ids | None = None) -> Conditions:
        later_B = np.zeros(len(targets_BT), np.int32) if later_B is None else later_B
        return {"remaining": remaining_tokens(targets_BT, STOP) + later_B[:, None]}

    def costs(self, inputs_BT: Ids, targets_BT: Ids, state: Ids, conditions: Conditions) -> tuple[Costs, Ids]:
        remaining_BT = conditions["remaining"]
        _, after = self.nats(inputs_BT, targets_BT, state)
        text_BT = np.where(targets_BT == STOP, 0, remaining_BT).astype(np.float32)
        return Costs(text_BT, np.where(inputs_BT == STOP, remaining_BT, 0).astype(np.float32)), after


@given(st.lists(st.text(alphabet="abcdef", max_size=30), max_size=6), st.integers(1, 12), st.integers(1, 9))
def test_what_remains_of_a_document_goes_beyond_the_crop(documents: list[str], context: int, batch: int) -> None:
    score = score_crops(CountingDown(), documents, letters, context=context, stop_id=STOP, batch=batch)
    assert score.nats == sum(sum(range(1, len(text) + 1)) for text in documents)
    assert score.stop_nats == score.characters
    assert score.stops == len(documents)


def test_what_remains_is_counted_in_tokens() -> None:
    score = score_crops(CountingDown(), ["abcdefg"], pairs, context=3, stop_id=STOP)
    # ab c, de f, g: five tokens.
    assert (score.nats, score.stop_nats) == (5 + 4 + 3 + 2 + 1, 5)
