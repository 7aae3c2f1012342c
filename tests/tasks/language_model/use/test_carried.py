from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charnn.generation.model import Conditions
from charnn.tasks.language_model.lengths import remaining_tokens
from charnn.tasks.language_model.use.reading import MOST_LOGITS, score_carried
from charnn.tasks.language_model.use.scores import Costs, LanguageScore
from tests.tasks.language_model.use.fakes import STOP, Fake, Floats, Ids

# With the stop tokens, the targets 1 2 0 3 0, after the inputs 0 1 2 0 3.
TWO_DOCUMENTS = [np.array([1, 2], dtype=np.int32), np.array([3], dtype=np.int32)]


class Counting(Fake):
    """A target costs as many nats as inputs have been read since the initial state."""

    def __init__(self) -> None:
        self.lanes: list[int] = []
        self.inputs: list[list[list[int]]] = []

    def initial_state(self, batch: int) -> Ids:
        self.lanes.append(batch)
        return np.zeros(batch, dtype=np.int32)

    def nats(self, inputs_BT: Ids, targets_BT: Ids, state: Ids) -> tuple[Floats, Ids]:
        assert inputs_BT.shape == targets_BT.shape
        assert len(inputs_BT) == len(state)
        self.inputs.append(inputs_BT.tolist())
        read_BT = state[:, None] + np.arange(1, inputs_BT.shape[1] + 1)
        return read_BT.astype(np.float32), read_BT[:, -1]


class Remembering(Fake):
    """A target's nats are a whole number that depends on it, on its input, and on the `memory` inputs before that."""

    def __init__(self, memory: int) -> None:
        self.memory = memory

    def initial_state(self, batch: int) -> Ids:
        return np.full((batch, self.memory), 7, dtype=np.int32)

    def nats(self, inputs_BT: Ids, targets_BT: Ids, state: Ids) -> tuple[Floats, Ids]:
        history = np.concatenate([state, inputs_BT], axis=1)
        steps, reach = inputs_BT.shape[1], self.memory + 1
        nats_BT = targets_BT + sum(
            history[:, back : back + steps] * 8 ** (reach - 1 - back) for back in range(self.memory + 1)
        )
        return (nats_BT % 1009).astype(np.float32), history[:, history.shape[1] - self.memory :]


def scored_one_by_one(memory: int, documents: list[Ids]) -> LanguageScore:
    scorer, before, score = Remembering(memory), STOP, LanguageScore(0.0, 0)
    state = scorer.initial_state(1)
    for document in documents:
        for target in [*document.tolist(), STOP]:
            nats, state = scorer.nats(np.array([[before]]), np.array([[target]]), state)
            cost = float(nats[0, 0])
            score += LanguageScore(0.0, 0, cost, 1) if target == STOP else LanguageScore(cost, 0)
            before = target
    return score


documents_of_ids = st.lists(
    st.lists(st.integers(1, 6), max_size=12).map(lambda ids: np.array(ids, dtype=np.int32)), max_size=6
)


@pytest.mark.parametrize("window", [1, 2, 3, 4, 5, 256])
def test_state_is_carried_over_windows_and_documents_and_the_ragged_end_is_scored(window: int) -> None:
    score = score_carried(Counting(), TWO_DOCUMENTS, 3, stop_id=STOP, window=window)
    assert score == LanguageScore(nats=1 + 2 + 4, characters=3, stop_nats=3 + 5, stops=2)


def test_the_first_input_is_the_stop_token_and_then_each_target_is_the_next_input() -> None:
    scorer = Counting()
    score_carried(scorer, TWO_DOCUMENTS, 3, stop_id=STOP, window=3)
    assert scorer.inputs == [[[0, 1, 2]], [[0, 3]]]


