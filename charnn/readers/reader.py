"""A reader as it is taken from a language model, and as it lies in the directory and config.json of the model that uses
it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from charnn.cells import require_known
from charnn.config import Json
from charnn.config.as_json import require
from charnn.errors import UsageError

if TYPE_CHECKING:
    from charnn.export.graph import Array
    from charnn.tokenizers.characters import CharacterTokenizer

Direction = Literal["forwards", "backwards"]
"""How a reader goes through a text: from its first character to its last, or from its last to its first."""
DIRECTIONS: tuple[Direction, ...] = get_args(Direction)


@dataclass(frozen=True)
class ReaderConfig(Json):
    """An embedding of characters and a stack of recurrent layers, which a language model learned."""

    model: str
    """The name of the language model's directory."""
    direction: Direction
    vocabulary_size: int
    cell: str
    layers: int
    hidden_size: int
    """The numbers of a word's state."""
    embedding_size: int
    residual: bool
    recurrent_depth: int
    opens_with_stop: bool
    """Whether it reads the stop token before a sentence. Otherwise it reads a line end."""
    characters: int
    """How many characters of text it learned from."""
    bits_per_character: float | None
    """What held-out text cost it."""

    def __post_init__(self) -> None:
        require_known(self.cell)
        for name in ("vocabulary_size", "layers", "hidden_size", "embedding_size", "recurrent_depth"):
            require(getattr(self, name) >= 1, f"a reader's {name.replace('_', ' ')} must be at least 1")
        require(self.recurrent_depth <= 100, "a reader's recurrent depth must be at most 100")

    def __str__(self) -> str:
        cost = "" if self.bits_per_character is None else f" at {self.bits_per_character:.3f} bits each"
        return (
            f"{self.model}, {self.direction}: {self.layers} x {self.hidden_size} {self.cell}, "
            f"which learned from {self.characters:,} characters{cost}"
        )


WEIGHTS = "readers."
"""The beginning of the names of all readers' weights among those of the model."""


@dataclass(frozen=True, eq=False)
class Reader:
    config: ReaderConfig
    tokenizer: CharacterTokenizer
    weights: Mapping[str, Array]
    """The weights by their names in the model that uses the reader: those in a language model, `embedding.weight` and
    those of `recurrent.layers`, after `weight_names(direction)`."""


def vocabulary_file(direction: Direction) -> str:
    """The name of the file that has a reader's characters."""
    return f"reader-{direction}.json"


VOCABULARY_FILES = frozenset(map(vocabulary_file, DIRECTIONS))


def weight_names(direction: Direction) -> str:
    """The beginning of the names of a reader's weights among those of the model."""
    return f"{WEIGHTS}{direction}."


def in_order(readers: Sequence[Reader]) -> tuple[Reader, ...]:
    """The readers, the one that reads forwards first. Raises UsageError where two read in the same direction."""
    by_direction: dict[Direction, Reader] = {}
    for reader in readers:
        other = by_direction.setdefault(reader.config.direction, reader)
        if other is not reader:
            raise UsageError(
                f"--reader: {other.config.model} and {reader.config.model} both read {reader.config.direction}",
                hint="give one that reads forwards, and one that `charnn train --backwards` made",
            )
    return tuple(by_direction[direction] for direction in DIRECTIONS if direction in by_direction)
