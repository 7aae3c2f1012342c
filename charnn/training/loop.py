"""The training loop takes steps until the budget is spent, validates now and then, and keeps the best weights.

It trains any `Objective`, tells an `Observer` how the run goes, and has a `Keeper` keep the results. Where several
processes train together they all run the loop and take the same decisions, but only the first one validates, tells and
keeps.
"""

from __future__ import annotations

import dataclasses
import math
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal

import torch
from torch import Tensor

from charnn.config.model import Validation
from charnn.config.training import TrainingConfig
from charnn.errors import CharnnWarning, TrainingError
from charnn.training.averages import AveragedWeights
from charnn.training.distributed.all_reduce import AllReduce, StepInfo
from charnn.training.distributed.processes import ALONE, Processes
from charnn.training.gradient_norms import GradientNorms
from charnn.training.hardware import autocast
from charnn.training.losses import Losses
from charnn.training.objective import Objective, StagedObjective
from charnn.training.optimizers import make_optimizers
from charnn.training.progress import Progress
from charnn.training.report import Keeper, Meter, Observer, Report
from charnn.training.schedule import end, progress, rate_factor
from charnn.training.stages import Stages
from charnn.training.state import LearnedState, State, copied, is_finite
from charnn.training.threads import ThreadWatch

VALIDATIONS = 40
"""A run has this many validations at most; early stopping needs them close together."""
VALIDATION_COST = 0.05
"""All validations together may take this fraction of a time budget. They come less often where they would take more."""
RAREST_VALIDATION = 0.2
"""However long they take, validations are never further apart than this fraction of the budget."""
FIRST_SAVE = 1.0
"""After so many seconds of a sitting there is something to resume, whether or not a validation was due."""
SAVE_INTERVAL = 60.0
"""Later there are so many seconds between two saves, unless a validation saves sooner."""
SAVE_COST = 0.02
"""These saves may take this fraction of the time. They come less often where they would take more."""
RETREATS = 4
"""A run whose loss breaks goes back to its last good state so often, in all its sittings together."""
SMALLER = 0.3
"""The learning rate that it goes on with, as a fraction of the one before."""

Outcome = Literal["budget", "early stop", "interrupt", "diverged"]


