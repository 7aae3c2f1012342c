"""Sizes and regularisation from what there is: the length of the text, and the time to learn it in."""

from __future__ import annotations

import math
from dataclasses import dataclass

from charnn.config import Budget, Cell

HIDDEN_SIZES = (32, 48, 64, 96, 128, 192, 256, 320, 384, 512, 640, 768, 1024)
LAYERS = 2
OPERATIONS_PER_SECOND = 5e11
"""Of two cores with fast bf16, in a recurrent network of moderate width; a first guess, not a measurement."""
_GATES = {"rnn": 1, "gru": 3, "lstm": 4}


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


def choose_sizes(*, characters: int, budget: Budget, cell: Cell) -> Sizes:
    """For a training text of so many `characters`, read for `budget`.

    The number of weights grows as the cube root of the time, about, and is bounded by the text. Dropout grows with the
    number of times that the text will be read. Lanes shrink where the text is too short for them.
    """
    seconds = _seconds(budget, characters)
    wanted = 860_000 * (seconds / 60) ** 0.34
    affordable = min(wanted * 1.15, 5 * characters + 20_000)
    hidden = max((h for h in HIDDEN_SIZES if _parameters(h, "lstm") <= affordable), default=HIDDEN_SIZES[0])
    epochs = _epochs(budget, characters, hidden, cell)
    lanes = 1 << max(min(int(math.log2(max(characters / 256, 1))), 5), 0)
    return Sizes(
        layers=LAYERS,
        hidden_size=hidden,
        embedding_size=min(64, hidden),
        dropout=round(min(max(0.08 * math.log2(max(epochs, 1e-9) / 4), 0.0), 0.5), 2),
        lanes=lanes,
        window_length=64,
        learning_rate=round(8e-3 * math.sqrt(256 / max(hidden, 256)), 5),
    )


def _seconds(budget: Budget, characters: int) -> float:
    """A guess at how long the budget will take, where it is not said in seconds."""
    if budget.seconds is not None:
        return budget.seconds
    read = characters * budget.epochs if budget.epochs is not None else (budget.steps or 0) * 32 * 64
    return read / 90_000


def _epochs(budget: Budget, characters: int, hidden: int, cell: Cell) -> float:
    if budget.epochs is not None:
        return budget.epochs
    return _seconds(budget, characters) * OPERATIONS_PER_SECOND / (6 * _parameters(hidden, cell)) / characters


def _parameters(hidden: int, cell: Cell) -> int:
    """Of the recurrent layers, about."""
    return _GATES[cell] * hidden * (hidden + min(64, hidden)) + (LAYERS - 1) * _GATES[cell] * hidden * 2 * hidden
