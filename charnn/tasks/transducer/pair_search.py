"""Finds the likeliest targets of a source by n-grams of graphones, with a beam over the places of the source.

A hypothesis has read the first i symbols of the source. A graphone that reads the next one or two takes it on to i + 1
or i + 2, so that all hypotheses of a place have read the same.
"""

from __future__ import annotations

import math
from bisect import insort
from collections.abc import Sequence

import numpy as np

from charnn.arrays import Float32s
from charnn.ngrams.model import ROOT, NgramModel
from charnn.tasks.transducer.graphones import MOST_SYMBOLS, Graphones
from charnn.tasks.transducer.symbols import EncodedSource

BEAM = 5
"""The hypotheses of a place that are continued."""
MOST_CONTINUATIONS = 5
"""The graphones that continue a hypothesis by the same symbols of the source."""
LEAST_LN = -6.0
"""A graphone that is less likely than this, beside the likeliest that reads the same, continues no hypothesis."""
MOST_NUMBERS = 2_000_000
"""The probabilities that are remembered, in all contexts together: 8 MB."""
MOST_LISTS = 16_384
"""The lists of continuations that are remembered, of some 600 bytes each."""


Continuation = tuple[float, int, tuple[int, ...]]
"""ln p of a graphone, the state of the n-grams after it, and the symbols of the target that it has."""
Hypothesis = tuple[int, tuple[int, ...]]
"""A state of the n-grams and a target so far."""


class _Place:
    """The hypotheses that have read the same, with ln p of the likeliest way to each."""

    def __init__(self, wanted: int | None) -> None:
        """No more are `wanted` than the best so many; None for all."""
        self._wanted, self._best = wanted, list[float]()
        self._found: dict[Hypothesis, float] = {}
        self.least = -math.inf
        """What is less likely is not among the best."""

    def add(self, hypothesis: Hypothesis, log_p: float) -> None:
        known = self._found.get(hypothesis, -math.inf)
        if log_p > known:
            self._found[hypothesis] = log_p
            if self._wanted is not None:
                _enter(self._best, log_p, known, self._wanted)
                if len(self._best) == self._wanted:
                    self.least = self._best[0]

    def best(self) -> list[tuple[Hypothesis, float]]:
        """The wanted ones, the likeliest first."""
        return sorted(self._found.items(), key=_log_p, reverse=True)[: self._wanted]


def _enter(best: list[float], log_p: float, before: float, wanted: int) -> None:
    """Enters a number among the largest ones, which ascend, in the place of what it was before."""
    if before > -math.inf and before >= best[0]:
        best.remove(before)
    insort(best, log_p)
    if len(best) > wanted:
        del best[0]


class PairSearch:
    """Finds targets. Several threads may use it at once."""

    def __init__(self, graphones: Graphones, model: NgramModel, start: int, boundary: int, beam: int = BEAM) -> None:
        """`boundary` is the id that stands after all graphones, and `start` the state after it. So many hypotheses of a
        place are continued as `beam` says."""
        self._beam = beam
        self._model, self._start, self._boundary, self._inputs = model, start, boundary, graphones.inputs
        sources, self._written = graphones.sides()
        starts = np.flatnonzero(np.diff(sources, prepend=-1))  # the codes ascend, and so do those of sources
        parts = np.split(np.arange(len(sources)), starts[1:])
        self._by_source = dict(zip(sources[starts].tolist(), parts, strict=True)) if len(sources) else {}
        self._most_contexts = max(MOST_NUMBERS // model.vocabulary_size, 1)
        self._probabilities: dict[int, Float32s] = {}
        self._continuations: dict[tuple[int, int], list[Continuation]] = {}

    def proposed(self, source: EncodedSource, wanted: int) -> list[list[int]]:
        return self.likeliest(source.symbols, wanted)

    def likeliest(self, source: Sequence[int], wanted: int) -> list[list[int]]:
        """At most so many targets, the likeliest first. There is none where the source has a symbol that no graphone
        reads, or is longer than is aligned."""
        if not 0 < len(source) < MOST_SYMBOLS:
            return []
        places = [_Place(self._beam if i < len(source) else None) for i in range(len(source) + 2)]
        places[0].add((self._start, ()), 0.0)
        for i, symbol in enumerate(source):
            kept = places[i].best()
            self._continue(kept, symbol + 1, places[i + 1])
            if i + 1 < len(source):
                both = (symbol + 1) * (self._inputs + 1) + source[i + 1] + 1
                if both in self._by_source:
                    self._continue(kept, both, places[i + 2])
        return self._ended(places[len(source)].best(), wanted)

    def _continue(self, kept: Sequence[tuple[Hypothesis, float]], code: int, into: _Place) -> None:
        """Adds all continuations of hypotheses by the symbols with this code, which may be among the best."""
        for (state, target), log_p in kept:
            if log_p < into.least:
                return
            for more, after, written in self._after(state, code):
                total = log_p + more
                if total < into.least:
                    break
                into.add((after, target + written), total)

    def _ended(self, hypotheses: Sequence[tuple[Hypothesis, float]], wanted: int) -> list[list[int]]:
        """The likeliest targets of hypotheses that have read all of a source, the likeliest first."""
        found: dict[tuple[int, ...], float] = {}
        best: list[float] = []
        for (state, target), log_p in hypotheses:
            if len(best) == wanted and log_p < best[0]:
                break
            if not target:
                continue
            total = log_p + math.log(self._probabilities_after(state)[self._boundary])
            if total > (known := found.get(target, -math.inf)):
                found[target] = total
                _enter(best, total, known, wanted)
        ranked = sorted(found.items(), key=_log_p, reverse=True)
        return [list(target) for target, _ in ranked][:wanted]

    def _after(self, state: int, code: int) -> list[Continuation]:
        """The graphones that read the symbols with this code after a state, the likeliest first."""
        key = state, code
        if (known := self._continuations.get(key)) is not None:
            return known
        found: list[Continuation] = []
        if (numbers := self._by_source.get(code)) is not None:
            log_p = np.log(self._probabilities_after(state)[numbers]).tolist()
            order = sorted(range(len(log_p)), key=log_p.__getitem__, reverse=True)[:MOST_CONTINUATIONS]
            least = log_p[order[0]] + LEAST_LN
            each = ((log_p[place], int(numbers[place])) for place in order if log_p[place] >= least)
            found = [(more, self._model.after(state, number), self._written[number]) for more, number in each]
        if len(self._continuations) >= MOST_LISTS:
            self._continuations.clear()
        self._continuations[key] = found
        return found

    def _probabilities_after(self, state: int) -> Float32s:
        """The probability of each graphone, and of the boundary."""
        if (known := self._probabilities.get(state)) is not None:
            return known
        model = self._model
        if state == ROOT:
            shorter = np.full(model.vocabulary_size, 1 / model.vocabulary_size, np.float32)
        else:
            shorter = self._probabilities_after(model.shorter(state))
        found = np.empty(model.vocabulary_size, np.float32)
        model.extend(state, shorter, found)
        if len(self._probabilities) >= self._most_contexts:
            self._probabilities.clear()
        self._probabilities[state] = found
        return found


def _log_p(item: tuple[object, float]) -> float:
    return item[1]
