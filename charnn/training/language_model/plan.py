"""What a run will be: the sizes that the user gave, and the rest chosen for the text and the time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from charnn.config import Budget, Cell, NetworkConfig, TrainingConfig
from charnn.training.language_model.sizing import Sizes, choose_sizes, default_budget


@dataclass(frozen=True)
class Wishes:
    """What the user asked for; None is left to charnn."""

    cell: Cell = "lstm"
    layers: int | None = None
    hidden_size: int | None = None
    embedding_size: int | None = None
    dropout: float | None = None
    lanes: int | None = None
    window_length: int | None = None
    learning_rate: float | None = None
    budget: Budget | None = None
    given: frozenset[str] = frozenset()
    """Names of what was given though it has a default: `cell`, `tokenizer`."""


def plan(
    wishes: Wishes, *, characters: int, vocabulary_size: int, **settings: Any
) -> tuple[NetworkConfig, TrainingConfig]:
    """The configurations for a training text of so many `characters`. `settings` go to TrainingConfig."""
    budget = wishes.budget or default_budget(characters)
    chosen = choose_sizes(characters=characters, budget=budget, cell=wishes.cell)
    sizes = Sizes(**{name: _first(getattr(wishes, name), value) for name, value in vars(chosen).items()})
    network = NetworkConfig(
        vocabulary_size=vocabulary_size,
        cell=wishes.cell,
        layers=sizes.layers,
        hidden_size=sizes.hidden_size,
        embedding_size=sizes.embedding_size,
        dropout=sizes.dropout,
    )
    training = TrainingConfig(
        budget=budget,
        lanes=sizes.lanes,
        window_length=sizes.window_length,
        learning_rate=sizes.learning_rate,
        **settings,
    )
    return network, training


def _first(given: Any, chosen: Any) -> Any:
    return chosen if given is None else given
