"""The sampling that the options of `charnn sample` ask for."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import typer

from charnn.cli.options import is_given
from charnn.errors import UsageError
from charnn.generation import config
from charnn.generation.config import FILTERS, SamplingConfig
from charnn.readable import unescaped

ENDLESS = -1
"""With this `--length`, a text may be as long as the model makes it."""

NOT_WITH_BEAMS = (
    *("temperature", "temperature_range", "top_k", "top_p", "min_p", "typical", "top_n_sigma"),
    *("repetition_penalty", "presence_penalty", "frequency_penalty", "penalty_window", "log_probabilities"),
    *("dry_multiplier", "dry_base", "dry_allowed_length", "dry_penalty_last_n", "dry_sequence_breakers"),
)


def sampling_from(parameters: Mapping[str, Any]) -> SamplingConfig:
    """The sampling that the parameters of the command line ask for; they are named as the fields of SamplingConfig.

    Raises UsageError where a value cannot be read, and ConfigError where one is out of range.
    """
    fields = {field.name: parameters[field.name] for field in dataclasses.fields(SamplingConfig)}
    if fields["temperature_range"] is not None:
        fields["temperature_range"] = _range(fields["temperature_range"])
    fields["bias"] = tuple(map(_bias, fields["bias"] or ()))
    fields["banned"] = unescaped(fields["banned"])
    fields["dry_sequence_breakers"] = tuple(map(unescaped, fields["dry_sequence_breakers"] or ()))
    fields["filters"] = _filters(fields["filters"]) if fields["filters"] is not None else FILTERS
    fields["length"] = None if fields["length"] == ENDLESS else fields["length"]
    fields["stop_strings"] = tuple(map(unescaped, fields["stop_strings"] or ()))
    return SamplingConfig(**fields)


def refuse_chance(context: typer.Context) -> None:
    """Raises UsageError for an option that was given and has no part in beam search, which draws nothing."""
    for parameter in context.command.params:
        if parameter.name in NOT_WITH_BEAMS and is_given(context, parameter.name):
            raise UsageError(f"{parameter.opts[0]} has no part in --beam, which leaves nothing to chance")


def _range(text: str) -> tuple[float, float]:
    try:
        low, high = map(float, text.split(","))
    except ValueError:
        raise UsageError(f"--temp-range {text}: not two numbers", hint="write it like 0.5,1.2") from None
    return low, high


def _bias(text: str) -> config.Bias:
    character, _, amount = text.rpartition("=")
    try:
        return config.Bias(unescaped(character), float(amount))
    except ValueError:
        raise UsageError(f"--bias {text}: not CHAR=AMOUNT", hint="write it like e=-5") from None


def _filters(names: str) -> tuple[config.Filter, ...]:
    known = {str(name): name for name in FILTERS}
    wanted = [name.strip() for name in names.split(",")]
    if unknown := [name for name in wanted if name not in known]:
        raise UsageError(f"--samplers: no {unknown[0]!r}", hint=f"there are {', '.join(FILTERS)}")
    return tuple(known[name] for name in wanted)
