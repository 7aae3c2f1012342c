"""The parts of config.json that the models of all tasks have, and the configuration of a tokenizer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Protocol, Self

from charnn.config.as_json import Json, require
from charnn.config.training import TrainingConfig

MOST_MEMBERS = 100
"""The most networks that are used side by side as one model."""


def require_members(number: int) -> None:
    """Raises ConfigError where a model cannot have so many members."""
    require(1 <= number <= MOST_MEMBERS, f"the number of members is from 1 to {MOST_MEMBERS}")


TokenizerKind = Literal["characters", "bytes", "unigram", "bpe"]
"""What a text that can be written again is made of."""
ReadKind = Literal[TokenizerKind, "words"]
"""What a text that is only read is made of."""
SymbolKind = Literal["characters", "spaces", "bytes", "unigram"]
"""What one side of a pair is made of: `spaces` is symbols that stand between spaces, such as phones."""


@dataclass(frozen=True)
class TokenizerConfig(Json):
    kind: ReadKind = "characters"
    vocabulary_size: int = 1000
    """The number of pieces in a SentencePiece vocabulary. It is ignored for all other kinds."""
    min_count: int = 1
    """Characters and words that occur fewer times than this share the unknown token (`characters` and `words` only)."""

    def __post_init__(self) -> None:
        require(self.vocabulary_size >= 2, "a vocabulary needs at least 2 pieces")
        require(self.min_count >= 1, "the minimum count of a character is at least 1")


@dataclass(frozen=True)
class SourceFile(Json):
    """One file that a corpus was read from, as it was when it was read."""

    path: str
    """The absolute path; `-` for standard input."""
    sha256: str
    """The hash of the file's bytes, unpacked where it was compressed."""
    characters: int


@dataclass(frozen=True)
class TrainingRecord(Json):
    """Records what a run really did. `TrainingConfig` says what it was asked to do."""

    charnn_version: str
    torch_version: str
    device: str
    precision: str
    steps: int = 0
    epochs: float = 0.0
    seconds: float = 0.0
    characters_per_second: float = 0.0
    stopped_by: str = "running"
    """`budget`, `early stop`, `interrupt` or `diverged`; `running` until the run ends."""

    @property
    def ending(self) -> str:
        return "not ended" if self.stopped_by == "running" else f"ended by: {self.stopped_by}"


class Validation(Protocol):
    """The scores of a validation, and when it was made. Every task has its own class, which is a `Json` as well."""

    @property
    def step(self) -> int: ...

    @property
    def epoch(self) -> float: ...

    @property
    def seconds(self) -> float:
        """The seconds of training up to the validation."""

    @property
    def loss(self) -> float:
        """The loss by which the best validation is chosen; it is not finite where the network has diverged."""

    @property
    def standard_error(self) -> float:
        """How much of the loss may be chance. Weights that are no further behind the best ones take their place, since
        they have learned for longer (the one-standard-error rule of Breiman et al. 1984)."""

    @property
    def summary(self) -> str:
        """A few words for one line of a run's log; `str` gives a phrase for the end."""

    def amount(self, loss: float) -> str:
        """A loss, or a difference of losses, in words."""

    def to_json(self) -> dict[str, Any]: ...

    @classmethod
    def from_json(cls, value: object) -> Self: ...


class Result(Protocol):
    """What a model was found to reach, as it is used."""

    @property
    def summary(self) -> str:
        """A few words for a row of a table; `str` gives a phrase."""

    @property
    def seconds(self) -> float:
        """The seconds of training that it took."""

    def to_json(self) -> dict[str, Any]: ...


InferencePrecision = Literal["auto", "fp32", "int8"]
"""The precision that a model is used with: `auto` is int8 where that was found worth it."""


class Quantization(Protocol):
    """The cost and gain of int8 inference, measured on the machine that trained. Every task has its own class."""

    @property
    def used(self) -> bool:
        """Whether int8 is worth its cost, so that `--precision auto` takes it."""


class ModelConfig(Json):
    """The fields that the configuration of every task has. A task's own dataclass gives the order of the keys."""

    __dataclass_fields__: ClassVar[dict[str, Any]]
    task: str
    training: TrainingConfig
    record: TrainingRecord
    scores: Validation | None
    """The best validation; None before the first one."""
    quantization: Quantization | None
    """The cost and gain of int8. It is None until they have been measured, and inference is fp32 until then."""

    @property
    def result(self) -> Result | None:
        """What the model reaches as it is used: its best validation, unless more than that has been measured."""
        return self.scores
