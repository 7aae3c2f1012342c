"""The options of `charnn sample`, by their panels; those that say how symbols are chosen are in `sampling_options`."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from charnn.cli.sampling_options import ENDLESS

LENGTH = 1000

_prompt, _form, _end, _many = (
    partial(typer.Option, rich_help_panel=panel)
    for panel in (
        "The prompt",
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
        help="Let the model learn from the prompt first, so that it goes on in its manner. It does not expect itself "
        "to say again what it has just said, as eval and score expect it of a text with this option, for then it would "
        "go round in circles. The model on the disk stays as it is. This needs what training needs.",
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
