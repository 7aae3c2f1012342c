"""Draws batches of rows of like lengths, such as sentences, for an objective that learns from whole rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from charnn.streaming import batches_by_length

Ids = npt.NDArray[np.int64]

LENGTH_NOISE = 3.0
"""How many steps lengths are blurred by, so that no epoch has the batches of another and still little is padded."""


class Batches:
    """Draws batches in which every row comes once an epoch; each epoch has new ones, in a new order."""

    def __init__(self, lengths: Ids, *, rows: int, random: np.random.Generator) -> None:
        """`lengths` is how many steps each row has: the words of a sentence, say.

        A batch has about `rows` rows of mean length, fewer long ones or more short ones, since all batches
        have about as many steps, padding counted.
        """
        self.random = random
        self._lengths = lengths
        self.steps_in_batch = max(int(rows * lengths.mean()), 1)
        self._epochs = -1
        self._next = 0
        self._batches: list[list[int]] = []
        self._begin_epoch()

    def next(self) -> list[int]:
        """The numbers of the next batch's rows."""
        if self._next == len(self._batches):
            self._begin_epoch()
        self._next += 1
        return self._batches[self._next - 1]

    @property
    def epoch(self) -> float:
        """How many epochs have been drawn, the current one in part."""
        return self._epochs + self._next / len(self._batches)

    def position(self) -> dict[str, Any]:
        return {"epochs": self._epochs, "next": self._next, "random": self._before}

    def restore(self, position: dict[str, Any]) -> None:
        """Goes on where `position` was taken. Raises ValueError, KeyError or TypeError for one of other rows."""
        self.random.bit_generator.state = position["random"]
        self._begin_epoch()
        self._epochs, self._next = int(position["epochs"]), int(position["next"])
        if self._epochs < 0 or not 0 <= self._next <= len(self._batches):
            raise ValueError(f"there is no batch {self._next} in epoch {self._epochs}")

    def _begin_epoch(self) -> None:
        self._before = self.random.bit_generator.state
        blurred = self._lengths + self.random.uniform(0, LENGTH_NOISE, len(self._lengths))
        order = np.argsort(blurred, kind="stable").tolist()
        batches = batches_by_length(self._lengths.tolist(), padded_total=self.steps_in_batch, order=order)
        self._batches = [batches[i] for i in self.random.permutation(len(batches))]
        self._epochs += 1
        self._next = 0
