"""Running text: paragraphs of sentences, and the sentences that rules find in it."""

from __future__ import annotations

from charnn.segmentation.boundaries import SegmentedText
from charnn.segmentation.sentences import SentencesByRule, paragraphs, running_text
from charnn.segmentation.words import WordSplitter

SENTENCES = [
    SegmentedText("One two.", ["One", "two", "."]),
    SegmentedText("Three。", ["Three", "。"], spaced=False),
    SegmentedText("Four.", ["Four", "."]),
    SegmentedText("Five", ["Five"], opens_paragraph=True),
]


def test_sentences_run_on_to_the_end_of_their_paragraph() -> None:
    assert running_text(SENTENCES) == "One two. Three。Four. \n\nFive "
    assert paragraphs(SENTENCES) == [SENTENCES[:3], SENTENCES[3:]]
    assert paragraphs([]) == []


def test_rules_find_the_sentences_of_running_text_and_their_words() -> None:
    finder = SentencesByRule(frozenset(), WordSplitter())
    found = [*finder.push(running_text(SENTENCES)), *finder.flush()]
    assert [sentence.source for sentence in found] == ["One two. ", "Three。", "Four. \n\n", "Five "]
    assert [sentence.words for sentence in found] == [sentence.words for sentence in SENTENCES]
