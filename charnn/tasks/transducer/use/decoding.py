"""The protocol of a decoder that takes one step at a time, and its state.

Shapes: B rows, each a hypothesis; S places of a source; V target symbols.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from charnn.tasks.transducer.symbols import EncodedSource

Floats = npt.NDArray[np.float32]
Ids = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class DecoderState:
    """The state of B rows before a step."""

    memory: tuple[npt.NDArray[np.generic], ...]
    """What the decoder sees of each row's source: arrays (B, ...), the mask (B, S) the last of them."""
    recurrent: tuple[Floats, ...]
    """What the decoder carries, (B, H) each."""
    alpha_BS: Floats
    """Where hard attention stands, a distribution; other kinds leave it as it is."""

    def rows(self, rows: npt.NDArray[np.intp]) -> DecoderState:
        """The state of these rows, in this order; one may come several times."""
        memory = tuple(array[rows] for array in self.memory)
        return DecoderState(memory, tuple(array[rows] for array in self.recurrent), self.alpha_BS[rows])


class DecoderStep(NamedTuple):
    """What a step gives."""

    log_p_BV: Floats
    """ln p of each next symbol."""
    attention_BS: Floats
    """Where the decoder looks for it."""
    recurrent: tuple[Floats, ...]
    joint_BPV: Floats | None = None
    """For hard attention the probability with each symbol of each place that it may write from."""
    places_BP: Ids | None = None
    """The numbers of these places, which ascend."""


class SteppedDecoder(Protocol):
    """An encoder and a decoder that may be run by ONNX Runtime or by PyTorch."""

    def begin(self, sources: Sequence[EncodedSource]) -> DecoderState:
        """Reads the sources: a row for each."""

    def step(self, ids_B: Ids, state: DecoderState) -> DecoderStep:
        """Reads the last symbol of each row, the stop before the first one."""


class SourceArrays(NamedTuple):
    """Sources as arrays, padded at the end."""

    ids_BS: Ids
    lengths_B: Ids
    features_B: Ids
    copies_BS: Ids


def padded(sources: Sequence[EncodedSource], none: int) -> SourceArrays:
    """`none` is what `copies_BS` has where nothing can be copied."""
    lengths_B = np.array([len(source.ids) for source in sources], np.int64)
    shape = len(sources), int(lengths_B.max())
    ids_BS, copies_BS = np.zeros(shape, np.int64), np.full(shape, none, np.int64)
    for row, source in enumerate(sources):
        ids_BS[row, : len(source.ids)] = source.ids
        copies_BS[row, : len(source.ids)] = source.copies
    return SourceArrays(ids_BS, lengths_B, np.array([source.features for source in sources], np.int64), copies_BS)


def after(state: DecoderState, step: DecoderStep, rows: npt.NDArray[np.intp], tokens: Ids) -> DecoderState:
    """The state after `tokens`, each written after the row in `rows`; rows keep their number and their memory."""
    alpha_BS = state.alpha_BS
    if step.joint_BPV is not None and step.places_BP is not None:
        joint_BP = step.joint_BPV[rows, :, tokens]
        alpha_BS = np.zeros_like(state.alpha_BS)
        share_BP = joint_BP / np.maximum(joint_BP.sum(1, keepdims=True), np.float32(1e-30))
        np.put_along_axis(alpha_BS, step.places_BP[rows], share_BP, 1)
    return DecoderState(state.memory, tuple(array[rows] for array in step.recurrent), alpha_BS)