def test_a_large_vocabulary_is_read_in_shorter_windows() -> None:
    scorer = Counting()
    score = score_carried(scorer, TWO_DOCUMENTS, 3, stop_id=STOP, vocabulary_size=MOST_LOGITS // 2)
    assert scorer.inputs == [[[0, 1]], [[2, 0]], [[3]]]
    assert score == score_carried(Counting(), TWO_DOCUMENTS, 3, stop_id=STOP)
    scorer = Counting()
    score_carried(scorer, TWO_DOCUMENTS, 3, stop_id=STOP, vocabulary_size=MOST_LOGITS, lanes=2)
    assert {len(row) for inputs in scorer.inputs for row in inputs} == {1}


def test_characters_are_those_of_the_text_not_its_tokens() -> None:
    assert score_carried(Counting(), TWO_DOCUMENTS, 12, stop_id=STOP).nats_per_character == 7 / 12


@pytest.mark.parametrize("window", [1, 2, 256])
def test_lanes_without_warm_up_begin_cold_and_padding_is_not_scored(window: int) -> None:
    scorer = Counting()
    score = score_carried(scorer, TWO_DOCUMENTS, 3, stop_id=STOP, lanes=2, window=window)
    # Counts by lane: 1 2 3 for the targets 1 2 0, then 1 2 for 3 0 and a padded step.
    assert score == LanguageScore(nats=1 + 2 + 1, characters=3, stop_nats=3 + 2, stops=2)
    assert scorer.lanes == [2]


@pytest.mark.parametrize("window", [1, 2, 256])
def test_warm_up_is_read_but_not_scored(window: int) -> None:
    scorer = Counting()
    score = score_carried(scorer, TWO_DOCUMENTS, 3, stop_id=STOP, lanes=2, warm_up=1, window=window)
    # Counts by lane: 1 2 3 for the targets 1 2 0, then 2 3 for 3 0: the 1 went to reading the target 0 again.
    assert score == LanguageScore(nats=1 + 2 + 2, characters=3, stop_nats=3 + 3, stops=2)
    assert scorer.lanes == [2]


@pytest.mark.parametrize(("tokens", "lanes"), [(1, 1), (10, 1), (29, 1), (30, 2), (40, 3), (50, 4), (1000, 4)])
def test_no_lane_reads_less_than_its_warm_up(tokens: int, lanes: int) -> None:
    scorer = Counting()
    document = np.ones(tokens - 1, dtype=np.int32)
    score_carried(scorer, [document], tokens - 1, stop_id=STOP, lanes=4, warm_up=10)
    assert scorer.lanes == [lanes]


def test_no_documents_cost_nothing() -> None:
    assert score_carried(Counting(), [], 0, stop_id=STOP, lanes=3, warm_up=2) == LanguageScore(0.0, 0)


@given(documents_of_ids, st.integers(1, 9), st.integers(0, 5), st.integers(1, 20), st.data())
def test_lanes_and_windows_change_nothing_for_a_memory_within_the_warm_up(
    documents: list[Ids], lanes: int, warm_up: int, window: int, data: st.DataObject
) -> None:
    memory = data.draw(st.integers(0, warm_up))
    score = score_carried(Remembering(memory), documents, 0, stop_id=STOP, lanes=lanes, warm_up=warm_up, window=window)
    assert score == scored_one_by_one(memory, documents)


def test_a_longer_memory_than_the_warm_up_does_show() -> None:
    document = np.arange(1, 7, dtype=np.int32).repeat(5)
    score = score_carried(Remembering(3), [document], 30, stop_id=STOP, lanes=2, warm_up=2)
    assert score.nats != scored_one_by_one(3, [document]).nats


# A model that counts down.


class CountingDown(Remembering):
    """Text costs what it does in `Remembering`, plus what remains; each document's length costs itself, where it
    opens."""

    def conditions(self, targets_BT: Ids, later_B: Ids | None = None) -> Conditions:
        later_B = np.zeros(len(targets_BT), np.int32) if later_B is None else later_B
        return {"remaining": remaining_tokens(targets_BT, STOP) + later_B[:, None]}

    def costs(self, inputs_BT: Ids, targets_BT: Ids, state: Ids, conditions: Conditions) -> tuple[Costs, Ids]:
        remaining_BT = conditions["remaining"]
        nats_BT, after = self.nats(inputs_BT, targets_BT, state)
        text_BT = np.where(targets_BT == STOP, 0, nats_BT + remaining_BT)
        return Costs(text_BT, np.where(inputs_BT == STOP, remaining_BT, 0)), after


def test_every_length_is_scored_once_where_its_document_opens() -> None:
    score = score_carried(CountingDown(0), TWO_DOCUMENTS, 3, stop_id=STOP)
    # Targets 1 2 and 3 after 0 1 and 0: each costs itself, its input, and what remains from it on.
    assert score == LanguageScore(nats=(1 + 0 + 2) + (2 + 1 + 1) + (3 + 0 + 1), characters=3, stop_nats=2 + 1, stops=2)


@given(documents_of_ids, st.integers(1, 9), st.integers(0, 5), st.integers(1, 20))
def test_lanes_and_windows_do_not_change_what_remains(
    documents: list[Ids], lanes: int, warm_up: int, window: int
) -> None:
    alone = score_carried(CountingDown(0), documents, 0, stop_id=STOP)
    assert alone.stop_nats == sum(map(len, documents))
    assert (
        score_carried(CountingDown(0), documents, 0, stop_id=STOP, lanes=lanes, warm_up=warm_up, window=window) == alone
    )
