"""`charnn novelty`: how much of a text is copied from what a model learned from."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from charnn.cli import options
from charnn.errors import CharnnWarning, CorpusError, UsageError
from charnn.readable import file_name

if TYPE_CHECKING:
    from charnn.corpora.decoding import OnError
    from charnn.novelty.report import CheckedText
    from charnn.tasks.language_model.directory import LanguageModelDirectory

AT_LEAST = 20
HELD_OUT = 1_000_000
"""The most characters of the held-out text that are compared, enough for three digits of the copied share."""


def novelty(
    files: options.Files = None,
    model: options.Model = None,
    corpus: Annotated[
        list[str] | None,
        typer.Option(
            "--corpus",
            metavar="FILE",
            help="Look for copies from this text. Repeatable.",
            show_default="the text that the model was trained on, without what was held out",
        ),
    ] = None,
    at_least: Annotated[
        int,
        typer.Option(
            "--at-least",
            metavar="N",
            min=1,
            help="Count a run as copied if it has at least N characters; 20 are about four words. Chance alone puts 2 "
            "to 7% of a new text into runs of 20 and less than 1% into runs of 30, for a corpus of up to 1 MB.",
        ),
    ] = AT_LEAST,
    per_line: Annotated[
        bool,
        typer.Option(
            "--per-line",
            help="Write a row for each line: the share of it that is copied, the length of its longest run, where "
            "that stands in the corpus, the line itself.",
        ),
    ] = False,
    runs: Annotated[
        bool,
        typer.Option(
            "--runs",
            help="Write a row for each run: its length, its places in the text and in the corpus, the run itself.",
        ),
    ] = False,
    on_error: options.OnError = "fail",
    encoding: options.Encoding = "utf-8",
    as_json: options.AsJson = False,
) -> None:
    """Find what a text has copied from the training text.

    A run is a piece of the text that stands in the training text, too,
    character for character. The report gives the longest run, and the share
    of all characters that lie in runs of at least --at-least characters. The
    same figures for the model's held-out text, which copies nothing, tell
    how much of that is chance.

    A run lies within one file, and may go on from one of its documents into
    the next. Places are written path:line:column, counted from 1.

    charnn sample --length 10000 | charnn novelty
    charnn sample --lines 100 | charnn novelty --per-line | sort -rn | head
    charnn novelty --corpus input.txt --at-least 50 --json story.txt
    """
    from charnn.cli import console
    from charnn.cli.notices import announce
    from charnn.novelty.common_runs import common_runs
    from charnn.novelty.report import Baseline, Results, lines
    from charnn.tasks.language_model.directory import LanguageModelDirectory

    if corpus and model is not None:
        raise UsageError("--corpus takes the place of the text that --model was trained on", hint="give one of them")
    if corpus and "-" in corpus and "-" in (files or ["-"]):
        raise UsageError("standard input is the text and the corpus, too", hint="name a FILE")
    options.announce_terminal(files)
    any_bytes, held_out, used = False, list[str](), dict[str, str]()
    if corpus:
        sources = _texts_of_corpus(corpus, encoding, on_error)
    else:
        directory = LanguageModelDirectory.find(model)
        announce(directory, model)
        used["model"] = str(directory.path)
        any_bytes, sources, held_out = _texts_of_model(directory)
    texts = _read(files or ["-"], encoding, on_error, any_bytes=any_bytes)
    for name in (text.name for text in (*texts, *sources) if not len(text.text)):
        raise CorpusError(f"{name}: the text is empty, and there is nothing to compare")
    if per_line:
        texts = [line for text in texts for line in lines(text)]
    if per_line or runs:
        held_out = []
    found = common_runs([*(text.text[:] for text in texts), *held_out], [source.text for source in sources], at_least)
    results = Results(texts, sources, found[: len(texts)])
    if runs:
        records = results.runs()
    elif per_line:
        records = results.lines()
    else:
        records = results.reports(Baseline.of(found[len(texts) :]))
    for record, rows in records:
        if as_json:
            console.write_json({**record, **used})
        else:
            console.write(rows)


def _texts_of_corpus(corpus: Sequence[str], encoding: str, on_error: OnError) -> list[CheckedText]:
    """The texts of --corpus, which may be long, unless some of their lines are to be left out."""
    from charnn.corpora.folders import corpus_files
    from charnn.corpora.texts import Reading
    from charnn.novelty.report import CheckedText

    paths = corpus_files(corpus)
    if on_error == "skip":
        return _read(paths, encoding, on_error, any_bytes=False)
    (read,) = Reading(encoding, on_error=on_error).texts(paths)
    return [CheckedText(file_name(path), text) for path, (text, _) in zip(paths, read, strict=True)]


def _read(paths: Sequence[str], encoding: str, on_error: OnError, *, any_bytes: bool) -> list[CheckedText]:
    from charnn.corpora.decoding import marking
    from charnn.corpora.sources import read

    texts = (read(path, encoding=encoding, on_error=marking(on_error), any_bytes=any_bytes)[0] for path in paths)
    return [
        _named(path, text, encoding, "fail" if any_bytes else on_error) for path, text in zip(paths, texts, strict=True)
    ]


def _named(path: str, text: str, encoding: str, on_error: OnError) -> CheckedText:
    """The text without the lines that decoding has marked to be left out; the others keep their numbers."""
    from charnn.corpora.decoding import BadBytes, joined
    from charnn.corpora.lines import lines_of
    from charnn.novelty.report import CheckedText

    if on_error != "skip":
        return CheckedText(file_name(path), text)
    bad = BadBytes(file_name(path), encoding, on_error)
    kept = bad.lines(lines_of(text))
    bad.report()
    return CheckedText(file_name(path), joined(line for _, line in kept), numbers=[number for number, _ in kept])


def _texts_of_model(directory: LanguageModelDirectory) -> tuple[bool, list[CheckedText], list[str]]:
    """Whether the model reads any bytes, the texts that it was trained on, and the texts that were held out."""
    from charnn.novelty.report import CheckedText
    from charnn.tasks.language_model.learned_texts import held_out_texts, numbered_texts

    config = directory.config()
    any_bytes = config.tokenizer.kind == "bytes"
    try:
        texts = numbered_texts(config.corpus, any_bytes=any_bytes)
        sources = [CheckedText(path, text, numbers=numbers) for path, text, numbers in texts]
    except CorpusError as error:
        raise CorpusError(str(error), hint="name the text with --corpus") from error
    try:
        held_out = held_out_texts(config.corpus, HELD_OUT, any_bytes=any_bytes)
    except CorpusError as error:
        warnings.warn(f"nothing held out to compare with: {error}", CharnnWarning, stacklevel=2)
        held_out = []
    return any_bytes, sources, held_out
