"""The options of `charnn sample`, panel by panel, and the sampling that they make."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any

import typer

from charnn.cli.parameters import is_given
from charnn.errors import UsageError
from charnn.generation import config
from charnn.generation.config import FILTERS, SamplingConfig
from charnn.readable import unescaped

LENGTH = 1000
ENDLESS = -1
"""What `--length` is where nothing but the model or a stop string ends the text."""

OF_CHANCE = (
    *("temperature", "temperature_range", "top_k", "top_p", "min_p", "typical", "top_n_sigma", "filters"),
    *("repetition_penalty", "presence_penalty", "frequency_penalty", "penalty_window", "log_probabilities"),
)

_prompt, _chance, _form, _end, _many = (
    partial(typer.Option, rich_help_panel=panel)
    for panel in (
        "The prompt",
        "How daring",
        "Form",
        "Where the text ends",
        "How many texts, and what is printed of them",
    )
)

PromptFile = Annotated[
    str | None,
    _prompt("--prompt-file", metavar="FILE", help="Read the prompt from this file, as it stands.", show_default=False),
]
Prompts = Annotated[
    bool, _prompt("--prompts", help="Take each line of stdin (-) or of --prompt-file as a prompt of its own.")
]
Echo = Annotated[bool, _prompt("--echo/--no-echo", help="Print the prompt before the text that follows it, or not.")]
Interactive = Annotated[
    bool,
    _prompt(
        "--interactive", "-i", help="Write a text in turns with the model, in the terminal; /help says what it takes."
    ),
]

Temperature = Annotated[
    float,
    _chance(
        "--temp",
        "-t",
        min=0,
        help="Divide the logits by this: below 1 the text is safer, above 1 wilder; 0 always takes the likeliest "
        "symbol.",
    ),
]
TemperatureRange = Annotated[
    str | None,
    _chance(
        "--temp-range",
        metavar="LOW,HIGH",
        help="Let the temperature follow the entropy: LOW where the model is sure, HIGH where it is not.",
        show_default=False,
    ),
]
TopK = Annotated[
    int | None, _chance("--top-k", min=1, help="Choose among the K likeliest symbols only.", show_default=False)
]
TopP = Annotated[
    float | None,
    _chance(
        "--top-p",
        min=0,
        max=1,
        help="Choose among the likeliest symbols that make up this probability.",
        show_default=False,
    ),
]
MinP = Annotated[
    float | None,
    _chance(
        "--min-p",
        min=0,
        max=1,
        help="Choose among the symbols that are at least this many times as likely as the likeliest.",
        show_default=False,
    ),
]
Typical = Annotated[
    float | None,
    _chance(
        "--typical",
        min=0,
        max=1,
        help="Choose among the symbols that are about as surprising as expected, up to this probability.",
        show_default=False,
    ),
]
TopNSigma = Annotated[
    float | None,
    _chance(
        "--top-n-sigma",
        min=0,
        help="Choose among the symbols whose logit is within N standard deviations of the largest.",
        show_default=False,
    ),
]
RepetitionPenalty = Annotated[
    float,
    _chance("--repetition-penalty", help="Make symbols of the last --penalty-window less likely; 1 changes nothing."),
]
PresencePenalty = Annotated[
    float, _chance("--presence-penalty", help="Take this from the logit of each symbol of the window.")
]
FrequencyPenalty = Annotated[
    float, _chance("--frequency-penalty", help="Take this from it once for each time that the symbol is there.")
]
PenaltyWindow = Annotated[int, _chance("--penalty-window", min=1, help="Let penalties look back at so many symbols.")]
Bias = Annotated[
    list[str] | None,
    _chance(
        "--bias",
        metavar="CHAR=AMOUNT",
        help="Add this to the logit of a character, as in e=-5. Repeatable.",
        show_default=False,
    ),
]
Banned = Annotated[str, _chance("--ban", metavar="CHARS", help="Never write these characters.", show_default=False)]
Filters = Annotated[
    str | None,
    _chance(
        "--samplers",
        metavar="NAMES",
        help="Apply these filters in this order; one that is left out is off.",
        show_default=", ".join(FILTERS),
    ),
]
Beams = Annotated[
    int,
    _chance(
        "--beam",
        metavar="N",
        min=1,
        help="Find the likeliest text with N beams, leaving nothing to chance; -n gives up to N of them.",
    ),
]

Pattern = Annotated[
    str | None,
    _form(
        "--pattern",
        metavar="REGEX",
        help="Write only texts that match this expression from their first to their last character.",
        show_default=False,
    ),
]
Length = Annotated[
    int,
    _end("--length", "-l", min=ENDLESS, help="End after so many characters, the prompt not counted; -1 sets no end."),
]
Lines = Annotated[int | None, _end("--lines", min=1, help="End after so many lines.", show_default=False)]
Words = Annotated[
    int | None, _end("--words", min=1, help="End after so many words, as white space parts them.", show_default=False)
]
Sentences = Annotated[
    int | None,
    _end(
        "--sentences",
        min=1,
        help="End after so many sentences, each up to a . ! or ? before white space.",
        show_default=False,
    ),
]
StopStrings = Annotated[
    list[str] | None,
    _end(
        "--stop",
        metavar="STRING",
        help=r"End before this string, in which \n is a line end. Repeatable.",
        show_default=False,
    ),
]
IncludeStop = Annotated[bool, _end("--include-stop", help="Print the string of --stop too.")]

Number = Annotated[int, _many("-n", min=1, help="Write so many texts of each prompt.")]
Batch = Annotated[int, _many("--batch", min=1, help="Make so many texts side by side.")]
LogProbabilities = Annotated[
    int | None,
    _many(
        "--logprobs",
        metavar="K",
        min=0,
        help="With --json, give each symbol with the K likeliest in its place.",
        show_default=False,
    ),
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
