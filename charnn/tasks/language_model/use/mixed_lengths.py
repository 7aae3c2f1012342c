"""A language model that foretells how long a text will be, with n-grams beside it: the length is the network's alone,
and what both expect decides the symbols."""

from __future__ import annotations

import numpy as np

from charnn.arrays import Float32s, Floats
from charnn.generation.model import NO_CONDITIONS, Conditions, TextStart, conditions_at
from charnn.tasks.language_model.halting import IMPOSSIBLE, where_possible
from charnn.tasks.language_model.use.mixed import Ids, MixedLanguageModel, MixedState, costs_of
from charnn.tasks.language_model.use.scores import Costs
from charnn.tokenizers.base import STOP_ID


class ForetellingLanguageModel(MixedLanguageModel):
    """The network counts down to the end of the text, which n-grams have no part in. It may be one that learns from
    what it scores; the n-grams stay as they are."""

    def start(self, prompt_tokens: int, random: np.random.Generator) -> TextStart:
        """Begins a text, as `generation.model.NextTokenModel` describes it; the network reads the stop token that opens
        it, and so do the n-grams."""
        opened = self._network.start(prompt_tokens, random)
        assert opened.logits_V is not None, "a model that foretells a length has read something"
        contexts_1 = self._ngrams.contexts.advance(self._ngrams.contexts.initial(1), np.array([STOP_ID]))
        network_1V = opened.logits_V[np.newaxis]
        mixed_1V = self._ended(self._ngrams.logits(contexts_1, self._given(network_1V)), network_1V)
        return opened._replace(logits_V=mixed_1V[0], state=MixedState(opened.state, contexts_1))

    def costs(
        self, inputs_BT: Ids, targets_BT: Ids, state: MixedState, conditions: Conditions = NO_CONDITIONS
    ) -> tuple[Costs, MixedState]:
        """The cost of the symbols is by both, and that of the lengths by the network, which reads everything twice."""
        part, parts = self._network.segment or inputs_BT.shape[1], []
        for first in range(0, inputs_BT.shape[1], part):
            segment = np.s_[:, first : first + part]
            inputs, targets, of_segment = inputs_BT[segment], targets_BT[segment], conditions_at(conditions, segment)
            logits_BTV, after = self.sequence(inputs, state, of_segment)
            by_network, network = self._network.costs(inputs, targets, state.network, of_segment)
            parts.append(Costs(costs_of(logits_BTV, targets).text_BT, by_network.ends_BT))
            state = MixedState(network, after.contexts_B)
        return Costs(*(np.concatenate(each, 1) for each in zip(*parts, strict=True))), state

    def _given(self, network_NV: Float32s) -> Float32s:
        finite: Float32s = np.maximum(network_NV, np.float32(IMPOSSIBLE))
        return finite

    def _ended(self, mixed_NV: Float32s, network_NV: Floats) -> Float32s:
        return where_possible(mixed_NV, network_NV)
