"""The sizes and settings that a user asks for, and the configurations that follow from them and from chosen sizes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from charnn.config.training import Budget, Optimizer, TrainingConfig
from charnn.errors import UsageError
from charnn.tasks.language_model.config import CorpusConfig, LanguageModelNetworkConfig, Stopping
from charnn.tasks.language_model.learn.sizing import Sizes
from charnn.training.planning import Overrides

WITH_DEFAULTS = (
    *("cell", "residual", "recurrent_depth"),
    *("weight_drop", "embedding_dropout", "gradient_flow", "stopping", "labels", "members"),
)
"""The fields of a network that nothing chooses. Where one is None, it has LanguageModelNetworkConfig's default."""

OPTIMIZER: Optimizer = "muon"
TAUGHT_DROPOUT = 0.5
"""The dropout of a network with teachers, as a fraction of what it would have without them: what they say already keeps
it from learning the text by heart."""
REPLAY_RATE, REPLAY_LANES = 2e-3, 16
"""The learning rate, and how many places are read at once, where a text is learned beside parts of what a model has
learned."""


@dataclass(frozen=True)
class LanguageModelOverrides(Overrides):
    """The values that the user asked for, those that only a language model has among them."""

    embedding_size: int | None = None
    residual: bool | None = None
    recurrent_depth: int | None = None
    weight_drop: float | None = None
    embedding_dropout: float | None = None
    gradient_flow: float | None = None
    stopping: Stopping | None = None
    labels: int | None = None
    members: int | None = None
    ngram_order: int | None = None
    words: bool | None = None


def configure(
    overrides: LanguageModelOverrides, sizes: Sizes, *, vocabulary_size: int, budget: Budget, **chosen: Any
) -> tuple[LanguageModelNetworkConfig, TrainingConfig]:
    """The configurations with the values that the user asked for, and for the rest with `sizes` and the further fields
    of TrainingConfig that were `chosen`."""
    sizes = Sizes(**{name: _first(getattr(overrides, name), value) for name, value in vars(sizes).items()})
    network = LanguageModelNetworkConfig(
        vocabulary_size=vocabulary_size,
        layers=sizes.layers,
        hidden_size=sizes.hidden_size,
        embedding_size=sizes.embedding_size,
        dropout=sizes.dropout,
        **overrides.asked(*WITH_DEFAULTS),
    )
    training = TrainingConfig(
        budget=budget,
        batch_size=sizes.batch_size,
        window_length=sizes.window_length,
        learning_rate=sizes.learning_rate,
        **{"optimizer": OPTIMIZER, **chosen, **overrides.settings},
    )
    return network, training


def beside_replay(
    overrides: LanguageModelOverrides, source: LanguageModelNetworkConfig | None
) -> LanguageModelOverrides:
    """What is chosen where a text is learned beside parts of what `source` has learned before: one reading of it all,
    in small steps."""
    return replace(
        overrides,
        budget=overrides.budget or Budget(epochs=1),
        dropout=_first(overrides.dropout, None if source is None else source.dropout),
        learning_rate=_first(overrides.learning_rate, REPLAY_RATE),
        batch_size=_first(overrides.batch_size, REPLAY_LANES),
    )


def check_stopping(overrides: LanguageModelOverrides, corpus: CorpusConfig) -> None:
    """Raises UsageError where the ends of documents are to be learned from a text that has a single document."""
    if overrides.stopping not in (None, "symbol") and corpus.documents < 2:
        raise UsageError(
            f"--stopping {overrides.stopping}: a single document, so nothing to learn from where a text ends",
            hint="--documents line or paragraph makes many of it",
        )


def _first(asked: Any, chosen: Any) -> Any:
    return chosen if asked is None else asked
