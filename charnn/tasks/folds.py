"""What a cross-validation found: the figures of each fold, their mean and their spread."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from charnn.checkpoint.directory import FOLDS, ModelDirectory
from charnn.errors import ModelError

UNCOUNTED = frozenset({"step", "epoch", "seconds"})
"""What validations have that is no figure of the model."""


@dataclass(frozen=True)
class FoldFigures:
    """The figures of the models that learned all folds but one, each measured on that one."""

    each: tuple[Mapping[str, float], ...]

    @classmethod
    def of_validations(cls, validations: Sequence[Mapping[str, Any]]) -> FoldFigures:
        """The figures that all of these validations have, as their JSON has them."""
        found = [
            {
                key: float(value)
                for key, value in one.items()
                if isinstance(value, int | float) and key not in UNCOUNTED and math.isfinite(value)
            }
            for one in validations
        ]
        common = [key for key in found[0] if all(key in one for one in found)]
        return cls(tuple({key: one[key] for key in common} for one in found))

    @property
    def mean(self) -> dict[str, float]:
        return {key: statistics.fmean(one[key] for one in self.each) for key in self.each[0]}

    @property
    def spread(self) -> dict[str, float]:
        """The standard deviation over folds, n - 1 in its denominator."""
        return {key: statistics.stdev(one[key] for one in self.each) for key in self.each[0]}

    def __str__(self) -> str:
        spread = self.spread
        figures = (f"{key.replace('_', ' ')} {mean:.4f} ± {spread[key]:.4f}" for key, mean in self.mean.items())
        return f"{', '.join(figures)}, over {len(self.each)} folds"

    def to_json(self) -> dict[str, Any]:
        return {"folds": [dict(one) for one in self.each], "mean": self.mean, "spread": self.spread}

    def write(self, directory: ModelDirectory) -> None:
        """Raises OSError."""
        directory.write(FOLDS, (json.dumps(self.to_json()) + "\n").encode())


def read_folds(directory: ModelDirectory) -> FoldFigures | None:
    """What the directory says of a cross-validation; None where it has none, or a damaged one."""
    if not (directory.path / FOLDS).is_file():
        return None
    try:
        each = tuple({str(key): float(value) for key, value in one.items()} for one in json.loads(
            directory.read(FOLDS))["folds"])  # fmt: skip
        is_sound = len(each) > 1 and all(one.keys() == each[0].keys() for one in each)
        is_sound &= all(math.isfinite(value) for one in each for value in one.values())
    except (ModelError, ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
        return None
    return FoldFigures(each) if is_sound else None
