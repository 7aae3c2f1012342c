"""Draws the token of a single text where nothing but a temperature changes the logits, in arrays that are made once."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable

import numpy as np

from charnn.arrays import Float32s
from charnn.generation.run_limits import FREE, RunBounds

FLOAT32 = np.dtype(np.float32)
FEW = 8
"""So many numbers of an array are set faster one by one."""


class PlainDraw:
    """Chooses what `Sampler.choose` chooses for a single lane, in a third of the time. One thread at a time may use
    it."""

    def __init__(self, size: int, temperature: float, forbidden: Iterable[int]) -> None:
        """`size` is V, and the tokens that are `forbidden` never come. No difference of fp32 logits overflows where it
        is divided by the temperature."""
        # NumPy takes an array without axes in less time than a number.
        self._forbidden, self._temperature, self._top = frozenset(forbidden), np.array(temperature), np.array(0.0)
        self._all_forbidden = np.array(sorted(self._forbidden), np.intp)
        self._weights_V, self._cumulative_V = np.empty((2, size))
        # Python reads and writes single numbers of a view several times as fast as of an array.
        self._weights = self._weights_V.data.cast("B").cast("d")
        self._cumulative = self._cumulative_V.data.cast("B").cast("d")

    def choose(self, logits_V: Float32s, uniform: float, bounds: RunBounds | None) -> int | None:
        """The token at a random number in [0, 1), where the run at the end of the text has these bounds. It is None
        where the likeliest token cannot come, or where the run may grow no likelier, or the logits are not finite."""
        too_long, lengthening = bounds or FREE
        likeliest = int(logits_V.argmax())
        if lengthening or likeliest in too_long or likeliest in self._forbidden or logits_V.dtype is not FLOAT32:
            return None
        weights_V, weights = self._weights_V, self._weights
        weights_V[:] = logits_V
        top = weights[likeliest]
        if not math.isfinite(top):
            return None
        self._top[()] = top
        np.subtract(weights_V, self._top, weights_V)
        np.divide(weights_V, self._temperature, weights_V)
        np.exp(weights_V, weights_V)
        if len(self._forbidden) > FEW:
            weights_V[self._all_forbidden] = 0.0
        else:
            for token in self._forbidden:
                weights[token] = 0.0
        for token in too_long:
            weights[token] = 0.0
        np.add.accumulate(weights_V, 0, None, self._cumulative_V)
        return bisect_right(self._cumulative, uniform * self._cumulative[-1])
