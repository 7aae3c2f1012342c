"""Finds the words of raw text with a network that marks the characters at which words begin."""

from __future__ import annotations

from collections.abc import Sequence

from charnn.segmentation.boundaries import Characters, common_characters
from charnn.segmentation.words import WordSplitter
from charnn.tasks.tagger.use.sentence_tagger import SentenceTagger


class Segmenter:
    """A `Splitter` of a tagger of characters, which sees where rules would have words begin."""

    def __init__(self, tagger: SentenceTagger, rules: WordSplitter) -> None:
        self._tagger = tagger
        self._rules = rules
        self._common = common_characters(tagger.lexicon.counts)

    def split_all(self, texts: Sequence[str]) -> list[tuple[list[str], list[bool]]]:
        """For each text its words, and for each of them whether white space, or the end of the text, follows it."""
        read = [Characters(text) for text in texts]
        by_rule = self._rules.split_all(texts)
        symbols = [c.symbols(words, self._common) for c, (words, _) in zip(read, by_rule, strict=True)]
        marked = self._tagger.tag(symbols)
        return [c.words(annotations[0].tags) for c, annotations in zip(read, marked, strict=True)]
