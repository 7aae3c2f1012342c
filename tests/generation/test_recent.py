from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from charnn.generation.history import RecentTokens
from charnn.tokenizers.base import STOP_ID

SIZE = 5
ids = st.integers(0, SIZE - 1)


def counts(lane: list[int], window: int) -> list[int]:
    last = Counter(lane[-window:])
    return [0 if token == STOP_ID else last[token] for token in range(SIZE)]


@given(st.data(), st.integers(1, 6))
def test_counts_are_those_of_the_last_tokens_whatever_becomes_of_the_lanes(data: st.DataObject, window: int) -> None:
    subject = RecentTokens(SIZE, window)
    lanes: list[list[int]] = []
    for _ in range(data.draw(st.integers(1, 12))):
        what = data.draw(st.sampled_from(["extend", "put", "add", "add", "select"] if lanes else ["extend"]))
        if what == "extend":
            begun = data.draw(st.lists(st.lists(ids, max_size=9), min_size=1, max_size=3))
            subject.extend([np.array(lane, np.int32) for lane in begun])
            lanes += [list(lane) for lane in begun]
        elif what == "put":
            lane = data.draw(st.integers(0, len(lanes) - 1))
            lanes[lane] = data.draw(st.lists(ids, max_size=9))
            subject.put(lane, np.array(lanes[lane], np.int32))
        elif what == "add":
            tokens = [data.draw(ids) for _ in lanes]
            subject.add(np.array(tokens))
            for lane, token in zip(lanes, tokens, strict=True):
                lane.append(token)
        else:
            kept = data.draw(st.lists(st.integers(0, len(lanes) - 1), min_size=1, max_size=4))
            subject.select(np.array(kept))
            lanes = [list(lanes[lane]) for lane in kept]
        assert subject.counts_BV.tolist() == [counts(lane, window) for lane in lanes]


def test_what_opened_the_document_is_not_held_against_its_end() -> None:
    subject = RecentTokens(SIZE, 4)
    subject.extend([np.array([STOP_ID, 2, 2])])
    subject.add(np.array([STOP_ID]))
    assert subject.counts_BV.tolist() == [[0, 0, 2, 0, 0]]
