"""Text without tags: lines of raw text, lines of words between spaces, and running text.

A line of either kind is a sentence; the sentences of running text are found by rules (`charnn.segmentation`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection

from charnn.corpora.lines import Lines
from charnn.segmentation.sentences import SentenceSplitter, ends_paragraph
from charnn.segmentation.words import WordSplitter
from charnn.tasks.tagger.config import TextFormat
from charnn.tasks.tagger.formats.sentence import Sentence

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


def raw_lines(name: str, known: Collection[str]) -> LineReader:
    """A reader of lines of raw text, whose words are found by rules and by the `known` forms."""
    splitter = WordSplitter(known)
    return LineReader("lines", name, lambda line: splitter.split(line))


def token_lines(name: str) -> LineReader:
    """Words between spaces and tabs, as they are; other white space, such as a no-break space, is part of a word."""
    return LineReader("tokens", name, lambda line: (_WORD.findall(line), None))


class RunningTextReader:
    """A reader of raw text that runs on over line ends, whose sentences and words are found by rules."""

    def __init__(self, name: str, known: Collection[str]) -> None:
        """`known` is the forms of the training treebank, abbreviations with their dots among them."""
        self._name = name
        self._sentences = SentenceSplitter(known)
        self._words = WordSplitter(known)
        self._line = 1
        self._paragraph_ended = True

    def feed(self, text: str) -> list[Sentence]:
        return [self._sentence(source) for source in self._sentences.push(text)]

    def finish(self) -> list[Sentence]:
        return [self._sentence(source) for source in self._sentences.flush()]

    def _sentence(self, source: str) -> Sentence:
        words, spaces = self._words.split(source)
        sentence = Sentence("text", self._name, self._line, source, words, spaces=spaces)
        sentence.opens_paragraph = bool(words) and self._paragraph_ended
        self._paragraph_ended = not words or ends_paragraph(source)
        self._line += source.count("\n")
        return sentence
