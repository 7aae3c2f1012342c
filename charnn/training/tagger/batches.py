"""Which sentences are learned from together: those of like lengths, all of them once an epoch."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Ids = npt.NDArray[np.int64]

LENGTH_NOISE = 3.0
"""Words that lengths are blurred by, so that no epoch has the batches of another and little is padded all the same."""


class Batches:
    """Batches of about `sentences` sentences of mean length: fewer of long ones, more of short ones, since each batch
    holds about as many words, padding counted. Every epoch draws new ones, in a new order."""

    def __init__(self, lengths: Ids, *, sentences: int, random: np.random.Generator) -> None:
        """`lengths`: words of each sentence."""
        self.random = random
        self._lengths = lengths
        self.words_in_batch = max(int(sentences * lengths.mean()), 1)
        self._epochs = -1
        self._next = 0
        self._batches: list[Ids] = []
        self._begin_epoch()

    def next(self) -> Ids:
        """The numbers of the next batch's sentences."""
        if self._next == len(self._batches):
            self._begin_epoch()
        self._next += 1
        return self._batches[self._next - 1]

    @property
    def epoch(self) -> float:
        """Epochs so far, the current one in part."""
        return self._epochs + self._next / len(self._batches)

    def position(self) -> dict[str, Any]:
        return {"epochs": self._epochs, "next": self._next, "random": self._before}

    def restore(self, position: dict[str, Any]) -> None:
        """Goes on where `position` was taken. Raises ValueError, KeyError or TypeError for one of other sentences."""
        self.random.bit_generator.state = position["random"]
        self._begin_epoch()
        self._epochs, self._next = int(position["epochs"]), int(position["next"])
        if self._epochs < 0 or not 0 <= self._next <= len(self._batches):
            raise ValueError(f"there is no batch {self._next} in epoch {self._epochs}")

    def _begin_epoch(self) -> None:
        self._before = self.random.bit_generator.state
        blurred = self._lengths + self.random.uniform(0, LENGTH_NOISE, len(self._lengths))
        order = np.argsort(blurred, kind="stable")
        groups, start = [], 0
        longest = 0
        for place, length in enumerate(self._lengths[order]):
            longest = max(longest, int(length))
            if place > start and longest * (place - start + 1) > self.words_in_batch:
                groups.append(order[start:place])
                start, longest = place, int(length)
        groups.append(order[start:])
        self._batches = [groups[i] for i in self.random.permutation(len(groups))]
        self._epochs += 1
        self._next = 0
