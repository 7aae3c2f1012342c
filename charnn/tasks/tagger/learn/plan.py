"""What a tagger's run will be: what the user gave, and the rest chosen for the treebank."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from charnn.cells import Cell
from charnn.config.training import Budget, TrainingConfig
from charnn.tasks.tagger.config import DecoderKind, TaggerNetworkConfig, WordReaderKind
from charnn.tasks.tagger.lexicon import Lexicon

LONGEST_SENTENCE = 256
"""Words; longer ones are cut in training."""
LEARNING_RATE = 4e-3


@dataclass(frozen=True)
class TaggerOverrides:
    """What the user asked for; None is left to charnn."""

    cell: Cell | None = None
    layers: int | None = None
    hidden_size: int | None = None
    word_size: int | None = None
    dropout: float | None = None
    words_from: WordReaderKind | None = None
    decoder: DecoderKind | None = None
    lanes: int | None = None
    window_length: int | None = None
    learning_rate: float | None = None
    budget: Budget | None = None


def default_budget(words: int) -> Budget:
    """Half a minute for a few thousand words, four minutes for two hundred thousand, half an hour for ten million."""
    return Budget(seconds=float(round(min(max(240 * (words / 200_000) ** 0.5, 30), 1800))))


def plan(
    wishes: TaggerOverrides, lexicon: Lexicon, *, words: int, sentences: int, **settings: Any
) -> tuple[TaggerNetworkConfig, TrainingConfig]:
    """The configurations for a treebank of so many `words` in so many `sentences`. `settings` go to TrainingConfig.

    The precision `auto` is fp32: matrices this small gain nothing from bf16 (13,000 words/s for 16,000 on one thread).
    """
    given = {
        name: value
        for name in ("cell", "layers", "hidden_size", "word_size", "dropout", "words_from", "decoder")
        if (value := getattr(wishes, name)) is not None
    }
    if wishes.dropout is not None:
        given["input_dropout"] = wishes.dropout
    network = TaggerNetworkConfig(
        words=lexicon.word_ids,
        characters=lexicon.character_ids,
        tags=tuple(map(len, lexicon.tags.values())),
        **given,
    )
    if settings.get("precision") == "auto":
        settings["precision"] = "fp32"
    training = TrainingConfig(
        budget=wishes.budget or default_budget(words),
        lanes=default_lanes(sentences) if wishes.lanes is None else wishes.lanes,
        window_length=LONGEST_SENTENCE if wishes.window_length is None else wishes.window_length,
        learning_rate=LEARNING_RATE if wishes.learning_rate is None else wishes.learning_rate,
        **settings,
    )
    return network, training


def default_lanes(sentences: int) -> int:
    """Sentences of a batch: fewer where an epoch would have few batches."""
    return min(32, max(1, sentences // 40))
