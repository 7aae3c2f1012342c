"""Sizes and regularisation from what there is: the length of the text, and the time to learn it in."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from charnn.config.training import Budget

HIDDEN_SIZES = (32, 48, 64, 96, 128, 192, 256, 320, 384, 512, 640, 768, 1024)
LAYERS = 2
WINDOW_LENGTH = 64
LEARNING_RATE = 8e-3
MOST_LANES = 64
SHORTEST_LANE = 256
"""Characters."""
FEWEST_STEPS = 800
"""That a short run should still take: it reads fewer lanes side by side."""
WEIGHTS, OPERATIONS, EXPONENT = 990_000, 2.3e13, 0.34
"""So many weights are right for so many operations of training (6 a weight and character), and how they grow with them;
from runs on Tiny Shakespeare of 10 s to 10 minutes."""

USUAL_OPERATIONS_PER_SECOND = 4e11
"""Of two cores with fast bf16: only where to look first."""

VALIDATION_SHARE, FEWEST_VALIDATED = 0.05, 20_000
"""A validation reads so much of what the run reads, or so many characters, where more is held out."""

Speed = Callable[[int], float]
"""Characters a second that training reads at a hidden size."""


@dataclass(frozen=True)
class Sizes:
    layers: int
    hidden_size: int
    embedding_size: int
    dropout: float
    lanes: int
    window_length: int
    learning_rate: float


def default_budget(characters: int) -> Budget:
    """Seconds for a page, minutes for a book, an hour for a hundred million characters."""
    seconds = 60 * (characters / 100_000) ** 0.6
    return Budget(seconds=float(round(min(max(seconds, 10), 2 * 3600))))


def choose_sizes(*, characters: int, budget: Budget, hidden_size: int | None, speed: Speed) -> Sizes:
    """For a training text of so many `characters`, read for `budget`; `speed` is asked only where that is a time.

    The number of weights grows with the third root, about, of the operations that the budget buys, and is bounded by
    the text. Dropout grows with the number of times that the text will be read. Lanes shrink where the text or the
    budget is too short for them. A `hidden_size` that is given is kept.
    """
    hidden = hidden_size or _hidden_size(characters, budget, speed)
    read = characters_read(characters, budget, hidden, speed)
    return sizes_at(
        hidden,
        dropout=_dropout(read / characters),
        lanes=min(most_lanes(characters), _lanes_for(read) if budget.steps is None else MOST_LANES),
    )


def sizes_at(hidden_size: int, *, dropout: float, lanes: int) -> Sizes:
    return Sizes(
        layers=LAYERS,
        hidden_size=hidden_size,
        embedding_size=min(64, hidden_size),
        dropout=dropout,
        lanes=lanes,
        window_length=WINDOW_LENGTH,
        learning_rate=LEARNING_RATE,
    )


def most_lanes(characters: int) -> int:
    """That a text of so many characters is read in."""
    return min(_power_of_two(characters / SHORTEST_LANE), MOST_LANES)


def _hidden_size(characters: int, budget: Budget, speed: Speed) -> int:
    """The largest that the budget can train and the text can fill. Few speeds are asked for: the search begins at a
    guess and goes one way only, for the larger a network, the less it reads, and the fewer weights that pays for."""

    def search(index: int, speed: Speed) -> int:
        def is_affordable(index: int) -> bool:
            size = weights(HIDDEN_SIZES[index])
            if size > 5 * characters + 20_000:
                return False
            operations = 6 * size * characters_read(characters, budget, HIDDEN_SIZES[index], speed)
            return size <= WEIGHTS * math.pow(operations / OPERATIONS, EXPONENT)

        while index > 0 and not is_affordable(index):
            index -= 1
        while index + 1 < len(HIDDEN_SIZES) and is_affordable(index + 1):
            index += 1
        return index

    guess = search(0, lambda hidden: USUAL_OPERATIONS_PER_SECOND / (6 * weights(hidden)))
    return HIDDEN_SIZES[search(guess, speed)]


def characters_read(characters: int, budget: Budget, hidden: int, speed: Speed) -> float:
    if budget.epochs is not None:
        return budget.epochs * characters
    if budget.steps is not None:
        return float(budget.steps * MOST_LANES * WINDOW_LENGTH)
    assert budget.seconds is not None
    return budget.seconds * speed(hidden)


def validation_characters(read: float) -> int:
    """How many a validation reads, of a run that reads so many, where as many are held out."""
    return max(round(VALIDATION_SHARE * read), FEWEST_VALIDATED)


def _lanes_for(read: float) -> int:
    return _power_of_two(read / (FEWEST_STEPS * WINDOW_LENGTH))


def _dropout(epochs: float) -> float:
    return round(min(max(0.08 * math.log2(max(epochs, 1e-9) / 4), 0.0), 0.5), 2)


def weights(hidden: int) -> int:
    """Of the recurrent layers of an lstm, about; other cells have the hidden size that one would have."""
    return 4 * hidden * (hidden + min(64, hidden)) + (LAYERS - 1) * 4 * hidden * 2 * hidden


def _power_of_two(number: float) -> int:
    """The largest that is not above it; at least 1."""
    return 1 << int(math.log2(max(number, 1)))
