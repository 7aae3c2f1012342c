"""Splits running text into sentences, as the text comes; and what finds the words in those.

Line ends (`corpora.lines`) within a paragraph are spaces, and a blank line ends the paragraph. A sentence ends after .
! ? or an ellipsis and the quotes and brackets that close there, if white space follows and then a character that can
begin a sentence: a letter that is not a small one (after ! and ?, any letter), a digit, an opening quote or bracket,
or a symbol that opens a line (- * # @). A dot after an abbreviation ends no sentence. An abbreviation is a form of the
training treebank that ends in a dot, or a single capital. The full stops of Chinese and Japanese need no white space
after them.

On the paragraphs of EWT's dev split these rules find sentences with an F1 of 81.3. That is this low because many
sentences end there without a full stop, which a segmenter learns (`tasks/tagger/use/segmenter.py`).
"""

# ruff: noqa: RUF001 - the quotes, dashes and stops of all scripts are meant
from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import NamedTuple, Protocol

from charnn.corpora.lines import LINE_END
from charnn.segmentation.boundaries import SegmentedText, Splitter
from charnn.segmentation.graphemes import last_cut

_CLOSERS = r"[\"'”’»)\]」』）】]*+"
_INLINE = r"[^\S\r\n]*+"
_GAP = rf"(?>(?:{_INLINE}{LINE_END})?){_INLINE}"
"""This matches white space without a blank line in it."""
_CANDIDATE = re.compile(
    rf"(?P<paragraph>{LINE_END}{_INLINE}{LINE_END})"
    rf"|(?<![.!?…])(?P<stop>[.!?…]++){_CLOSERS}(?=\s){_GAP}(?=\S)"
    rf"|(?<![。！？])[。！？]++{_CLOSERS}{_GAP}(?=\S)"
)
PARAGRAPH_END = re.compile(rf"{LINE_END}{_INLINE}{LINE_END}")
_ENDS_PARAGRAPH = re.compile(rf"{PARAGRAPH_END.pattern}\Z")
BLANK_LINE = re.compile(rf"\ufeff?{_INLINE}{LINE_END}")
_CHUNK = re.compile(r"\S+")
_LAST_CHUNK = re.compile(r"\S+\Z")
_OPENERS = "\"'“”‘„«([{<¿¡-–—*#@"
_LONGEST_ABBREVIATION = 20
_LONGEST = 100_000
"""The most characters of a sentence. A longer one is cut, at a space if it has one, so that memory stays bounded."""


