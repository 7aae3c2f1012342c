"""What a run tells while it goes on, and whom: an observer, which shows it, and a keeper, which stores it.

Nothing here needs PyTorch to be imported, so that what shows a run can be without it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from charnn.config.model import Validation

if TYPE_CHECKING:
    from torch import Tensor


class Observer(Protocol):
    def step(self, report: Report) -> None:
        """Called after every few steps, about five times a second."""

    def validation(self, report: Report, validation: Validation, *, best: bool) -> None:
        """Called after every validation; the network has the averaged weights at that moment, and is in eval mode."""


class Keeper(Protocol):
    def best(self, validation: Validation) -> None:
        """Keeps the weights: the network has the averaged ones, and they are the best so far."""

    def validation(self, report: Report, validation: Validation) -> None:
        """Adds the validation to the history."""

    def state(self, tensors: dict[str, Tensor], values: dict[str, Any]) -> None:
        """Keeps what resuming needs."""


@dataclass(frozen=True)
class Report:
    """Where a run stands. The training loss and the speed are those since the last report."""

    step: int
    epoch: float
    seconds: float
    """The seconds of training, earlier sittings included."""
    fraction: float
    """How much of the run is done: of its budget, or of the part of it that a run which stops early spends."""
    training_nats: float
    """The training loss per unit."""
    learning_rate: float
    units_per_second: float
    unit: str
    """What losses and speeds are counted in: `character` or `word`."""


class Meter:
    """Training loss and speed since the last reading. The loss stays a tensor until then: no step waits for a GPU."""

    INTERVAL = 0.2
    """Seconds between readings."""

    def __init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """Forgets the losses that were added, and the time since the last reading."""
        self._nats: Tensor | float = 0.0
        self._targets = 0
        self._since = time.perf_counter()

    def add(self, nats: Tensor, targets: int) -> None:
        """Adds `nats`, which is the sum of the losses of `targets` targets."""
        self._nats = self._nats + nats
        self._targets += targets

    @property
    def is_due(self) -> bool:
        """Whether it is time for a reading."""
        return time.perf_counter() - self._since >= self.INTERVAL

    def read(self) -> tuple[float, float]:
        """Nats per target and targets a second since the last reading."""
        seconds = max(time.perf_counter() - self._since, 1e-9)
        result = float(self._nats) / self._targets, self._targets / seconds
        self.restart()
        return result
