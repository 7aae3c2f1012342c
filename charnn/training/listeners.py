"""Whom the loop tells what it finds: one that shows it, and one that keeps it."""

from __future__ import annotations

from typing import Any, Protocol

from torch import Tensor

from charnn.training.report import Report
from charnn.training.task import Scores


class Observer(Protocol):
    def step(self, report: Report) -> None:
        """After every few steps, about five times a second."""

    def validation(self, report: Report, scores: Scores, *, best: bool) -> None:
        """After every validation; the network has the averaged weights at that moment."""


class Keeper(Protocol):
    def best(self, scores: Scores) -> None:
        """The network has the averaged weights, and they are the best so far: keep them."""

    def validation(self, report: Report, scores: Scores) -> None:
        """For the history."""

    def state(self, tensors: dict[str, Tensor], values: dict[str, Any]) -> None:
        """What resuming needs."""
