"""The training loop: batches until the budget is spent, now and then a validation, the best weights kept.

It trains any `Objective`; what it finds is told to an `Observer` and kept by a `Keeper`. Where several processes train
together they all run it and take the same decisions; the first one alone validates, tells and keeps.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import torch
from torch import Tensor

from charnn.config.model import Validation
from charnn.config.training import TrainingConfig
from charnn.errors import TrainingError
from charnn.training.averages import AveragedWeights
from charnn.training.distributed.exchange import Exchange, StepInfo
from charnn.training.distributed.processes import ALONE, Processes
from charnn.training.hardware import autocast
from charnn.training.objective import Objective
from charnn.training.optimizers import make_optimizers
from charnn.training.report import Keeper, Meter, Observer, Report
from charnn.training.schedule import end, progress, rate_factor

VALIDATIONS = 40
"""In a run, at most; early stop needs them close together."""
VALIDATION_COST = 0.05
"""The fraction of a time budget that validations may take, ..."""
RAREST_VALIDATION = 0.2
"""... unless they would come less often than this fraction of the budget."""

Outcome = Literal["budget", "early stop", "interrupt", "loss not finite"]


@dataclass
class Progress:
    """Where a run stands. Saved and restored whole, by name."""

    step: int = 0
    seconds: float = 0.0
    """Of training so far, earlier sittings included."""
    targets: int = 0
    fraction: float = 0.0
    """Of the budget, spent."""
    since_best: int = 0
    """Validations since the best one."""
    cooling_since: float | None = None
    """The fraction at which patience was at its end, and the learning rate began to fall to its last."""
    validated_at: float = 0.0
    """The fraction at the last validation."""
    validations: list[tuple[int, float]] = field(default_factory=list)
    """Targets so far, and loss, of each."""


class Loop:
    def __init__(
        self,
        task: Objective,
        config: TrainingConfig,
        device: torch.device,
        precision: Any,
        processes: Processes = ALONE,
    ) -> None:
        self.task = task
        self.config = config
        self.progress = Progress()
        self.best: Validation | None = None
        self.saved_at: int | None = None
        """The step of the last state that was kept."""
        self._processes = processes
        self._exchange = Exchange(processes, task.network.parameters())
        self._network = task.network
        self._autocast = autocast(precision, device)
        self._optimizers = make_optimizers(task.network, config, device, precision)
        self._average = AveragedWeights(task.network, config.average_decay)

    def run(self, observer: Observer, keeper: Keeper, interrupted: Callable[[], bool] = lambda: False) -> Outcome:
        """Trains until the budget is spent, or validation stops improving, or `interrupted()`, asked at each step.

        Where validation stops improving, the learning rate still falls to its last; that may improve it again.

        A loss that is not finite ends the run with the best weights kept; before the first validation there are
        none, and TrainingError is raised. Collective; raises WorkerLost.
        """
        now = self.progress
        started = time.perf_counter() - now.seconds
        meter, validation_seconds = Meter(), 0.0
        outcome: Outcome | None = None
        while outcome is None:
            nats, word = self.advance(lambda: (time.perf_counter() - started, interrupted(), meter.is_due))
            meter.add(nats, word.targets)
            now.seconds = word.seconds
            now.fraction = progress(self.config.budget, seconds=now.seconds, epochs=self.task.epoch, steps=now.step)
            if now.fraction >= end(now.cooling_since):
                outcome = "budget" if now.fraction >= 1 else "early stop"
            elif word.is_interrupted:
                outcome = "interrupt"
            # A run that is interrupted before its first validation leaves a model all the same.
            must_validate = outcome in ("budget", "early stop") or (outcome == "interrupt" and self.best is None)
            validates = must_validate or self._validation_is_due(validation_seconds)
            if not (outcome or validates or word.is_due):
                continue
            report = self._report(meter)
            if self._processes.is_first:
                observer.step(report)
            is_finite = math.isfinite(report.training_nats)
            if is_finite and validates:
                is_finite = self._validate(report, observer, keeper)
                validation_seconds = self._processes.share(lambda: time.perf_counter() - started - now.seconds)
                now.seconds += validation_seconds
                meter.restart()
                if now.cooling_since is None and 0 < self.config.patience <= now.since_best:
                    now.cooling_since = now.fraction
            if not is_finite:
                return self._not_finite()
            if outcome or validates:
                state = self.state()
                if self._processes.is_first:
                    keeper.state(*state)
                self.saved_at = now.step
        return outcome

    def advance(
        self, look: Callable[[], tuple[float, bool, bool]] = lambda: (0.0, False, False)
    ) -> tuple[Tensor, StepInfo]:
        """One update; the sum of the losses in nats, detached, and what all processes know once it is made.

        `look` gives the seconds of training so far, whether this process is to end, and whether a report is due.
        """
        config = self.config
        factor = rate_factor(
            self.progress.fraction,
            warmup_fraction=config.warmup_fraction,
            final_fraction=config.final_rate_fraction,
            cooling_since=self.progress.cooling_since,
        )
        for optimizer in self._optimizers:
            for group in optimizer.param_groups:
                group["lr"] = group["initial_lr"] * factor
        self._network.train()
        with self._autocast():
            nats, targets = self.task.loss()
        self._network.zero_grad(set_to_none=True)
        torch.autograd.backward(nats / self.task.targets_in_batch)
        nats, word = self._exchange(nats.detach(), StepInfo(targets, *look()))
        parameters = self._network.parameters()
        if config.clip_value is not None:
            torch.nn.utils.clip_grad_value_(parameters, config.clip_value)
        elif config.clip_norm is not None:
            torch.nn.utils.clip_grad_norm_(parameters, config.clip_norm)
        for optimizer in self._optimizers:
            optimizer.step()
        self._average.update()
        self.progress.step += 1
        self.progress.targets += word.targets
        return nats, word

    def _validation_is_due(self, last_took: float) -> bool:
        """Evenly over the budget; under a time budget, less often where they would take more than their share of it."""
        interval = 1 / VALIDATIONS
        if self.config.budget.seconds is not None:
            affordable = last_took / VALIDATION_COST / self.config.budget.seconds
            interval = max(interval, min(affordable, RAREST_VALIDATION))
        rounding = 1e-9  # 3/40 - 2/40 is less than 1/40
        return self.progress.fraction - self.progress.validated_at >= interval - rounding

    def _validate(self, report: Report, observer: Observer, keeper: Keeper) -> bool:
        """Whether the averaged weights score at all; if so it is told, and they are kept where they are the best."""

        def judge() -> tuple[Validation, bool] | None:
            self._network.eval()
            with self._average.applied(), self._autocast(), torch.inference_mode():
                scores = self.task.validate(report)
                if not math.isfinite(scores.loss):
                    return None
                is_best = self.best is None or scores.loss < self.best.loss
                if is_best:
                    keeper.best(scores)
                keeper.validation(report, scores)
                observer.validation(report, scores, best=is_best)
            return scores, is_best

        verdict = self._processes.share(
            judge,
            pack=lambda verdict: verdict and (verdict[0].to_json(), verdict[1]),
            unpack=lambda packed: packed and (self.task.scores.from_json(packed[0]), packed[1]),
        )
        if verdict is None:
            return False
        scores, is_best = verdict
        if is_best:
            self.best = scores
        self.progress.since_best = 0 if is_best else self.progress.since_best + 1
        self.progress.validated_at = self.progress.fraction
        self.progress.validations.append((self.progress.targets, scores.loss))
        return True

    def fit(self) -> float:
        """The averaged weights' loss on training data."""
        self._network.eval()
        with self._average.applied(), self._autocast(), torch.inference_mode():
            return self.task.fit()

    def _not_finite(self) -> Outcome:
        if self.best is None:
            raise TrainingError(
                f"the loss is not finite at step {self.progress.step}, before the first validation",
                hint="lower --learning-rate or --clip",
            )
        return "loss not finite"

    def _report(self, meter: Meter) -> Report:
        training_nats, speed = meter.read()
        now = self.progress
        rate = self._optimizers[0].param_groups[0]["lr"]
        units = self.task.units_per_target
        return Report(
            step=now.step,
            epoch=self.task.epoch,
            seconds=now.seconds,
            fraction=now.fraction / end(now.cooling_since),
            training_nats=training_nats / units,
            learning_rate=rate,
            units_per_second=speed * units,
            unit=self.task.unit,
        )

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """What `restore` needs to take the very next step as an uninterrupted run would: tensors, and JSON values.

        Collective; of all processes together, so that any number of them can go on from it.
        """
        tensors, task_values = self.task.position()
        tensors = {f"task.{name}": tensor for name, tensor in tensors.items()}
        for name, parameter in self._network.named_parameters():
            tensors[f"weights.{name}"] = parameter.detach()
            tensors[f"average.{name}"] = self._average.values[name]
            for moment, value in self._moments(parameter).items():
                tensors[f"optimizer.{name}.{moment}"] = value
        tensors["random.cpu"] = torch.get_rng_state()
        if torch.cuda.is_available():
            tensors["random.cuda"] = torch.cuda.get_rng_state()
        values = {
            "progress": vars(self.progress).copy(),
            "best": self.best.to_json() if self.best else None,
            "average_updates": self._average.updates,
            "task": task_values,
        }
        return tensors, values

    @torch.no_grad()
    def restore(self, tensors: dict[str, Tensor], values: dict[str, Any]) -> None:
        """Goes on from `state`. Under another budget, from the fraction of it that is already spent."""
        self.progress = Progress(**values["progress"])
        self.best = self.task.scores.from_json(values["best"]) if values["best"] else None
        for name, parameter in self._network.named_parameters():
            parameter.copy_(tensors[f"weights.{name}"])
            prefix = f"optimizer.{name}."
            moments = {
                n.removeprefix(prefix): t.to(parameter.device) for n, t in tensors.items() if n.startswith(prefix)
            }
            self._moments(parameter).update(moments)
        averages = {n.removeprefix("average."): t for n, t in tensors.items() if n.startswith("average.")}
        self._average.restore(averages, int(values["average_updates"]))
        self.task.restore(
            {n.removeprefix("task."): t for n, t in tensors.items() if n.startswith("task.")}, values["task"]
        )
        torch.set_rng_state(tensors["random.cpu"])
        if "random.cuda" in tensors and torch.cuda.is_available():
            torch.cuda.set_rng_state(tensors["random.cuda"])
        now = self.progress
        self.saved_at = now.step or None
        now.fraction = progress(self.config.budget, seconds=now.seconds, epochs=self.task.epoch, steps=now.step)
        now.validated_at = min(now.validated_at, now.fraction)
        if now.cooling_since is not None and not now.cooling_since <= now.fraction < end(now.cooling_since):
            # It had stopped early and is asked to go on all the same, or was about to and has a longer budget.
            now.cooling_since, now.since_best = None, 0

    def _moments(self, parameter: torch.nn.Parameter) -> dict[str, Tensor]:
        """What its optimizer remembers of a parameter; what is put in there, it goes on from."""
        owner = next(o for o in self._optimizers for g in o.param_groups if any(p is parameter for p in g["params"]))
        moments: dict[str, Tensor] = owner.state[parameter]
        return moments
