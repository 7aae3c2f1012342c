"""Sentences with the tags that they should have, and the line of each word."""

from __future__ import annotations

import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from charnn.config.model import SourceFile
from charnn.corpora.decoding import OnError
from charnn.corpora.sources import read, read_again
from charnn.errors import CharnnWarning, UsageError
from charnn.readable import file_name
from charnn.segmentation.boundaries import SegmentedText
from charnn.tasks.tagger.config import PASSED_OVER, Level, TreebankConfig, TreebankFormat
from charnn.tasks.tagger.formats.raw import align, raw_text
from charnn.tasks.tagger.formats.sentence import NOT_GIVEN, Malformed, Sentence
from charnn.tasks.tagger.reference_sentences import (
    check_has_columns,
    reference_sentences,
    treebank_format,
    unnamed_in,
    warn_of_unnamed,
)


@dataclass(frozen=True, slots=True)
class ReferenceSentence:
    name: str
    """The name of the file."""
    words: list[str]
    """The words of the sentence, of which there is at least one."""
    tags: tuple[list[str], ...]
    """The tags of each column, NO_TAG for words that have none; one word at least has one."""
    line_of: Callable[[int], int]
    """The line of a word, by its number from 0."""
    text: SegmentedText | None = None
    """The raw text of the sentence and the words in it, where the file tells them."""


@dataclass(frozen=True, slots=True)
class _Text:
    text: str
    name: str


def held_out(corpus: TreebankConfig, columns: Sequence[str]) -> Iterable[ReferenceSentence]:
    """The sentences that the model of `corpus` was validated with, with the tags of some of its columns.

    Raises CorpusError where a file of it is missing or has changed.
    """

    if not corpus.held_out:
        raise UsageError(
            "nothing was held out when the model was trained, which learned all of its data",
            hint="name a FILE to score the model on",
        )

    malformed = Malformed(corpus.on_error, corpus.encoding)

    def again(source: SourceFile) -> _Text:
        return _Text(read_again(source, encoding=corpus.encoding, on_error=malformed.decoding), source.path)

    sources = corpus.validation_sources or corpus.sources
    if corpus.format == "aligned":
        pairs = zip(sources, corpus.tag_sources, strict=True)
        every = chain.from_iterable(_aligned(again(source), again(tags), malformed) for source, tags in pairs)
    else:
        every = chain.from_iterable(_of_training(again(source), corpus, columns, malformed) for source in sources)
    return deque(every, maxlen=corpus.validation_sentences)  # where no file was for validation, the end was


def of_files(
    paths: Sequence[str],
    names: Sequence[str],
    columns: Sequence[str],
    corpus: TreebankConfig,
    *,
    format: TreebankFormat | None,
    tag_paths: Sequence[str],
    encoding: str,
    on_error: OnError,
    given: dict[str, None],
) -> Iterator[ReferenceSentence]:
    """The sentences of files, for a model of `corpus`, in `columns` of it.

    `names` are those of the files' tags where they have none. The columns in which words turn out to have tags are
    added to `given`. Raises CorpusError for what cannot be read, and for the first malformed sentence, once those
    before it have been given; where `on_error` is skip, such sentences are left out with a warning. Raises UsageError
    for arguments that contradict each other.
    """
    if tag_paths and format not in (None, "aligned"):
        raise UsageError(f"--tags goes with --format aligned, not with {format}")
    malformed = Malformed(on_error, encoding)
    if not tag_paths and format != "aligned":

        def every() -> Iterator[ReferenceSentence]:
            for text in _texts(paths, encoding, malformed):
                told = format or treebank_format(text.text, text.name)
                of_file = _names_in(text, told, names, corpus)
                yield from _sentences(text, told, of_file, columns, corpus.level, malformed, given)

        return _reported(every(), malformed)
    if len(tag_paths) != len(paths):
        raise UsageError(f"{len(paths)} FILE but {len(tag_paths)} --tags: aligned files come in pairs")
    if corpus.level != "character" or len(corpus.columns) > 1:
        raise UsageError("--tags is for a model that tags characters, in one column, and this one does not")
    pairs = zip(*(_texts(some, encoding, malformed) for some in (paths, tag_paths)), strict=True)
    return _reported(chain.from_iterable(_aligned(text, tags, malformed) for text, tags in pairs), malformed)


def _names_in(text: _Text, format: TreebankFormat, names: Sequence[str], corpus: TreebankConfig) -> Sequence[str]:
    """The names of the columns of a file that has none for them: `names`, unless these are fewer than the file has
    columns, and it has as many as the model's data had. Then they only choose among those."""
    own = corpus.columns_in_files
    unnamed = 0 if format == "aligned" else unnamed_in(text.text, text.name, format, names, corpus.level)
    if not unnamed or PASSED_OVER in names or len(names) + unnamed != len(own):
        warn_of_unnamed(text.name, format, names, unnamed)
        return names
    warnings.warn(
        f"{text.name}: its columns are taken for those of the model's data: {', '.join(own)}; --columns "
        f"{','.join([*names, PASSED_OVER])} says otherwise",
        CharnnWarning,
        stacklevel=2,
    )
    return own


def _reported(sentences: Iterator[ReferenceSentence], malformed: Malformed) -> Iterator[ReferenceSentence]:
    yield from sentences
    malformed.report()


def _texts(paths: Sequence[str], encoding: str, malformed: Malformed) -> Iterator[_Text]:
    for path in paths:
        text, _ = read(path, encoding=encoding, on_error=malformed.decoding)
        yield _Text(text, file_name(path))


def _sentences(
    text: _Text,
    format: TreebankFormat,
    names: Sequence[str],
    columns: Sequence[str],
    level: Level,
    malformed: Malformed,
    given: dict[str, None] | None = None,
) -> Iterator[ReferenceSentence]:
    every = reference_sentences(text.text, text.name, format, names, level, malformed)
    for number, sentence in enumerate(every):
        check_has_columns(sentence, columns)
        if given is not None:
            new = [column for column in sentence.tag_columns if column not in given]
            given |= dict.fromkeys(c for c in new if not NOT_GIVEN.issuperset(sentence.values(c) or ()))
        tags = tuple(sentence.reference_tags(column) for column in columns)
        raw = raw_text(sentence, opens_paragraph=number == 0)
        yield ReferenceSentence(text.name, sentence.words, tags, sentence.line_of, raw)


def _of_training(
    text: _Text, corpus: TreebankConfig, columns: Sequence[str], malformed: Malformed
) -> Iterator[ReferenceSentence]:
    """The sentences that training had: those that have a tag in any of its columns."""
    places = [corpus.columns.index(column) for column in columns]
    for sentence in _sentences(text, corpus.format, corpus.columns_in_files, corpus.columns, corpus.level, malformed):
        if any(map(any, sentence.tags)):
            yield replace(sentence, tags=tuple(sentence.tags[place] for place in places))


def _aligned(text: _Text, tags: _Text, malformed: Malformed) -> Iterator[ReferenceSentence]:
    for line, sentence in align(text.text, text.name, tags.text, tags.name, malformed):
        source = Sentence("characters", text.name, line, "", sentence.words)
        yield ReferenceSentence(text.name, sentence.words, sentence.tags, source.line_of)
