"""How text is generated."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from charnn.config.as_json import Json, require


@dataclass(frozen=True)
class SamplingConfig(Json):
    """How the next token is chosen, and when to stop. Filters apply in the order temperature, top-k, top-p, min-p."""

    temperature: float = 0.8
    """0 is greedy."""
    top_k: int | None = None
    top_p: float | None = None
    min_p: float | None = None
    length: int = 1000
    """Characters, the prompt not counted."""
    stop_strings: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        require(0 <= self.temperature < math.inf, "the temperature is a number from 0")
        require(self.top_k is None or self.top_k >= 1, "top-k must be at least 1")
        require(self.top_p is None or 0 < self.top_p <= 1, "top-p is above 0 and at most 1")
        require(self.min_p is None or 0 <= self.min_p <= 1, "min-p is from 0 to 1")
        require(self.length >= 0, "the length cannot be negative")
        require(all(self.stop_strings), "a stop string cannot be empty")
