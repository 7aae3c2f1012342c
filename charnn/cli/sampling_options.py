"""The options of `charnn sample` that say how symbols are chosen, and the sampling that all of them ask for."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any

import typer

from charnn.cli.options import is_given
from charnn.errors import UsageError
from charnn.generation import config
from charnn.generation.config import FILTERS, SamplingConfig
from charnn.readable import instead_of, unescaped

ENDLESS = -1
"""With this `--length`, a text may be as long as the model makes it."""

_chance = partial(typer.Option, rich_help_panel="How daring")

Temperature = Annotated[
    float,
    _chance(
        "--temp",
        "-t",
        metavar="X",
        min=0,
        help="Divide the logits, the network's scores of the symbols, by X. Below 1 the text becomes safer and more "
        "repetitive, above 1 wilder; 0 always takes the likeliest symbol.",
    ),
]
TemperatureRange = Annotated[
    str | None,
    _chance(
        "--temp-range",
        metavar="LOW,HIGH",
        help="Set the temperature anew at each symbol, from LOW where the model is sure of the next symbol to HIGH "
        "where all are equally likely.",
        show_default=False,
    ),
]
TopK = Annotated[
    int | None,
    _chance("--top-k", metavar="K", min=1, help="Draw among the K likeliest symbols only.", show_default=False),
]
TopP = Annotated[
    float | None,
    _chance(
        "--top-p",
        metavar="P",
        min=0,
        max=1,
        help="Draw among the likeliest symbols only, as few as have probability P together.",
        show_default=False,
    ),
]
MinP = Annotated[
    float | None,
    _chance(
        "--min-p",
        metavar="P",
        min=0,
        max=1,
        help="Draw only among symbols that are at least P times as likely as the likeliest one, as in 0.1.",
        show_default=False,
    ),
]
Typical = Annotated[
    float | None,
    _chance(
        "--typical",
        metavar="P",
        min=0,
        max=1,
        help="Draw only among the symbols whose surprise is nearest to the average surprise, as few as have "
        "probability P together.",
        show_default=False,
    ),
]
TopNSigma = Annotated[
    float | None,
    _chance(
        "--top-n-sigma",
        metavar="N",
        min=0,
        help="Draw only among the symbols whose logit is at most N standard deviations below the largest.",
        show_default=False,
    ),
]
RepetitionPenalty = Annotated[
    float,
    _chance(
        "--repetition-penalty",
        metavar="X",
        help="Make a symbol that stands among the last --penalty-window symbols less likely, the more so the larger X "
        "is; 1 changes nothing.",
    ),
]
PresencePenalty = Annotated[
    float,
    _chance(
        "--presence-penalty",
        metavar="X",
        help="Subtract X from the logit of each symbol that stands among the last --penalty-window symbols.",
    ),
]
FrequencyPenalty = Annotated[
    float,
    _chance(
        "--frequency-penalty",
        metavar="X",
        help="Subtract X from the logit of a symbol for each time that it stands among the last "
        "--penalty-window symbols.",
    ),
]
PenaltyWindow = Annotated[
    int, _chance("--penalty-window", metavar="N", min=1, help="Let the penalties look back at the last N symbols.")
]
DryMultiplier = Annotated[
    float,
    _chance(
        "--dry-multiplier",
        metavar="X",
        min=0,
        help="Keep the text from going round in circles (DRY, as in llama.cpp): where the last symbols, at least "
        "--dry-allowed-length of them, have come before, X is subtracted from the logit of the symbol that followed "
        "them there. 0 does nothing; 0.8 is a good beginning.",
    ),
]
DryBase = Annotated[
    float,
    _chance("--dry-base", metavar="X", min=1, help="Multiply what DRY subtracts by X for each further symbol."),
]
DryAllowedLength = Annotated[
    int,
    _chance(
        "--dry-allowed-length",
        metavar="N",
        min=1,
        help="Let DRY do nothing about a repetition of fewer than N symbols. Where symbols are pieces of words, 4 are "
        "about as long as 16 characters.",
    ),
]
DryPenaltyLastN = Annotated[
    int,
    _chance("--dry-penalty-last-n", metavar="N", min=1, help="Let DRY look back at the last N symbols."),
]
DrySequenceBreakers = Annotated[
    list[str] | None,
    _chance(
        "--dry-sequence-breaker",
        metavar="STRING",
        help=r"Let DRY compare only what comes after the last STRING; \n in it stands for a line end. Repeatable.",
        show_default=False,
    ),
]
Bias = Annotated[
    list[str] | None,
    _chance(
        "--bias",
        metavar="CHAR=AMOUNT",
        help="Make a character likelier (an amount above 0) or less likely, as in e=-5: AMOUNT is added to its logit. "
        "Repeatable.",
        show_default=False,
    ),
]
Banned = Annotated[str, _chance("--ban", metavar="CHARS", help="Never write these characters.", show_default=False)]
Filters = Annotated[
    str | None,
    _chance(
        "--samplers",
        metavar="NAMES",
        help="Apply only these filters, in this order, with commas between them. All but runs are options above. runs "
        "keeps each run of one character, such as spaces or dashes, within the longest one of the text that the model "
        "learned, and lets no temperature make it likelier that an unusually long one goes on; it has no option.",
        show_default=", ".join(FILTERS),
    ),
]
Beams = Annotated[
    int,
    _chance(
        "--beam",
        metavar="N",
        min=1,
        help="Search for the likeliest text instead of drawing one, following the N best beginnings at each step; -n "
        "gives up to N texts.",
    ),
]

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
        raise UsageError(f"--samplers: no {unknown[0]!r}", hint=instead_of(unknown[0], FILTERS, "there are"))
    return tuple(known[name] for name in wanted)
