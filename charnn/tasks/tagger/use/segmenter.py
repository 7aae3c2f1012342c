"""Finds the words and sentences of raw text with a network that marks characters.

A paragraph, which a blank line ends, is read in windows: steps of a fixed length from its beginning, each with what
stands around it. So what is found depends on the text alone, and not on how it came.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from charnn.segmentation.boundaries import END, Characters, Splitter, common_characters, marked_words
from charnn.segmentation.graphemes import last_cut
from charnn.segmentation.sentences import BLANK_LINE, PARAGRAPH_END, FoundSentence, with_words
from charnn.segmentation.words import WordSplitter
from charnn.tasks.tagger.use.sentence_tagger import SentenceTagger

WORDS, SENTENCES = "words", "sentences"
"""The columns of a segmenter: the marks of characters that begin a word, and of those that end a sentence. The first
segmenters had no column for sentences."""


class MarkedText(NamedTuple):
    characters: Characters
    words: Sequence[str]
    """The mark of each character in WORDS, and in SENTENCES, without any where the network has no such column."""
    sentences: Sequence[str]


class Segmenter:
    """A `Splitter` of a tagger of characters, which sees where rules would have words begin."""

    def __init__(self, tagger: SentenceTagger, rules: WordSplitter) -> None:
        self._tagger = tagger
        self._rules = rules
        self._common = common_characters(tagger.lexicon.counts)

    @property
    def finds_sentences(self) -> bool:
        return SENTENCES in self._tagger.columns

    def split_all(self, texts: Sequence[str]) -> list[tuple[list[str], list[bool]]]:
        """For each text its words, and for each of them whether white space, or the end of the text, follows it."""
        return [marked.characters.words(marked.words) for marked in self.marked(list(map(Characters, texts)), texts)]

    def marked(self, read: Sequence[Characters], texts: Sequence[str]) -> list[MarkedText]:
        """The texts, which are `read` as characters, with what the network marks in them."""
        by_rule = self._rules.split_all(texts)
        symbols = [c.symbols(words, self._common) for c, (words, _) in zip(read, by_rule, strict=True)]
        columns = [{one.column: one.tags for one in annotations} for annotations in self._tagger.tag(symbols)]
        return [MarkedText(c, of[WORDS], of.get(SENTENCES, ())) for c, of in zip(read, columns, strict=True)]


STEP = 256
"""The characters of a window that are its own."""
MARGIN = 64
"""The characters before and after them that it is read with."""
LONGEST_SENTENCE = 10_000
"""A sentence of more characters ends before the next white space, and at twice as many wherever it is, so that memory
stays bounded."""
_NOT_SPACE = re.compile(r"\S")


class _Window(NamedTuple):
    text: str
    start: int
    """Where its own characters begin in the text, and where they end."""
    end: int
    after_space: bool
    ends_paragraph: bool
    """Whether nothing of its paragraph follows."""


@dataclass(slots=True)
class _Begun:
    """A sentence that has begun."""

    source: str = ""
    characters: list[tuple[str, bool, str]] = field(default_factory=list)
    """Each with whether white space stands before it, and whether a word begins there."""
    has_ended: bool = False
    """Whether its last character ends it, and only the white space after it may follow."""


class LearnedSentences:
    """A `SentenceFinder`. The words are those that the segmenter marks too, or those that a splitter finds."""

    def __init__(self, segmenter: Segmenter, words: Splitter | None = None) -> None:
        self._segmenter = segmenter
        self._words = words
        self._text = ""
        self._start = 0
        """The place in the text up to which it is in windows; what stands before it is their margin."""
        self._held = ""
        """A \\r at the end of what was read, which a \\n may follow."""
        self._is_in_paragraph = False
        self._begun = _Begun()

    def push(self, text: str) -> list[FoundSentence]:
        text = self._held + text
        self._held = "\r" if text.endswith("\r") else ""
        self._text += text.removesuffix("\r")
        return self._found(is_all=False)

    def flush(self) -> list[FoundSentence]:
        self._text += self._held
        self._held = ""
        return self._found(is_all=True)

    def _found(self, is_all: bool) -> list[FoundSentence]:
        windows = list(self._windows(is_all))
        read = [Characters(window.text, after_space=window.after_space) for window in windows]
        marked = self._segmenter.marked(read, [window.text for window in windows])
        begun = [s for window, marks in zip(windows, marked, strict=True) for s in self._sentences(window, marks)]
        if self._words is not None:
            return with_words([sentence.source for sentence in begun], self._words)
        return [FoundSentence(sentence.source, *marked_words(sentence.characters)) for sentence in begun]

    def _windows(self, is_all: bool) -> Iterator[_Window]:
        while self._start < len(self._text):
            text, start = self._text, self._start
            if not self._is_in_paragraph and (blank := BLANK_LINE.match(text, start)):
                yield self._take(blank.end(), ends_paragraph=True)
                continue
            paragraph = PARAGRAPH_END.search(text, start)
            end, is_whole = (paragraph.end(), True) if paragraph else (len(text), is_all)
            yield from self._steps(end, is_whole)
            if not is_whole:
                break
        kept = max(self._start - MARGIN - 1, 0)
        self._text, self._start = self._text[kept:], self._start - kept

    def _steps(self, end: int, is_whole: bool) -> Iterator[_Window]:
        """The windows of a paragraph up to `end`, of which the last follows once that `is_whole`."""
        while end - self._start >= STEP + MARGIN and (cut := _step_end(self._text, self._start, end, is_whole)):
            yield self._take(cut, ends_paragraph=is_whole and cut == end)
        if is_whole and self._start < end:
            yield self._take(end, ends_paragraph=True)

    def _take(self, end: int, *, ends_paragraph: bool) -> _Window:
        """The window of the text up to `end`."""
        text, start = self._text, self._start
        begin = max(start - MARGIN, 0) if self._is_in_paragraph else start
        whole = text[begin : end if ends_paragraph else max(start + STEP + MARGIN, end)]
        after_space = begin == 0 or text[begin - 1].isspace()
        self._start = end
        self._is_in_paragraph = not ends_paragraph
        return _Window(whole, start - begin, end - begin, after_space, ends_paragraph)

    def _sentences(self, window: _Window, marked: MarkedText) -> Iterator[_Begun]:
        """The sentences that end in the window, or at its beginning."""
        read, taken = marked.characters, window.start
        for number, place in enumerate(read.starts):
            if not window.start <= place < window.end:
                continue
            if self._begun.has_ended or self._is_too_long(read.spaced[number]):
                yield self._ended(window.text[taken:place])
                taken = place
            self._begun.characters.append((read.clusters[number], read.spaced[number], marked.words[number]))
            self._begun.has_ended = marked.sentences[number] == END
        rest = window.text[taken : window.end]
        if window.ends_paragraph:
            yield self._ended(rest)
        else:
            self._begun.source += rest

    def _ended(self, rest: str) -> _Begun:
        ended, self._begun = self._begun, _Begun()
        ended.source += rest
        return ended

    def _is_too_long(self, spaced: bool) -> bool:
        length = len(self._begun.characters)
        return length >= LONGEST_SENTENCE and (spaced or length >= 2 * LONGEST_SENTENCE)


def _step_end(text: str, start: int, end: int, is_whole: bool) -> int | None:
    """Where the step from `start` ends: where no cluster is cut, and before white space, so that a blank line is never
    cut either. None where only more text can tell."""
    cut = start + last_cut(text[start : start + STEP + MARGIN], 0, STEP)
    if bare := len(text[start:cut].rstrip()):
        return start + bare
    word = _NOT_SPACE.search(text, cut, end)
    if word:
        return word.start()
    return end if is_whole or end - start > LONGEST_SENTENCE else None
