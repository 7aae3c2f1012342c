"""Lines without tags: each is a sentence of raw text, of words between spaces, or of characters."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from charnn.corpora.lines import Lines
from charnn.segmentation.words import WordSplitter
from charnn.tasks.tagger.config import TextFormat
from charnn.tasks.tagger.formats import columns
from charnn.tasks.tagger.formats.sentence import Annotation, Sentence

_WORD = re.compile(r"[^ \t\r\n\ufeff]+")


class LineReader:
    """A reader of lines, whatever the words of a line are."""

    def __init__(
        self, format: TextFormat, name: str, words: Callable[[str], tuple[list[str], list[bool] | None]]
    ) -> None:
        """`words` gives the words of a line, and whether a space follows each."""
        self._format: TextFormat = format
        self._name = name
        self._words = words
        self._lines = Lines()
        self._line = 0

    def feed(self, text: str) -> list[Sentence]:
        return [self._sentence(line) for line in self._lines.push(text)]

    def finish(self) -> list[Sentence]:
        return [self._sentence(line) for line in self._lines.flush()]

    def _sentence(self, source: str) -> Sentence:
        self._line += 1
        words, spaces = self._words(source)
        return Sentence(self._format, self._name, self._line, source, words, spaces=spaces)


def raw_lines(name: str, splitter: WordSplitter) -> LineReader:
    return LineReader("lines", name, lambda line: splitter.split(line))


def token_lines(name: str) -> LineReader:
    """Words between spaces and tabs, as they are; other white space, such as a no-break space, is part of a word."""
    return LineReader("tokens", name, lambda line: (_WORD.findall(line), None))


def character_lines(name: str) -> LineReader:
    """Every character of a line, spaces and tabs too, but not its end nor a byte order mark."""

    def characters(line: str) -> tuple[list[str], list[bool]]:
        words = list(line_of(line))
        return words, [False] * len(words)

    return LineReader("characters", name, characters)


def line_of(source: str) -> str:
    """The line without its end, and without a byte order mark."""
    return source.removesuffix("\n").removesuffix("\r").removeprefix("\ufeff")


def written_characters(sentence: Sentence, annotations: Sequence[Annotation]) -> str:
    """The line of tags, aligned with the line that was read; columns where the tags are not single characters each."""
    tags = annotations[0].tags if annotations else ()
    aligned = len(annotations) <= 1 and all(len(tag) == 1 for tag in tags)
    if not aligned or any(annotation.is_more_than_tags for annotation in annotations):
        return columns.written(sentence, annotations)
    line_end = sentence.source[len(sentence.source.rstrip("\r\n")) :] if sentence.format == "characters" else "\n"
    return "".join(tags) + line_end
