"""Several networks used as one: the probability of each symbol is the mean of those that they give."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from charnn.tasks.transducer.symbols import EncodedSource
from charnn.tasks.transducer.use.decoding import DecoderState, DecoderStep, Ids, SteppedDecoder


class SteppedEnsemble:
    """A `SteppedDecoder` of several. Each has a state of its own; where they look is the mean of where each does."""

    def __init__(self, members: Sequence[SteppedDecoder]) -> None:
        self._members = members

    def begin(self, sources: Sequence[EncodedSource]) -> DecoderState:
        return DecoderState.of_members([member.begin(sources) for member in self._members])

    def step(self, ids_B: Ids, state: DecoderState) -> DecoderStep:
        steps = [member.step(ids_B, own) for member, own in zip(self._members, state.members, strict=True)]
        log_p_BV = np.logaddexp.reduce([step.log_p_BV for step in steps])
        log_p_BV -= math.log(len(steps))
        attention_BS = np.mean([step.attention_BS for step in steps], 0)
        return DecoderStep(log_p_BV, attention_BS, (), members=tuple(steps))
