"""Says how much of a budget is spent, and what the learning rate then is.

A run that stops early does not end at once. Its learning rate first falls to its last value, which Hägele et al. 2024
call a cool-down: much of what a budget buys comes with that fall, and would be lost without it.
"""

from __future__ import annotations

import math

from charnn.config.training import Budget

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
