"""Graphones: what some symbols of a source become in its target (Bisani and Ney 2008).

A pair is a sequence of them. Each has one symbol of the source and none, one or two of the target, or two of the source
and one of the target. There are many such sequences for a pair, and each is a way to align it.

Shapes: N pairs, the sources with up to I symbols and the targets with up to J; K shapes of graphones. A cell (i, j) is
reached when i symbols of the source have become j of the target. As every graphone takes a symbol of the source, the
cells of a row i depend on those of the two rows before it alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt

Ids = npt.NDArray[np.int64]
Number = TypeVar("Number", np.float64, np.int32)

SHAPES = ((1, 0), (1, 1), (1, 2), (2, 1))
"""The symbols of the source and of the target that a graphone has."""
NONE = -1
"""The number of what is no graphone."""
MOST_SYMBOLS = 800
"""The most symbols of a pair, both sides counted, that is aligned."""
LARGEST_CODE = 1 << 62


class Graphones:
    """Finds the graphones that there are, each known by a code of its symbols, by their numbers."""

    def __init__(self, codes_G: Ids, inputs: int, outputs: int) -> None:
        """Sources have ids below `inputs`, and targets below `outputs`. Raises ValueError where the codes do not
        ascend, or are not of such ids."""
        if not self.can_be(inputs, outputs):
            raise ValueError("too many symbols for graphones")
        if len(codes_G) and not (
            (np.diff(codes_G) > 0).all() and codes_G[0] >= 0 and codes_G[-1] < (inputs + 1) ** 2 * (outputs + 1) ** 2
        ):
            raise ValueError("graphones in no order, or of other symbols")
        self.codes, self.inputs, self.outputs = codes_G, inputs, outputs

    @staticmethod
    def can_be(inputs: int, outputs: int) -> bool:
        """Whether there are few enough symbols for codes of their graphones."""
        return (inputs + 1) ** 2 * (outputs + 1) ** 2 < LARGEST_CODE

    def __len__(self) -> int:
        return len(self.codes)

    def numbers(self, codes: Ids) -> Ids:
        """The number of each code; NONE where there is no such graphone."""
        if not len(self.codes):
            return np.full(codes.shape, NONE)
        places = np.minimum(np.searchsorted(self.codes, codes), len(self.codes) - 1)
        return np.where(self.codes[places] == codes, places, NONE)

    def sides(self) -> tuple[Ids, list[tuple[int, ...]]]:
        """What each reads of a source, as the code of one symbol or of two, and the symbols that it writes.

        The code of a symbol is its id and one. That of two is the first one's code times the number of all, which is
        one more than `inputs`, and the second one's."""
        sources_G, targets_G = np.divmod(self.codes, (self.outputs + 1) ** 2)
        firsts, seconds = np.divmod(targets_G, self.outputs + 1)
        both = zip(firsts.tolist(), seconds.tolist(), strict=True)
        return sources_G, [tuple(code - 1 for code in codes if code) for codes in both]

    def rows(self, pairs: PaddedPairs) -> Iterator[Ids]:
        """For each row from 1 the numbers (N, J + 1, K) of the graphones that end in its cells."""
        return (self.numbers(codes) for codes in codes_by_row(pairs, self.inputs, self.outputs))


class PaddedPairs:
    """The ids of N sources and their targets as arrays, padded at the end."""

    def __init__(self, sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]]) -> None:
        self.source_lengths = np.array([len(ids) for ids in sources], np.int64)
        self.target_lengths = np.array([len(ids) for ids in targets], np.int64)
        self.sources_NI, self.targets_NJ = _padded(sources, self.source_lengths), _padded(targets, self.target_lengths)


def _padded(rows: Sequence[Sequence[int]], lengths: Ids) -> Ids:
    padded = np.full((len(rows), int(lengths.max(initial=0))), NONE)
    for row, ids in zip(padded, rows, strict=True):
        row[: len(ids)] = ids
    return padded


def codes_by_row(pairs: PaddedPairs, inputs: int, outputs: int) -> Iterator[Ids]:
    """For each row from 1 the codes (N, J + 1, K) of the graphones that end in its cells; NONE in those beyond a pair,
    and for a graphone that would begin before it."""
    targets_NJ = pairs.targets_NJ
    count, columns = targets_NJ.shape
    one_NJ, two_NJ = np.full((count, columns + 1), NONE), np.full((count, columns + 1), NONE)
    one_NJ[:, 1:] = np.where(targets_NJ == NONE, NONE, targets_NJ + 1)
    two_NJ[:, 2:] = np.where(one_NJ[:, 2:] == NONE, NONE, one_NJ[:, 1:-1] * (outputs + 1) + one_NJ[:, 2:])
    nothing_NJ = np.where(np.arange(columns + 1) <= pairs.target_lengths[:, None], 0, NONE)
    written = (nothing_NJ, one_NJ, two_NJ)
    above_N = np.full(count, NONE)
    for source_N in pairs.sources_NI.T:
        here_N = np.where(source_N == NONE, NONE, source_N + 1)
        both_N = np.where((here_N == NONE) | (above_N == NONE), NONE, above_N * (inputs + 1) + here_N)
        read = (here_N, both_N)
        codes_NJK = np.empty((count, columns + 1, len(SHAPES)), np.int64)
        for k, (taken, given) in enumerate(SHAPES):
            source_N1, target_NJ = read[taken - 1][:, None], written[given]
            code_NJ = source_N1 * (outputs + 1) ** 2 + target_NJ
            codes_NJK[..., k] = np.where((source_N1 == NONE) | (target_NJ == NONE), NONE, code_NJ)
        above_N = here_N
        yield codes_NJK


def arrivals(rows: Sequence[npt.NDArray[Number]], fill: float) -> npt.NDArray[Number]:
    """What the cells of the last one or two rows (N, J + 1) have, the earlier row first, where each graphone of the
    next row begins: (N, J + 1, K), `fill` where that is outside."""
    found = np.full((*rows[-1].shape, len(SHAPES)), fill, rows[-1].dtype)
    for k, (taken, given) in enumerate(SHAPES):
        if taken <= len(rows):
            before = rows[-taken]
            found[:, given:, k] = before[:, : before.shape[1] - given]
    return found
