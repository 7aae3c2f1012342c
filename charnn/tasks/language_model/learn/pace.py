"""How fast this machine trains, measured on the spot: no table knows its processor, nor what else it is doing.

To measure means to train: `Pace` builds networks and the real training loop, and takes steps on random text.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from charnn.config.training import Budget, TrainingConfig
from charnn.tasks.language_model.learn.data import EncodedCorpus
from charnn.tasks.language_model.learn.network import LanguageModelNetwork
from charnn.tasks.language_model.learn.objective import LanguageModelObjective
from charnn.tasks.language_model.learn.overrides import LanguageModelOverrides, configure
from charnn.tasks.language_model.learn.sizing import default_budget, largest_batch_size, sizes_at, weights
from charnn.training.hardware import choose_device, choose_precision, threads_set
from charnn.training.loop import Loop

LONGEST_SECONDS, LONGEST_FRACTION = 0.15, 0.0025
"""One measurement takes so many seconds, and at most this fraction of the budget."""
ROUNDS = 2
"""Each number of threads is measured so often, and the fastest time counts: what disturbs only one is not there to
stay."""
AFFORDABLE_FRACTION = 0.05
"""All measurements may take this fraction of the budget. Beyond it, on a slow or busy machine, the speeds that are
known tell the others."""
HOPELESS = 0.5
"""A number of threads that is slower than this fraction of the best speed at one size is not tried at the next. Where
other processes have the cores, threads that wait for each other can be a hundred times slower."""


class Pace:
    """The speed of training at a hidden size, in characters a second, as this machine has it now.

    The first call with a hidden size builds the network and the loop that the run would have, trains for some tenths of
    a second on random text, and throws the network away. Nothing of it is kept but the speeds and the time that it
    took.
    """

    def __init__(
        self,
        overrides: LanguageModelOverrides,
        settings: Mapping[str, Any],
        *,
        characters: int,
        vocabulary_size: int,
        thread_counts: Sequence[int],
    ) -> None:
        """`settings` are for TrainingConfig, `characters` those of the training text, and `thread_counts` the numbers
        of threads to try; where the device is not the CPU, the largest alone."""
        self._overrides, self._settings = overrides, settings
        self._characters = characters
        self._vocabulary_size = vocabulary_size
        self._device = choose_device(settings.get("device", TrainingConfig.device))
        self._precision = choose_precision(settings.get("precision", TrainingConfig.precision), self._device)
        budget = overrides.budget or default_budget(characters)
        self._seconds = min(LONGEST_SECONDS, LONGEST_FRACTION * (budget.seconds or 0))
        self._affordable = AFFORDABLE_FRACTION * (budget.seconds or 0)
        self._thread_counts = thread_counts if self._device.type == "cpu" else [max(thread_counts)]
        self._speeds: dict[int, dict[int, float]] = {}
        self.spent = 0.0
        """The seconds that all measurements took so far."""

    def __call__(self, hidden_size: int) -> float:
        """The speed with as many threads as are the fastest. Each size is measured once."""
        if hidden_size not in self._speeds and self._speeds and self.spent > self._affordable:
            nearest = self._nearest(hidden_size)
            return self(nearest) * weights(nearest) / weights(hidden_size)
        if hidden_size not in self._speeds:
            loop = self.loop(hidden_size)  # the first one imports much of PyTorch
            started = time.perf_counter()
            loop.advance()  # kernels are made in the first step
            rounds = [{count: self._measure(loop, count) for count in self._thread_counts} for _ in range(ROUNDS)]
            speeds = {count: max(measured[count] for measured in rounds) for count in self._thread_counts}
            self._speeds[hidden_size] = speeds
            self._thread_counts = [n for n, speed in speeds.items() if speed > HOPELESS * max(speeds.values())]
            self.spent += time.perf_counter() - started
        return max(self._speeds[hidden_size].values())

    def threads(self, hidden_size: int) -> int:
        """The number of threads that is the fastest, once a size has been measured."""
        speeds = self._speeds[self._nearest(hidden_size)]
        return max(speeds, key=lambda count: speeds[count])

    def loop(self, hidden_size: int) -> Loop:
        """The loop that the run would have at this size, about to train on random text."""
        network, training = configure(
            self._overrides,
            sizes_at(hidden_size, dropout=0.1, batch_size=largest_batch_size(self._characters)),
            vocabulary_size=self._vocabulary_size,
            budget=Budget(steps=1),
            **self._settings,
        )
        size = 8 * training.batch_size * training.window_length
        text = np.random.default_rng(0).integers(self._vocabulary_size, size=size, dtype=np.int32)
        corpus = EncodedCorpus(text, size, [text[:1]], 1)
        objective = LanguageModelObjective(LanguageModelNetwork(network).to(self._device), corpus, training)
        return Loop(objective, training, self._device, self._precision)

    def _nearest(self, hidden_size: int) -> int:
        """The nearest of the sizes that were measured."""
        return min(self._speeds, key=lambda known: abs(known - hidden_size))

    def _measure(self, loop: Loop, threads: int) -> float:
        """Characters a second of `loop` with so many threads."""
        with threads_set(threads):
            started, before = time.perf_counter(), loop.progress.targets
            while True:
                loop.advance()
                seconds = time.perf_counter() - started
                if seconds >= self._seconds:
                    return (loop.progress.targets - before) / seconds
