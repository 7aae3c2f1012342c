"""Chooses sizes and dropout that suit the length of the text and the time to learn it in."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from charnn.config.training import Budget

HIDDEN_SIZES = (32, 48, 64, 96, 128, 192, 256, 320, 384, 512, 640, 768, 1024)
LAYERS = 2
WINDOW_LENGTH = 64
LEARNING_RATE = 8e-3
LARGEST_BATCH_SIZE = 64
SHORTEST_LANE = 256
"""Each part of the text that is read beside others (a lane) has at least so many characters."""
FEWEST_STEPS = 800
"""A short run should still take so many steps, so its batches are smaller."""
WEIGHTS, OPERATIONS, EXPONENT = 990_000, 2.3e13, 0.34
"""A network of WEIGHTS weights is right for a training of OPERATIONS (6 for each weight and character), and the right
number of weights grows with the operations to the power of EXPONENT. All three are from runs on Tiny Shakespeare of
10 s to 10 minutes."""

USUAL_OPERATIONS_PER_SECOND = 4e11
"""The speed of two cores with fast bf16. It only says where the search for a size begins."""

VALIDATION_FRACTION, FEWEST_VALIDATED = 0.05, 20_000
"""A validation reads this fraction of what the run reads, or so many characters if that is more. It reads all that is
held out where that is less."""

Speed = Callable[[int], float]
"""Gives the characters per second that training reads at a hidden size."""


@dataclass(frozen=True)
class Sizes:
    """The sizes of a network and of its training."""

    layers: int
    hidden_size: int
    embedding_size: int
    dropout: float
    batch_size: int
    window_length: int
    learning_rate: float


def default_budget(characters: int) -> Budget:
    """The time for a text: seconds for a page, minutes for a book, an hour for a hundred million characters."""
    seconds = 60 * (characters / 100_000) ** 0.6
    return Budget(seconds=float(round(min(max(seconds, 10), 2 * 3600))))


def choose_sizes(*, characters: int, budget: Budget, hidden_size: int | None, speed: Speed) -> Sizes:
    """Sizes for a training text of so many `characters`, read for `budget`; `speed` is asked only where that is a time.

    The number of weights grows with the third root, about, of the operations that the budget buys, and is bounded by
    the text. Dropout grows with the number of times that the text will be read. Batches are smaller where the text or
    the budget is too short for large ones. A `hidden_size` that is not None is kept.
    """
    hidden = hidden_size or _hidden_size(characters, budget, speed)
    read = characters_read(characters, budget, hidden, speed)
    return sizes_at(
        hidden,
        dropout=_dropout(read / characters),
        batch_size=min(
            largest_batch_size(characters), _batch_size_for(read) if budget.steps is None else LARGEST_BATCH_SIZE
        ),
    )


def sizes_at(hidden_size: int, *, dropout: float, batch_size: int) -> Sizes:
    """These sizes, completed by those that are always the same."""
    return Sizes(
        layers=LAYERS,
        hidden_size=hidden_size,
        embedding_size=min(64, hidden_size),
        dropout=dropout,
        batch_size=batch_size,
        window_length=WINDOW_LENGTH,
        learning_rate=LEARNING_RATE,
    )


def largest_batch_size(characters: int) -> int:
    """The number of places at which a text of so many characters is read side by side, if there is time enough."""
    return min(_power_of_two(characters / SHORTEST_LANE), LARGEST_BATCH_SIZE)


def _hidden_size(characters: int, budget: Budget, speed: Speed) -> int:
    """The largest hidden size that the budget can train and for which there is text enough.

    Few speeds are asked for. The search begins at a guess and goes one way only, because a larger network reads less
    text, which in turn is worth fewer weights.
    """

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


def epochs_before_growth(characters: int, hidden_size: int) -> float:
    """How often the largest budget reads a text of so many `characters` for which the next smaller size is right: the
    more a budget buys, the more often a network of one size reads the text, until a larger one suits it. 0 for the
    smallest size."""
    place = HIDDEN_SIZES.index(hidden_size)
    if place == 0:
        return 0.0
    return _operations_for(weights(hidden_size)) / (6 * weights(HIDDEN_SIZES[place - 1]) * characters)


def _operations_for(size: int) -> float:
    """The operations of a training for which a network of so many weights is right."""
    return OPERATIONS * math.pow(size / WEIGHTS, 1 / EXPONENT)


def characters_read(characters: int, budget: Budget, hidden: int, speed: Speed) -> float:
    """The number of characters that a run reads, each counted as often as it is read."""
    if budget.epochs is not None:
        return budget.epochs * characters
    if budget.steps is not None:
        return float(budget.steps * LARGEST_BATCH_SIZE * WINDOW_LENGTH)
    assert budget.seconds is not None
    return budget.seconds * speed(hidden)


def validation_characters(read: float) -> int:
    """The number of characters for each validation of a run that reads `read` characters, if as many are held out."""
    return max(round(VALIDATION_FRACTION * read), FEWEST_VALIDATED)


def _batch_size_for(read: float) -> int:
    return _power_of_two(read / (FEWEST_STEPS * WINDOW_LENGTH))


def _dropout(epochs: float) -> float:
    return round(min(max(0.08 * math.log2(max(epochs, 1e-9) / 4), 0.0), 0.5), 2)


def weights(hidden: int) -> int:
    """The number of weights in the recurrent layers of an lstm, roughly. Other cells get the hidden size of an lstm."""
    return 4 * hidden * (hidden + min(64, hidden)) + (LAYERS - 1) * 4 * hidden * 2 * hidden


def _power_of_two(number: float) -> int:
    """The largest power of two that is not above `number`; at least 1."""
    return 1 << int(math.log2(max(number, 1)))
