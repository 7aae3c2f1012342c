"""A language model that learns from what it scores, and expects a text to say again what it has said before.

It scores and does not write. A text that is believed to say again what it has just said goes round in circles.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from charnn.arrays import Float32s
from charnn.generation.model import NO_CONDITIONS, Conditions
from charnn.tasks.language_model.matching import LearnedMatches
from charnn.tasks.language_model.use.mixed import Ids, Network, costs_of
from charnn.tasks.language_model.use.mixed_recently import RecentLanguageModel
from charnn.tasks.language_model.use.scores import Costs, Scorer


class MatchedState(NamedTuple):
    model: Any
    read_B: npt.NDArray[np.object_]
    """What each row has read, as `ngrams.matches` keeps it."""


class MatchedScorer(Scorer):
    """What a model that learns expects, changed by matches. It needs calls in the order of the text, from one thread,
    as that model does, and what it has read stays with it from one text to the next."""

    def __init__(self, model: Network, matches: LearnedMatches, *, segment: int) -> None:
        """`model` is a network that learns from each `segment` of symbols, or one with n-grams beside it."""
        self._model, self._matches, self._segment = model, matches, segment

    def initial_state(self, batch: int) -> MatchedState:
        return MatchedState(self._model.initial_state(batch), np.full(batch, self._matches.latest, np.object_))

    def conditions(self, targets_BT: Ids, later_B: Ids | None = None, labels_BT: Ids | None = None) -> Conditions:
        return self._model.conditions(targets_BT, later_B, labels_BT)

    def costs(
        self, inputs_BT: Ids, targets_BT: Ids, state: MatchedState, conditions: Conditions = NO_CONDITIONS
    ) -> tuple[Costs, MatchedState]:
        parts = []
        for start in range(0, inputs_BT.shape[1], self._segment):
            segment = np.s_[:, start : start + self._segment]
            logits_BTV, state = self._learned(inputs_BT[segment], targets_BT[segment], state)
            parts.append(logits_BTV)
        return costs_of(np.concatenate(parts, 1), targets_BT), state

    def _learned(self, inputs_BT: Ids, targets_BT: Ids, state: MatchedState) -> tuple[Float32s, MatchedState]:
        """The logits (B, T, V) of the targets, each by what was before it, and the state after; and learns from them,
        one row after the other."""
        if isinstance(self._model, RecentLanguageModel):
            logits_BTV, model = self._model.learned(inputs_BT, targets_BT, state.model)
        else:
            logits_BTV, _ = self._model.sequence(inputs_BT, state.model)
            _, model = self._model.costs(inputs_BT, targets_BT, state.model, NO_CONDITIONS)
        changed_BTV, read_B = np.empty(logits_BTV.shape, np.float32), state.read_B.copy()
        for row, (before, inputs_T, targets_T) in enumerate(zip(read_B, inputs_BT, targets_BT, strict=True)):
            changed_BTV[row] = self._matches.read(before, inputs_T, logits_BTV[row], targets_T, halts=self._model.halts)
            read_B[row] = self._matches.latest
        return changed_BTV, MatchedState(model, read_B)
