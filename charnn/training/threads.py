"""Watches whether several threads still pay while a network learns.

Threads that share a step wait for one another. Where another process has one of the cores, each step waits until that
core is free again, and two threads may be many times slower than one.
"""

from __future__ import annotations

import torch

WINDOW = 0.5
"""A speed is measured over so many seconds at least."""
SLOW = 0.6
"""A speed below this part of the best one since the last trial is a reason to try the other number at once."""
INTERVAL = 30.0
"""The other number is tried at the beginning, and again after so many seconds, since what was busy may have ended."""


class ThreadWatch:
    """Sets torch's number of threads to `threads` or to 1, whichever is faster by now.

    `step` is told of each step of training. At times it tries the other number for a WINDOW, and stays with the faster.
    """

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._current = threads
        self._best = 0.0
        """The best speed since the last trial, in targets a second."""
        self._usual: float | None = None
        """The speed with the other number, while one is on trial."""
        self._tried_at = -INTERVAL
        self._began: float | None = None
        self._targets = 0

    def restart(self) -> None:
        """Forgets the window that has begun, because something else took some of its time."""
        self._began = None

    def step(self, seconds: float, targets: int) -> None:
        """A step has ended `seconds` after the beginning of training, in which so many targets were learned."""
        if self._began is None:
            self._began, self._targets = seconds, 0
            return
        self._targets += targets
        passed = seconds - self._began
        if passed < WINDOW:
            return
        speed, self._began = self._targets / passed, None
        if self._usual is not None:
            if speed <= self._usual:
                self._switch()
            self._best = max(speed, self._usual)
            self._usual, self._tried_at = None, seconds
            return
        self._best = max(self._best, speed)
        if speed < SLOW * self._best or seconds - self._tried_at >= INTERVAL:
            self._usual = speed
            self._switch()

    def _switch(self) -> None:
        self._current = 1 if self._current == self._threads else self._threads
        torch.set_num_threads(self._current)
