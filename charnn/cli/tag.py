"""`charnn tag`: a stream of text in, the same with tags out."""

from __future__ import annotations

import sys
from itertools import chain
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from charnn.cli import options
from charnn.errors import UsageError
from charnn.tasks.tagger.config import Level, TextFormat

if TYPE_CHECKING:
    from charnn.tasks.tagger.formats.sentence import Sentence

OutputFormat = Literal["conllu", "columns", "slashed", "characters"]
SWITCH_INTERVAL = 0.0005
"""Seconds that the threads of the network, done with a batch, wait for Python's one lock at most. With the usual 0.005
they idle: on two cores int8 lost an eighth of its words a second."""
FEW = 3
"""Malformed sentences that are each named in a warning; the others are counted."""


def tag(
    files: options.Files = None,
    model: options.Model = None,
    format: Annotated[
        TextFormat | None,
        typer.Option(
            "--format",
            help="Read FILE in this format: raw text, a sentence a line (lines) or running on (text); words between "
            "spaces (tokens); a tag a character (characters); or tagged text.",
            show_default="told by the content: CoNLL-U, columns between tabs, word_TAG; all else is lines",
        ),
    ] = None,
    to: Annotated[
        OutputFormat | None,
        typer.Option(
            "--to",
            help="Write this format.",
            show_default="that of FILE; for raw text columns, a word and its tag a line",
        ),
    ] = None,
    columns: Annotated[
        str | None,
        typer.Option(
            "--columns",
            metavar="NAMES",
            help="Write only these of the model's columns, as in upos,xpos.",
            show_default="all of them",
        ),
    ] = None,
    probabilities: Annotated[bool, typer.Option("--probs", help="Write the probability of each tag too.")] = False,
    alternatives: Annotated[
        int | None,
        typer.Option(
            "--nbest", metavar="K", min=1, help="Write the K likeliest tags of each word too.", show_default=False
        ),
    ] = None,
    min_confidence: Annotated[
        float | None,
        typer.Option(
            "--min-confidence",
            metavar="P",
            min=0,
            max=1,
            help="Replace tags that are less probable than this by that of --unsure.",
            show_default=False,
        ),
    ] = None,
    unsure: Annotated[
        str | None,
        typer.Option("--unsure", metavar="TAG", help="Write this in the place of such a tag.", show_default="_"),
    ] = None,
    on_error: Annotated[
        Literal["fail", "skip"],
        typer.Option("--on-error", help="With skip, pass a malformed sentence on as it is, with a warning."),
    ] = "fail",
    encoding: options.Encoding = "utf-8",
    precision: options.Precision = "auto",
) -> None:
    """Tag text: sentences come out as they go in, in order, with tags.

    Whatever else the input holds stays as it is, byte for byte. On a slow
    pipe each sentence is written as soon as it is done.

    charnn tag < notes.txt | grep -c NOUN
    charnn tag --probs treebank.conllu > tagged.conllu
    tail -f chat.log | charnn tag --to slashed
    """
    from charnn.cli import console
    from charnn.corpora.sources import check_encoding
    from charnn.tasks.tagger.use.model import Tagger, check_columns
    from charnn.tasks.tagger.use.sentence_tagger import TagOptions
    from charnn.tasks.tagger.use.stream import InputSentences, TagWriter, tag_stream

    if unsure is not None and min_confidence is None:
        raise UsageError(f"--unsure {unsure}: takes the place of tags below --min-confidence P", hint="give that too")
    check_encoding(encoding)
    unsure = "_" if unsure is None else unsure
    loaded = Tagger.find(model, precision=precision, threads=options.processors())
    corpus = loaded.config.corpus
    chosen = check_columns(corpus.columns if columns is None else columns.split(","), corpus.columns)
    if format is not None:
        _check_level(format, corpus.level)
    output = console.Output(encoding)
    tagger, lexicon = loaded.sentence_tagger, loaded.lexicon
    inputs = InputSentences(
        files or ["-"],
        columns=corpus.columns,
        known=lexicon.counts,
        level=corpus.level,
        format=format,
        encoding=encoding,
    )
    wanted = TagOptions(chosen, probabilities or min_confidence is not None, alternatives or 0)
    writer = TagWriter(to or "columns", probabilities, min_confidence or 0.0, unsure)
    tags = {*chain.from_iterable(lexicon.tags[column] for column in chosen), unsure}
    can_align = len(chosen) == 1 and not probabilities and not alternatives and all(len(tag) == 1 for tag in tags)
    if to == "characters" and not can_align:
        raise UsageError("--to characters: there is room for a tag of one character only", hint="choose --to columns")
    skipped = _Skipped()
    options.announce_terminal(files)
    sys.setswitchinterval(SWITCH_INTERVAL)
    with loaded:
        for block in tag_stream(inputs, tagger, wanted, skip=skipped if on_error == "skip" else None):
            writer.to = to or _default(inputs.format, can_align=can_align)
            if text := writer.text(block):
                output.write(text)
    skipped.report()


class _Skipped:
    """Malformed sentences that were passed on as they are."""

    def __init__(self) -> None:
        self._number = 0

    def __call__(self, sentence: Sentence) -> None:
        from charnn.cli import console

        self._number += 1
        if self._number <= FEW:
            console.warn(f"{sentence.error}: passed on as it is")

    def report(self) -> None:
        from charnn.cli import console

        if self._number:
            console.warn(f"malformed sentences that were passed on as they are: {self._number:,}")


def _check_level(format: TextFormat, level: Level) -> None:
    if (format == "characters") != (level == "character") and not (format == "columns" and level == "character"):
        formats = "characters or columns" if level == "character" else "words, in any format but that"
        raise UsageError(f"--format {format}: the model tags {formats}")


def _default(format: TextFormat | None, *, can_align: bool) -> OutputFormat:
    """What is written where nothing was asked for."""
    match format:
        case "conllu" | "columns" | "slashed":
            return format
        case "characters" if can_align:
            return "characters"
    return "columns"
