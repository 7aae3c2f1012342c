"""How likely a source and a target are together, by n-grams of their graphones.

Shapes: N pairs; cells of J + 1 columns; K shapes of graphones.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from charnn.ngrams.model import ROOT, NgramModel
from charnn.ngrams.table import NgramTable
from charnn.tasks.transducer.graphones import MOST_SYMBOLS, NONE, Graphones, Ids, PaddedPairs, arrivals
from charnn.tasks.transducer.pair_search import BEAM, PairSearch

Floats = npt.NDArray[np.float64]

GRAPHONES = "graphones"
"""The name of the array of their codes."""


class PairNgrams:
    """A model of sequences of graphones. It never changes, and several threads may read it at once."""

    def __init__(self, graphones: Graphones, table: NgramTable) -> None:
        """The ids of the table are the numbers of the graphones, and one more, which stands before and after all.

        Raises ValueError where it has others.
        """
        self._graphones, self._table, self._boundary = graphones, table, len(graphones)
        self._model = NgramModel(table, len(graphones) + 1)
        self._start = int(self._model.advance(np.full(1, ROOT, np.int32), np.array([self._boundary]))[0])

    def __len__(self) -> int:
        """The number of n-grams."""
        return len(self._table.ids_E)

    @property
    def graphones(self) -> int:
        """The number of different graphones."""
        return len(self._graphones)

    @property
    def order(self) -> int:
        """The most graphones of an n-gram."""
        return self._model.longest + 1

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """What `from_arrays` makes it of again, for a file."""
        return {GRAPHONES: self._graphones.codes, **self._table.arrays()}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]], inputs: int, outputs: int) -> PairNgrams:
        """Raises ValueError for arrays that are no n-grams of pairs of so many symbols."""
        codes = arrays.get(GRAPHONES, np.zeros(0))
        if codes.ndim != 1 or codes.dtype != np.int64:
            raise ValueError("no table of graphones")
        return cls(Graphones(codes, inputs, outputs), NgramTable.from_arrays(arrays))

    def log_p(self, sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]]) -> Floats:
        """ln p (N,) of each pair of sources and targets; -inf for one that cannot be aligned, or is longer than is
        aligned.

        It is the sum over all alignments, where what comes before a cell is taken to be its likeliest way there.
        """
        log_p_N = np.full(len(sources), -math.inf)
        short = [n for n in range(len(sources)) if len(sources[n]) + len(targets[n]) <= MOST_SYMBOLS]
        if short:
            pairs = PaddedPairs([sources[n] for n in short], [targets[n] for n in short])
            log_p_N[short] = self._summed(pairs)
        return log_p_N

    def search(self, beam: int = BEAM) -> PairSearch:
        """What finds the likeliest targets of a source, with so many hypotheses side by side."""
        return PairSearch(self._graphones, self._model, self._start, self._boundary, beam)

    def _summed(self, pairs: PaddedPairs) -> Floats:
        count, columns = len(pairs.source_lengths), pairs.targets_NJ.shape[1] + 1
        first_NJ = np.full((count, columns), -math.inf)
        first_NJ[:, 0] = 0.0
        totals, bests = [first_NJ], [first_NJ]
        states = [np.full((count, columns), self._start, np.int32)]
        found_N = np.full(count, -math.inf)
        for i, numbers_NJK in enumerate(self._graphones.rows(pairs), 1):
            from_best_NJK = arrivals(bests, -math.inf)
            states_NJK = arrivals(states, ROOT)
            edges = np.nonzero((numbers_NJK != NONE) & np.isfinite(from_best_NJK))
            log_p_NJK = np.full(numbers_NJK.shape, -math.inf)
            log_p_NJK[edges] = self._after(states_NJK[edges], numbers_NJK[edges])
            with np.errstate(invalid="ignore"):
                totals = [totals[-1], np.logaddexp.reduce(arrivals(totals, -math.inf) + log_p_NJK, 2)]
                best_NJK = from_best_NJK + log_p_NJK
            chosen_NJ1 = best_NJK.argmax(2)[..., None]
            bests = [bests[-1], np.take_along_axis(best_NJK, chosen_NJ1, 2)[..., 0]]
            cells = np.nonzero(np.isfinite(bests[-1]))
            numbers_NJ = np.take_along_axis(numbers_NJK, chosen_NJ1, 2)[..., 0]
            before_NJ = np.take_along_axis(states_NJK, chosen_NJ1, 2)[..., 0]
            after_NJ = np.full((count, columns), ROOT, np.int32)
            after_NJ[cells] = self._model.advance(before_NJ[cells], numbers_NJ[cells])
            states = [states[-1], after_NJ]
            rows = np.flatnonzero(pairs.source_lengths == i)
            at = rows, pairs.target_lengths[rows]
            found_N[rows] = totals[-1][at] + self._after(after_NJ[at], np.full(len(rows), self._boundary))
        return found_N

    def _after(self, states: npt.NDArray[np.int32], ids: Ids) -> Floats:
        return np.log(self._model.probability(states, ids).astype(np.float64))
