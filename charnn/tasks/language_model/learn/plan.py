"""What a run will be: the sizes that the user gave, and the rest chosen for the text and the time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from charnn.cells import Cell
from charnn.config.training import Budget, Optimizer, TrainingConfig
from charnn.errors import UsageError
from charnn.tasks.language_model.config import CorpusConfig, LanguageModelNetworkConfig, Stopping
from charnn.tasks.language_model.learn.sizing import (
    Sizes,
    Speed,
    characters_read,
    choose_sizes,
    default_budget,
    validation_characters,
)

REFINEMENTS = ("residual", "recurrent_depth", "weight_drop", "embedding_dropout", "gradient_flow", "stopping")
"""Of a network; what is not wished for has the default of LanguageModelNetworkConfig."""

OPTIMIZER: Optimizer = "muon"


@dataclass(frozen=True)
class LanguageModelOverrides:
    """What the user asked for; None is left to charnn."""

    cell: Cell = "lstm"
    layers: int | None = None
    hidden_size: int | None = None
    embedding_size: int | None = None
    dropout: float | None = None
    residual: bool | None = None
    recurrent_depth: int | None = None
    weight_drop: float | None = None
    embedding_dropout: float | None = None
    gradient_flow: float | None = None
    stopping: Stopping | None = None
    lanes: int | None = None
    window_length: int | None = None
    learning_rate: float | None = None
    budget: Budget | None = None
    given: frozenset[str] = frozenset()
    """Names of what was given though it has a default: `cell`, `tokenizer`."""


def plan(
    wishes: LanguageModelOverrides,
    *,
    characters: int,
    held_out: int,
    vocabulary_size: int,
    speed: Speed,
    **settings: Any,
) -> tuple[LanguageModelNetworkConfig, TrainingConfig]:
    """The configurations for a training text of so many `characters`, with so many held out. `settings` go to
    TrainingConfig."""
    budget = wishes.budget or default_budget(characters)
    sizes = choose_sizes(characters=characters, budget=budget, hidden_size=wishes.hidden_size, speed=speed)
    validated = validation_characters(characters_read(characters, budget, sizes.hidden_size, speed))
    if validated < held_out:
        settings.setdefault("validation_characters", validated)
    return configure(wishes, sizes, vocabulary_size=vocabulary_size, budget=budget, **settings)


def configure(
    wishes: LanguageModelOverrides, sizes: Sizes, *, vocabulary_size: int, budget: Budget, **settings: Any
) -> tuple[LanguageModelNetworkConfig, TrainingConfig]:
    """What was wished for, and for the rest `sizes`."""
    sizes = Sizes(**{name: _first(getattr(wishes, name), value) for name, value in vars(sizes).items()})
    refinements = {name: wish for name in REFINEMENTS if (wish := getattr(wishes, name)) is not None}
    network = LanguageModelNetworkConfig(
        vocabulary_size=vocabulary_size,
        cell=wishes.cell,
        layers=sizes.layers,
        hidden_size=sizes.hidden_size,
        embedding_size=sizes.embedding_size,
        dropout=sizes.dropout,
        **refinements,
    )
    training = TrainingConfig(
        budget=budget,
        lanes=sizes.lanes,
        window_length=sizes.window_length,
        learning_rate=sizes.learning_rate,
        **{"optimizer": OPTIMIZER} | settings,
    )
    return network, training


def check_stopping(wishes: LanguageModelOverrides, corpus: CorpusConfig) -> None:
    """Raises UsageError where ends are to be learned from a text that has none."""
    if wishes.stopping not in (None, "symbol") and corpus.documents < 2:
        raise UsageError(
            f"--stopping {wishes.stopping}: a single document, so nothing to learn from where a text ends",
            hint="--documents line or paragraph makes many of it",
        )


def _first(given: Any, chosen: Any) -> Any:
    return chosen if given is None else given
