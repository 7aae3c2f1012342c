"""A language model of texts with labels that n-grams of all texts and of each label's stand beside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from charnn.arrays import Float32s
from charnn.generation.model import NO_CONDITIONS, Conditions, TextStart
from charnn.ngrams.model import ROOT, States
from charnn.ngrams.remembered import Remembered
from charnn.tasks.language_model.conditions import LABEL, weights_of_labels
from charnn.tasks.language_model.halting import with_end_apart
from charnn.tasks.language_model.labelled_ngrams import LabelledNgrams
from charnn.tasks.language_model.use.mixed import Ids, Network, costs_of
from charnn.tasks.language_model.use.scores import Costs


class LabelledState(NamedTuple):
    network: Any
    contexts_B: States
    of_labels_BK: States
    """The contexts among the n-grams of each label. They go on where a lane has the label."""


class LabelledLanguageModel:
    """It meets `generation.model.NextTokenModel` and `use.scores.Scorer`. Whether a text ends is decided as it is by
    `mixed.BesideNgrams`.

    Several threads may call all but `advance` at once, if those of its network may be.
    """

    segment = None

    def __init__(self, network: Network, ngrams: LabelledNgrams) -> None:
        self._network, self._ngrams, self._contexts = network, ngrams, ngrams.contexts
        self.draws_stop, self.halts = network.draws_stop, network.halts
        self._remembered: dict[int | None, Remembered] = {}

    def initial_state(self, batch: int) -> LabelledState:
        of_labels_BK = np.full((batch, len(self._contexts.of_labels)), ROOT, np.int32)
        return LabelledState(self._network.initial_state(batch), np.full(batch, ROOT, np.int32), of_labels_BK)

    def start(self, prompt_tokens: int, random: np.random.Generator) -> TextStart:
        return self._network.start(prompt_tokens, random)._replace(state=self.initial_state(1))

    def conditions(self, targets_BT: Ids, later_B: Ids | None = None, labels_BT: Ids | None = None) -> Conditions:
        return self._network.conditions(targets_BT, later_B, labels_BT)

    def step(
        self, ids_B: Ids, state: LabelledState, conditions: Conditions = NO_CONDITIONS
    ) -> tuple[Float32s, LabelledState]:
        logits_BV, network = self._network.step(ids_B, state.network, conditions)
        weights_BK, after = self._weights(conditions), state._replace(network=network)
        after = self._after(ids_B, after, weights_BK)
        mixed_BV = self._ngrams.logits(after.contexts_B, after.of_labels_BK, weights_BK, logits_BV)
        return self._ended(mixed_BV, logits_BV), after

    def advance(self, ids_B: Ids, state: LabelledState, conditions: Conditions = NO_CONDITIONS) -> Float32s:
        logits_BV = self._network.advance(ids_B, state.network, conditions)
        weights_BK = self._weights(conditions)
        after = self._after(ids_B, state, weights_BK)
        state.contexts_B[:], state.of_labels_BK[:] = after.contexts_B, after.of_labels_BK
        mixed_BV = self._ngrams.logits(after.contexts_B, after.of_labels_BK, weights_BK, logits_BV, self._said)
        return self._ended(mixed_BV, logits_BV)

    def _ended(self, mixed_NV: Float32s, network_NV: Float32s) -> Float32s:
        return with_end_apart(mixed_NV, network_NV) if self.halts else mixed_NV

    def _said(self, label: int | None, states_B: States) -> Float32s:
        """What the n-grams say, remembered from step to step."""
        if label not in self._remembered:
            models = self._contexts.of_labels
            model = self._contexts.model if label is None else models[label]
            self._remembered[label] = Remembered(model, part=1 if label is None else len(models))
        return self._remembered[label].log_probabilities(states_B)

    def _after(self, ids_B: Ids, state: LabelledState, weights_BK: Float32s) -> LabelledState:
        labels_BK = state.of_labels_BK.copy()
        for label in np.flatnonzero((weights_BK > 0).any(0)):
            rows = np.flatnonzero(weights_BK[:, label])
            labels_BK[rows, label] = self._contexts.of_labels[label].advance(labels_BK[rows, label], ids_B[rows])
        return LabelledState(state.network, self._contexts.model.advance(state.contexts_B, ids_B), labels_BK)

    def sequence(
        self, ids_BT: Ids, state: LabelledState, conditions: Conditions = NO_CONDITIONS
    ) -> tuple[Float32s, LabelledState]:
        logits_BTV, network = self._network.sequence(ids_BT, state.network, conditions)
        weights_BTK = self._weights(conditions)
        contexts_BT, of_all_NV = self._contexts.of_all(state.contexts_B, ids_BT)

        def said(label: int | None, states_N: States) -> Float32s:
            return of_all_NV if label is None else self._ngrams.said(label, states_N)

        labels_BTK = self._contexts.states(state.of_labels_BK, ids_BT, weights_BTK)
        states_NK, weights_NK = labels_BTK.reshape(contexts_BT.size, -1), weights_BTK.reshape(contexts_BT.size, -1)
        flat_NV = logits_BTV.reshape(contexts_BT.size, -1)
        mixed_NV = self._ngrams.logits(contexts_BT.reshape(-1), states_NK, weights_NK, flat_NV, said)
        after = LabelledState(network, contexts_BT[:, -1].copy(), labels_BTK[:, -1])
        return self._ended(mixed_NV, flat_NV).reshape(logits_BTV.shape), after

    def costs(
        self, inputs_BT: Ids, targets_BT: Ids, state: LabelledState, conditions: Conditions = NO_CONDITIONS
    ) -> tuple[Costs, LabelledState]:
        logits_BTV, after = self.sequence(inputs_BT, state, conditions)
        return costs_of(logits_BTV, targets_BT), after

    def _weights(self, conditions: Conditions) -> Float32s:
        """The weight of each label beside each id, (..., K)."""
        values = conditions[LABEL]
        if np.issubdtype(values.dtype, np.integer):
            return weights_of_labels(values, len(self._contexts.of_labels))
        return np.asarray(values, np.float32)

    def select(self, state: LabelledState, lanes: Ids) -> LabelledState:
        return LabelledState(
            self._network.select(state.network, lanes), state.contexts_B[lanes], state.of_labels_BK[lanes]
        )

    def join(self, states: Sequence[LabelledState]) -> LabelledState:
        network = self._network.join([state.network for state in states])
        contexts_B, of_labels_BK = (np.concatenate([state[part] for state in states]) for part in (1, 2))
        return LabelledState(network, contexts_B, of_labels_BK)

    def put(self, state: LabelledState, lane: int, other: LabelledState) -> None:
        self._network.put(state.network, lane, other.network)
        state.contexts_B[lane], state.of_labels_BK[lane] = other.contexts_B[0], other.of_labels_BK[0]
