"""Measures the cost and gain of int8 inference, with the two graphs as inference runs them."""

from __future__ import annotations

import time

import numpy as np

from charnn.generation.model import conditions_at
from charnn.tasks.language_model.conditions import LabelWeights
from charnn.tasks.language_model.config import LanguageModelQuantization
from charnn.tasks.language_model.directory import LanguageModelDirectory
from charnn.tasks.language_model.documents import Documents, beginning
from charnn.tasks.language_model.use.reading import score_carried
from charnn.tasks.language_model.use.runtime import RuntimeLanguageModel
from charnn.tokenizers.base import STOP_ID, Tokenizer

LARGEST_LOSS = 0.01
"""int8 is used only where it costs fewer bits per character than this."""
CHARACTERS = 20_000
"""The cost is measured on so many characters of validation text at most."""
STEPS = 300
ROUNDS = 5


def measure_quantization(
    directory: LanguageModelDirectory, tokenizer: Tokenizer, texts: Documents, mixture: LabelWeights | None = None
) -> LanguageModelQuantization:
    """Measures the cost on the first `texts`, which both graphs score, and the gain by timing single steps of both.

    A model that knows labels reads all texts with those of `mixture`.
    """
    model, quantized = (
        RuntimeLanguageModel(directory.graph(quantized=quantized)).with_labels(mixture) for quantized in (False, True)
    )
    texts = beginning(texts, CHARACTERS)
    documents, characters = [tokenizer.encode(text) for text in texts], sum(map(len, texts))

    def bits(scorer: RuntimeLanguageModel) -> float:
        size = tokenizer.size
        return score_carried(
            scorer, documents, characters, stop_id=STOP_ID, vocabulary_size=size, lanes=8, warm_up=128
        ).bits_per_character

    lost = bits(quantized) - bits(model)
    rounds = [(_seconds_stepping(model), _seconds_stepping(quantized)) for _ in range(ROUNDS)]
    ratio = float(np.median([plain / fast for plain, fast in rounds]))
    lost, ratio = round(lost, 6), round(ratio, 3)
    return LanguageModelQuantization(lost, ratio, used=lost < LARGEST_LOSS and ratio > 1)


def _seconds_stepping(model: RuntimeLanguageModel) -> float:
    ids, state = np.zeros(1, np.int64), model.initial_state(1)
    conditions = conditions_at(model.conditions(np.full((1, 1), STOP_ID + 1)), 0)
    started = time.perf_counter()
    for _ in range(STEPS):
        model.advance(ids, state, conditions)
    return time.perf_counter() - started
