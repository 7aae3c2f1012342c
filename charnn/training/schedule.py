"""How far a budget is spent, and the learning rate that belongs to it."""

from __future__ import annotations

import math

from charnn.config import Budget


def progress(budget: Budget, *, seconds: float, epochs: float, steps: int) -> float:
    """The fraction of the budget that is spent, from 0; 1 and more is all of it."""
    if budget.seconds is not None:
        return seconds / budget.seconds
    if budget.epochs is not None:
        return epochs / budget.epochs
    if budget.steps is not None:
        return steps / budget.steps
    raise AssertionError("a budget has one of three units")


def rate_factor(progress: float, *, warmup_fraction: float, final_fraction: float) -> float:
    """What the top learning rate is multiplied by: linear warm-up, then a cosine down to `final_fraction` at progress 1
    (Loshchilov and Hutter 2017, without restarts)."""
    if progress < warmup_fraction:
        return max(progress / warmup_fraction, 0.01)
    along = min((progress - warmup_fraction) / (1 - warmup_fraction), 1.0)
    return final_fraction + (1 - final_fraction) * (1 + math.cos(math.pi * along)) / 2
