"""The training loop takes steps until the budget is spent, validates now and then, and keeps the best weights.

It trains any `Objective`, tells an `Observer` how the run goes, and has a `Keeper` keep the results. Where several
processes train together they all run the loop and take the same decisions, but only the first one validates, tells and
keeps.
"""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Literal

import torch
from torch import Tensor

from charnn.config.model import Validation
from charnn.config.training import TrainingConfig
from charnn.errors import CharnnWarning, TrainingError
from charnn.training.distributed.all_reduce import StepInfo
from charnn.training.distributed.processes import ALONE, Processes
from charnn.training.hardware import ThreadWatch
from charnn.training.losses import EachLosses
from charnn.training.objective import Objective, PreparedObjective
from charnn.training.recovery import RETREATS, SMALLER, Recovery, is_good
from charnn.training.report import Keeper, Observer, Report, Sitting
from charnn.training.schedule import Progress, end, progress
from charnn.training.state import RunState
from charnn.training.updates import Updates
from charnn.training.validation import Validator, is_due

Outcome = Literal["budget", "early stop", "interrupt", "diverged"]


class Loop:
    """Trains the network of `objective`. Read `run` first, then `_go_on`, which is one step and all that comes with
    it, and then `Updates.take`, which is the step itself."""

    def __init__(
        self,
        objective: Objective,
        config: TrainingConfig,
        device: torch.device,
        precision: Any,
        processes: Processes = ALONE,
    ) -> None:
        self.objective = objective
        self.config = config
        self.progress = Progress()
        self.best: Validation | None = None
        self.saved_at: int | None = None
        """The step of the last training state that was kept; None before the first one."""
        self.watch: ThreadWatch | None = None
        """What chooses the number of threads anew while the loop runs, if anything does."""
        self._processes = processes
        self._has_left_out = False
        self.updates = Updates(objective, config, device, precision, processes)
        self._validator = Validator(objective, self.updates, config, processes)
        self._losses = EachLosses(device, networks=self.updates.networks)

    def run(self, observer: Observer, keeper: Keeper, interrupted: Callable[[], bool] = lambda: False) -> Outcome:
        """Trains until the budget is spent, the validation loss stops improving, or `interrupted()`, asked at each
        step, says yes.

        Where the validation loss stops improving, the learning rate still falls to its last value, which may improve it
        again. Where the loss breaks (`Losses`), the run goes back to its last good state with a smaller learning rate.
        If that has been done too often the run ends with the best weights kept; TrainingError is raised where there are
        none, or where they are no better than those that it began with. This is collective, and raises WorkerLost where
        another process is lost.

        Where the loss of a member of an ensemble breaks too often, that member is left out, and the others go on from
        the last good state, with the learning rate as planned.
        """
        now = self.progress
        self._sitting = Sitting(observer, keeper, interrupted, earlier_seconds=now.seconds)
        if isinstance(self.objective, PreparedObjective):
            self.objective.prepare(interrupted)
        self._sitting.meter.restart()
        self._recovery = Recovery(self.state(), now.seconds, self._processes)
        if now.fraction >= 1:
            return "budget"
        if isinstance(self.objective, PreparedObjective) and self._processes.broadcast(interrupted):
            # What has been prepared in part is no measure of any step, so none is taken before it is whole.
            self._save(ends=True)
            return "interrupt"
        outcome = None
        while outcome is None:
            outcome = self._go_on()
        return outcome

    def _go_on(self) -> Outcome | None:
        """Takes a step, and then tells, validates and saves as is due. Gives how the run ends, where it does."""
        info = self._learn()
        outcome = self._outcome_after(info)
        is_final = outcome is not None and (outcome != "interrupt" or self.config.keeps == "last")
        validates = is_final or self._validation_is_due()
        saves = outcome is not None or validates or self._recovery.is_due(self.progress.seconds)
        is_broken = self._losses.are_broken() or ((outcome or validates) and self._losses.look_broken())
        if info.is_due or saves or is_broken:
            report = self._sitting.report(self.progress, self.objective, self.updates.learning_rate)
            if self._processes.is_first:
                self._sitting.observer.step(report)
        if saves and not is_broken:
            is_broken = not self._validate_and_save(report, outcome, validates=validates)
        if saves and self.watch is not None:
            self.watch.restart()
        return self._recover() if is_broken else outcome

    def _learn(self) -> StepInfo:
        """Takes a step, and counts what it learned from and took."""
        sitting = self._sitting
        nats, info = self.advance(lambda: (sitting.seconds(), sitting.interrupted(), sitting.meter.is_due))
        now = self.progress
        sitting.meter.add(nats.mean(), info.targets)
        self._losses.add(nats, info.targets)
        now.seconds = info.seconds
        if self.watch is not None:
            self.watch.step(now.seconds, info.targets)
        now.fraction = self.spent
        return info

    def _outcome_after(self, info: StepInfo) -> Outcome | None:
        """How the run ends with the step that was taken last; None where it goes on, unless its loss is broken."""
        now = self.progress
        if now.fraction >= end(now.cooling_since):
            return "budget" if now.fraction >= 1 else "early stop"
        return "interrupt" if info.is_interrupted else None

    def _validate_and_save(self, report: Report, outcome: Outcome | None, *, validates: bool) -> bool:
        """Validates, where that is due, and saves. Gives False where the loss turns out to be broken. A run that is
        interrupted before a validation is due is measured, too, since its best weights may be old."""
        sitting = self._sitting
        if validates:
            if not self._validate(report):
                return False
        elif outcome == "interrupt" and self.best is not None:
            self._validator.keep_if_better(self.best, report, sitting.observer, sitting.keeper)
        is_good = self._save(ends=outcome is not None)
        return is_good or (outcome is None and not validates)

    def _recover(self) -> Outcome | None:
        """Goes back to the last good state, where the loss is broken. Gives how the run ends, where nothing helps."""
        if self.progress.retreats < RETREATS:
            self._go_back()
        elif self.updates.networks > 1:
            self._leave_out()
        else:
            return self._diverged()
        self._sitting.meter.restart()
        return None

    @property
    def spent(self) -> float:
        """The fraction of the whole budget that is spent."""
        now = self.progress
        return progress(self.config.budget, seconds=now.seconds, epochs=self.objective.epoch, steps=now.step)

    def _save(self, *, ends: bool) -> bool:
        """Keeps the state, and says whether it is one to keep.

        While the loss is worse than at the beginning nothing is saved, and no model is replaced before it is better.
        """
        state, now, keeper = self.state(), self.progress, self._sitting.keeper
        if not is_good(state, self._losses):
            return False
        if self.saved_at is None and not ends and (self._losses.are_worse() or self._would_replace()):
            return True
        self._recovery.keep(state)
        has_best = self.best is not None
        if self._recovery.save(state, keeper, self.updates, seconds=now.seconds, has_best=has_best, ends=ends):
            self.saved_at = now.step
        return True

    def _would_replace(self) -> bool:
        """Whether a save would take the place of another model although nothing has been learned yet."""
        return not self._losses.gained and self._processes.broadcast(lambda: self._sitting.keeper.replaces)

    def _go_back(self) -> None:
        """Goes back to the last good state, and takes smaller steps from there."""
        before, best, saved_at = self.progress, self.best, self.saved_at
        self.restore(*self._recovery.good())
        now = self.progress
        now.retreats, now.rate = before.retreats + 1, before.rate * SMALLER
        self.best, self.saved_at = best, saved_at
        self._warn(
            f"the loss broke at step {before.step:,}: back to step {now.step:,}, "
            f"with {now.rate:.2g} of the learning rate"
        )

    def _leave_out(self) -> None:
        """Goes back to the last good state, and on from there without the member that has broken."""
        broken, of, saved_at = self.updates.not_finite(), self.updates.networks, self.saved_at
        number = self._losses.worst() if broken is None else broken
        self.restore(*self._recovery.good())
        self.updates.leave_out(number)
        self._losses.leave_out(number)
        self._has_left_out = True
        self.progress.retreats, self.progress.rate = 0, 1.0
        self.progress.validated_at = -1.0  # those that are left are measured at once
        self.best, self.saved_at = None, saved_at
        self._recovery.keep(self.state())
        self._warn(f"member {number + 1} of {of}: the loss broke again and again: it is left out")

    def _warn(self, message: str) -> None:
        if self._processes.is_first:
            warnings.warn(message, CharnnWarning, stacklevel=3)

    def advance(
        self, own_info: Callable[[], tuple[float, bool, bool]] = lambda: (0.0, False, False)
    ) -> tuple[Tensor, StepInfo]:
        """Takes one step, as `Updates.take` does."""
        return self.updates.take(self.progress, own_info)

    def _validation_is_due(self) -> bool:
        since_last, last_took = self.progress.fraction - self.progress.validated_at, self._sitting.validation_seconds
        return is_due(since_last, last_took=last_took, budget_seconds=self.config.budget.seconds)

    def _validate(self, report: Report) -> bool:
        """Validates, and counts the validation and what it took. Where the loss is not finite no validation is counted,
        and it gives False."""
        sitting, now = self._sitting, self.progress
        report = dataclasses.replace(
            report,
            training_nats=self._losses.mean() / self.objective.units_per_target,
            gradient_norm=self.updates.gradients.mean(),
            largest_gradient_norm=self.updates.gradients.largest(),
        )
        found = self._validator.validate(self.best, report, sitting.observer, sitting.keeper)
        if found is not None:
            validation, is_best = found
            if is_best:
                self.best = validation
            now.add_validation(validation.loss, is_best=is_best)
            self._losses.restart()
            self.updates.gradients.restart()
        before, now.seconds = now.seconds, self._processes.broadcast(sitting.seconds)
        sitting.validation_seconds = now.seconds - before
        sitting.meter.restart()
        if now.cooling_since is None and 0 < self.config.patience <= now.since_best:
            now.cooling_since = now.fraction
        return found is not None

    def train_loss(self) -> float:
        """The loss of the averaged weights on training data."""
        with self.as_validated():
            return self.objective.train_loss()

    def as_validated(self) -> AbstractContextManager[None]:
        """Within, the network has the averaged weights and is in eval mode. The next step sets its mode again."""
        return self.updates.as_validated()

    def _diverged(self) -> Outcome:
        if (self.best is None and not self._has_left_out) or not self._losses.gained:
            raise TrainingError(
                f"the loss breaks at step {self.progress.step:,}, again and again, and nothing has been learned",
                hint="lower --learning-rate or --clip",
            )
        return "diverged"

    def state(self) -> RunState:
        """The tensors and JSON values from which `restore` goes on exactly as an uninterrupted run would.

        This is collective. The state is that of all processes together, and any number of them can go on from it.
        """
        # Training states have called the objective's part `task` since the first format.
        tensors, position = self.objective.position()
        tensors = {f"task.{name}": tensor for name, tensor in tensors.items()}
        tensors |= self.updates.tensors()
        values = {
            "progress": vars(self.progress).copy(),
            "best": self.best.to_json() if self.best else None,
            "average_updates": self.updates.average.updates,
            "losses": self._losses.state(),
            "gradients": self.updates.gradients.state(),
            "task": position,
        }
        return tensors, values

    def restore(self, tensors: dict[str, Tensor], values: dict[str, Any]) -> None:
        """Goes on from what `state` gave. Under another budget, it goes on from the fraction that is already spent."""
        self.progress = Progress.from_state(values["progress"])
        self.best = self.objective.validation_type.from_json(values["best"]) if values["best"] else None
        if "losses" in values:  # early versions did not save them
            self._losses.restore(values["losses"])
        if "gradients" in values:
            self.updates.gradients.restore(values["gradients"])
        self.objective.restore(
            {n.removeprefix("task."): t for n, t in tensors.items() if n.startswith("task.")}, values["task"]
        )
        self.updates.restore(tensors, average_updates=int(values["average_updates"]))
        now = self.progress
        self.saved_at = now.step or None
        now.fraction = self.spent
        now.validated_at = min(now.validated_at, now.fraction)
        if now.cooling_since is not None and not now.cooling_since <= now.fraction < end(now.cooling_since):
            # The run had stopped early and is asked to go on, or it was about to stop and now has a longer budget.
            now.cooling_since, now.since_best = None, 0
