"""The search finds what trying everything finds, never more than it is asked for, and ends at its bound.

The decoder here is a table: the probability of each symbol depends on the last symbol and on the source.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import pytest

from charnn.tasks.transducer.symbols import EncodedSource
from charnn.tasks.transducer.use.decoding import DecoderState, DecoderStep, Ids, SearchOptions
from charnn.tasks.transducer.use.search import search
from charnn.tokenizers.base import STOP_ID

SYMBOLS = 5
UNKNOWN = 1
BOUND = 4


class Table:
    """p(symbol | last symbol, source). A source is told by its first id."""

    def __init__(self, seed: int, stop: float | None = None) -> None:
        p_SVV = np.random.default_rng(seed).dirichlet(np.full(SYMBOLS, 0.5), (9, SYMBOLS))
        if stop is not None:
            p_SVV[..., STOP_ID] = stop
        self.p_SVV = p_SVV

    def begin(self, sources: Sequence[EncodedSource]) -> DecoderState:
        longest = max(len(source.ids) for source in sources)
        alpha_BS = np.zeros((len(sources), longest), np.float32)
        return DecoderState((np.array([source.ids[0] for source in sources]),), (), alpha_BS)

    def step(self, ids_B: Ids, state: DecoderState) -> DecoderStep:
        with np.errstate(divide="ignore"):
            log_p_BV = np.log(self.p_SVV[state.memory[0], ids_B]).astype(np.float32)
        return DecoderStep(log_p_BV, state.alpha_BS, (), None)

    def log_p(self, source: int, ids: Sequence[int], *, stops: bool) -> float:
        path = [STOP_ID, *ids, *([STOP_ID] if stops else [])]
        return float(np.log([self.p_SVV[source, a, b] for a, b in itertools.pairwise(path)]).sum())


def source(number: int, length: int = 3) -> EncodedSource:
    ids = [number] + [2] * (length - 2) + [STOP_ID]
    return EncodedSource(ids, 0, [SYMBOLS] * len(ids), [""] * len(ids))


def every_target(table: Table, number: int) -> list[tuple[list[int], float]]:
    """All targets of at most BOUND symbols with their log-probabilities, the best first; those of BOUND may be cut."""
    letters = [symbol for symbol in range(SYMBOLS) if symbol not in (STOP_ID, UNKNOWN)]
    found = [
        (list(ids), table.log_p(number, ids, stops=length < BOUND))
        for length in range(BOUND + 1)
        for ids in itertools.product(letters, repeat=length)
    ]
    return sorted(found, key=lambda one: -one[1])


@pytest.mark.parametrize("seed", range(6))
def test_a_beam_as_wide_as_all_targets_finds_the_best_ones_in_their_order(seed: int) -> None:
    table, numbers = Table(seed), [3, 5]
    every = search(
        table,
        [source(n) for n in numbers],
        [BOUND, BOUND],
        SearchOptions(beams=81, wanted=7, unknown=UNKNOWN, copies=False),
    )
    for number, found in zip(numbers, every, strict=True):
        expected = every_target(table, number)[:7]
        # Where targets are equally probable, such as 3 4 3 3 and 3 3 4 3 here, either may be found.
        assert len({tuple(one.ids) for one in found}) == 7
        assert [table.log_p(number, one.ids, stops=not one.is_cut) for one in found] == pytest.approx(
            [one.log_probability for one in found], abs=1e-5
        )
        assert [one.log_probability for one in found] == pytest.approx([p for _, p in expected], abs=1e-5)


@pytest.mark.parametrize("seed", range(4))
def test_one_beam_is_greedy(seed: int) -> None:
    table = Table(seed)
    ((found,),) = search(table, [source(4)], [BOUND], SearchOptions(beams=1, unknown=UNKNOWN, copies=False))
    p_V = table.p_SVV[4].copy()
    p_V[:, UNKNOWN] = 0
    written, last = list[int](), STOP_ID
    while len(written) < BOUND and (last := int(p_V[last].argmax())) != STOP_ID:
        written.append(last)
    assert found.ids == written
    assert found.is_cut is (len(written) == BOUND)


@pytest.mark.parametrize("beams", [1, 3])
def test_sources_do_not_change_one_another(beams: int) -> None:
    table = Table(1)
    numbers = [2, 7, 3, 8, 2]
    options = SearchOptions(beams=beams, unknown=UNKNOWN, copies=False)
    together = search(table, [source(n, n + 1) for n in numbers], [BOUND + n for n in numbers], options)
    for number, found in zip(numbers, together, strict=True):
        (alone,) = search(table, [source(number, number + 1)], [BOUND + number], options)
        assert found == alone


def test_what_never_stops_is_cut_at_its_bound_and_says_so() -> None:
    found = search(
        Table(2, stop=0.0),
        [source(3), source(4)],
        [2, 6],
        SearchOptions(beams=3, wanted=2, unknown=UNKNOWN, copies=False),
    )
    assert [[len(one.ids) for one in each] for each in found] == [[2, 2], [6, 6]]
    assert all(one.is_cut for each in found for one in each)


def test_a_constraint_that_leaves_nothing_leaves_a_source_without_a_target() -> None:
    class Never:
        def allowed(self, ids: Sequence[int], left: int) -> np.ndarray:
            return np.zeros(SYMBOLS, np.bool_)

    assert search(
        Table(0), [source(3)], [4], SearchOptions(beams=2, unknown=UNKNOWN, copies=False, constraint=Never())
    ) == [[]]
