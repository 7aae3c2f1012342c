"""A stream of text to the same with tags: files to sentences as they come, those to tagged sentences, these to text.

Each sentence is done as soon as it can be where the input pauses, many at once where it does not, in order and in
bounded memory.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import NamedTuple

from charnn.corpora.decoding import OnError
from charnn.corpora.foreign import foreign_format, looks_like_table
from charnn.corpora.lines import check_length, line_ends
from charnn.corpora.streams import stream
from charnn.errors import CharnnWarning, CorpusError
from charnn.readable import file_name
from charnn.segmentation.boundaries import Splitter
from charnn.segmentation.sentences import SentenceFinder
from charnn.segmentation.spacing import unspaced_script
from charnn.streaming import results_in_order
from charnn.tasks.tagger.config import Level, TextFormat
from charnn.tasks.tagger.formats import conllu, open_reader, render
from charnn.tasks.tagger.formats.conllu_layout import STANDARD, Layout
from charnn.tasks.tagger.formats.recognition import check_line_ends, is_enough, recognize, sample_of
from charnn.tasks.tagger.formats.sentence import Annotation, LongSentences, Malformed, Sentence
from charnn.tasks.tagger.reference_sentences import unnamed_columns, warn_of_unnamed
from charnn.tasks.tagger.use.constraints import Constraints
from charnn.tasks.tagger.use.segmenter import Segmenter
from charnn.tasks.tagger.use.sentence_tagger import TAGS_ONLY, SentenceTagger, TagOptions

CHUNK_WORDS = 8192
"""Words that are tagged together, at most, no words counted as one; a longer sentence is a chunk of its own. Where tags
are thousands they are fewer (`SentenceTagger.chunk_words`)."""
APPENDED = " (appended)"
"""What the name of a column ends in whose tags are not to take the place of others."""
RAW: tuple[TextFormat, ...] = ("lines", "text")
"""The formats whose words must be found."""
UNTAGGED: tuple[TextFormat, ...] = (*RAW, "tokens", "characters")
"""The formats that have no tags, so that their text is always written as another one."""
NO_SEGMENTER = "`charnn train TREEBANK --segment` makes one that has, and --format tokens takes words between spaces"
_ENDS_IN_BLANK_LINE = re.compile(r"(?:\A\ufeff?|\n)[ \t]*\r?\n\Z")


class InputSentences:
    """The sentences of files, one file after the other, as `tag_stream` takes them.

    Iterating gives lists of the sentences that are complete by now, and an empty list at a pause of the input. It
    raises what `stream` raises.
    """

    def __init__(
        self,
        paths: Sequence[str],
        *,
        columns: Sequence[str],
        known: Collection[str] = frozenset(),
        splitter: Callable[[], Splitter] | None = None,
        finder: Callable[[], SentenceFinder] | None = None,
        level: Level = "word",
        format: TextFormat | None = None,
        has_tags: bool = False,
        encoding: str = "utf-8",
        on_error: OnError = "fail",
    ) -> None:
        """`columns` and `known` are those of `open_reader`, and so are what `splitter` and `finder` give, which are
        asked for only where there is raw text, and where there is running text.

        Where no `format` is given, the first lines of each file tell its own; for a tagger of characters it is
        `characters`, unless the file is in columns. It is known where a file `has_tags`, whatever they look like.
        Where `on_error` is skip, a sentence with bytes that are not in the encoding is malformed.
        """
        self.format = format
        """The format of the first file that is not empty; None until that has been read from."""
        self._paths = paths
        self._columns = columns
        self._known = known
        self._level = level
        self._format_of_all = format
        self._encoding, self._has_tags = encoding, has_tags
        self._malformed, self._long = Malformed(on_error, encoding), LongSentences()
        self._splitter, self._finder = splitter, finder
        self._warned = False

    def __iter__(self) -> Iterator[list[Sentence]]:
        for path in self._paths:
            yield from self._sentences(path)

    def _sentences(self, path: str) -> Iterator[list[Sentence]]:
        pieces = stream(path, encoding=self._encoding, on_error=self._malformed.decoding)
        sample, pause, failure = "", False, None
        try:
            for piece in pieces:
                sample += piece
                pause = not piece
                if self._tells_format(sample, pause):
                    break
                if pause:
                    yield []
        except CorpusError as error:
            failure = error
        name = file_name(path)
        format = self._format_of_all or self._recognized(sample, name)
        if sample:
            self.format = self.format or format
        splitter = self._splitter() if self._splitter is not None and format in RAW else None
        finder = self._finder() if self._finder is not None and format == "text" else None
        reader = open_reader(format, name, columns=self._columns, known=self._known, splitter=splitter, finder=finder)
        self._warned |= isinstance(splitter, Segmenter)
        held, line = 0, 1
        for piece in chain([sample] if sample else [], [""] if pause else [], pieces):
            sentences = reader.feed(piece)
            self._check(sentences)
            if line == 1 and sentences and format == "slashed":
                warn_of_unnamed(name, format, self._columns, unnamed_columns(sentences))
            if sentences or not piece:
                yield sentences
            held = len(piece) if sentences else held + len(piece)
            if sentences:
                line = sentences[-1].line + line_ends(sentences[-1].source)
            check_length(held, f"{name}:{line}", what="a sentence")
        if failure:
            raise failure
        if sentences := reader.finish():
            self._check(sentences)
            yield sentences

    def _check(self, sentences: Sequence[Sentence]) -> None:
        for sentence in sentences:
            self._malformed.check_bytes(sentence)
        self._long.look(sentences)
        self._check_spaces(sentences)

    def _check_spaces(self, sentences: Sequence[Sentence]) -> None:
        """Warns once of raw text whose words have no spaces between them, which rules cannot find."""
        if self._warned:
            return
        for sentence in sentences:
            if sentence.format not in RAW:
                return
            for word in sentence.words:
                if (script := unspaced_script(word)) and word not in self._known:
                    self._warned = True
                    warnings.warn(
                        f"{sentence.name}:{sentence.line}: no spaces between words ({script}), and "
                        f"this model has not learned to find words: {NO_SEGMENTER}",
                        CharnnWarning,
                        stacklevel=2,
                    )
                    return

    def _tells_format(self, sample: str, pause: bool) -> bool:
        return self._format_of_all is not None or is_enough(sample, pauses=pause)

    def _recognized(self, sample: str, name: str) -> TextFormat:
        sample = sample_of(sample)
        check_line_ends(sample, name)
        found = recognize(sample, has_tags=self._has_tags)
        format = "characters" if self._level == "character" and found.format != "columns" else found.format
        markup = foreign_format(sample.encode("utf-8", "surrogateescape"))
        looks_like = markup.what if markup is not None else found.looks_like or looks_like_table(sample)
        if format == "lines" and looks_like:
            warnings.warn(
                f"{name} looks like {looks_like}, and is read as raw text; --format says what it is",
                CharnnWarning,
                stacklevel=2,
            )
        return format


class AnnotatedSentence(NamedTuple):
    sentence: Sentence
    annotations: list[Annotation] | None
    """What the tagger says of its words in each column; None for a malformed sentence, which is passed on as it is."""


def tag_stream(
    read: Iterable[Sequence[Sentence]],
    tagger: SentenceTagger,
    options: TagOptions = TAGS_ONLY,
    *,
    skip: Callable[[Sentence], None] | None = None,
    constraints: Constraints | None = None,
) -> Iterator[list[AnnotatedSentence]]:
    """Chunks of tagged sentences, in the order of the input. When one is given, it should be written and flushed.

    `read` gives the sentences that are complete by now, and none at a pause of the input: then all that it gave before
    is tagged and given. A malformed sentence raises its CorpusError, once everything before it has been given; where
    there is `skip`, that is called with the sentence instead, and the sentence is passed on. An error that `read`
    raises is raised once everything before it has been given, too. `constraints` say which tags words may have.
    """

    def begin(chunk: list[Sentence]) -> Callable[[], list[AnnotatedSentence]]:
        whole = [sentence for sentence in chunk if sentence.error is None]
        masks = None if constraints is None else [constraints.of(sentence) for sentence in whole]
        result = tagger.begin([sentence.words for sentence in whole], options, masks)

        def wait() -> list[AnnotatedSentence]:
            found = result()
            if constraints is not None:
                found = [constraints.kept(*one) for one in zip(whole, found, strict=True)]
            annotations = iter(found)
            return [AnnotatedSentence(s, next(annotations) if s.error is None else None) for s in chunk]

        return wait

    largest = tagger.chunk_words(CHUNK_WORDS)
    return results_in_order(_checked(read, skip), begin, lambda s: len(s.words) or 1, largest=largest)


def _checked(
    read: Iterable[Sequence[Sentence]], skip: Callable[[Sentence], None] | None
) -> Iterator[Sequence[Sentence]]:
    """What is read, up to a malformed sentence that is not to be skipped."""
    for sentences in read:
        for number, sentence in enumerate(sentences):
            if sentence.error is None:
                continue
            if skip is None:
                yield sentences[:number]
                raise sentence.error
            skip(sentence)
        yield sentences


@dataclass(slots=True)
class TagWriter:
    """Tagged sentences as the text of one output, in their order."""

    to: TextFormat
    probabilities: bool = False
    """Whether the probabilities are written, where the annotations have them."""
    min_confidence: float = 0.0
    unsure: str = "_"
    """What takes the place of a tag that is less probable than `min_confidence`."""
    appends: bool = False
    """Whether tags are written after the columns that a sentence has, instead of in those of their names."""
    _last: str = field(default="", init=False)
    """The sentence written before."""
    _layout: Layout = field(default=STANDARD, init=False)
    """The columns that rows of CoNLL-U have in what was written before."""

    def text(self, sentences: Iterable[AnnotatedSentence]) -> str:
        """The sentences as `render` writes them, each on lines of its own.

        A sentence that lacks its end, as the last of a file may, is given it before another follows. A malformed one
        is written as it is, but for raw text, which has no place among tags.
        Raises UsageError for tags that the format has no place for.
        """
        texts: list[str] = []
        for sentence, columns in sentences:
            if columns is None and sentence.format in UNTAGGED:
                continue
            text = render(sentence, list(map(self._as_written, columns or ())), self.to)
            if text:
                texts += [self._missing_end(), self._with_columns_named(sentence, columns, text)]
                self._last = text
        return "".join(texts)

    def _with_columns_named(self, sentence: Sentence, columns: Sequence[Annotation] | None, text: str) -> str:
        """The text of a sentence, after a comment that names its columns where CoNLL-U needs one to tell them."""
        if self.to != "conllu" or columns is None:
            return text
        layout = conllu.written_layout(sentence, [annotation.column for annotation in columns])
        if layout == self._layout:
            return text
        self._layout = layout
        if conllu.names_its_columns(sentence):
            return text
        mark = "\ufeff" if text.startswith("\ufeff") else ""
        heading = layout.columns_comment.replace("\n", "\r\n") if "\r\n" in text else layout.columns_comment
        return f"{mark}{heading}{text[len(mark) :]}"

    def _as_written(self, annotation: Annotation) -> Annotation:
        probabilities, tags = annotation.probabilities, annotation.tags
        if self.min_confidence and probabilities is not None:
            least, unsure = self.min_confidence, self.unsure
            tags = [tag if p >= least else unsure for tag, p in zip(tags, probabilities, strict=True)]
        column = f"{annotation.column}{APPENDED}" if self.appends else annotation.column
        kept = probabilities if self.probabilities else None
        return replace(annotation, column=column, tags=tags, probabilities=kept)

    def _missing_end(self) -> str:
        last = self._last
        if not last or last.endswith("\n\n"):
            return ""
        line_end = "\r\n" if "\r\n" in last else "\n"
        missing = "" if last.endswith("\n") else line_end
        if self.to in ("conllu", "columns") and not _ENDS_IN_BLANK_LINE.search(last + missing):
            missing += line_end
        return missing
