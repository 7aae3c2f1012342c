"""Finds the words and sentences of raw text with a network that marks characters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from charnn.segmentation.boundaries import Characters, common_characters
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
