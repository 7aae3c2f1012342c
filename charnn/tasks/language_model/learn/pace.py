"""How fast this machine trains, measured on the spot: no table knows its processor, nor what else it is doing."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from charnn.config.training import Budget, TrainingConfig
from charnn.tasks.language_model.learn.data import EncodedCorpus
from charnn.tasks.language_model.learn.network import LanguageModelNetwork
from charnn.tasks.language_model.learn.objective import LanguageModelObjective
from charnn.tasks.language_model.learn.plan import LanguageModelOverrides, configure
from charnn.tasks.language_model.learn.sizing import default_budget, most_lanes, sizes_at, weights
from charnn.training.hardware import choose_device, choose_precision, keep_freed_memory, thread_counts, threads_set
from charnn.training.loop import Loop

LONGEST, SHARE = 0.15, 0.0025
"""Seconds that one measurement takes: so many, and at most this fraction of the budget."""
ROUNDS = 2
"""Of which the faster one counts: what disturbs only one of them is not there to stay."""
MOST = 0.05
"""Of the budget, for all measurements; beyond it, on a slow or busy machine, the known speeds tell the others."""
HOPELESS = 0.5
"""Of the best speed: a number of threads that is slower at one size is not tried at the next. Where other processes
have the cores, threads that wait for each other can be a hundred times slower."""


class Pace:
    """Characters a second at a hidden size, of the real loop on random text, otherwise as wished for."""

    def __init__(
        self,
        wishes: LanguageModelOverrides,
        settings: Mapping[str, Any],
        *,
        characters: int,
        vocabulary_size: int,
    ) -> None:
        """`settings` are for TrainingConfig, `characters` those of the training text."""
        self._wishes, self._settings = wishes, settings
        self._characters = characters
        self._vocabulary_size = vocabulary_size
        self._device = choose_device(settings.get("device", TrainingConfig.device))
        self._precision = choose_precision(settings.get("precision", TrainingConfig.precision), self._device)
        budget = wishes.budget or default_budget(characters)
        self._seconds = min(LONGEST, SHARE * (budget.seconds or 0))
        self._affordable = MOST * (budget.seconds or 0)
        self._thread_counts = thread_counts(self._device)
        self._speeds: dict[int, dict[int, float]] = {}
        self.spent = 0.0
        """Seconds, so far."""

    def __call__(self, hidden_size: int) -> float:
        """With as many threads as are the fastest. Each size is measured once."""
        if hidden_size not in self._speeds and self._speeds and self.spent > self._affordable:
            nearest = self._nearest(hidden_size)
            return self(nearest) * weights(nearest) / weights(hidden_size)
        if hidden_size not in self._speeds:
            keep_freed_memory()
            loop = self._loop(hidden_size)  # the first one imports much of PyTorch
            started = time.perf_counter()
            loop.advance()  # kernels are made in the first step
            rounds = [{count: self._measure(loop, count) for count in self._thread_counts} for _ in range(ROUNDS)]
            speeds = {count: max(measured[count] for measured in rounds) for count in self._thread_counts}
            self._speeds[hidden_size] = speeds
            self._thread_counts = [n for n, speed in speeds.items() if speed > HOPELESS * max(speeds.values())]
            self.spent += time.perf_counter() - started
        return max(self._speeds[hidden_size].values())

    def threads(self, hidden_size: int) -> int:
        """How many are the fastest."""
        speeds = self._speeds[self._nearest(hidden_size)]
        return max(speeds, key=lambda count: speeds[count])

    def _nearest(self, hidden_size: int) -> int:
        """Of the sizes that are known."""
        return min(self._speeds, key=lambda known: abs(known - hidden_size))

    def _loop(self, hidden_size: int) -> Loop:
        network, training = configure(
            self._wishes,
            sizes_at(hidden_size, dropout=0.1, lanes=most_lanes(self._characters)),
            vocabulary_size=self._vocabulary_size,
            budget=Budget(steps=1),
            **self._settings,
        )
        size = 8 * training.lanes * training.window_length
        text = np.random.default_rng(0).integers(self._vocabulary_size, size=size, dtype=np.int32)
        corpus = EncodedCorpus(text, size, [text[:1]], 1)
        task = LanguageModelObjective(LanguageModelNetwork(network).to(self._device), corpus, training)
        return Loop(task, training, self._device, self._precision)

    def _measure(self, loop: Loop, threads: int) -> float:
        with threads_set(threads):
            started, before = time.perf_counter(), loop.progress.targets
            while True:
                loop.advance()
                seconds = time.perf_counter() - started
                if seconds >= self._seconds:
                    return (loop.progress.targets - before) / seconds
