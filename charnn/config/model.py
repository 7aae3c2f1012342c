"""What config.json says of a model, whatever its task."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, Self

from charnn.config.as_json import Json
from charnn.config.training import TrainingConfig


@dataclass(frozen=True)
class TrainingRecord(Json):
    """What a run really did, as opposed to what it was asked to do (`TrainingConfig`)."""

    charnn_version: str
    torch_version: str
    device: str
    precision: str
    steps: int = 0
    epochs: float = 0.0
    seconds: float = 0.0
    characters_per_second: float = 0.0
    stopped_by: str = "running"
    """`budget`, `early stop`, `interrupt` or `loss not finite`; `running` until the run ends."""


class Validation(Protocol):
    """What a validation found, and when. Every task has its own kind, which is a `Json` as well."""

    @property
    def step(self) -> int: ...

    @property
    def epoch(self) -> float: ...

    @property
    def seconds(self) -> float:
        """The seconds of training up to then."""

    @property
    def loss(self) -> float:
        """What is to become small; not finite where the network has diverged."""

    @property
    def summary(self) -> str:
        """A few words for one line of a run's log; `str` gives a phrase for the end."""

    def amount(self, loss: float) -> str:
        """A loss, or a difference of losses, in words."""

    def to_json(self) -> dict[str, Any]: ...

    @classmethod
    def from_json(cls, value: object) -> Self: ...


class Quantization(Protocol):
    """What int8 inference costs and gains, measured on the machine that trained. Every task has its own kind."""

    @property
    def used(self) -> bool:
        """Whether it was worth it."""


class ModelConfig(Json):
    """What the configuration of every task has. A task's own dataclass says in which order the keys are written."""

    __dataclass_fields__: ClassVar[dict[str, Any]]
    task: str
    training: TrainingConfig
    record: TrainingRecord
    scores: Validation | None
    """The best validation; None before the first one."""
    quantization: Quantization | None
    """None until it has been measured; inference is fp32 until then."""
