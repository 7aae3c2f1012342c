"""A text that is wanted, and what becomes of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from charnn.generation.ending import Reason


@dataclass(frozen=True)
class Request:
    number: int
    """From 0, in the order in which the texts are wanted."""
    prompt: str
    random: np.random.Generator
    """One number is taken from it for each token, and one for a length that the model predicts."""


@dataclass(frozen=True)
class Symbol:
    """A token that was chosen."""

    text: str
    """What it completes: "" while a character has bytes to come, and for the stop token."""
    log_probability: float
    """Nats, by the model itself, before all filters."""
    alternatives: tuple[tuple[str, float], ...]
    """The likeliest tokens there, each with its log-probability; the stop token is ""."""


@dataclass
class Text:
    """One text in the making."""

    request: Request
    reason: Reason | None = None
    """Why it ended; None until it has."""
    log_probability: float = 0.0
    """Nats: the sum over the tokens that were chosen, a stop token among them."""
    symbols: list[Symbol] = field(default_factory=list)


class Piece(NamedTuple):
    """A part of a text, as it is made."""

    text: Text
    shown: str
    """What it goes on with; perhaps nothing where it begins, and where it ends."""
    is_last: bool
