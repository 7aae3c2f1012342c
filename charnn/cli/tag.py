"""`charnn tag`: reads a stream of text and writes it with tags."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from charnn.cli import confidence, options
from charnn.corpora.decoding import OnError as DecodingErrors
from charnn.errors import UsageError
from charnn.tasks.tagger.config import Level, OutputFormat, TextFormat

if TYPE_CHECKING:
    from collections.abc import Sequence

SWITCH_INTERVAL = 0.0005
"""The most seconds that a thread of the network, done with a batch, waits for Python's one lock. With Python's usual
0.005 seconds the threads idle, and on two cores int8 tagged an eighth fewer words a second."""


def tag(
    files: options.Files = None,
    model: options.Model = None,
    format: Annotated[
        TextFormat | None,
        typer.Option(
            "--format",
            metavar="FORMAT",
            help="Read FILE in this format. lines: raw text with a sentence on each line. text: raw text that runs on "
            "over line ends. tokens: words between spaces, a sentence on each line. characters: each character of a "
            "line is tagged. conllu, columns, slashed: text that has tags, as CoNLL-U, as columns between tabs or "
            "spaces, as word_TAG.",
            show_default="told by the content: conllu, columns or slashed, and otherwise lines",
        ),
    ] = None,
    to: Annotated[
        OutputFormat | None,
        typer.Option(
            "--to",
            metavar="FORMAT",
            help="Write this format: conllu, columns, slashed, or characters (a line of tags for each line).",
            show_default="that of FILE; for raw text columns, with a word and its tag on each line",
        ),
    ] = None,
    columns: Annotated[
        str | None,
        typer.Option(
            "--columns",
            metavar="NAMES",
            help="Write the tags of these columns only, of all that the model has learned, as in upos,xpos. Names with "
            "_ among them are those of FILE's columns after the words, and _ passes one over, as in _,_,ner.",
            show_default="all of them",
        ),
    ] = None,
    probabilities: Annotated[
        bool, typer.Option("--probs", help="Write the probability of each tag beside it: how sure the model is.")
    ] = False,
    alternatives: Annotated[
        int | None,
        typer.Option(
            "--nbest",
            metavar="K",
            min=1,
            help="Write the K likeliest tags of each word, too, with their probabilities.",
            show_default=False,
        ),
    ] = None,
    min_confidence: Annotated[
        float | None,
        confidence.min_confidence("Replace each tag whose probability is below P with the tag of --unsure."),
    ] = None,
    unsure: Annotated[
        str | None,
        confidence.unsure("Write TAG for the tags that --min-confidence replaces.", "TAG"),
    ] = None,
    keep: Annotated[
        bool,
        typer.Option(
            "--keep",
            help="Keep the tags that FILE has, and tag only the words that have none (_ or nothing in their place), so "
            "that they go with the tags around them.",
        ),
    ] = False,
    append: Annotated[
        bool,
        typer.Option(
            "--append",
            help="Write the tags after the columns of FILE, instead of in the place of the tags that it has. CoNLL-U "
            "has no place for more.",
        ),
    ] = False,
    lexicon_file: Annotated[
        str | None,
        typer.Option(
            "--lexicon",
            metavar="LIST",
            help="Give a word no other tags than this file allows it: on each line a form, a tab, and its tags with "
            "spaces between them.",
            show_default=False,
        ),
    ] = None,
    on_error: Annotated[
        DecodingErrors,
        typer.Option(
            "--on-error",
            help="Do this where a sentence is malformed or has bytes that are not in the encoding: end with an error "
            "once the sentences before it are done (fail); or warn, and write it unchanged if it has tags or leave it "
            "out if it is raw text (skip). replace warns and reads each such byte as U+FFFD, and ends at a malformed "
            "sentence.",
        ),
    ] = "fail",
    encoding: options.Encoding = "utf-8",
    precision: options.Precision = "auto",
    as_json: options.AsJson = False,
) -> None:
    """Tag text: write each sentence with a tag for each of its words.

    Sentences keep their order. In text that has tags already, the tags are
    replaced and everything else stays, byte for byte. On a slow pipe each
    sentence is written as soon as it is tagged.

    charnn tag < notes.txt | grep -c NOUN
    charnn tag --probs treebank.conllu > tagged.conllu
    charnn tag --keep begun.conllu > complete.conllu
    tail -f chat.log | charnn tag --to slashed
    """
    from charnn.cli import tag_views
    from charnn.cli.notices import announce
    from charnn.corpora.sources import check_encoding
    from charnn.tasks.tagger.use.constraints import Constraints, ReplacedValues, read_forms
    from charnn.tasks.tagger.use.json_writer import JsonWriter
    from charnn.tasks.tagger.use.model import Tagger
    from charnn.tasks.tagger.use.sentence_tagger import TagOptions
    from charnn.tasks.tagger.use.stream import InputSentences, TagWriter, tag_stream

    threshold = confidence.Threshold.of(min_confidence, unsure, "tags")
    if keep and append:
        raise UsageError("--keep fills the tags of FILE, and --append adds others: give one of the two")
    if as_json and to is not None:
        raise UsageError(f"--json is a form of its own, and --to {to} another: give one of the two")
    check_encoding(encoding)
    loaded = Tagger.find(model, precision=precision, threads=options.processors())
    corpus = loaded.config.corpus
    of_file, chosen = _columns(columns, corpus.columns)
    if format is not None:
        _check_level(format, corpus.level)
    tagger, lexicon = loaded.sentence_tagger, loaded.lexicon
    inputs = InputSentences(
        files or ["-"],
        columns=of_file or corpus.columns_in_files,
        known=lexicon.counts,
        splitter=lambda: loaded.splitter,
        finder=loaded.sentence_finder,
        level=corpus.level,
        format=format,
        has_tags=keep or append or of_file is not None,
        encoding=encoding,
        on_error=on_error,
    )
    wanted = TagOptions(chosen, probabilities or threshold.least is not None, alternatives or 0)
    tags = {column: lexicon.tags[column] for column in chosen}
    forms = None if lexicon_file is None else read_forms(lexicon_file, tags, encoding=encoding)
    constraints = Constraints(tags, keep, forms) if keep or forms is not None else None
    least = threshold.least or 0.0
    texts = TagWriter(to or "columns", probabilities, least, threshold.replacement, appends=append)
    objects = (
        JsonWriter(str(loaded.path), least, threshold.named, with_probabilities=probabilities) if as_json else None
    )
    can_align = not probabilities and not alternatives and tag_views.can_align(tags, threshold.replacement)
    result = tag_views.Result(texts, objects, to, encoding, can_align=can_align)
    replaced = None if append or as_json else ReplacedValues(tags, keeps=keep)
    notices = tag_views.Notices("--keep" if keep else "--append" if append else None, replaced)
    options.announce_terminal(files)
    announce(loaded.directory, model)
    sys.setswitchinterval(SWITCH_INTERVAL)
    with loaded:
        skip = notices.skip if on_error == "skip" else None
        for block in tag_stream(inputs, tagger, wanted, skip=skip, constraints=constraints):
            result.suit(inputs.format)
            notices.see(block, result.format)
            result.write(block)
    notices.report()


def _columns(named: str | None, learned: Sequence[str]) -> tuple[tuple[str, ...] | None, list[str]]:
    """The columns that --columns says FILE has, None where it says nothing of that, and those to write of what was
    `learned`. Raises UsageError for one that was not."""
    from charnn.tasks.tagger.config import PASSED_OVER
    from charnn.tasks.tagger.use.model import check_columns

    if named is None:
        return None, check_columns(learned, learned)
    names = named.split(",")
    of_file = tuple(name.strip() for name in names) if PASSED_OVER in named else None
    return of_file, check_columns([name for name in names if name.strip() != PASSED_OVER], learned)


def _check_level(format: TextFormat, level: Level) -> None:
    if (format == "characters") != (level == "character") and not (format == "columns" and level == "character"):
        formats = "characters or columns" if level == "character" else "words, in any format but that"
        raise UsageError(f"--format {format}: the model tags {formats}")
