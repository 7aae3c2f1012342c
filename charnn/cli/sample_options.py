"""The options of `charnn sample`, panel by panel. `sampling` makes of them what is asked of the generator."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from charnn.cli.sampling import ENDLESS
from charnn.generation.config import FILTERS

LENGTH = 1000

_prompt, _chance, _form, _end, _many = (
    partial(typer.Option, rich_help_panel=panel)
    for panel in (
        "The prompt",
        "How daring",
        "What the text must look like",
        "Where the text ends",
        "How many texts, and what is printed of them",
    )
)

PromptFile = Annotated[
    str | None,
    _prompt("--prompt-file", metavar="FILE", help="Take the whole of this file as the prompt.", show_default=False),
]
Prompts = Annotated[
    bool, _prompt("--prompts", help="Take each line of stdin (-) or of --prompt-file as a prompt of its own.")
]
Echo = Annotated[
    bool,
    _prompt(
        "--echo/--no-echo",
        help="Print the prompt before the text that follows it, or only the text.",
        show_default="echo",
    ),
]
Interactive = Annotated[
    bool,
    _prompt(
        "--interactive",
        "-i",
        help="Write a text in turns with the model, in the terminal; type /help there to see how.",
    ),
]

Adapt = Annotated[
    bool,
    _prompt(
        "--adapt",
        help="Let the model learn from the prompt first, so that it goes on in its manner. The model on the disk stays "
        "as it is. This needs what training needs.",
    ),
]
Save = Annotated[
    str | None,
    _prompt(
        "--save",
        metavar="DIR",
        help="Keep what --adapt has learned as a model of its own, in this new directory.",
        show_default=False,
    ),
]

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
    _chance("--presence-penalty", metavar="X", help="Subtract X from the logit of each symbol among those last ones."),
]
FrequencyPenalty = Annotated[
    float,
    _chance("--frequency-penalty", metavar="X", help="Subtract X from its logit for each time that it stands there."),
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

Pattern = Annotated[
    str | None,
    _form(
        "--pattern",
        metavar="REGEX",
        help="Write a text that matches this regular expression as a whole, the prompt included unless --no-echo is "
        "given.",
        show_default=False,
    ),
]
Length = Annotated[
    int,
    _end(
        "--length",
        "-l",
        metavar="N",
        min=ENDLESS,
        help="End a text after N characters, the prompt not counted. With -1 only the model, a --stop string or "
        "another limit ends it.",
    ),
]
Lines = Annotated[
    int | None,
    _end(
        "--lines",
        metavar="N",
        min=1,
        help="End a text after N lines. A line ends in \\n, \\r\\n or \\r.",
        show_default=False,
    ),
]
Words = Annotated[
    int | None,
    _end(
        "--words",
        metavar="N",
        min=1,
        help="End a text after N words; a word is what stands between white space.",
        show_default=False,
    ),
]
Sentences = Annotated[
    int | None,
    _end(
        "--sentences",
        metavar="N",
        min=1,
        help="End a text after N sentences; a sentence ends with a . ! or ? before white space.",
        show_default=False,
    ),
]
StopStrings = Annotated[
    list[str] | None,
    _end(
        "--stop",
        metavar="STRING",
        help=r"End a text before this string; \n in it stands for a line end. Repeatable.",
        show_default=False,
    ),
]
IncludeStop = Annotated[bool, _end("--include-stop", help="Print the --stop string that ended the text, too.")]

Label = Annotated[
    str | None,
    _prompt(
        "--label",
        metavar="LABEL",
        help="Write with this label, for a model that was trained with --conditioned. LABEL=0.7,LABEL=0.3 mixes "
        "several, and a label that is named alone has the weight 1.",
        show_default="a label for each text, drawn as often as it was seen in training",
    ),
]
Number = Annotated[int, _many("-n", metavar="N", min=1, help="Write N texts for each prompt.")]
Batch = Annotated[
    int,
    _many(
        "--batch",
        metavar="N",
        min=1,
        help="Make N texts at the same time; more are faster together and need more memory.",
    ),
]
LogProbabilities = Annotated[
    int | None,
    _many(
        "--logprobs",
        metavar="K",
        min=0,
        help="Print JSON in which each symbol has its log-probability and the K likeliest symbols in its place.",
        show_default=False,
    ),
]
