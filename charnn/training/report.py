"""The reports of a run while it goes on, the protocols of those who take them (an observer shows them, and a keeper
stores them), and the clock and the meter of a sitting, from which they are made.

Nothing here imports PyTorch, so that a program that shows a run need not.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from charnn.config.model import Validation
from charnn.training.schedule import Progress, end

if TYPE_CHECKING:
    from torch import Tensor

    from charnn.training.objective import Objective


class Observer(Protocol):
    """Shows how a run goes."""

    def step(self, report: Report) -> None:
        """Called after every few steps, about five times a second."""

    def validation(self, report: Report, validation: Validation, *, best: bool) -> None:
        """Called after every validation; the network has the averaged weights at that moment, and is in eval mode."""


class Keeper(Protocol):
    """Stores the results of a run."""

    @property
    def replaces(self) -> bool:
        """Whether the next save takes the place of another model."""

    def best(self, validation: Validation) -> None:
        """Keeps the averaged weights, which the network has at that moment and which are the best so far."""

    def unvalidated(self) -> None:
        """Keeps the averaged weights, which the network has at that moment, before any validation has been made."""

    def validation(self, report: Report, validation: Validation) -> None:
        """Adds the validation to the history."""

    def state(self, tensors: dict[str, Tensor], values: dict[str, Any]) -> bool:
        """Keeps the training state, from which the run can be resumed, and says whether that succeeded. What was given
        before is only kept with it."""


@dataclass(frozen=True)
class Report:
    """The progress of a run at one moment. The training loss and the speed are those since the last report."""

    step: int
    epoch: float
    seconds: float
    """The seconds of training, earlier sittings included."""
    fraction: float
    """The fraction of the run that is done. A run that stops early spends only a part of its budget, and then this is
    the fraction of that part."""
    training_nats: float
    """The training loss per unit."""
    learning_rate: float
    units_per_second: float
    unit: str
    """The unit of losses and speeds, `character` or `word`."""
    gradient_norm: float | None = None
    """The mean norm of the gradient before it was limited, over the steps since the last validation. It is None but for
    a validation, and where it is not finite."""
    largest_gradient_norm: float | None = None


class Meter:
    """Measures the training loss and the speed since its last reading. The loss stays a tensor until it is read, so
    that no step waits for a GPU."""

    INTERVAL = 0.2
    """The seconds between readings."""

    def __init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """Forgets the losses that were added, and the time since the last reading."""
        self._nats: Tensor | float = 0.0
        self._targets = 0
        self._since = time.perf_counter()

    def add(self, nats: Tensor, targets: int) -> None:
        """Adds the losses of `targets` targets, whose sum is `nats`."""
        self._nats = self._nats + nats
        self._targets += targets

    @property
    def is_due(self) -> bool:
        """Whether it is time for a reading."""
        return time.perf_counter() - self._since >= self.INTERVAL

    def read(self) -> tuple[float, float]:
        """The nats per target, and the targets per second, since the last reading."""
        seconds = max(time.perf_counter() - self._since, 1e-9)
        result = float(self._nats) / self._targets, self._targets / seconds
        self.restart()
        return result


@dataclass
class Sitting:
    """One sitting of a run: whom it tells, who keeps its results, who may interrupt it, and how fast it is."""

    observer: Observer
    keeper: Keeper
    interrupted: Callable[[], bool]
    earlier_seconds: float
    """The seconds of training of all sittings before."""
    meter: Meter = field(default_factory=Meter)
    validation_seconds: float = 0.0
    """The seconds that the last validation took."""

    def __post_init__(self) -> None:
        self._began = time.perf_counter()

    def seconds(self) -> float:
        """The seconds of training so far, earlier sittings included."""
        return self.earlier_seconds + time.perf_counter() - self._began

    def report(self, progress: Progress, objective: Objective, learning_rate: float) -> Report:
        """The progress now. It is a reading of the meter."""
        training_nats, speed = self.meter.read()
        return Report(
            step=progress.step,
            epoch=objective.epoch,
            seconds=progress.seconds,
            fraction=progress.fraction / end(progress.cooling_since),
            training_nats=training_nats / objective.units_per_target,
            learning_rate=learning_rate,
            units_per_second=speed * objective.units_per_target,
            unit=objective.unit,
        )
