"""A language model that n-grams of its text stand beside: what both say of a symbol decides how probable it is.

The state of a lane is that of the network and the context that the n-grams have read, so lanes are selected, joined
and put as those of any model are.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from charnn.arrays import Float32s, Floats
from charnn.generation.model import NO_CONDITIONS, Conditions, NextTokenModel, TextStart
from charnn.ngrams.remembered import Remembered
from charnn.softmax import log_softmax
from charnn.tasks.language_model.conditions import TextConditionValues
from charnn.tasks.language_model.contexts import Contexts
from charnn.tasks.language_model.halting import with_end_apart
from charnn.tasks.language_model.mixing import MixedNgrams
from charnn.tasks.language_model.single import SingleText
from charnn.tasks.language_model.use.scores import Costs, Scorer
from charnn.tokenizers.base import STOP_ID

Ids = npt.NDArray[np.integer]


class MixedState(NamedTuple):
    network: Any
    contexts_B: Contexts


class Network(NextTokenModel, Scorer, Protocol):
    """A network without conditions, whoever runs it."""

    @property
    def segment(self) -> int | None:
        """A network that learns from what `costs` scores does so after each so many symbols. None for one that does
        not learn."""


class BesideNgrams(ABC):
    """What models that n-grams stand beside have in common. They have no labels. Whether a text ends is decided by
    both, or, where the network decides it apart from the symbols, by the network."""

    segment = None

    def __init__(self, network: Network, ngrams: MixedNgrams) -> None:
        self._network, self._ngrams = network, ngrams
        self.draws_stop, self.halts = network.draws_stop, network.halts

    def _given(self, network_NV: Float32s) -> Float32s:
        """The network's logits as they are mixed."""
        return network_NV

    def _ended(self, mixed_NV: Float32s, network_NV: Floats) -> Float32s:
        """The logits of both, where it is decided as it should be whether the text ends."""
        return with_end_apart(mixed_NV, network_NV) if self.halts else mixed_NV

    @abstractmethod
    def initial_state(self, batch: int) -> Any:
        """The state of `batch` lanes that have read nothing."""

    def start(self, prompt_tokens: int, random: np.random.Generator) -> TextStart:
        return TextStart(None, self.initial_state(1), TextConditionValues(None, ()))

    def conditions(self, targets_BT: Ids, later_B: Ids | None = None, labels_BT: Ids | None = None) -> Conditions:
        return self._network.conditions(targets_BT, later_B, labels_BT)


class MixedLanguageModel(BesideNgrams):
    """It meets `generation.model.NextTokenModel` and `use.scores.Scorer`.

    Several threads may call all but `advance` at once, if those of its network may be.
    """

    def __init__(self, network: Network, ngrams: MixedNgrams) -> None:
        super().__init__(network, ngrams)
        self._remembered = Remembered(ngrams.model)
        self._single: tuple[MixedState, SingleText] | None = None

    def initial_state(self, batch: int) -> MixedState:
        return MixedState(self._network.initial_state(batch), self._ngrams.contexts.initial(batch))

    def step(
        self, ids_B: Ids, state: MixedState, conditions: Conditions = NO_CONDITIONS
    ) -> tuple[Float32s, MixedState]:
        logits_BV, network = self._network.step(ids_B, state.network, conditions)
        contexts_B = self._ngrams.contexts.advance(state.contexts_B, ids_B)
        mixed_BV = self._ngrams.logits(contexts_B, self._given(logits_BV))
        return self._ended(mixed_BV, logits_BV), MixedState(network, contexts_B)

    def advance(self, ids_B: Ids, state: MixedState, conditions: Conditions = NO_CONDITIONS) -> Float32s:
        """Does what `step` does, but changes `state` itself. Several threads must not call it at once."""
        logits_BV = self._network.advance(ids_B, state.network, conditions)
        if len(ids_B) == 1:
            if self._single is None or self._single[0] is not state:
                self._single = state, SingleText(self._ngrams, self._remembered, state.contexts_B)
            text = self._single[1]
            text.read(int(ids_B[0]))
            return self._ended(text.logits(self._given(logits_BV)), logits_BV)
        state.contexts_B[:] = self._ngrams.contexts.advance(state.contexts_B, ids_B)
        symbols_BV = self._remembered.probabilities(self._ngrams.contexts.symbols(state.contexts_B))
        return self._ended(self._ngrams.logits(state.contexts_B, self._given(logits_BV), symbols_BV), logits_BV)

    def sequence(
        self, ids_BT: Ids, state: MixedState, conditions: Conditions = NO_CONDITIONS
    ) -> tuple[Float32s, MixedState]:
        logits_BTV, network = self._network.sequence(ids_BT, state.network, conditions)
        contexts_BT = self._ngrams.contexts.states(state.contexts_B, ids_BT)
        network_NV = logits_BTV.reshape(-1, logits_BTV.shape[-1])
        mixed_NV = self._ngrams.logits(contexts_BT.reshape(-1), self._given(network_NV))
        mixed_NV = self._ended(mixed_NV, network_NV)
        return mixed_NV.reshape(logits_BTV.shape), MixedState(network, contexts_BT[:, -1])

    def costs(
        self, inputs_BT: Ids, targets_BT: Ids, state: MixedState, conditions: Conditions = NO_CONDITIONS
    ) -> tuple[Costs, MixedState]:
        logits_BTV, after = self.sequence(inputs_BT, state, conditions)
        return costs_of(logits_BTV, targets_BT), after

    def select(self, state: MixedState, lanes: Ids) -> MixedState:
        return MixedState(self._network.select(state.network, lanes), state.contexts_B[lanes])

    def join(self, states: Sequence[MixedState]) -> MixedState:
        network = self._network.join([state.network for state in states])
        return MixedState(network, np.concatenate([state.contexts_B for state in states]))

    def put(self, state: MixedState, lane: int, other: MixedState) -> None:
        self._network.put(state.network, lane, other.network)
        state.contexts_B[lane] = other.contexts_B[0]


def costs_of(logits_BTV: Float32s, targets_BT: Ids) -> Costs:
    chosen_BT1 = targets_BT[..., np.newaxis].astype(np.int64)
    nats_BT = -np.take_along_axis(log_softmax(logits_BTV), chosen_BT1, -1)[..., 0]
    return Costs.of_tokens(nats_BT, targets_BT, STOP_ID)
