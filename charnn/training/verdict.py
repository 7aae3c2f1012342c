"""Says in one line how well a run has learned: whether it learned too much by heart or too little, and whether more
time would help."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from charnn.config.model import Validation
from charnn.readable import counted

RISE = 0.004
"""If the held-out loss rose by more than this fraction since its best, it has risen and not just wavered."""
CLOSE = 0.05
"""If the two losses differ by less than this fraction, what was learned also holds beyond the training data."""
FAR = 0.15
"""If they differ by more than this fraction, much of what was learned holds for the training data only."""
WORTHWHILE = 0.003
"""A gain of less than this fraction is not worth more time."""
FEW = 4
"""Fewer validations than this do not tell how the loss falls."""
TOO_FEW, FEWER = 300, 5000
"""Fewer held-out units than the first tell too little to be judged by; of fewer than the second it is said how many
they are."""
GAINS = ((2.9, 0.0, 0.8), (1.4, 0.4, 1.6), (0.95, 0.6, 2.1))
"""What twice the time gains of what a run gained between 0.4 and 0.8 of its time, at least and at most, in nine of ten
runs that had read their text so many times or more (`tests.benchmarks verdicts`). A run that has read it less often
does not tell how it will go on: what comes next may be of another kind."""

TWICE = "Twice the time would likely take off"
"""The beginning of what is foretold."""


@dataclass(frozen=True)
class HeldOut:
    """What a run was validated with."""

    amount: int
    unit: str
    """The unit in the plural, such as characters."""
    after_all_was_read: bool = False
    """Whether a part of the model learns from all of the data before the first epoch."""

    @property
    def are_too_few(self) -> bool:
        return self.amount < TOO_FEW

    def __str__(self) -> str:
        """The held-out data, and how many they are where they are few."""
        amount = counted(self.amount, self.unit.removesuffix("s"))
        return "held-out data" + (f" ({amount})" if self.amount < FEWER else "")


def verdict(
    history: Sequence[tuple[int, float]],
    train_loss: float,
    best: Validation,
    held_out: HeldOut | None = None,
    more: tuple[float, float] | None = None,
) -> str:
    """A line for the end of a run.

    `history` has (targets so far, loss) for each validation, the earliest first; there is at least
    one. `train_loss` is the final weights' loss on training data, and `best` is the validation that the run kept.
    `more` is what twice the time would take off the loss, where `expected_gain` tells it.
    """
    losses = [loss for _, loss in history]
    here = f"{best.amount(train_loss)} on its own data, {best.amount(best.loss)} on {held_out or 'held-out data'}"
    if held_out is not None and held_out.are_too_few:
        return f"{here}, which are too few to tell more"
    rise = losses[-1] - min(losses)
    if rise > RISE * best.loss and best.epoch >= 1:
        return (
            f"it overfits: {here}, and {best.amount(rise)} more at the end. More data or more dropout would help; "
            f"more time would not"
        )
    if len(history) < FEW:
        return here
    what = f"{_described(best.loss - train_loss, best, held_out)}: {here}"
    if more is None:
        return what
    least, most = more
    if most < WORTHWHILE * best.loss:
        return f"{what}. More time would bring little; more data or another size might"
    if least <= 0:
        return f"{what}. {TWICE} {best.amount(most)} at most, and perhaps nothing"
    return f"{what}. {TWICE} {least:.3f} to {best.amount(most)}"


def expected_gain(history: Sequence[tuple[int, float]], *, epochs: float) -> tuple[float, float] | None:
    """What twice the time would take off the nats per character of a language model, from the least to the most, in
    nine of ten runs.

    `history` is that of `verdict`, of a run that has read its text so many times. None stands for a run that tells too
    little: it was too short, or its loss did not fall to the end.
    """
    ranges = [(least, most) for since, least, most in GAINS if epochs >= since]
    if not ranges or len(history) < FEW:
        return None
    targets, losses = (np.array(values) for values in zip(*history, strict=True))
    middle, late = np.interp([0.4 * targets[-1], 0.8 * targets[-1]], targets, losses)
    gained = float(middle - late)
    if gained <= 0 or losses[-1] - losses.min() > RISE * losses.min():
        return None
    least, most = ranges[0]
    return least * gained, most * gained


def _described(gap: float, best: Validation, held_out: HeldOut | None) -> str:
    """Words for the gap between the held-out loss and the training loss."""
    if gap > FAR * best.loss:
        # Data that have not been read twice are not known by heart.
        was_read = best.epoch >= 1 or (held_out is not None and held_out.after_all_was_read)
        return "it knows much of its data by heart" if was_read else "its held-out data are of another kind"
    return "it has learned well" if gap >= CLOSE * best.loss else "it underfits"
