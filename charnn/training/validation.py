"""Validates a run: says when it is time to, and keeps the averaged weights where they are the best so far, or
no worse but for chance."""

from __future__ import annotations

import math
from dataclasses import dataclass

from charnn.config.model import Validation
from charnn.config.training import TrainingConfig
from charnn.errors import ModelError
from charnn.training.distributed.processes import Processes
from charnn.training.objective import Objective
from charnn.training.report import Keeper, Observer, Report
from charnn.training.updates import Updates

VALIDATIONS = 40
"""A run has this many validations at most; early stopping needs them close together."""
COST = 0.05
"""All validations together may take this fraction of a time budget. They come less often where they would take more."""
RAREST = 0.2
"""However long they take, validations are never further apart than this fraction of the budget."""
ROUNDING = 1e-9
"""In floats, 3/40 - 2/40 is less than 1/40."""


def is_due(since_last: float, *, last_took: float, budget_seconds: float | None) -> bool:
    """Whether it is time to validate, where the fraction `since_last` of the budget has been spent since the last
    validation, which took `last_took` seconds.

    Validations are spread evenly over the budget. Where it is one of `budget_seconds` they come less often if they
    would take more than their part of it.
    """
    interval = 1 / VALIDATIONS
    if budget_seconds is not None:
        interval = max(interval, min(last_took / COST / budget_seconds, RAREST))
    return since_last >= interval - ROUNDING


def is_as_good(later: Validation, best: Validation) -> bool:
    """Whether weights that have learned for longer are better than the best ones so far, or worse by no more than
    chance. Where lines are few, one that was right for a moment would else decide how long a network has learned."""
    return later.loss < best.loss + later.standard_error


@dataclass(frozen=True)
class Validator:
    """Validates the averaged weights of `updates`. Only the first process does, and tells the others what it found."""

    objective: Objective
    updates: Updates
    config: TrainingConfig
    processes: Processes

    def validate(
        self, best: Validation | None, report: Report, observer: Observer, keeper: Keeper
    ) -> tuple[Validation, bool] | None:
        """Validates the averaged weights, keeps them if they are no worse than the `best` so far, but for chance, and
        tells the observer. Gives the validation, and whether it is the best one now.

        Where the loss is not finite, it does none of this and gives None.
        """

        def validate() -> tuple[Validation, bool] | None:
            with self.updates.as_validated():
                validation = self._measured(report)
                if validation is None or not math.isfinite(validation.loss):
                    return None
                is_best = best is None or self.config.keeps == "last" or validation.loss < best.loss
                is_kept = is_best or best is None or is_as_good(validation, best)
                if is_kept:
                    keeper.best(validation)
                keeper.validation(report, validation)
                observer.validation(report, validation, best=is_kept)
            return validation, is_best

        found: tuple[Validation, bool] | None = self.processes.broadcast(
            validate,
            pack=lambda found: found and (found[0].to_json(), found[1]),
            unpack=lambda packed: packed and (self.objective.validation_type.from_json(packed[0]), packed[1]),
        )
        return found

    def keep_if_better(self, best: Validation, report: Report, observer: Observer, keeper: Keeper) -> None:
        """Keeps the weights of a run that is interrupted where they are better than the best ones of its validations,
        which may be old, or no worse but for chance.

        It counts as no validation: the run, once it goes on, goes on as if it had never been interrupted.
        """

        def measure() -> None:
            with self.updates.as_validated():
                validation = self._measured(report)
                if validation is None:
                    return
                is_kept = math.isfinite(validation.loss) and is_as_good(validation, best)
                if is_kept:
                    keeper.best(validation)
                observer.validation(report, validation, best=is_kept)

        self.processes.broadcast(measure)

    def _measured(self, report: Report) -> Validation | None:
        """What the objective measures; None where what the network answers is not finite."""
        try:
            return self.objective.validate(report)
        except ModelError:  # there is no likeliest answer among numbers that are none
            return None
