"""`charnn recall`: puts garbled lines back to the nearest lines of a list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from charnn.cli import confidence, options
from charnn.errors import CharnnError, CorpusError, UsageError

if TYPE_CHECKING:
    from charnn.corpora.decoding import OnError
    from charnn.memory.hopfield import Learning, Updates
    from charnn.memory.memory import Form, GarbledLine, Memory, Recalled


Lines = Annotated[
    str | None,
    typer.Argument(metavar="LINES", help="Remember the lines of this file; - is stdin.", show_default=False),
]
Modern = Annotated[
    bool | None,
    typer.Option(
        "--modern/--classical",
        help="Settle by the modern form, whose state is continuous and updated by attention, or by the classical "
        "one, whose units are +1 or -1.",
        show_default="classical up to 0.14 lines for each unit, modern for more",
    ),
]
LearnBy = Annotated[
    Literal["hebbian", "pseudo-inverse"] | None,
    typer.Option(
        "--learning",
        help="Learn the weights of the classical form by Hebb's rule, which keeps only a few lines that are unlike "
        "each other, or by the pseudo-inverse, which also keeps apart lines that are alike.",
        show_default="pseudo-inverse",
    ),
]
UpdateBy = Annotated[
    Literal["asynchronous", "synchronous"] | None,
    typer.Option(
        "--updates",
        help="Update the units of the classical form one at a time, which always settles, or all at once, which "
        "may end in two states that take turns; a warning says how often that was.",
        show_default="asynchronous",
    ),
]
Units = Annotated[
    int,
    typer.Option(
        "--units",
        metavar="N",
        min=64,
        max=1 << 16,
        help="Store each line as a pattern of N units; more units take more time and memory, and are a little more "
        "exact.",
    ),
]


def recall(
    lines: Lines = None,
    files: options.Files = None,
    modern: Modern = None,
    learning: LearnBy = None,
    updates: UpdateBy = None,
    units: Units = 2048,
    min_confidence: Annotated[
        float | None,
        confidence.min_confidence(
            "Write the text of --unsure for each line that is less probably than P the one that it is taken for."
        ),
    ] = None,
    unsure: Annotated[
        str | None,
        confidence.unsure("Write TEXT for the lines below --min-confidence."),
    ] = None,
    keep_source: Annotated[
        bool, typer.Option("--keep-source", help="Write the line itself and a tab before what it is taken for.")
    ] = False,
    encoding: options.Encoding = "utf-8",
    on_error: options.OnError = "fail",
    as_json: options.AsJson = False,
) -> None:
    """Put garbled lines back to a list: write, for each line, the nearest of the lines in LINES.

    The lines of LINES are the memories of a Hopfield network. A garbled,
    misspelt or partial line settles to one of them: letters may be wrong,
    missing or too many, and case and accents count little. Nothing is
    trained. Lines keep their order, and an empty line stays empty; on a slow
    pipe each line is answered as soon as it comes.

    charnn recall names.txt < scanned.txt
    charnn recall towns.txt --min-confidence 0.8 --unsure "?" letters.txt
    echo "pottery grede" | charnn recall terms.txt --json
    """
    from charnn.cli import console
    from charnn.corpora.sources import check_encoding
    from charnn.memory.memory import lines_as_they_come, recall_stream

    threshold = confidence.Threshold.of(min_confidence, unsure, "lines")
    check_encoding(encoding)
    memory = memory_of(
        lines,
        files,
        modern=modern,
        learning=learning,
        updates=updates,
        units=units,
        encoding=encoding,
        on_error=on_error,
    )
    writer = _Writer(memory, threshold, keep_source=keep_source)
    output = console.Output("utf-8" if as_json else encoding)
    options.announce_terminal(files)
    read_lines = lines_as_they_come(files or ["-"], encoding=encoding, on_error=on_error)
    for chunk in recall_stream(read_lines, memory):
        if as_json:
            for garbled, recalled in chunk:
                console.write_json(writer.record(garbled, recalled))
        else:
            output.write("".join(writer.line(garbled.text, recalled) for garbled, recalled in chunk))
    if writer.two_cycles:
        console.warn(
            f"lines for which two states took turns for ever, and the one of lower energy was taken: "
            f"{writer.two_cycles:,}; --updates asynchronous always settles"
        )


def memory_of(
    lines: str | None,
    files: list[str] | None,
    *,
    modern: bool | None,
    learning: Learning | None,
    updates: Updates | None,
    units: int,
    encoding: str = "utf-8",
    on_error: OnError = "fail",
) -> Memory:
    """The memory of the lines of a file; `files` have the garbled ones. Raises UsageError where options contradict each
    other, and CorpusError where the file cannot be read or has no lines."""
    from charnn.corpora.lines import bare_lines
    from charnn.corpora.sources import read
    from charnn.memory.memory import Memory

    if lines is None:
        raise UsageError("no lines to remember", hint="name a file that has them: charnn recall LINES")
    if lines == "-" and "-" in (files or ["-"]):
        raise UsageError("standard input has the lines to remember and the garbled ones, too", hint="name a FILE")
    for option, given in (("--learning", learning), ("--updates", updates)):
        if modern and given:
            raise UsageError(f"{option} {given} is for the classical form", hint="leave it out, or --modern")
    text, _ = read(lines, encoding=encoding, on_error=on_error)
    form: Form | None = None if modern is None else "modern" if modern else "classical"
    try:
        return Memory(bare_lines(text), form=form, learning=learning, updates=updates, units=units)
    except UsageError as error:
        raise _naming(error, lines) from None


def _naming(error: CharnnError, path: str) -> CharnnError:
    """The error of what is in a file, with the name of the file."""
    kind = UsageError if error.hint else CorpusError
    return kind(f"{path}: {error}", hint=error.hint)


class _Writer:
    """Writes what lines were recalled as, and counts those that did not settle."""

    def __init__(self, memory: Memory, threshold: confidence.Threshold, *, keep_source: bool) -> None:
        self._memory, self._threshold, self._keep_source = memory, threshold, keep_source
        self.two_cycles = 0

    def line(self, source: str, recalled: Recalled | None) -> str:
        if recalled is None:
            return f"{source}\n" if self._keep_source else "\n"
        self.two_cycles += recalled.two_cycle
        shown = self._threshold.in_line(recalled.line, recalled.confidence)
        return f"{source}\t{shown}\n" if self._keep_source else f"{shown}\n"

    def record(self, garbled: GarbledLine, recalled: Recalled | None) -> dict[str, Any]:
        about = {"file": garbled.file, "line": garbled.line, "source": garbled.text}
        if recalled is None:
            return {**about, "recalled": None}
        self.two_cycles += recalled.two_cycle
        return {
            **about,
            "recalled": self._threshold.in_json(recalled.line, recalled.confidence),
            "nearest": recalled.line,
            "confidence": round(recalled.confidence, 6),
            "overlap": round(recalled.overlap, 6),
            "steps": recalled.steps,
            "energy_before": round(recalled.energies[0], 6),
            "energy": round(recalled.energies[-1], 6),
            "two_cycle": recalled.two_cycle,
            "form": self._memory.form,
        }
