"""`charnn tag`: reads a stream of text and writes it with tags."""

from __future__ import annotations

import sys
from itertools import chain
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from charnn.cli import confidence, options
from charnn.corpora.decoding import FEW
from charnn.corpora.decoding import OnError as DecodingErrors
from charnn.errors import UsageError
from charnn.tasks.tagger.config import Level, TextFormat

if TYPE_CHECKING:
    from charnn.tasks.tagger.formats.sentence import Sentence
    from charnn.tasks.tagger.use.constraints import ReplacedValues
    from charnn.tasks.tagger.use.stream import AnnotatedSentence

OutputFormat = Literal["conllu", "columns", "slashed", "characters"]
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
    from charnn.cli import console
    from charnn.cli.notices import announce
    from charnn.corpora.sources import check_encoding
    from charnn.segmentation.graphemes import is_one
    from charnn.tasks.tagger.config import PASSED_OVER
    from charnn.tasks.tagger.use.constraints import Constraints, ReplacedValues, read_forms
    from charnn.tasks.tagger.use.json_writer import JsonWriter
    from charnn.tasks.tagger.use.model import Tagger, check_columns
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
    of_file = tuple(name.strip() for name in columns.split(",")) if columns and PASSED_OVER in columns else None
    asked = corpus.columns if columns is None else [name for name in columns.split(",") if name.strip() != PASSED_OVER]
    chosen = check_columns(asked, corpus.columns)
    if format is not None:
        _check_level(format, corpus.level)
    output = console.Output(encoding)
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
    least = threshold.least or 0.0
    writer = TagWriter(to or "columns", probabilities, least, threshold.replacement, appends=append)
    objects = (
        JsonWriter(str(loaded.path), least, threshold.named, with_probabilities=probabilities) if as_json else None
    )
    of_model = {column: lexicon.tags[column] for column in chosen}
    forms = None if lexicon_file is None else read_forms(lexicon_file, of_model, encoding=encoding)
    constraints = Constraints(of_model, keep, forms) if keep or forms is not None else None
    replaced = None if append or as_json else ReplacedValues(of_model, keeps=keep)
    tags = {*chain.from_iterable(lexicon.tags[column] for column in chosen), threshold.replacement}
    can_align = len(chosen) == 1 and not probabilities and not alternatives and all(map(is_one, tags))
    if to == "characters" and not can_align:
        raise UsageError("--to characters: there is room for a tag of one character only", hint="choose --to columns")
    notices = _Notices("--keep" if keep else "--append" if append else None, replaced)
    options.announce_terminal(files)
    announce(loaded.directory, model)
    sys.setswitchinterval(SWITCH_INTERVAL)
    with loaded:
        skip = notices.skip if on_error == "skip" else None
        for block in tag_stream(inputs, tagger, wanted, skip=skip, constraints=constraints):
            writer.to = to or _default(inputs.format, can_align=can_align)
            notices.see(block, writer.to)
            if append and writer.to == "conllu":
                raise UsageError("--append: rows of CoNLL-U have no place for more", hint="choose --to columns")
            if objects is not None:
                console.write(objects.text(block))
            elif text := writer.text(block):
                output.write(text)
    notices.report()


class _Notices:
    """Says once which options do nothing and what is replaced that is no tag, and counts malformed sentences, which are
    written unchanged, or left out where they are raw text."""

    def __init__(self, flag: str | None, replaced: ReplacedValues | None) -> None:
        """`flag` is the option that is about tags of the input, if one was given."""
        self._flag, self._replaced = flag, replaced
        self._passed_on = self._left_out = 0

    def see(self, block: list[AnnotatedSentence], to: TextFormat) -> None:
        """Looks at sentences that are about to be written in the format `to`."""
        from charnn.cli import console
        from charnn.tasks.tagger.use.stream import UNTAGGED

        raw = next((one.sentence for one in block if one.sentence.format in UNTAGGED), None)
        if self._flag is not None and raw is not None:
            console.warn(
                f"{self._flag} does nothing: {raw.name} is read as raw text, which has no tags; --format says otherwise"
            )
            self._flag = None
        if self._replaced is not None and (warning := self._replaced.warning(block, to)):
            console.warn(warning)
            self._replaced = None

    def skip(self, sentence: Sentence) -> None:
        """Counts a malformed sentence, and names it where it is one of the first."""
        from charnn.cli import console
        from charnn.tasks.tagger.use.stream import UNTAGGED

        if sentence.format in UNTAGGED:
            self._left_out += 1
        else:
            self._passed_on += 1
        if self._passed_on + self._left_out <= FEW:
            console.warn(f"{sentence.error}: {'left out' if sentence.format in UNTAGGED else 'passed on as it is'}")

    def report(self) -> None:
        """Says what is known once all is read."""
        from charnn.cli import console

        if self._replaced is not None and (warning := self._replaced.rest()):
            console.warn(warning)
        if self._passed_on:
            console.warn(f"malformed sentences that were passed on as they are: {self._passed_on:,}")
        if self._left_out:
            console.warn(f"sentences that were left out: {self._left_out:,}")


def _check_level(format: TextFormat, level: Level) -> None:
    if (format == "characters") != (level == "character") and not (format == "columns" and level == "character"):
        formats = "characters or columns" if level == "character" else "words, in any format but that"
        raise UsageError(f"--format {format}: the model tags {formats}")


def _default(format: TextFormat | None, *, can_align: bool) -> OutputFormat:
    """The format to write where --to does not say."""
    match format:
        case "conllu" | "columns" | "slashed":
            return format
        case "characters" if can_align:
            return "characters"
    return "columns"
