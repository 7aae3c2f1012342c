"""What a linear model of words in context brings beside a tagger's network, as config.json has it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from charnn.config import Json
from charnn.config.as_json import later, require


@dataclass(frozen=True)
class TaggerLinear(Json):
    """What a linear model of words in context brings beside the network, on words that were held out."""

    features: int
    """The number of features that have weights."""
    words: int = later(0)
    """The number of words that the following were measured on; 0 where none was held out, and nothing measured."""
    accuracies: tuple[float, ...] = later(())
    """The fraction of words that have the right tag by both, for each column, where each word has the likeliest tag.
    Each half of the words is tagged with powers that the other half has decided."""
    accuracies_by_network: tuple[float, ...] = later(())
    """The same by the network alone, in fp32."""
    accuracies_by_itself: tuple[float, ...] = later(())
    """The same by the linear model alone."""
    all_columns_accuracy: float = later(0.0)
    """The fraction of words that are right in every column by both."""
    unknown_accuracy: float | None = later(None)
    """The same fraction among the words that the training data do not have; None where there are none."""

    def __post_init__(self) -> None:
        require(self.features >= 0 and self.words >= 0, "numbers of features and words cannot be negative")

    def of_columns(self, columns: Sequence[str]) -> str:
        """What it brings in columns of these names, in words."""
        if not self.words:
            return "unmeasured, as nothing is held out"
        each = zip(columns, self.accuracies, self.accuracies_by_network, self.accuracies_by_itself, strict=False)
        figures = "; ".join(
            f"{column} {100 * both:.2f}% (the network alone {100 * network:.2f}%, the linear model {100 * own:.2f}%)"
            for column, both, network, own in each
        )
        return f"of {self.words:,} held-out words right: {figures}"
