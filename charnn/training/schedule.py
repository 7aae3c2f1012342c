"""How far a budget is spent, and the learning rate that belongs to it.

A run that stops early does not end at once: its learning rate first falls from where it is to where it would have ended
(a cool-down, as Hägele et al. 2024 call it). Much of what a budget buys comes with that fall, and it would be lost.
"""

from __future__ import annotations

import math

from charnn.config.training import Budget

COOL_DOWN = 0.2
"""How long the cool-down takes, as a fraction of what was spent before it."""


def progress(budget: Budget, *, seconds: float, epochs: float, steps: int) -> float:
    """The fraction of the budget that is spent, from 0; at 1 and above all of it is."""
    if budget.seconds is not None:
        return seconds / budget.seconds
    if budget.epochs is not None:
        return epochs / budget.epochs
    if budget.steps is not None:
        return steps / budget.steps
    raise AssertionError("a budget has one of three units")


def end(cooling_since: float | None) -> float:
    """The progress at which the run ends, where its cool-down began at `cooling_since`, or has not begun."""
    return 1.0 if cooling_since is None else min(cooling_since * (1 + COOL_DOWN), 1.0)


def rate_factor(
    progress: float, *, warmup_fraction: float, final_fraction: float, cooling_since: float | None = None
) -> float:
    """What the top learning rate is multiplied by.

    It rises linearly over the warm-up and then falls along a cosine to `final_fraction` at progress 1 (Loshchilov and
    Hutter 2017, without restarts). From `cooling_since` on it falls along a line to the same, and never above the
    cosine.
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
