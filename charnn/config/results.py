"""What a run reached: recorded in config.json beside how it was made."""

from __future__ import annotations

from dataclasses import dataclass

from charnn.config.as_json import Json


@dataclass(frozen=True)
class Scores(Json):
    """The best validation of a run."""

    nats_per_character: float
    bits_per_character: float
    step: int
    epoch: float
    seconds: float
    """Of training, up to that validation."""

    @property
    def loss(self) -> float:
        """What training makes small, and keeps the weights of."""
        return self.nats_per_character

    @property
    def summary(self) -> str:
        """A few words for one line of a run's log."""
        return f"{self.nats_per_character:.4f} nats {self.bits_per_character:.4f} bits/char"

    def __str__(self) -> str:
        return f"{self.nats_per_character:.4f} nats, {self.bits_per_character:.4f} bits per character"

    @staticmethod
    def amount(loss: float) -> str:
        """A loss, or a difference of losses, in words."""
        return f"{loss:.3f} nats"


@dataclass(frozen=True)
class TagScores(Json):
    """The best validation of a tagger's run."""

    columns: tuple[str, ...]
    accuracies: tuple[float, ...]
    """Of each column: the fraction of words with the right tag."""
    all_columns_accuracy: float
    """The fraction of words that are right in every column."""
    unknown_accuracy: float | None
    """The same of the words that the training data do not have; None where there are none."""
    step: int
    epoch: float
    seconds: float

    @property
    def loss(self) -> float:
        """The mean over columns of the fraction of words with a wrong tag."""
        return 1 - sum(self.accuracies) / len(self.accuracies)

    @property
    def summary(self) -> str:
        return "  ".join(f"{column} {100 * a:.2f}%" for column, a in zip(self.columns, self.accuracies, strict=True))

    def __str__(self) -> str:
        unknown = "" if self.unknown_accuracy is None else f", unknown words {100 * self.unknown_accuracy:.2f}%"
        return self.summary + unknown

    @staticmethod
    def amount(loss: float) -> str:
        """A loss, or a difference of losses, in words."""
        return f"{100 * loss:.2f}% wrong"


@dataclass(frozen=True)
class Quantization(Json):
    """What int8 inference costs and gains, measured on the machine that trained."""

    bits_per_character_lost: float
    speed_ratio: float
    """Characters a second of one stream, int8 over fp32."""
    used: bool
    """Whether it was worth it: faster, at a cost of less than 0.01 bits per character."""


@dataclass(frozen=True)
class TagQuantization(Json):
    """What int8 inference costs and gains a tagger, measured on the machine that trained."""

    accuracy_lost: float
    """The fraction of validation words that fp32 gets right and int8 does not, less the opposite; all columns."""
    speed_ratio: float
    """Words a second, int8 over fp32."""
    used: bool
    """Whether it was worth it: faster, at a cost of less than a word in a thousand."""
