"""Says where the network looked for each symbol that it wrote."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from charnn.readable import aligned, escaped
from charnn.tasks.transducer.symbols import EncodedSource
from charnn.tasks.transducer.use.decoding import Floats, SteppedDecoder, after

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
    weights_TS: Floats

    def to_table(self) -> str:
        """The weights in percent, a row for each symbol of the target, with a line end."""
        rows: list[tuple[str, ...]] = [("", *map(escaped, self.source))]
        for symbol, weights_S in zip(self.target, self.weights_TS.tolist(), strict=True):
            cells = [f"{100 * weight:.0f}" if weight >= LEAST_SHOWN else "" for weight in weights_S]
            rows.append((escaped(symbol), *cells))
        return "".join(f"{line.rstrip()}\n" for line in aligned(rows))


def weights_of(decoder: SteppedDecoder, source: EncodedSource, target: Sequence[int]) -> Floats:
    """The weights (T, S) where these symbols, the last of them a stop, are written. Where attention is hard, they are
    the probabilities of the places given the symbols as far as they are written."""
    state, last_B, rows = decoder.begin([source]), np.zeros(1, np.int64), np.zeros(1, np.intp)
    found = []
    for symbol in target:
        step = decoder.step(last_B, state)
        last_B = np.array([symbol], np.int64)
        state = after(state, step, rows, last_B)
        found.append(step.attention_BS[0] if step.joint_BPV is None else state.alpha_BS[0])
    return np.stack(found)
