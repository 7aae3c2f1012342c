"""The counters of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

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
