"""`charnn novelty`: how much of a text is copied from what a model learned from."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from charnn.cli import options
from charnn.errors import CorpusError, UsageError

if TYPE_CHECKING:
    from charnn.cli.novelty_forms import Named
    from charnn.tasks.language_model.config import CorpusConfig

AT_LEAST = 20
HELD_OUT = 1_000_000
"""Characters of the held-out text that are compared, at most: enough for three digits of a share."""


def novelty(
    files: Annotated[
        list[str] | None, typer.Argument(metavar="[FILE]...", help="A text, - for stdin. Default: stdin.")
    ] = None,
    model: options.Model = None,
    corpus: Annotated[
        list[str] | None,
        typer.Option(
            "--corpus",
            metavar="FILE",
            help="Compare with this. Repeatable. Default: what the model was trained on, its held-out part left out.",
        ),
    ] = None,
    at_least: Annotated[
        int,
        typer.Option(
            "--at-least",
            metavar="N",
            min=1,
            help="Runs of N characters count as copied. 20 are about four words; of a text that is new, 2 to 7% were "
            "in such runs by chance, and below 1% in runs of 30, with corpora up to 1 MB. Larger ones have more.",
        ),
    ] = AT_LEAST,
    per_line: Annotated[
        bool,
        typer.Option(
            "--per-line", help="A row for each line: share, longest run and its place in the corpus, the line."
        ),
    ] = False,
    runs: Annotated[
        bool,
        typer.Option(
            "--runs", help="A row for each run: characters, its places in the text and in the corpus, the run itself."
        ),
    ] = False,
    encoding: Annotated[str, typer.Option("--encoding", help="Of FILE and --corpus.")] = "utf-8",
    as_json: options.AsJson = False,
) -> None:
    """Find what a text has copied from the training text.

    The longest run of characters that stands there just so, and the share
    of all characters that lie inside runs of --at-least N. The same of the
    model's held-out text tells how much of that is chance.

    A run lies within one file, and may run on from one of its documents
    into the next. Places are path:line:column, counted from 1.

    charnn sample --length 10000 | charnn novelty
    charnn sample --lines 100 | charnn novelty --per-line | sort -rn | head
    charnn novelty --corpus input.txt --at-least 50 --json story.txt
    """
    from charnn.cli import console, novelty_forms
    from charnn.novelty.matches import matches

    if corpus and model is not None:
        raise UsageError("--corpus takes the place of the text that --model was trained on", hint="give one of them")
    if corpus and "-" in corpus and "-" in (files or ["-"]):
        raise UsageError("standard input is the text and the corpus, too", hint="name a FILE")
    if not files and console.is_terminal() and sys.stdin is not None and sys.stdin.isatty():
        console.notice("reading the terminal; Ctrl-D ends it")
    any_bytes, held_out = False, list[str]()
    if corpus:
        sources = _read(corpus, encoding, any_bytes=False)
    else:
        any_bytes, sources, held_out = _of_model(model)
    texts = _read(files or ["-"], encoding, any_bytes=any_bytes)
    for name in (text.name for text in (*texts, *sources) if not text.text):
        raise CorpusError(f"{name}: the text is empty, and there is nothing to compare")
    if per_line:
        texts = [line for text in texts for line in novelty_forms.lines(text)]
    if per_line or runs:
        held_out = []
    found = matches([*(text.text for text in texts), *held_out], [source.text for source in sources], at_least)
    results = novelty_forms.Results(texts, sources, found[: len(texts)])
    if runs:
        records = results.runs()
    elif per_line:
        records = results.lines()
    else:
        records = results.reports(novelty_forms.Chance.of(found[len(texts) :]))
    for record, rows in records:
        if as_json:
            console.write_json(record)
        else:
            console.write(rows)


def _read(paths: Sequence[str], encoding: str, *, any_bytes: bool) -> list[Named]:
    from charnn.cli.novelty_forms import Named
    from charnn.corpora.sources import read

    return [Named(path, read(path, encoding=encoding, any_bytes=any_bytes)[0]) for path in paths]


def _of_model(name: str | None) -> tuple[bool, list[Named], list[str]]:
    """Whether the model reads any bytes; the texts that it was trained on; what was held out."""
    from charnn.cli import console
    from charnn.tasks.language_model.directory import LanguageModelDirectory

    config = LanguageModelDirectory.find(name).config()
    any_bytes = config.tokenizer.kind == "bytes"
    try:
        sources, held_out = _trained_on(config.corpus, any_bytes=any_bytes)
    except CorpusError as error:
        raise CorpusError(str(error), hint="name the text with --corpus") from error
    if config.corpus.validation_sources:
        try:
            held_out = _held_out(config.corpus, any_bytes=any_bytes)
        except CorpusError as error:
            console.warn(f"nothing held out to compare with: {error}")
    return any_bytes, sources, _cut(held_out, HELD_OUT)[0]


def _trained_on(config: CorpusConfig, *, any_bytes: bool) -> tuple[list[Named], list[str]]:
    """The texts that were trained on, and what follows them in their files: the documents that were held out."""
    from charnn.cli.novelty_forms import Named
    from charnn.corpora.sources import read_again

    texts = [read_again(source, encoding=config.encoding, any_bytes=any_bytes) for source in config.sources]
    training, held_out = _cut(texts, config.training_characters)
    names = [source.path for source in config.sources[: len(training)]]
    return [Named(name, text) for name, text in zip(names, training, strict=True)], held_out


def _held_out(config: CorpusConfig, *, any_bytes: bool) -> list[str]:
    from charnn.corpora.sources import read_again

    return [read_again(source, encoding=config.encoding, any_bytes=any_bytes) for source in config.validation_sources]


def _cut(texts: Sequence[str], characters: int) -> tuple[list[str], list[str]]:
    """The first `characters` of the texts together, and the rest."""
    before, after = [], []
    for text in texts:
        before.append(text[:characters])
        after.append(text[characters:])
        characters = max(characters - len(text), 0)
    return [text for text in before if text], [text for text in after if text]
