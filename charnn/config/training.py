"""How a network is trained."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from charnn.config.as_json import Json, later, require

Device = Literal["auto", "cpu", "cuda", "mps"]
Precision = Literal["auto", "fp32", "bf16"]
Optimizer = Literal["adamw", "muon"]


@dataclass(frozen=True)
class Budget(Json):
    """How long training may take. Exactly one of the three is set."""

    seconds: float | None = None
    epochs: float | None = None
    steps: int | None = None

    def __post_init__(self) -> None:
        given = [v for v in (self.seconds, self.epochs, self.steps) if v is not None]
        require(len(given) == 1, "a budget is one of seconds, epochs and steps")
        require(given[0] > 0, "a budget must be more than nothing")

    def __str__(self) -> str:
        if self.seconds is not None:
            return f"{self.seconds:g} s"
        return f"{self.epochs:g} epochs" if self.epochs is not None else f"{self.steps:,} steps"


@dataclass(frozen=True)
class TrainingConfig(Json):
    budget: Budget
    lanes: int = 32
    """B: how many places of the text are read side by side."""
    window_length: int = 64
    """T: steps that a gradient flows back through."""
    learning_rate: float = 8e-3
    """At the top of the schedule, after warm-up. Of AdamW; Muon's is a fixed multiple of it."""
    warmup_fraction: float = 0.05
    final_rate_fraction: float = 0.01
    """Where the cosine ends, as a fraction of the top."""
    weight_decay: float = 0.01
    clip_norm: float | None = 1.0
    clip_value: float | None = None
    average_decay: float = 0.99
    """Decay, per step, of the running average of the weights; the average is what is validated and kept. 0 is none."""
    patience: int = 6
    """Validations in a row without a better loss after which the learning rate falls to its last, and training ends. 0
    never does."""
    precision: Precision = "auto"
    device: Device = "auto"
    seed: int = 0
    optimizer: Optimizer = later("adamw")
    """`muon` is for the matrices of recurrent layers, with adamw for the rest."""
    validation_characters: int | None = later(None)
    """Of a text's held-out part, that each validation reads: its beginning. None is all of it."""

    def __post_init__(self) -> None:
        require(self.lanes >= 1 and self.window_length >= 1, "lanes and window must be at least 1")
        require(0 < self.learning_rate < math.inf, "the learning rate must be above 0")
        require(0 <= self.final_rate_fraction <= 1, "the final learning rate is a fraction of the top one")
        require(0 <= self.weight_decay < math.inf, "weight decay cannot be negative")
        require(0 <= self.average_decay < 1, "the decay of the average is from 0 to below 1")
        require(0 <= self.warmup_fraction < 1, "the warm-up fraction is from 0 to below 1")
        require(self.clip_norm is None or self.clip_norm > 0, "--clip must be above 0")
        require(self.clip_value is None or self.clip_value > 0, "--clip-value must be above 0")
        require(self.patience >= 0, "patience cannot be negative")
        require(
            self.validation_characters is None or self.validation_characters >= 1,
            "a validation reads at least 1 character",
        )
