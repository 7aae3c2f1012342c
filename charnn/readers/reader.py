"""A reader as it is taken from a language model, and as it lies in the directory of the model that uses it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from charnn.errors import UsageError
from charnn.readers.config import DIRECTIONS, Direction, ReaderConfig

if TYPE_CHECKING:
    from charnn.export.graph import Array
    from charnn.tokenizers.characters import CharacterTokenizer

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
