"""The configuration of a reader, which stands in the config.json of the model that it reads for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from charnn.cells import require_known
from charnn.config import Json
from charnn.config.as_json import require

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
