"""What the user asked for of a language model's run, and the configurations that follow from it and from sizes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from charnn.config.training import Budget, Optimizer, TrainingConfig
from charnn.errors import UsageError
from charnn.tasks.language_model.config import CorpusConfig, LanguageModelNetworkConfig, Stopping
from charnn.tasks.language_model.learn.sizing import Sizes

WITH_DEFAULTS = (
    *("cell", "residual", "recurrent_depth"),
    *("weight_drop", "embedding_dropout", "gradient_flow", "stopping"),
)
"""The fields of a network that are not chosen: those that are None have the default of LanguageModelNetworkConfig."""

OPTIMIZER: Optimizer = "muon"


@dataclass(frozen=True)
class LanguageModelOverrides:
    """What the user asked for; what is None is left to charnn."""

    cell: str | None = None
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
    batch_size: int | None = None
    window_length: int | None = None
    learning_rate: float | None = None
    budget: Budget | None = None


def configure(
    overrides: LanguageModelOverrides, sizes: Sizes, *, vocabulary_size: int, budget: Budget, **settings: Any
) -> tuple[LanguageModelNetworkConfig, TrainingConfig]:
    """The configurations that have what the user asked for, and `sizes` for the rest. `settings` go to
    TrainingConfig."""
    sizes = Sizes(**{name: _first(getattr(overrides, name), value) for name, value in vars(sizes).items()})
    asked = {name: value for name in WITH_DEFAULTS if (value := getattr(overrides, name)) is not None}
    network = LanguageModelNetworkConfig(
        vocabulary_size=vocabulary_size,
        layers=sizes.layers,
        hidden_size=sizes.hidden_size,
        embedding_size=sizes.embedding_size,
        dropout=sizes.dropout,
        **asked,
    )
    training = TrainingConfig(
        budget=budget,
        batch_size=sizes.batch_size,
        window_length=sizes.window_length,
        learning_rate=sizes.learning_rate,
        **{"optimizer": OPTIMIZER} | settings,
    )
    return network, training


def check_stopping(overrides: LanguageModelOverrides, corpus: CorpusConfig) -> None:
    """Raises UsageError where ends are to be learned from a text that has none."""
    if overrides.stopping not in (None, "symbol") and corpus.documents < 2:
        raise UsageError(
            f"--stopping {overrides.stopping}: a single document, so nothing to learn from where a text ends",
            hint="--documents line or paragraph makes many of it",
        )


def _first(asked: Any, chosen: Any) -> Any:
    return chosen if asked is None else asked
