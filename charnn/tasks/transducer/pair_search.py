"""Finds the likeliest targets of a source by n-grams of graphones, with a beam over the places of the source.

A hypothesis has read the first i symbols of the source. A graphone that reads the next one or two takes it on to i + 1
or i + 2, so that all hypotheses of a place have read the same.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from charnn.ngrams.model import ROOT, NgramModel
from charnn.tasks.transducer.graphones import MOST_SYMBOLS, Graphones

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


class Continuation(NamedTuple):
    log_p: float
    state: int
    """The state of the n-grams after the graphone."""
    written: tuple[int, ...]
    """The symbols of the target that it has."""


Hypotheses = dict[tuple[int, tuple[int, ...]], float]
"""ln p of the likeliest way to each state of the n-grams and target so far."""


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
        self._probabilities: dict[int, npt.NDArray[np.float32]] = {}
        self._continuations: dict[tuple[int, int], list[Continuation]] = {}

    def likeliest(self, source: Sequence[int], wanted: int) -> list[list[int]]:
        """At most so many targets, the likeliest first. There is none where the source has a symbol that no graphone
        reads, or is longer than is aligned."""
        if not 0 < len(source) < MOST_SYMBOLS:
            return []
        places: list[Hypotheses] = [{} for _ in range(len(source) + 2)]
        places[0][self._start, ()] = 0.0
        for i, symbol in enumerate(source):
            reads = [(symbol + 1, places[i + 1])]
            if i + 1 < len(source):
                reads.append(((symbol + 1) * (self._inputs + 1) + source[i + 1] + 1, places[i + 2]))
            kept = sorted(places[i].items(), key=_log_p, reverse=True)[: self._beam]
            for (state, target), log_p in kept:
                for code, into in reads:
                    for more, after, written in self._after(state, code):
                        key, total = (after, target + written), log_p + more
                        if total > into.get(key, -math.inf):
                            into[key] = total
        found: dict[tuple[int, ...], float] = {}
        for (state, target), log_p in places[len(source)].items():
            total = log_p + math.log(self._probabilities_after(state)[self._boundary])
            found[target] = max(total, found.get(target, -math.inf))
        best = sorted(found.items(), key=lambda item: -item[1])
        return [list(target) for target, _ in best if target][:wanted]

    def _after(self, state: int, code: int) -> list[Continuation]:
        """The graphones that read the symbols with this code after a state, the likeliest first."""
        key = state, code
        if (known := self._continuations.get(key)) is not None:
            return known
        found: list[Continuation] = []
        if (numbers := self._by_source.get(code)) is not None:
            log_p = np.log(self._probabilities_after(state)[numbers])
            order = np.argsort(-log_p, kind="stable")[:MOST_CONTINUATIONS]
            order = order[log_p[order] >= log_p[order[0]] + LEAST_LN]
            chosen = numbers[order]
            states = self._model.advance(np.full(len(chosen), state, np.int32), chosen).tolist()
            written = [self._written[number] for number in chosen.tolist()]
            found = list(map(Continuation, log_p[order].tolist(), states, written))
        if len(self._continuations) >= MOST_LISTS:
            self._continuations.clear()
        self._continuations[key] = found
        return found

    def _probabilities_after(self, state: int) -> npt.NDArray[np.float32]:
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


def _log_p(item: tuple[tuple[int, tuple[int, ...]], float]) -> float:
    return item[1]
