"""What the plans of all tasks are made with: the values that a user asks for, and the beginning of a run's record."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import torch

from charnn.config import ModelConfig
from charnn.config.model import TrainingRecord
from charnn.config.training import Budget, TrainingConfig
from charnn.version import __version__

C = TypeVar("C", bound=ModelConfig)


@dataclass(frozen=True)
class Overrides:
    """What the user asked for, of what every task has. charnn chooses what is None."""

    cell: str | None = None
    layers: int | None = None
    hidden_size: int | None = None
    dropout: float | None = None
    batch_size: int | None = None
    window_length: int | None = None
    learning_rate: float | None = None
    budget: Budget | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Further fields of TrainingConfig."""

    def asked(self, *names: str) -> dict[str, Any]:
        """The values among these that the user asked for."""
        return {name: value for name in names if (value := getattr(self, name)) is not None}

    def training_config(self, **chosen: Any) -> TrainingConfig:
        """How a small network is trained: as the user asked, or else with the values that were `chosen`.

        The precision `auto` is fp32: matrices this small gain nothing from bf16 (a tagger read 13,000 words/s with it,
        and 16,000 without, on one thread).
        """
        asked = self.asked("batch_size", "window_length", "learning_rate", "budget")
        precision = {"precision": "fp32"} if self.settings.get("precision") == "auto" else {}
        return TrainingConfig(**{**chosen, **asked, **self.settings, **precision})


def new_record() -> TrainingRecord:
    """The record of a run that is about to begin. Its device and precision are filled in when the session is made."""
    return TrainingRecord(__version__, torch.__version__, device="", precision="")


def under_budget(config: C, budget: Budget | None) -> C:
    """The configuration of a run that goes on, with another budget unless that is None."""
    if budget is None:
        return config
    return dataclasses.replace(config, training=dataclasses.replace(config.training, budget=budget))
