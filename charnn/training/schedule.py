"""Counts what a run has done, and says how much of its budget is spent and what the learning rate then is.

A run that stops early does not end at once. Its learning rate first falls to its last value, which Hägele et al. 2024
call a cool-down: much of what a budget buys comes with that fall, and would be lost without it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from charnn.config.training import Budget

OF_STAGES = frozenset({"stage", "began"})
"""The counters that runs had once which trained several networks one after the other."""


@dataclass
class Progress:
    """The progress of a run. It is saved and restored as a whole, by the names of its fields."""

    step: int = 0
    seconds: float = 0.0
    """The seconds of training so far, earlier sittings included."""
    targets: int = 0
    """The number of targets that were learned from so far, each counted as often as that happened."""
    fraction: float = 0.0
    """The fraction of the budget that is spent."""
    since_best: int = 0
    """The number of validations since the best one."""
    cooling_since: float | None = None
    """The fraction at which patience ended and the learning rate began to fall to its last value; None before that."""
    validated_at: float = 0.0
    """The fraction of the budget that was spent at the last validation."""
    validations: list[tuple[int, float]] = field(default_factory=list)
    """The number of targets until each validation, and its loss."""
    retreats: int = 0
    """The number of times that the loss broke, and the run went back to its last good state."""
    rate: float = 1.0
    """The learning rates are this fraction of those that were planned; it falls with each retreat."""

    def add_validation(self, loss: float, *, is_best: bool) -> None:
        """Counts a validation with this loss, which `is_best` where it is better than all before."""
        self.since_best = 0 if is_best else self.since_best + 1
        self.validated_at = self.fraction
        self.validations.append((self.targets, loss))

    @classmethod
    def from_state(cls, values: Mapping[str, Any]) -> Self:
        """The progress that was saved, by this version or an earlier one. Raises TypeError for anything else."""
        if not isinstance(values, Mapping):
            raise TypeError("no counters")
        return cls(**{name: value for name, value in values.items() if name not in OF_STAGES})


COOL_DOWN = 0.2
"""The length of the cool-down as a fraction of what was spent before it."""


def progress(budget: Budget, *, seconds: float, epochs: float, steps: int) -> float:
    """The fraction of the budget that is spent; from 1 on, all of it is."""
    if budget.seconds is not None:
        return seconds / budget.seconds
    if budget.epochs is not None:
        return epochs / budget.epochs
    if budget.steps is not None:
        return steps / budget.steps
    raise AssertionError("a budget has one of three units")


def end(cooling_since: float | None) -> float:
    """The progress at which the run ends. Its cool-down began at `cooling_since`; None says that it has not begun."""
    return 1.0 if cooling_since is None else min(cooling_since * (1 + COOL_DOWN), 1.0)


def rate_factor(
    progress: float, *, warmup_fraction: float, final_fraction: float, cooling_since: float | None = None
) -> float:
    """The learning rate as a fraction of the highest one.

    It rises linearly over the warm-up and then falls along a cosine to `final_fraction` at progress 1 (Loshchilov and
    Hutter 2017, without restarts). From `cooling_since` on it falls along a line to the same value, but is never above
    the cosine.
    """

    def planned(progress: float) -> float:
        if progress < warmup_fraction:
            return max(progress / warmup_fraction, 0.01)
        along = min((progress - warmup_fraction) / (1 - warmup_fraction), 1.0)
        return final_fraction + (1 - final_fraction) * (1 + math.cos(math.pi * along)) / 2

    if cooling_since is None:
        return planned(progress)
    left = max(1 - (progress - cooling_since) / (COOL_DOWN * cooling_since), 0.0)
    return min(planned(progress), final_fraction + left * max(planned(cooling_since) - final_fraction, 0.0))
