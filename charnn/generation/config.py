"""The configuration of generation: how each token is chosen, and where a text ends."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from numbers import Integral, Real
from types import UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from charnn.config.as_json import Json, require
from charnn.errors import UsageError
from charnn.readable import instead_of

Filter = Literal["bias", "runs", "penalties", "dry", "temperature", "top-n-sigma", "top-k", "typical", "top-p", "min-p"]
FILTERS: tuple[Filter, ...] = get_args(Filter)
"""The filters, in the order in which they apply unless another is asked for. `runs` comes before all others always."""

_FLAGS = {"beams": "beam"}


@dataclass(frozen=True)
class Bias(Json):
    """An amount that is added to the logit of a character."""

    character: str
    amount: float

    def __post_init__(self) -> None:
        require(len(self.character) == 1, f"a bias is for one character, and {self.character!r:.40} is none")
        require(self.amount < math.inf, "a bias is a number, or -inf")


@dataclass(frozen=True)
class SamplingConfig(Json):
    """Says how the next token is chosen, and when a text ends.

    A filter whose value is None does nothing, and so does one whose value is neutral, as it is by default.
    """

    temperature: float = 0.7
    """The logits are divided by it; 0 is the greedy choice."""
    temperature_range: tuple[float, float] | None = None
    """The lowest and the highest temperature, between which it follows the entropy of the distribution."""
    top_k: int | None = None
    """Only so many tokens may be drawn, the most probable ones."""
    top_p: float | None = None
    """Only the fewest tokens may be drawn that have this probability together, the most probable ones first."""
    min_p: float | None = None
    """Only tokens may be drawn that have at least this fraction of the probability of the most probable one."""
    typical: float | None = None
    """Only the fewest tokens may be drawn that have this probability together, those first whose surprisal is nearest
    to the entropy."""
    top_n_sigma: float | None = None
    """Only tokens may be drawn whose logit is at most so many standard deviations below the largest."""
    repetition_penalty: float = 1.0
    """The logits of tokens in the window are divided by it where they are above 0, and else multiplied by it."""
    presence_penalty: float = 0.0
    """It is taken off the logit of each token in the window."""
    frequency_penalty: float = 0.0
    """It is taken off as often as the token stands in the window."""
    penalty_window: int = 64
    """How many tokens penalties look back at, the prompt's among them."""
    dry_multiplier: float = 0.0
    """The penalty, in nats, of a token that would lengthen a repetition of `dry_allowed_length` tokens; 0 for none."""
    dry_base: float = 1.2
    """Each further token that the repetition has multiplies the penalty by it."""
    dry_allowed_length: int = 16
    """A repetition that is shorter costs nothing."""
    dry_penalty_last_n: int = 1024
    """How many tokens are searched for what is repeated, the prompt's among them."""
    dry_sequence_breakers: tuple[str, ...] = ()
    """What is repeated never goes back beyond one of these strings."""
    bias: tuple[Bias, ...] = ()
    """What is added to the logits of some tokens."""
    banned: str = ""
    """Characters that are never written."""
    filters: tuple[Filter, ...] = FILTERS
    """The filters in the order in which they apply. One that is not named does nothing."""
    beams: int = 1
    """Above 1, beam search takes the place of chance."""
    length: int | None = 1000
    """The text has so many characters at most, the prompt not counted. None sets no limit."""
    lines: int | None = None
    """The text ends after so many lines."""
    words: int | None = None
    """The text ends after so many words."""
    sentences: int | None = None
    """The text ends after so many sentences."""
    stop_strings: tuple[str, ...] = ()
    """The text ends at the first of these strings."""
    include_stop: bool = False
    """Whether a stop string is part of the text that it ends."""
    pattern: str | None = None
    """A regular expression that the whole text matches."""

    def __post_init__(self) -> None:
        require(0 <= self.temperature < math.inf, "--temp: the temperature is a number from 0")
        if self.temperature_range is not None:
            low, high = self.temperature_range
            require(0 <= low <= high < math.inf, "--temp-range: of two temperatures the second is not the lower one")
        counts = ("top_k", "penalty_window", "dry_allowed_length", "dry_penalty_last_n", "beams")
        for name in (*counts, "lines", "words", "sentences"):
            value = getattr(self, name)
            require(value is None or value >= 1, f"--{_FLAGS.get(name, name.replace('_', '-'))} must be at least 1")
        for name in ("top_p", "typical"):
            value = getattr(self, name)
            require(value is None or 0 < value <= 1, f"--{name.replace('_', '-')} is above 0 and at most 1")
        require(self.min_p is None or 0 <= self.min_p <= 1, "--min-p is from 0 to 1")
        require(self.top_n_sigma is None or 0 <= self.top_n_sigma < math.inf, "--top-n-sigma is a number from 0")
        require(0 < self.repetition_penalty < math.inf, "--repetition-penalty is above 0")
        for name in ("presence_penalty", "frequency_penalty"):
            require(math.isfinite(getattr(self, name)), f"--{name.replace('_', '-')} must be finite")
        require(0 <= self.dry_multiplier < math.inf, "--dry-multiplier is a number from 0")
        require(1 <= self.dry_base < math.inf, "--dry-base is a number from 1")
        require(all(self.dry_sequence_breakers), "--dry-sequence-breaker cannot be empty")
        are_filters = _differ(self.filters) and set(self.filters) <= set(FILTERS)
        require(are_filters, f"--samplers: filters are {', '.join(FILTERS)}, each once at most")
        require(self.length is None or self.length >= 0, "--length cannot be negative")
        require(all(self.stop_strings), "--stop: a stop string cannot be empty")
        ends = (self.lines, self.words, self.sentences, *self.stop_strings)
        require(self.pattern is None or all(end is None for end in ends), "--pattern says itself where the text ends")


def _differ(values: Sequence[str]) -> bool:
    return len(set(values)) == len(values)


def sampling_config(options: Mapping[str, Any]) -> SamplingConfig:
    """The configuration with these fields, lists as tuples. Raises UsageError for a field that it does not have, or a
    value that is not of the field's type."""
    declared = {field.name: field.type for field in fields(SamplingConfig)}
    if other := next((name for name in options if name not in declared), None):
        raise UsageError(f"sample: {other} is no option", hint=instead_of(other, list(declared), "there are"))
    kinds = get_type_hints(SamplingConfig)
    for name, value in options.items():
        if not _is_of(kinds[name], value):
            raise UsageError(f"sample: {name}={value!r:.60} is not of its type, {declared[name]}")
    values: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in options.items()}
    return SamplingConfig(**values)


def _is_of(kind: Any, value: object) -> bool:
    """Whether a value is of a declared type; NumPy's numbers are numbers, and a list is as good as a tuple."""
    inner = get_args(kind)
    if get_origin(kind) is UnionType:
        return any(_is_of(one, value) for one in inner)
    if get_origin(kind) is Literal:
        return value in inner
    if get_origin(kind) is tuple:
        return isinstance(value, tuple | list) and all(_is_of(inner[0], one) for one in value)
    if kind in (int, float):
        return isinstance(value, Integral if kind is int else Real) and not isinstance(value, bool)
    return isinstance(value, kind)
