"""What a run can go back to: its last good state, in memory for a loss that breaks, and in the directory for a later
sitting."""

from __future__ import annotations

import time

from charnn.training.distributed.processes import Processes
from charnn.training.losses import EachLosses
from charnn.training.report import Keeper
from charnn.training.state import RunState, copied, is_finite
from charnn.training.updates import Updates

FIRST_SAVE = 1.0
"""After so many seconds of a sitting there is something to resume, whether or not a validation was due."""
SAVE_INTERVAL = 60.0
"""Later there are so many seconds between two saves, unless a validation saves sooner."""
SAVE_COST = 0.02
"""These saves may take this fraction of the time. They come less often where they would take more."""
RETREATS = 4
"""A run whose loss breaks goes back to its last good state so often, in all its sittings together."""
SMALLER = 0.3
"""The learning rate that it goes on with, as a fraction of the one before."""


def is_good(state: RunState, losses: EachLosses) -> bool:
    """Whether a state is one to go on from: its numbers are finite, and the loss is not broken."""
    return not losses.look_broken() and all(is_finite(tensor) for tensor in state[0].values())


class Recovery:
    """The last good state of a sitting, which begins with `state` after so many `seconds` of earlier ones."""

    def __init__(self, state: RunState, seconds: float, processes: Processes) -> None:
        self._processes = processes
        self._saved_seconds, self._interval = seconds, FIRST_SAVE
        self.keep(state)

    def keep(self, state: RunState) -> None:
        """Makes this state the one to go back to."""
        self._good = copied(state)

    def good(self) -> RunState:
        """The state to go back to. It is the caller's own."""
        return copied(self._good)

    def is_due(self, seconds: float) -> bool:
        """Whether it is time to save again, after so many seconds of training."""
        return seconds - self._saved_seconds >= self._interval

    def save(
        self, state: RunState, keeper: Keeper, updates: Updates, *, seconds: float, has_best: bool, ends: bool
    ) -> bool:
        """Has the keeper keep the state, and says whether that succeeded; where the sitting `ends` it is tried twice.
        Where there are no best weights yet, those of now are kept, too.

        This is collective.
        """
        began = time.perf_counter()

        def save() -> tuple[bool, float]:
            if not has_best:
                with updates.as_validated():
                    keeper.unvalidated()
            is_kept = keeper.state(*state) or (ends and keeper.state(*state))
            return is_kept, time.perf_counter() - began

        is_saved, took = self._processes.broadcast(save)
        self._saved_seconds, self._interval = seconds, max(SAVE_INTERVAL, took / SAVE_COST)
        return is_saved
