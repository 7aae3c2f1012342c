"""What a run came to, in one line: whether it learned too much by heart or too little, and what more time would do."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from charnn.config.model import Validation

RISE = 0.004
"""A held-out loss that rose by more than this fraction since its best has risen, and not just wavered."""
CLOSE = 0.05
"""Where the two losses differ by less than this fraction, what was learned holds beyond the training data."""
FAR = 0.15
"""Where they differ by more than this fraction, much of what was learned holds for the training data alone."""
WORTHWHILE = 0.003
"""A gain of less than this fraction is not worth more time."""
FEW = 4
"""Fewer validations than this tell nothing of how the loss falls."""
AGAIN = 0.5
"""Twice the time gains at most this fraction of what the time from 0.4 to 0.8 of a run gained. That part of a run gains
from the falling learning rate too, so the estimate is too high where most of what there is has been learned."""


def verdict(history: Sequence[tuple[int, float]], train_loss: float, best: Validation) -> str:
    """A line for the end of a run. `history` has (targets so far, loss) for each validation, the earliest first, at
    least one; `train_loss` is the final weights' loss on training data, and `best` is the validation that the run
    kept."""
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
    """What the gap between the held-out and the training loss says."""
    if gap > FAR * best.loss:
        # What has not been read twice is not known by heart.
        return "it knows much of its data by heart" if best.epoch >= 1 else "its held-out data are of another kind"
    return "it has learned well" if gap >= CLOSE * best.loss else "it underfits"