class SentenceSplitter:
    """Takes text in pieces. `push` gives the sentences that the text completes, and `flush` what is left at the end.

    The white space after a sentence belongs to it, so all sentences joined are the text. A blank line that does not
    end a paragraph is a sentence of its own.
    """

    def __init__(self, known: Collection[str] = frozenset()) -> None:
        """`known` has the forms of the training treebank, abbreviations with their dots too. A set is fastest."""
        self._known = known
        self._buffer = ""
        self._held = ""
        """A \\r at the end of what was read, which a \\n may follow."""
        self._searched = 0
        """The number of characters at the buffer's beginning in which no sentence ends."""

    def push(self, text: str) -> list[str]:
        text = self._held + text
        self._held = "\r" if text.endswith("\r") else ""
        self._buffer += text.removesuffix("\r")
        return self._sentences(final=False)

    def flush(self) -> list[str]:
        self._buffer += self._held
        self._held = ""
        return self._sentences(final=True)

    def _sentences(self, final: bool) -> list[str]:
        buffer = self._buffer
        sentences: list[str] = []
        start = 0
        while start < len(buffer) and (end := self._end(buffer, start, final)) is not None:
            sentences.append(buffer[start:end])
            start = end
            self._searched = 0
        self._buffer = buffer[start:]
        return sentences

    def _end(self, text: str, start: int, final: bool) -> int | None:
        """The place where the sentence that begins at `start` ends, or None if only more text can tell."""
        if blank := BLANK_LINE.match(text, start):
            return blank.end()
        limit = start + _LONGEST
        searched = None
        for candidate in _CANDIDATE.finditer(text, start + self._searched):
            ends = candidate["stop"] is None or self._ends(text, start, candidate, final)
            if ends is None or candidate.end() > limit:
                searched = candidate.start()
                break
            if ends:
                return candidate.end()
        if len(text) > limit:
            return _last_space(text, start, limit) + 1 or last_cut(text, start, limit)
        if searched is None:
            searched = _last_space(text, start, len(text.rstrip()))
        self._searched = max(searched - start, 0)
        return len(text) if final else None

    def _ends(self, text: str, start: int, candidate: re.Match[str], final: bool) -> bool | None:
        """Whether the sentence from `start` ends at these stops, or None if only more text can tell."""
        following = _CHUNK.match(text, candidate.end())
        assert following
        first = next((character for character in following[0] if character.isalnum()), None)
        if first is None:
            if following.end() == len(text) and not final:
                return None
            if following[0][0] not in _OPENERS:
                return False
        elif first.islower() and not set(candidate["stop"]) & set("!?"):
            return False
        return candidate["stop"] != "." or not self._is_abbreviation(text, start, candidate.start())

    def _is_abbreviation(self, text: str, start: int, dot: int) -> bool:
        before = _LAST_CHUNK.search(text[max(dot - _LONGEST_ABBREVIATION, start) : dot])
        word = before[0].lstrip(_OPENERS) if before else ""
        return bool(word) and (f"{word}." in self._known or (len(word) == 1 and word.isupper()))


def ends_paragraph(sentence: str) -> bool:
    """Whether a blank line ends this sentence."""
    return _ENDS_PARAGRAPH.search(sentence) is not None


def _last_space(text: str, start: int, end: int) -> int:
    r"""The last space or \n from `start` to before `end`, or -1."""
    return max(text.rfind(" ", start, end), text.rfind("\n", start, end))


class FoundSentence(NamedTuple):
    source: str
    """The sentence as it stands in the text, with the white space after it: all sources joined are the text."""
    words: list[str]
    """Its words; a blank line that does not end a paragraph is a sentence without any."""
    spaces: list[bool]
    """Whether white space, or the end of the sentence, follows each word."""


class SentenceFinder(Protocol):
    """Takes text in pieces. `push` gives the sentences that the text completes, and `flush` what is left at the end.
    How the text was cut makes no difference."""

    def push(self, text: str) -> list[FoundSentence]: ...

    def flush(self) -> list[FoundSentence]: ...


class SentencesByRule:
    """A `SentenceFinder` that follows rules (`charnn.segmentation.sentences`)."""

    def __init__(self, known: Collection[str], words: Splitter) -> None:
        """`known` has the forms of the training treebank, abbreviations with their dots too; `words` finds words."""
        self._sentences = SentenceSplitter(known)
        self._words = words

    def push(self, text: str) -> list[FoundSentence]:
        return with_words(self._sentences.push(text), self._words)

    def flush(self) -> list[FoundSentence]:
        return with_words(self._sentences.flush(), self._words)


def with_words(sources: list[str], splitter: Splitter) -> list[FoundSentence]:
    """The sentences with the words that the splitter finds in them."""
    return [FoundSentence(source, *found) for source, found in zip(sources, splitter.split_all(sources), strict=True)]


def paragraphs(sentences: Iterable[SegmentedText]) -> list[list[SegmentedText]]:
    """The sentences of running text, paragraph by paragraph."""
    found: list[list[SegmentedText]] = []
    for sentence in sentences:
        if sentence.opens_paragraph or not found:
            found.append([])
        found[-1].append(sentence)
    return found


def running_text(sentences: Iterable[SegmentedText]) -> str:
    """The sentences as they stand in running text, where a blank line parts paragraphs."""
    return "".join("\n\n" * s.opens_paragraph + s.text + " " * s.spaced for s in sentences)
