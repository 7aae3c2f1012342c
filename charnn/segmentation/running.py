"""Running text: paragraphs of sentences, and whatever finds the sentences in it and the words in those."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple, Protocol

from charnn.segmentation.boundaries import SegmentedText, Splitter
from charnn.segmentation.sentences import SentenceSplitter


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
