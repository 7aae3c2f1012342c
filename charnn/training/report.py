"""What a run says of itself while it goes on, and to whom: one that shows it, and one that keeps it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Protocol

from torch import Tensor

from charnn.config.model import Validation


class Observer(Protocol):
    def step(self, report: Report) -> None:
        """After every few steps, about five times a second."""

    def validation(self, report: Report, scores: Validation, *, best: bool) -> None:
        """After every validation; the network has the averaged weights at that moment."""


class Keeper(Protocol):
    def best(self, scores: Validation) -> None:
        """The network has the averaged weights, and they are the best so far: keep them."""

    def validation(self, report: Report, scores: Validation) -> None:
        """For the history."""

    def state(self, tensors: dict[str, Tensor], values: dict[str, Any]) -> None:
        """What resuming needs."""


@dataclass(frozen=True)
class Report:
    """Where a run stands. The training loss and the speed are those since the last report."""

    step: int
    epoch: float
    seconds: float
    """Of training, earlier sittings included."""
    fraction: float
    """Of the run that is done: of the budget, or of the part of it that a run which stops early spends."""
    training_nats: float
    """Per unit."""
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
        """Forgets what it was given, and the time since the last reading."""
        self._nats: Tensor | float = 0.0
        self._targets = 0
        self._since = time.perf_counter()

    def add(self, nats: Tensor, targets: int) -> None:
        """`nats`, the sum over `targets` targets."""
        self._nats = self._nats + nats
        self._targets += targets

    @property
    def is_due(self) -> bool:
        return time.perf_counter() - self._since >= self.INTERVAL

    def read(self) -> tuple[float, float]:
        """Nats per target and targets a second since the last reading."""
        seconds = max(time.perf_counter() - self._since, 1e-9)
        result = float(self._nats) / self._targets, self._targets / seconds
        self.restart()
        return result
