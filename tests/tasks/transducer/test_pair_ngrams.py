from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest

from charnn.ngrams.counting import count
from charnn.ngrams.model import ROOT, NgramModel
from charnn.ngrams.table import NgramTable
from charnn.tasks.transducer.graphones import MOST_SYMBOLS, Graphones
from charnn.tasks.transducer.pair_ngrams import PairNgrams

SYMBOLS = 4


def code(source: tuple[int, ...], target: tuple[int, ...]) -> int:
    base, value = SYMBOLS + 1, 0
    for symbols in (source, target):
        value = value * base**2
        for place, symbol in enumerate(reversed(symbols)):
            value += (symbol + 1) * base**place
    return value


A_X, A_, B_, B_X, AB_X, A_XX = 0, 1, 2, 3, 4, 5
CODES = {
    code((0,), (2,)): A_X, code((0,), ()): A_, code((1,), ()): B_, code((1,), (2,)): B_X, code((0, 1), (2,)): AB_X,
    code((0,), (2, 2)): A_XX,
}  # fmt: skip
ORDER = sorted(CODES)
NUMBER = {CODES[one]: number for number, one in enumerate(ORDER)}
BOUNDARY = len(ORDER)


def ngrams(sequences: list[list[int]], order: int) -> tuple[PairNgrams, NgramModel]:
    ids = [np.array([*(NUMBER[one] for one in sequence), BOUNDARY]) for sequence in sequences]
    table = NgramTable.of(count(ids, BOUNDARY + 1, order, before=BOUNDARY), BOUNDARY + 1)
    return PairNgrams(Graphones(np.array(ORDER), SYMBOLS, SYMBOLS), table), NgramModel(table, BOUNDARY + 1)


def log_p(model: NgramModel, sequence: list[int]) -> float:
    """ln p of a sequence of graphones and what ends it."""
    total, states = 0.0, model.advance(np.full(1, ROOT, np.int32), np.array([BOUNDARY]))
    for number in [*(NUMBER[one] for one in sequence), BOUNDARY]:
        total += math.log(model.probability(states, np.array([number]))[0])
        states = model.advance(states, np.array([number]))
    return total


SEQUENCES = [[A_X, B_], [A_, B_X], [AB_X], [AB_X], [A_X], [A_XX, B_], [B_X, A_]]


def test_a_pair_is_as_likely_as_all_its_alignments_together() -> None:
    pairs, model = ngrams(SEQUENCES, 1)  # no context, so nothing is taken to be its likeliest
    wanted = np.logaddexp.reduce([log_p(model, way) for way in ([A_X, B_], [A_, B_X], [AB_X])])
    assert pairs.log_p([[0, 1]], [[2]]) == pytest.approx([wanted], abs=1e-5)


def test_a_pair_with_one_alignment_is_as_likely_as_that() -> None:
    pairs, model = ngrams(SEQUENCES, 3)
    ways = [[A_X], [A_XX], [B_, B_], [B_X, B_X, B_X]]
    found = pairs.log_p([[0], [0], [1, 1], [1, 1, 1]], [[2], [2, 2], [], [2, 2, 2]])
    assert found == pytest.approx([log_p(model, way) for way in ways], abs=1e-5)


def test_a_pair_is_as_likely_by_itself_as_among_others() -> None:
    pairs, _ = ngrams(SEQUENCES, 3)
    sources, targets = [[0, 1], [0], [1, 0, 0, 1], [0, 1]], [[2], [2, 2], [2, 2], [2, 2]]
    alone = [pairs.log_p([source], [target])[0] for source, target in zip(sources, targets, strict=True)]
    assert pairs.log_p(sources, targets) == pytest.approx(alone)


def test_the_targets_of_short_sources_have_no_more_probability_than_there_is() -> None:
    pairs, _ = ngrams(SEQUENCES, 3)
    sources = [[0], [1], [0, 0], [0, 1], [1, 0], [1, 1]]
    every = [(source, [2] * length) for source in sources for length in range(5)]
    total = np.exp(pairs.log_p([source for source, _ in every], [target for _, target in every])).sum()
    assert 0.5 < total <= 1


def test_what_cannot_be_aligned_or_is_too_long_is_impossible() -> None:
    pairs, _ = ngrams(SEQUENCES, 2)
    impossible = [([0], [3]), ([3], [2]), ([0], [2, 2, 2]), ([0] * MOST_SYMBOLS, [2])]
    assert np.isneginf(pairs.log_p([source for source, _ in impossible], [target for _, target in impossible])).all()
    assert len(pairs.log_p([], [])) == 0


def test_arrays_make_the_same_again() -> None:
    pairs, _ = ngrams(SEQUENCES, 3)
    again = PairNgrams.from_arrays(pairs.arrays(), SYMBOLS, SYMBOLS)
    sources, targets = [[0, 1], [0]], [[2], [2, 2]]
    assert again.log_p(sources, targets).tolist() == pairs.log_p(sources, targets).tolist()
    assert (again.graphones, again.order, len(again)) == (len(ORDER), 3, len(pairs))


@pytest.mark.parametrize(
    "codes",
    [
        np.array(ORDER[::-1]),
        np.array([*ORDER[:-1], (SYMBOLS + 1) ** 4]),
        np.array([-1, *ORDER[1:]]),
        np.array(ORDER[:-1]),
        np.array(ORDER, np.float64),
        np.array([ORDER]),
        np.zeros(0, np.int64),
    ],
    ids=["in no order", "of other symbols", "negative", "too few", "of another type", "of two dimensions", "none"],
)
def test_graphones_that_cannot_be_are_refused(codes: npt.NDArray[np.int64]) -> None:
    arrays = ngrams(SEQUENCES, 3)[0].arrays()
    with pytest.raises(ValueError, match=r"graphones|n-grams|vocabulary|ids"):
        PairNgrams.from_arrays({**arrays, "graphones": codes}, SYMBOLS, SYMBOLS)


def test_a_missing_array_is_refused() -> None:
    arrays = ngrams(SEQUENCES, 3)[0].arrays()
    for name in arrays:
        with pytest.raises(ValueError, match="no table of"):
            PairNgrams.from_arrays({key: value for key, value in arrays.items() if key != name}, SYMBOLS, SYMBOLS)


def test_so_many_symbols_that_no_code_is_large_enough_have_no_graphones() -> None:
    assert Graphones.can_be(40_000, 40_000)
    assert not Graphones.can_be(60_000, 60_000)
    with pytest.raises(ValueError, match="too many"):
        Graphones(np.zeros(0, np.int64), 60_000, 60_000)
