"""How likely a source and a target are together, by n-grams of their graphones.

Shapes: N pairs; P prefixes of the targets of all sources; K shapes of graphones.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from charnn.arrays import Float64s, Int32s
from charnn.ngrams.model import ROOT, NgramModel
from charnn.ngrams.table import NgramTable
from charnn.tasks.transducer.graphones import MOST_SYMBOLS, NONE, SHAPES, Graphones, Ids
from charnn.tasks.transducer.pair_prefixes import Places, Prefixes
from charnn.tasks.transducer.pair_search import BEAM, PairSearch
from charnn.tasks.transducer.symbols import EncodedSource

GRAPHONES = "graphones"
"""The name of the array of their codes."""


class _Edges(NamedTuple):
    """Graphones of one shape that may be the last ones of prefixes."""

    taken: int
    """The symbols of the source that each reads."""
    ends: Places
    """The prefixes that end with them."""
    begins: Places
    """The prefixes that are without them."""
    states: Int32s
    """The states of the n-grams before them."""
    numbers: Ids


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
    def name(self) -> str:
        return "n-grams"

    @property
    def kind(self) -> str:
        return "n-grams of aligned pairs"

    @property
    def size(self) -> str:
        return f"{len(self):,} of up to {self.order} graphones, of which there are {self.graphones:,}"

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

    def log_p(self, sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]]) -> Float64s:
        """ln p (N,) of each pair of sources and targets; -inf for one that cannot be aligned, or is longer than is
        aligned.

        It is the sum over all alignments, where what comes before a cell is taken to be its likeliest way there.
        """
        log_p_N = np.full(len(sources), -math.inf)
        short = [n for n in range(len(sources)) if len(sources[n]) + len(targets[n]) <= MOST_SYMBOLS]
        if short:
            self._summed(Prefixes(sources, targets, short), log_p_N)
        return log_p_N

    def scores(self, sources: Sequence[EncodedSource], targets: Sequence[Sequence[Sequence[int]]]) -> list[list[float]]:
        repeated = [source.symbols for source, some in zip(sources, targets, strict=True) for _ in some]
        log_p = iter(self.log_p(repeated, [target for some in targets for target in some]).tolist())
        return [[next(log_p) for _ in some] for some in targets]

    def proposer(self) -> PairSearch:
        return self.search()

    def search(self, beam: int = BEAM) -> PairSearch:
        """What finds the likeliest targets of a source, with so many hypotheses side by side."""
        return PairSearch(self._graphones, self._model, self._start, self._boundary, beam)

    def _summed(self, prefixes: Prefixes, log_p_N: Float64s) -> None:
        """Sets ln p (N,) of the pairs of these prefixes."""
        size = len(prefixes.symbols_P)
        none_P, ids_P = np.full(size, -math.inf), np.full(size, ROOT, np.int32)
        total_P, best_P, state_P = none_P.copy(), none_P.copy(), ids_P.copy()
        total_P[prefixes.roots], best_P[prefixes.roots], state_P[prefixes.roots] = 0.0, 0.0, self._start
        # What the last two rows have, the later one first.
        totals, bests, states = [total_P, none_P], [best_P, none_P], [state_P, ids_P]
        for i, codes_KP in enumerate(prefixes.rows(self._graphones), 1):
            edges = list[_Edges]()
            for code_P, (taken, given) in zip(codes_KP, SHAPES, strict=True):
                begins_P = prefixes.before(given)
                reached = np.flatnonzero((code_P != NONE) & (bests[taken - 1][begins_P] > -math.inf))
                numbers = self._graphones.numbers(code_P[reached])
                reached, numbers = reached[numbers != NONE], numbers[numbers != NONE]
                begins = begins_P[reached]
                edges.append(_Edges(taken, reached, begins, states[taken - 1][begins], numbers))
            log_p = self._after(np.concatenate([e.states for e in edges]), np.concatenate([e.numbers for e in edges]))
            of_shapes = np.split(log_p, np.cumsum([len(e.ends) for e in edges])[:-1])
            total_P, best_P, state_P, number_P = none_P, none_P.copy(), ids_P.copy(), np.full(size, NONE)
            for (taken, ends, begins, before, numbers), log_p in zip(edges, of_shapes, strict=True):
                found_P = none_P.copy()
                found_P[ends] = totals[taken - 1][begins] + log_p
                total_P = np.logaddexp(total_P, found_P)
                through = bests[taken - 1][begins] + log_p
                is_better = through > best_P[ends]
                better = ends[is_better]
                best_P[better], state_P[better] = through[is_better], before[is_better]
                number_P[better] = numbers[is_better]
            cells = np.flatnonzero(number_P != NONE)
            state_P[cells] = self._model.advance(state_P[cells], number_P[cells])
            totals, bests, states = [total_P, totals[0]], [best_P, bests[0]], [state_P, states[0]]
            pairs, ends = prefixes.ended(i)
            log_p_N[pairs] = total_P[ends] + self._after(state_P[ends], np.full(len(ends), self._boundary))

    def _after(self, states: Int32s, ids: Ids) -> Float64s:
        return np.log(self._model.probability(states, ids).astype(np.float64))
