"""The options of `charnn sample`, panel by panel, and the sampling that they make."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any

import typer

from charnn.cli.escapes import unescaped
from charnn.cli.given import is_given
from charnn.errors import UsageError
from charnn.generation import config
from charnn.generation.config import FILTERS, SamplingConfig

LENGTH = 1000
ENDLESS = -1
"""What `--length` is where nothing but the model or a stop string ends the text."""

OF_CHANCE = (
    *("temperature", "temperature_range", "top_k", "top_p", "min_p", "typical", "top_n_sigma", "filters"),
    *("repetition_penalty", "presence_penalty", "frequency_penalty", "penalty_window", "log_probabilities"),
)

_prompt, _chance, _form, _end, _many = (
    partial(typer.Option, rich_help_panel=panel)
    for panel in ("Prompts", "How daring", "Form", "Where it ends", "How many, and what of them")
)

PromptFile = Annotated[
    str | None, _prompt("--prompt-file", metavar="FILE", help="The prompt, as it stands there.", show_default=False)
]
Prompts = Annotated[bool, _prompt("--prompts", help="What is read, - or --prompt-file, is one prompt a line.")]
Echo = Annotated[bool, _prompt("--echo/--no-echo", help="Whether the prompt is printed too.")]
Interactive = Annotated[
    bool, _prompt("--interactive", "-i", help="A conversation in the terminal; /help says what it understands.")
]

Temperature = Annotated[
    float, _chance("--temp", "-t", min=0, help="Below 1 is safer, above 1 is wilder, 0 always the likeliest.")
]
TemperatureRange = Annotated[
    str | None,
    _chance("--temp-range", metavar="LOW,HIGH", help="The less sure the model, the higher.", show_default=False),
]
TopK = Annotated[int | None, _chance("--top-k", min=1, help="Only the K likeliest symbols.")]
TopP = Annotated[
    float | None, _chance("--top-p", min=0, max=1, help="Only the likeliest that make up this probability.")
]
MinP = Annotated[
    float | None, _chance("--min-p", min=0, max=1, help="Only those at least this many times as likely as the first.")
]
Typical = Annotated[
    float | None,
    _chance("--typical", min=0, max=1, help="Only those about as surprising as is to be expected, up to this in all."),
]
TopNSigma = Annotated[
    float | None, _chance("--top-n-sigma", min=0, help="Only those within N standard deviations of the best logit.")
]
RepetitionPenalty = Annotated[
    float, _chance("--repetition-penalty", help="Above 1: symbols of the last --penalty-window are made less likely.")
]
PresencePenalty = Annotated[float, _chance("--presence-penalty", help="Taken from the logit of each of them.")]
FrequencyPenalty = Annotated[float, _chance("--frequency-penalty", help="The same for each time that it is there.")]
PenaltyWindow = Annotated[int, _chance("--penalty-window", min=1, help="Symbols that penalties look back at.")]
Bias = Annotated[
    list[str] | None,
    _chance("--bias", metavar="CHAR=AMOUNT", help="Added to the logit of a character: e=-5. Repeatable."),
]
Banned = Annotated[str, _chance("--ban", metavar="CHARS", help="Never write these characters.", show_default=False)]
Filters = Annotated[
    str | None,
    _chance(
        "--samplers",
        metavar="NAMES",
        help=f"The order in which they apply; one left out is off. Default: {', '.join(FILTERS)}.",
        show_default=False,
    ),
]
Beams = Annotated[
    int,
    _chance("--beam", metavar="N", min=1, help="The likeliest text that N beams find, without chance; -n up to N."),
]

Pattern = Annotated[
    str | None,
    _form("--pattern", metavar="REGEX", help="Only texts that match, from the first to the last character."),
]
Length = Annotated[
    int, _end("--length", "-l", min=ENDLESS, help="Characters at most, the prompt not counted; -1 for no end.")
]
Lines = Annotated[int | None, _end("--lines", min=1, help="So many lines.", show_default=False)]
Words = Annotated[int | None, _end("--words", min=1, help="So many words, between white space.", show_default=False)]
Sentences = Annotated[
    int | None,
    _end("--sentences", min=1, help="So many sentences: up to . ! or ? before white space.", show_default=False),
]
StopStrings = Annotated[
    list[str] | None,
    _end("--stop", metavar="STRING", help=r"End before this string (\n is a line end). Repeatable."),
]
IncludeStop = Annotated[bool, _end("--include-stop", help="Print that string too.")]

Number = Annotated[int, _many("-n", min=1, help="Texts, of each prompt.")]
Batch = Annotated[int, _many("--batch", min=1, help="Texts that are made side by side.")]
LogProbabilities = Annotated[
    int | None,
    _many("--logprobs", metavar="K", min=0, help="With --json: each symbol, and the K likeliest in its place."),
]


def sampling(parameters: Mapping[str, Any]) -> SamplingConfig:
    """`parameters` are those of the command line, named as the fields of the configuration are.

    Raises UsageError, or ConfigError for what is out of range.
    """
    fields = {field.name: parameters[field.name] for field in dataclasses.fields(SamplingConfig)}
    if fields["temperature_range"] is not None:
        fields["temperature_range"] = _range(fields["temperature_range"])
    fields["bias"] = tuple(map(_bias, fields["bias"] or ()))
    fields["banned"] = unescaped(fields["banned"])
    fields["filters"] = _filters(fields["filters"]) if fields["filters"] is not None else FILTERS
    fields["length"] = None if fields["length"] == ENDLESS else fields["length"]
    fields["stop_strings"] = tuple(map(unescaped, fields["stop_strings"] or ()))
    return SamplingConfig(**fields)


def refuse_chance(context: typer.Context) -> None:
    """Raises UsageError for what was given and has no part in beam search."""
    for parameter in context.command.params:
        if parameter.name in OF_CHANCE and is_given(context, parameter.name):
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
