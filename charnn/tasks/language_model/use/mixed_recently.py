"""A language model beside n-grams of its text and of what it has read since, which it may go on counting."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from charnn.arrays import Float32s
from charnn.generation.model import NO_CONDITIONS, Conditions
from charnn.ngrams.recent import NOTHING
from charnn.ngrams.remembered import Remembered
from charnn.softmax import log_softmax
from charnn.tasks.language_model.contexts import Contexts
from charnn.tasks.language_model.mixing import MixedNgrams
from charnn.tasks.language_model.recently import Packed, Recently
from charnn.tasks.language_model.use.mixed import BesideNgrams, Ids, Network, costs_of
from charnn.tasks.language_model.use.scores import Costs


class RecentState(NamedTuple):
    network: Any
    contexts_B: Contexts
    before_B: Packed
    """The ids before each lane's next one, as `RecentNgrams` packs them."""


class RecentLanguageModel(BesideNgrams):
    """It meets the protocols that `MixedLanguageModel` meets. With a network that learns from what `costs` scores it
    learns there, too; with another one it stays as it is. What a symbol costs does not depend on that symbol or a later
    one. A network that learns needs calls in the order of the text, from one thread."""

    def __init__(self, network: Network, ngrams: MixedNgrams, recently: Recently) -> None:
        super().__init__(network, ngrams)
        self._recently, self._remembered = recently, Remembered(ngrams.model)

    def initial_state(self, batch: int) -> RecentState:
        nothing_B = np.full(batch, NOTHING, np.int64)
        return RecentState(self._network.initial_state(batch), self._ngrams.contexts.initial(batch), nothing_B)

    def step(
        self, ids_B: Ids, state: RecentState, conditions: Conditions = NO_CONDITIONS
    ) -> tuple[Float32s, RecentState]:
        logits_BV, network = self._network.step(ids_B, state.network)
        after = RecentState(network, *self._after(ids_B, state))
        mixed_BV = self._recently.logits(after.contexts_B, after.before_B, logits_BV)
        return self._ended(mixed_BV, logits_BV), after

    def advance(self, ids_B: Ids, state: RecentState, conditions: Conditions = NO_CONDITIONS) -> Float32s:
        logits_BV = self._network.advance(ids_B, state.network)
        state.contexts_B[:], state.before_B[:] = self._after(ids_B, state)
        contexts = self._ngrams.contexts
        symbols_BV = self._remembered.probabilities(contexts.symbols(state.contexts_B))
        learned = contexts.log_probabilities(state.contexts_B, symbols_BV)
        mixed_BV = self._recently.logits(state.contexts_B, state.before_B, logits_BV, learned)
        return self._ended(mixed_BV, logits_BV)

    def sequence(
        self, ids_BT: Ids, state: RecentState, conditions: Conditions = NO_CONDITIONS
    ) -> tuple[Float32s, RecentState]:
        logits_BTV, network = self._network.sequence(ids_BT, state.network)
        contexts_BT, before_BT = self._along(ids_BT, state)
        flat_NV = logits_BTV.reshape(-1, logits_BTV.shape[-1])
        mixed_NV = self._recently.logits(contexts_BT.reshape(-1), before_BT.reshape(-1), flat_NV)
        return self._ended(mixed_NV, flat_NV).reshape(logits_BTV.shape), RecentState(
            network, contexts_BT[:, -1], before_BT[:, -1]
        )

    def costs(
        self, inputs_BT: Ids, targets_BT: Ids, state: RecentState, conditions: Conditions = NO_CONDITIONS
    ) -> tuple[Costs, RecentState]:
        if (part := self._network.segment) is None:
            logits_BTV, state = self.sequence(inputs_BT, state)
            return costs_of(logits_BTV, targets_BT), state
        parts = []
        for start in range(0, inputs_BT.shape[1], part):
            segment = np.s_[:, start : start + part]
            logits_BTV, state = self.learned(inputs_BT[segment], targets_BT[segment], state)
            parts.append(logits_BTV)
        return costs_of(np.concatenate(parts, 1), targets_BT), state

    def learned(self, inputs_BT: Ids, targets_BT: Ids, state: RecentState) -> tuple[Float32s, RecentState]:
        """The logits (B, T, V) of a segment of targets, each by what was before it, and the state after; and learns
        from them, one row after the other."""
        logits_BTV, _ = self._network.sequence(inputs_BT, state.network)
        contexts_BT, before_BT = self._along(inputs_BT, state)
        mixed_BTV = []
        for contexts_T, before_T, logits_TV, targets_T in zip(
            contexts_BT, before_BT, logits_BTV, targets_BT, strict=True
        ):
            network_TV = log_softmax(logits_TV)
            mixed_TV = self._recently.learn(contexts_T, before_T, network_TV, targets_T, halts=self.halts)
            mixed_BTV.append(self._ended(mixed_TV, network_TV))
        _, network = self._network.costs(inputs_BT, targets_BT, state.network, NO_CONDITIONS)
        return np.stack(mixed_BTV), RecentState(network, contexts_BT[:, -1], before_BT[:, -1])

    def _along(self, ids_BT: Ids, state: RecentState) -> tuple[Contexts, Packed]:
        """The contexts of both kinds (B, T) after each id."""
        after, before_BT = self._recently.counts.after, np.empty(ids_BT.shape, np.int64)
        for row, before in enumerate(state.before_B.tolist()):
            for place, id_ in enumerate(ids_BT[row].tolist()):
                before = after(before, id_)
                before_BT[row, place] = before
        return self._ngrams.contexts.states(state.contexts_B, ids_BT), before_BT

    def _after(self, ids_B: Ids, state: RecentState) -> tuple[Contexts, Packed]:
        each = zip(state.before_B.tolist(), ids_B.tolist(), strict=True)
        before_B = np.array([self._recently.counts.after(before, id_) for before, id_ in each], np.int64)
        return self._ngrams.contexts.advance(state.contexts_B, ids_B), before_B

    def select(self, state: RecentState, lanes: Ids) -> RecentState:
        return RecentState(self._network.select(state.network, lanes), state.contexts_B[lanes], state.before_B[lanes])

    def join(self, states: Sequence[RecentState]) -> RecentState:
        network = self._network.join([state.network for state in states])
        contexts_B, before_B = (np.concatenate([state[part] for state in states]) for part in (1, 2))
        return RecentState(network, contexts_B, before_B)

    def put(self, state: RecentState, lane: int, other: RecentState) -> None:
        self._network.put(state.network, lane, other.network)
        state.contexts_B[lane], state.before_B[lane] = other.contexts_B[0], other.before_B[0]
