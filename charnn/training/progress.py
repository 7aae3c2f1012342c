"""The counters of a run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypedDict


class Spent(TypedDict):
    """An amount of training, in each of the units that a budget may have."""

    seconds: float
    epochs: float
    steps: int


@dataclass
class Progress:
    """The progress of a run. It is saved and restored as a whole, by the names of its fields."""

    step: int = 0
    seconds: float = 0.0
    """The seconds of training so far, earlier sittings included."""
    targets: int = 0
    """The number of targets that were learned from so far, each counted as often as that happened."""
    fraction: float = 0.0
    """The fraction of the budget that is spent; where there are several stages, of this stage's part of it."""
    since_best: int = 0
    """The number of validations since the best one."""
    cooling_since: float | None = None
    """The fraction at which patience ended and the learning rate began to fall to its last value; None before that."""
    validated_at: float = 0.0
    """What `fraction` was at the last validation."""
    validations: list[tuple[int, float]] = field(default_factory=list)
    """The number of targets until each validation of this stage, and its loss."""
    retreats: int = 0
    """The number of times that the loss broke, and the run went back to its last good state."""
    rate: float = 1.0
    """The learning rates are this fraction of those that were planned; it falls with each retreat."""
    stage: int = 0
    """The number of the stage that goes on (`stages`)."""
    began: Spent = field(default_factory=lambda: Spent(seconds=0.0, epochs=0.0, steps=0))
    """What was spent when that stage began."""

    def add_validation(self, loss: float, *, is_best: bool) -> None:
        """Counts a validation with this loss, which `is_best` where it is better than all before, in any stage."""
        # A stage ends where its own loss stops improving, whether or not another stage has done better.
        has_improved = is_best or all(loss < earlier for _, earlier in self.validations)
        self.since_best = 0 if has_improved else self.since_best + 1
        self.validated_at = self.fraction
        self.validations.append((self.targets, loss))

    def next_stage(self, epochs: float) -> Progress:
        """The counters at the beginning of the next stage, after so many epochs in all."""
        began = Spent(seconds=self.seconds, epochs=epochs, steps=self.step)
        return Progress(self.step, self.seconds, self.targets, stage=self.stage + 1, began=began)