class Loop:
    """Trains the network of `objective`. Read `run` first, then `advance`, which is one update."""

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
        self._network = objective.network
        self._parameters = list(self._network.parameters())
        self._all_reduce = AllReduce(processes, self._parameters)
        self._device, self._precision = device, precision
        self._autocast = autocast(precision, device)
        self._stages = Stages(config.members)
        self._begin()

    def _begin(self) -> None:
        """Makes what belongs to the weights that training begins with."""
        self.optimizers = make_optimizers(self._network, self.config, self._device, self._precision)
        self._average = AveragedWeights(self._network, self.config.average_decay)
        self._learned = LearnedState(self._network, self.optimizers, self._average)
        self._losses = Losses(self._device)
        self._gradients = GradientNorms(self.config, self._device)

    def run(self, observer: Observer, keeper: Keeper, interrupted: Callable[[], bool] = lambda: False) -> Outcome:
        """Trains until the budget is spent, the validation loss stops improving, or `interrupted()`, asked at each
        step, says yes.

        Where the validation loss stops improving, the learning rate still falls to its last value, which may improve it
        again. Where the loss breaks (`Losses`), the run goes back to its last good state with a smaller learning rate.
        If that has been done too often the run ends with the best weights kept; TrainingError is raised where there are
        none, or where they are no better than those that it began with. This is collective, and raises WorkerLost where
        another process is lost.

        Where there are several stages (`Stages`), all of this is true of each of them, and the best weights are those
        that did best in any. A member that diverges is left out.
        """
        now = self.progress
        started = time.perf_counter() - now.seconds
        meter, validation_seconds = Meter(), 0.0
        self._saved_seconds, self._save_interval = now.seconds, FIRST_SAVE
        self._good = copied(self.state())
        outcome: Outcome | None = None
        while outcome is None:
            nats, info = self.advance(lambda: (time.perf_counter() - started, interrupted(), meter.is_due))
            now = self.progress
            meter.add(nats, info.targets)
            self._losses.add(nats, info.targets)
            now.seconds = info.seconds
            if self.watch is not None:
                self.watch.step(now.seconds, info.targets)
            now.fraction = self._fraction()
            if now.fraction >= end(now.cooling_since):
                outcome = "budget" if now.fraction >= 1 else "early stop"
            elif info.is_interrupted:
                outcome = "interrupt"
            must_validate = outcome in ("budget", "early stop") or (
                outcome == "interrupt" and self.config.keeps == "last"
            )
            validates = must_validate or self._validation_is_due(validation_seconds)
            saves = outcome is not None or validates or now.seconds - self._saved_seconds >= self._save_interval
            is_broken = self._losses.are_broken() or ((outcome or validates) and self._losses.look_broken())
            if info.is_due or saves or is_broken:
                report = self._report(meter)
                if self._processes.is_first:
                    observer.step(report)
            if validates and not is_broken:
                report = dataclasses.replace(
                    report,
                    training_nats=self._losses.mean() / self.objective.units_per_target,
                    gradient_norm=self._gradients.mean(),
                    largest_gradient_norm=self._gradients.largest(),
                )
                is_broken = not self._validate(report, observer, keeper)
                before = now.seconds
                now.seconds = self._processes.broadcast(lambda: time.perf_counter() - started)
                validation_seconds = now.seconds - before
                meter.restart()
                if now.cooling_since is None and 0 < self.config.patience <= now.since_best:
                    now.cooling_since = now.fraction
            if outcome == "interrupt" and not validates and not is_broken and self.best is not None:
                self._keep_if_better(self.best, report, observer, keeper)
            if saves and not is_broken:
                is_good = self._save(keeper, is_last=outcome is not None)
                is_broken = not is_good and (validates or outcome is not None)
            if (validates or saves) and self.watch is not None:
                self.watch.restart()
            if is_broken:
                if now.retreats < RETREATS:
                    self._go_back(now.step)
                    outcome = None
                elif now.stage == self._stages.last:
                    return self._diverged()
                else:
                    outcome = "diverged"
                meter.restart()
            if outcome not in (None, "interrupt") and now.stage < self._stages.last:
                if info.is_interrupted and outcome != "diverged":
                    return "interrupt"
                self._next_stage(diverged=outcome == "diverged")
                outcome = None
        return outcome

    @property
    def spent(self) -> float:
        """The fraction of the whole budget that is spent."""
        now = self.progress
        return progress(self.config.budget, seconds=now.seconds, epochs=self.objective.epoch, steps=now.step)

    @property
    def stage(self) -> str:
        """The name of the stage that goes on; empty where there is a single one."""
        return self._stages.name(self.progress.stage)

    def _began(self) -> float:
        """The fraction of the whole budget that was spent when this stage began."""
        return progress(self.config.budget, **self.progress.began)

    def _fraction(self) -> float:
        """The fraction of this stage's part of the budget that is spent."""
        return self._stages.within(self.progress.stage, self._began(), self.spent)

    def _next_stage(self, *, diverged: bool) -> None:
        """Begins the next stage. What has been learned teaches there, unless it is nothing."""
        objective = self.objective
        assert isinstance(objective, StagedObjective)
        if not diverged:
            with self._average.applied():
                objective.add_teacher()
        elif self._processes.is_first:
            warnings.warn(f"{self.stage}: the loss broke again and again: it is left out", CharnnWarning, stacklevel=2)
        self.progress = self.progress.next_stage(objective.epoch)
        objective.begin_stage(self.progress.stage)
        self._begin()
        self._good = copied(self.state())

    def _save(self, keeper: Keeper, *, is_last: bool) -> bool:
        """Keeps the state, and says whether it is one to keep, with finite numbers alone.

        While the loss is worse than at the beginning nothing is saved, so that what is there is not replaced.
        """
        began = time.perf_counter()
        state = self.state()
        if self._losses.look_broken() or not all(is_finite(tensor) for tensor in state[0].values()):
            return False
        if self.saved_at is None and not is_last and self._losses.are_worse():
            return True
        self._good = copied(state)

        def keep() -> tuple[bool, float]:
            if self.best is None:
                self._network.eval()
                with self._average.applied():
                    keeper.unvalidated()
            is_kept = keeper.state(*state) or (is_last and keeper.state(*state))
            return is_kept, time.perf_counter() - began

        is_saved, seconds = self._processes.broadcast(keep)
        if is_saved:
            self.saved_at = self.progress.step
        self._saved_seconds, self._save_interval = self.progress.seconds, max(SAVE_INTERVAL, seconds / SAVE_COST)
        return True

    def _go_back(self, step: int) -> None:
        """Goes back to the last good state, and takes smaller steps from there."""
        before, best, saved_at = self.progress, self.best, self.saved_at
        self.restore(*copied(self._good))
        now = self.progress
        now.retreats, now.rate = before.retreats + 1, before.rate * SMALLER
        self.best, self.saved_at = best, saved_at
        if self._processes.is_first:
            warnings.warn(
                f"the loss broke at step {step:,}: back to step {now.step:,}, with {now.rate:.2g} of the learning rate",
                CharnnWarning,
                stacklevel=2,
            )

    def advance(
        self, own_info: Callable[[], tuple[float, bool, bool]] = lambda: (0.0, False, False)
    ) -> tuple[Tensor, StepInfo]:
        """Takes one step, and gives the sum of the losses in nats, detached, and the step info of all processes.

        `own_info` gives the part of the step info that this process knows: the seconds of training so far, whether it
        was asked to end, and whether a report is due.
        """
        config = self.config
        factor = rate_factor(
            self.progress.fraction,
            warmup_fraction=config.warmup_fraction,
            final_fraction=config.final_rate_fraction,
            cooling_since=self.progress.cooling_since,
        )
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = group["initial_lr"] * factor * self.progress.rate
        self._network.train()
        with self._autocast():
            nats, targets = self.objective.loss()
        for parameter in self._parameters:
            parameter.grad = None
        torch.autograd.backward(nats / self.objective.targets_in_batch)
        nats, info = self._all_reduce(nats.detach(), StepInfo(targets, *own_info()))
        self._gradients.limit(self._parameters)
        for optimizer in self.optimizers:
            optimizer.step()
        self._average.update()
        self.progress.step += 1
        self.progress.targets += info.targets
        return nats, info

    def _validation_is_due(self, last_took: float) -> bool:
        """Whether it is time to validate, where the last validation took `last_took` seconds.

        Validations are spread evenly over the budget. Under a time budget they come less often where they would take
        more than their part of it.
        """
        interval = 1 / VALIDATIONS
        if self.config.budget.seconds is not None:
            began = self._began()
            seconds = self.config.budget.seconds * (self._stages.end(self.progress.stage, began) - began)
            affordable = last_took / VALIDATION_COST / seconds
            interval = max(interval, min(affordable, RAREST_VALIDATION))
        rounding = 1e-9  # In floats, 3/40 - 2/40 is less than 1/40.
        return self.progress.fraction - self.progress.validated_at >= interval - rounding

    def _validate(self, report: Report, observer: Observer, keeper: Keeper) -> bool:
        """Validates the averaged weights, keeps them if they are the best so far, and tells the observer.

        Where their loss is not finite, it does none of this and gives False.
        """

        def validate() -> tuple[Validation, bool] | None:
            self._network.eval()
            with self._average.applied(), self._autocast(), torch.inference_mode():
                validation = self.objective.validate(report)
                if not math.isfinite(validation.loss):
                    return None
                is_best = self.best is None or self.config.keeps == "last" or validation.loss < self.best.loss
                if is_best:
                    keeper.best(validation)
                keeper.validation(report, validation)
                observer.validation(report, validation, best=is_best)
            return validation, is_best

        found = self._processes.broadcast(
            validate,
            pack=lambda found: found and (found[0].to_json(), found[1]),
            unpack=lambda packed: packed and (self.objective.validation_type.from_json(packed[0]), packed[1]),
        )
        if found is None:
            return False
        validation, is_best = found
        if is_best:
            self.best = validation
        # A stage ends where its own loss stops improving, whether or not another stage has done better.
        has_improved = is_best or all(validation.loss < loss for _, loss in self.progress.validations)
        self.progress.since_best = 0 if has_improved else self.progress.since_best + 1
        self.progress.validated_at = self.progress.fraction
        self.progress.validations.append((self.progress.targets, validation.loss))
        self._losses.restart()
        self._gradients.restart()
        return True

    def _keep_if_better(self, best: Validation, report: Report, observer: Observer, keeper: Keeper) -> None:
        """Keeps the weights of a run that is interrupted where they are better than the best ones of its validations,
        which may be old.

        It counts as no validation: the run, once it goes on, goes on as if it had never been interrupted.
        """

        def measure() -> None:
            with self.as_validated():
                validation = self.objective.validate(report)
                is_better = math.isfinite(validation.loss) and validation.loss < best.loss
                if is_better:
                    keeper.best(validation)
                observer.validation(report, validation, best=is_better)

        self._processes.broadcast(measure)

    def train_loss(self) -> float:
        """The loss of the averaged weights on training data."""
        with self.as_validated():
            return self.objective.train_loss()

    @contextmanager
    def as_validated(self) -> Iterator[None]:
        """Within, the network has the averaged weights and is in eval mode. The next step sets its mode again."""
        self._network.eval()
        with self._average.applied(), self._autocast(), torch.inference_mode():
            yield

    def _diverged(self) -> Outcome:
        if self.best is None or not self._losses.gained:
            raise TrainingError(
                f"the loss breaks at step {self.progress.step:,}, again and again, and nothing has been learned",
                hint="lower --learning-rate or --clip",
            )
        return "diverged"

    def _report(self, meter: Meter) -> Report:
        training_nats, speed = meter.read()
        now = self.progress
        rate = self.optimizers[0].param_groups[0]["lr"]
        units = self.objective.units_per_target
        began = self._began()
        return Report(
            step=now.step,
            epoch=self.objective.epoch,
            seconds=now.seconds,
            fraction=began + (self._stages.end(now.stage, began) - began) * now.fraction / end(now.cooling_since),
            training_nats=training_nats / units,
            learning_rate=rate,
            units_per_second=speed * units,
            unit=self.objective.unit,
            stage=self.stage,
        )

    def state(self) -> State:
        """The tensors and JSON values from which `restore` goes on exactly as an uninterrupted run would.

        This is collective. The state is that of all processes together, and any number of them can go on from it.
        """
        # Training states have called the objective's part `task` since the first format.
        tensors, position = self.objective.position()
        tensors = {f"task.{name}": tensor for name, tensor in tensors.items()}
        tensors |= self._learned.tensors()
        values = {
            "progress": vars(self.progress).copy(),
            "best": self.best.to_json() if self.best else None,
            "average_updates": self._average.updates,
            "losses": self._losses.state(),
            "gradients": self._gradients.state(),
            "task": position,
        }
        return tensors, values

    def restore(self, tensors: dict[str, Tensor], values: dict[str, Any]) -> None:
        """Goes on from what `state` gave. Under another budget, it goes on from the fraction that is already spent."""
        self.progress = Progress(**values["progress"])
        self.best = self.objective.validation_type.from_json(values["best"]) if values["best"] else None
        if "losses" in values:  # early versions did not save them
            self._losses.restore(values["losses"])
        if "gradients" in values:
            self._gradients.restore(values["gradients"])
        if self.progress.stage:
            assert isinstance(self.objective, StagedObjective)
            self.objective.begin_stage(self.progress.stage)
        self.objective.restore(
            {n.removeprefix("task."): t for n, t in tensors.items() if n.startswith("task.")}, values["task"]
        )
        self._learned.restore(tensors, average_updates=int(values["average_updates"]))
        now = self.progress
        self.saved_at = now.step or None
        now.fraction = self._fraction()
        if now.stage < self._stages.last and now.fraction >= end(now.cooling_since):
            self._next_stage(diverged=False)
            return
        now.validated_at = min(now.validated_at, now.fraction)
        if now.cooling_since is not None and not now.cooling_since <= now.fraction < end(now.cooling_since):
            # The run had stopped early and is asked to go on, or it was about to stop and now has a longer budget.
            now.cooling_since, now.since_best = None, 0
