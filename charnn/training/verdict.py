"""Says in one line how well a run has learned: whether it learned too much by heart or too little, and whether more
time would help."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from charnn.config.model import Validation

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
AGAIN = 0.5
"""Twice the time gains at most this fraction of what a run gained between 0.4 and 0.8 of its time. That gain is partly
due to the falling learning rate, so the estimate is too high where nearly everything has been learned."""


def verdict(history: Sequence[tuple[int, float]], train_loss: float, best: Validation) -> str:
    """A line for the end of a run.

    `history` has (targets so far, loss) for each validation, the earliest first; there is at least one. `train_loss` is
    the final weights' loss on training data, and `best` is the validation that the run kept.
    """
    targets, losses = (np.array(values) for values in zip(*history, strict=True))
    here = f"{best.amount(train_loss)} on its own data, {best.amount(best.loss)} on held-out data"
    rise = losses[-1] - best.loss
    if rise > RISE * best.loss and best.epoch >= 1:
        return (
            f"it overfits: {here}, and {best.amount(rise)} more at the end. More data or more dropout would help; "
            f"more time would not"
        )
    if len(history) < FEW:
        return here
    middle, late = np.interp([0.4 * targets[-1], 0.8 * targets[-1]], targets, losses)
    gain = AGAIN * float(middle - late)
    what = _described(best.loss - train_loss, best)
    if gain < WORTHWHILE * best.loss:
        return f"{what}: {here}. More time would bring little; more data or another size might"
    return f"{what}: {here}. Twice the time would likely take off up to {best.amount(gain)}"


def _described(gap: float, best: Validation) -> str:
    """Words for the gap between the held-out loss and the training loss."""
    if gap > FAR * best.loss:
        # Data that have not been read twice are not known by heart.
        return "it knows much of its data by heart" if best.epoch >= 1 else "its held-out data are of another kind"
    return "it has learned well" if gap >= CLOSE * best.loss else "it underfits"
