"""The search through n-grams of graphones finds what trying every sequence of them finds, and stays bounded."""

from __future__ import annotations

import itertools
import math
import time

import numpy as np
import pytest

from charnn.ngrams.counting import count
from charnn.ngrams.model import ROOT, NgramModel
from charnn.ngrams.table import NgramTable
from charnn.tasks.transducer.graphones import MOST_SYMBOLS, Graphones
from charnn.tasks.transducer.pair_ngrams import PairNgrams

SYMBOLS = 3
BASE = SYMBOLS + 1
# A source has the symbols 0 and 1, and a target 2 and 1. Each graphone: what it reads, what it writes.
SIDES = [((0,), ()), ((0,), (2,)), ((0,), (2, 1)), ((1,), (1,)), ((1,), (2,)), ((0, 1), (1,)), ((1, 1), (2,))]


def code(symbols: tuple[int, ...]) -> int:
    value = 0
    for symbol in symbols:
        value = value * BASE + symbol + 1
    return value


CODES = sorted(code(read) * BASE**2 + code(written) for read, written in SIDES)
ORDERED = sorted(SIDES, key=lambda sides: code(sides[0]) * BASE**2 + code(sides[1]))
BOUNDARY = len(ORDERED)


def learned(seed: int) -> tuple[PairNgrams, NgramModel]:
    random = np.random.default_rng(seed)
    sequences = [np.append(random.integers(0, BOUNDARY, random.integers(1, 6)), BOUNDARY) for _ in range(40)]
    table = NgramTable.of(count(sequences, BOUNDARY + 1, 3, before=BOUNDARY), BOUNDARY + 1)
    return PairNgrams(Graphones(np.array(CODES), SYMBOLS, SYMBOLS), table), NgramModel(table, BOUNDARY + 1)


def every_target(model: NgramModel, source: tuple[int, ...]) -> list[list[int]]:
    """All targets of a source, by the likeliest sequence of graphones of each, the likeliest first."""
    found: dict[tuple[int, ...], float] = {}
    for length in range(1, len(source) + 1):
        for numbers in itertools.product(range(BOUNDARY), repeat=length):
            if sum((ORDERED[number][0] for number in numbers), ()) == source:
                target = sum((ORDERED[number][1] for number in numbers), ())
                found[target] = max(found.get(target, -math.inf), log_p(model, numbers))
    return [list(target) for target in sorted(found, key=lambda target: -found[target]) if target]


def log_p(model: NgramModel, numbers: tuple[int, ...]) -> float:
    total, states = 0.0, model.advance(np.full(1, ROOT, np.int32), np.array([BOUNDARY]))
    for number in [*numbers, BOUNDARY]:
        total += math.log(model.probability(states, np.array([number]))[0])
        states = model.advance(states, np.array([number]))
    return total


@pytest.mark.parametrize("seed", range(4))
def test_the_likeliest_targets_are_those_of_all_sequences_of_graphones(seed: int) -> None:
    ngrams, model = learned(seed)
    search = ngrams.search(beam=1000)
    for source in itertools.chain.from_iterable(itertools.product((0, 1), repeat=length) for length in (1, 2, 3)):
        wanted = every_target(model, source)
        found = search.likeliest(source, 2)
        assert found == wanted[: len(found)]
        assert len(found) == min(2, len(wanted))


def test_the_order_of_questions_changes_nothing() -> None:
    ngrams, _ = learned(0)
    sources = list(itertools.product((0, 1), repeat=5))
    search = ngrams.search()
    forwards = [search.likeliest(source, 3) for source in sources]
    assert [search.likeliest(source, 3) for source in reversed(sources)] == forwards[::-1]


def test_a_symbol_that_no_graphone_reads_has_no_target() -> None:
    search = learned(0)[0].search()
    assert search.likeliest([0, 2, 1], 2) == []
    assert search.likeliest([], 2) == []


def test_a_source_of_hundreds_of_symbols_is_passed_over_at_once() -> None:
    search = learned(0)[0].search()
    started = time.process_time()
    assert search.likeliest([0, 1] * 50_000, 2) == []
    assert time.process_time() - started < 0.1
    longest = search.likeliest([1] * (MOST_SYMBOLS - 1), 2)
    assert len(longest) == 2


def test_very_many_graphones_are_sorted_out_at_once() -> None:
    symbols = 30_000
    codes = (np.arange(symbols) + 1) * (symbols + 1) ** 2
    table = NgramTable.of(count([np.array([3, 5, symbols])], symbols + 1, 2, before=symbols), symbols + 1)
    ngrams = PairNgrams(Graphones(codes, symbols, symbols), table)
    started = time.process_time()
    search = ngrams.search()
    assert search.likeliest([3, 5], 2) == []  # graphones that write nothing
    assert time.process_time() - started < 2
