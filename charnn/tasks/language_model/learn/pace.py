"""Measures how fast this machine trains, because no table knows its processor and what else it is doing.

To measure means to train: `Pace` builds networks and the real training loop, and takes steps on random text.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np

from charnn.config.training import Budget, TrainingConfig
from charnn.tasks.language_model.learn.data import EncodedCorpus
from charnn.tasks.language_model.learn.ensemble import make_network
from charnn.tasks.language_model.learn.objective import LanguageModelObjective
from charnn.tasks.language_model.learn.overrides import LanguageModelOverrides, configure
from charnn.tasks.language_model.learn.sizing import default_budget, largest_batch_size, sizes_at, weights
from charnn.tokenizers.base import STOP_ID
from charnn.training.hardware import choose_device, choose_precision
from charnn.training.loop import Loop

LONGEST_SECONDS, LONGEST_FRACTION = 0.15, 0.0025
"""One measurement takes so many seconds, and at most this fraction of the budget."""
ROUNDS = 2
"""Each number of threads is measured so many times, and the fastest time counts: what disturbs only one measurement
will pass."""
AFFORDABLE_FRACTION = 0.05
"""All measurements may take this fraction of the budget. Beyond it, on a slow or busy machine, further speeds are
estimated from those that were measured."""
HOPELESS = 0.5
"""A number of threads that is slower than this fraction of the best speed at one size is not tried at the next. Where
other processes have the cores, threads that wait for each other can be a hundred times slower."""


class Pace:
    """Measures the speed of training at a hidden size, in characters per second on this machine now.

    The first call with a hidden size builds the network and the loop that the run would have, trains for some tenths of
    a second on random text, and throws the network away. It keeps only the speeds and the time that it took.
    """

    def __init__(
        self,
        overrides: LanguageModelOverrides,
        *,
        characters: int,
        vocabulary_size: int,
        ends_are_learned: bool,
        thread_counts: Sequence[int],
    ) -> None:
        """The training text has so many `characters`. `ends_are_learned` says whether it has stops, as then each step
        reads some openings of documents too. `thread_counts` are the numbers of threads to try. On another device than
        the CPU only the largest is tried."""
        self._overrides, settings = overrides, overrides.settings
        self._characters = characters
        self._vocabulary_size = vocabulary_size
        self._least_id = STOP_ID if ends_are_learned else STOP_ID + 1
        self._device = choose_device(settings.get("device", TrainingConfig.device))
        self._precision = choose_precision(settings.get("precision", TrainingConfig.precision), self._device)
        budget = overrides.budget or default_budget(characters)
        self._seconds = min(LONGEST_SECONDS, LONGEST_FRACTION * (budget.seconds or 0))
        self._affordable = AFFORDABLE_FRACTION * (budget.seconds or 0)
        self._thread_counts = thread_counts if self._device.type == "cpu" else [max(thread_counts)]
        self._speeds: dict[int, dict[int, float]] = {}
        self.spent = 0.0
        """The seconds that all measurements have taken so far."""

    def __call__(self, hidden_size: int) -> float:
        """The speed with the fastest number of threads. Each size is measured once."""
        if hidden_size not in self._speeds and self._speeds and self.spent > self._affordable:
            nearest = self._nearest(hidden_size)
            return self(nearest) * weights(nearest) / weights(hidden_size)
        if hidden_size not in self._speeds:
            loop = self.loop(hidden_size)  # The first loop imports much of PyTorch, which is not counted.
            started = time.perf_counter()
            loop.advance()  # The first step makes kernels, and is not measured.
            rounds = [{count: self._measure(loop, count) for count in self._thread_counts} for _ in range(ROUNDS)]
            speeds = {count: max(measured[count] for measured in rounds) for count in self._thread_counts}
            self._speeds[hidden_size] = speeds
            self._thread_counts = [n for n, speed in speeds.items() if speed > HOPELESS * max(speeds.values())]
            self.spent += time.perf_counter() - started
        return max(self._speeds[hidden_size].values())

    def threads(self, hidden_size: int) -> int:
        """The fastest number of threads at a size. At least one size must have been measured."""
        speeds = self._speeds[self._nearest(hidden_size)]
        return max(speeds, key=lambda count: speeds[count])

    def loop(self, hidden_size: int) -> Loop:
        """The loop that the run would have at this size, but with random text."""
        network, training = configure(
            self._overrides,
            sizes_at(hidden_size, dropout=0.1, batch_size=largest_batch_size(self._characters)),
            vocabulary_size=self._vocabulary_size,
            budget=Budget(steps=1),
        )
        size = 8 * training.batch_size * training.window_length
        text = np.random.default_rng(0).integers(self._least_id, self._vocabulary_size, size=size, dtype=np.int32)
        labels = np.zeros(size, np.int32) if network.labels else None
        corpus = EncodedCorpus(text, size, [text[:1]], 1, labels)
        objective = LanguageModelObjective(make_network(network).to(self._device), corpus, training)
        return Loop(objective, training, self._device, self._precision)

    def _nearest(self, hidden_size: int) -> int:
        """The measured size that is nearest to `hidden_size`."""
        return min(self._speeds, key=lambda known: abs(known - hidden_size))

    def _measure(self, loop: Loop, threads: int) -> float:
        """The characters per second of `loop` with so many threads."""
        with loop.updates.using(threads):
            started, before = time.perf_counter(), loop.progress.targets
            while True:
                loop.advance()
                seconds = time.perf_counter() - started
                if seconds >= self._seconds:
                    return (loop.progress.targets - before) / seconds
