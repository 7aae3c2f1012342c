"""The configuration of training, for every task. `TrainingRecord` says what a run really did."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from charnn.config.as_json import Json, later, require, stored_as

Device = Literal["auto", "cpu", "cuda", "mps"]
Precision = Literal["auto", "fp32", "bf16"]
Optimizer = Literal["adamw", "muon"]
Keeps = Literal["best", "last"]
"""The weights that a run leaves: those that did best on data that were held out, or the last ones."""


@dataclass(frozen=True)
class Budget(Json):
    """How long training may take: exactly one of the three is set."""

    seconds: float | None = None
    epochs: float | None = None
    steps: int | None = None

    def __post_init__(self) -> None:
        limits = [v for v in (self.seconds, self.epochs, self.steps) if v is not None]
        require(len(limits) == 1, "a budget is one of seconds, epochs and steps")
        require(limits[0] > 0, "a budget must be more than nothing")
        require(limits[0] < math.inf, "a budget must have an end")

    def __str__(self) -> str:
        if self.seconds is not None:
            return f"{self.seconds:g} s"
        if self.epochs is not None:
            return f"{self.epochs:g} epoch{'s' * (self.epochs != 1)}"
        return f"{self.steps:,} step{'s' * (self.steps != 1)}"


@dataclass(frozen=True)
class TrainingConfig(Json):
    budget: Budget
    batch_size: int = stored_as("lanes", 32)
    """B, the number of sequences that are read side by side. A language model reads its text at so many places, each
    of which goes on where it was (the lanes of `Windows`); a tagger reads about so many sentences."""
    window_length: int = 64
    """T, the number of steps that a gradient flows back through."""
    learning_rate: float = 8e-3
    """AdamW's learning rate at the top of the schedule, after warm-up. Muon's is a fixed multiple of it."""
    warmup_fraction: float = 0.05
    """The fraction of the budget in which the learning rate rises to its top."""
    final_rate_fraction: float = 0.01
    """The learning rate at which the cosine ends, as a fraction of the top."""
    weight_decay: float = 0.01
    clip_norm: float | None = 1.0
    """The largest norm of the gradient; None leaves the norm alone. A `clip_value` takes its place."""
    clip_value: float | None = None
    """The largest size of any number in the gradient; None leaves them alone."""
    average_decay: float = 0.99
    """The decay per step of the running average of the weights, which is what is validated and kept. With 0 the average
    is the weights themselves."""
    patience: int = 6
    """After this many validations in a row without a better loss, the learning rate falls to its last value and
    training ends. With 0 a run never ends early."""
    precision: Precision = "auto"
    device: Device = "auto"
    seed: int = 0
    optimizer: Optimizer = later("adamw")
    """`adamw` fits all parameters; `muon` fits the matrices of recurrent layers, and adamw the rest."""
    validation_characters: int | None = later(None)
    """Each validation of a language model reads this many characters from the beginning of the held-out text, or all
    of it where this is None."""

    keeps: Keeps = later("best")
    """With `last`, nothing is held out, and a validation measures the data that the model learns from."""
    taught_in_run_by: int = later(0, key="members")
    """The number of networks that an early version trained one after the other in the same run, and that then taught
    the one which it kept. No run does so today."""

    def __post_init__(self) -> None:
        require(self.batch_size >= 1 and self.window_length >= 1, "batch size and window length must be at least 1")
        most = 1 << 20
        require(max(self.batch_size, self.window_length) <= most, f"batch size and window length: at most {most:,}")
        require(0 <= self.seed < 1 << 63, "the seed is a number from 0 to below 2**63")
        require(0 < self.learning_rate < math.inf, "the learning rate must be a number above 0")
        require(0 <= self.final_rate_fraction <= 1, "the final learning rate is a fraction of the top one")
        require(0 <= self.weight_decay < math.inf, "weight decay cannot be negative")
        require(0 <= self.average_decay < 1, "the decay of the average is from 0 to below 1")
        require(0 <= self.warmup_fraction < 1, "the warm-up fraction is from 0 to below 1")
        require(self.clip_norm is None or self.clip_norm > 0, "--clip must be above 0")
        require(self.clip_value is None or self.clip_value > 0, "--clip-value must be above 0")
        require(self.patience >= 0, "patience cannot be negative")
        require(0 <= self.taught_in_run_by <= 100, "the number of networks that taught one is from 0 to 100")
        require(
            self.validation_characters is None or self.validation_characters >= 1,
            "a validation reads at least 1 character",
        )
