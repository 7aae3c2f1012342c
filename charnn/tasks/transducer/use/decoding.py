"""The protocol of a decoder that takes one step at a time, what a search with it gives, and where it looked.

Shapes: N sources; B rows, each a hypothesis; S places of a source; V target symbols.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from charnn.arrays import Bools, Float32s
from charnn.readable import aligned, escaped
from charnn.tasks.transducer.symbols import EncodedSource

Wide = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class FoundTarget:
    """A target that was found."""

    ids: list[int]
    """Its symbols, without the stop."""
    log_probability: float
    """The log-probability of all its symbols and of its stop, in nats."""
    places: list[int]
    """The place of the source that each symbol was copied from, where it is an unknown one."""
    is_cut: bool = False
    """Whether the bound on the length ended it, and not a stop."""


class Constraint(Protocol):
    """Says which symbols may come next in a target."""

    def allowed(self, ids: Sequence[int], left: int | None) -> Bools:
        """The symbols (V,) that may follow `ids` where `left` more may be written; None sets no limit."""


Choose = Callable[[Wide, npt.NDArray[np.intp]], npt.NDArray[np.intp]]
"""Draws a symbol (N,) for each source from ln p (N, V) and the numbers of the sources."""


@dataclass(frozen=True)
class SearchOptions:
    """What a search for targets is asked for."""

    beams: int
    """The number of hypotheses that are kept at each step; one beam is greedy."""
    unknown: int | None
    """The id of the unknown symbol. It is written only by a network that copies, for a source with a symbol that
    training had not, and stands for a copy of that."""
    copies: bool
    wanted: int = 1
    """The most targets of a source, which is at most `beams`."""
    constraint: Constraint | None = None
    choose: Choose | None = None
    """What draws each symbol, instead of taking the likeliest; there is one beam then."""


Ids = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class DecoderState:
    """The state of B rows before a step."""

    memory: tuple[npt.NDArray[np.generic], ...]
    """What the decoder sees of each row's source: arrays (B, ...), the mask (B, S) the last of them."""
    recurrent: tuple[Float32s, ...]
    """What the decoder carries, (B, H) each."""
    alpha_BS: Float32s
    """Where hard attention stands, a distribution; other kinds leave it as it is."""
    members: tuple[DecoderState, ...] = ()
    """The states of several decoders that are used as one. It then has no memory and carries nothing of its own."""

    @classmethod
    def of_members(cls, members: Sequence[DecoderState]) -> DecoderState:
        """The state of several; where they stand is the mean of where each does."""
        return cls((), (), np.mean([member.alpha_BS for member in members], 0), tuple(members))

    def rows(self, rows: npt.NDArray[np.intp]) -> DecoderState:
        """The state of these rows, in this order; one may come several times."""
        memory = tuple(array[rows] for array in self.memory)
        recurrent = tuple(array[rows] for array in self.recurrent)
        return DecoderState(memory, recurrent, self.alpha_BS[rows], tuple(one.rows(rows) for one in self.members))


class DecoderStep(NamedTuple):
    """What a step gives."""

    log_p_BV: Float32s
    """ln p of each next symbol."""
    attention_BS: Float32s
    """Where the decoder looks for it."""
    recurrent: tuple[Float32s, ...]
    joint_BPV: Float32s | None = None
    """For hard attention the probability with each symbol of each place that it may write from."""
    places_BP: Ids | None = None
    """The numbers of these places, which ascend."""
    members: tuple[DecoderStep, ...] = ()
    """The steps of several decoders that are used as one."""

    @property
    def is_hard(self) -> bool:
        """Whether attention is hard, so that it is where it stands after a symbol which says where that came from."""
        return self.joint_BPV is not None or any(member.is_hard for member in self.members)


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
    if state.members:
        pairs = zip(state.members, step.members, strict=True)
        return DecoderState.of_members([after(own, taken, rows, tokens) for own, taken in pairs])
    alpha_BS = state.alpha_BS
    if step.joint_BPV is not None and step.places_BP is not None:
        joint_BP = step.joint_BPV[rows, :, tokens]
        alpha_BS = np.zeros_like(state.alpha_BS)
        share_BP = joint_BP / np.maximum(joint_BP.sum(1, keepdims=True), np.float32(1e-30))
        np.put_along_axis(alpha_BS, step.places_BP[rows], share_BP, 1)
    return DecoderState(state.memory, tuple(array[rows] for array in step.recurrent), alpha_BS)


END = "∎"
"""What stands for the stop at the end of a source and of a target."""
LEAST_SHOWN = 0.01
"""A table leaves smaller weights out."""


@dataclass(frozen=True)
class Attention:
    """T symbols of a target, and how much of the attention was at each of S places of its source for each of them."""

    source: list[str]
    """The features, the symbols and the end of the source."""
    target: list[str]
    """The symbols and the end of the target."""
    weights_TS: Float32s
    """How much of the attention was at each place for each symbol, (T, S)."""

    def to_table(self) -> str:
        """The weights in percent, a row for each symbol of the target, with a line end."""
        rows: list[tuple[str, ...]] = [("", *map(escaped, self.source))]
        for symbol, weights_S in zip(self.target, self.weights_TS.tolist(), strict=True):
            cells = [f"{100 * weight:.0f}" if weight >= LEAST_SHOWN else "" for weight in weights_S]
            rows.append((escaped(symbol), *cells))
        return "".join(f"{line.rstrip()}\n" for line in aligned(rows))


def weights_of(decoder: SteppedDecoder, source: EncodedSource, target: Sequence[int]) -> Float32s:
    """The weights (T, S) where these symbols, the last of them a stop, are written. Where attention is hard, they are
    the probabilities of the places given the symbols as far as they are written."""
    state, last_B, rows = decoder.begin([source]), np.zeros(1, np.int64), np.zeros(1, np.intp)
    found = []
    for symbol in target:
        step = decoder.step(last_B, state)
        last_B = np.array([symbol], np.int64)
        state = after(state, step, rows, last_B)
        found.append(state.alpha_BS[0] if step.is_hard else step.attention_BS[0])
    return np.stack(found)
