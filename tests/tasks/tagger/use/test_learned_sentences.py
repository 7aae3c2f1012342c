"""The sentences of running text as a segmenter marks them, however the text comes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charnn.segmentation.boundaries import BEGIN, END, INSIDE
from charnn.segmentation.words import WordSplitter
from charnn.tasks.tagger.formats.sentence import Annotation
from charnn.tasks.tagger.lexicon import Lexicon
from charnn.tasks.tagger.use.segmenter import LONGEST_SENTENCE, MARGIN, STEP, LearnedSentences, Segmenter


class Stub:
    """Marks words at spaces, and ends of sentences at each `|` and before each `A` that stands in sight."""

    columns = ("words", "sentences")
    lexicon = Lexicon.of([" a", " A", "|", "b"], {"words": (BEGIN, INSIDE), "sentences": (END, INSIDE)})

    def __init__(self) -> None:
        self.longest = 0

    def tag(self, texts):
        self.longest = max([self.longest, *map(len, texts)])
        return [
            [
                Annotation("words", [BEGIN if symbol[0] in " _" else INSIDE for symbol in text]),
                Annotation("sentences", [END if self._ends(text, n) else INSIDE for n in range(len(text))]),
            ]
            for text in texts
        ]

    def _ends(self, text, number) -> bool:
        following = text[number + 1 : number + 2]
        return text[number][-1] == "|" or bool(following and following[0][-1] == "A")


def finder(words=None) -> LearnedSentences:
    return LearnedSentences(Segmenter(Stub(), WordSplitter()), words)


def found_in(*pieces: str, words=None):
    finds = finder(words)
    return [*(sentence for piece in pieces for sentence in finds.push(piece)), *finds.flush()]


@pytest.mark.parametrize(
    "sources",
    [
        ["a b| ", "b b", "A b"],
        ["a\nb| \n", "b|\n\n", "\n", "b b\r\n \t\r\n", "A"],
        ["  \n", "\ufeffa| ", "b  "],
        ["a b|", "b"],
        ["a" * STEP + "|", "b" * 3 * STEP + " ", "A" + "b" * MARGIN],
    ],
)
def test_sentences_end_where_they_are_marked_and_at_blank_lines(sources: list[str]) -> None:
    assert [sentence.source for sentence in found_in("".join(sources))] == sources


def test_the_words_of_sentences_are_those_that_are_marked_or_those_of_a_splitter() -> None:
    assert [found[1:] for found in found_in("ab, b| a\nA. ")] == [
        (["ab,", "b|"], [True, True]),
        (["a"], [True]),
        (["A."], [True]),
    ]
    assert [found.words for found in found_in("ab, b| Ab. ", words=WordSplitter())] == [
        ["ab", ",", "b", "|"],
        ["Ab", "."],
    ]


@given(st.text(alphabet="ab |A\n\r\u0301👍🏽", max_size=60), st.integers(1, 40), st.data())
def test_how_the_text_was_cut_makes_no_difference(text: str, repeats: int, data: st.DataObject) -> None:
    text = text * repeats
    whole = found_in(text)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    pieces = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    assert found_in(*pieces) == whole
    assert "".join(sentence.source for sentence in whole) == text
    assert all(len(sentence.words) == len(sentence.spaces) for sentence in whole)


def test_a_paragraph_without_end_is_read_as_it_comes_and_memory_is_bounded() -> None:
    network = Stub()
    finds = LearnedSentences(Segmenter(network, WordSplitter()))
    given_by_then = [sum(len(s.source) for s in finds.push("b b| " * 20)) for _ in range(50)]
    assert sum(given_by_then) > 50 * 100 - (STEP + MARGIN + 100)
    assert network.longest <= STEP + 2 * MARGIN
    assert finds.flush()


def test_a_sentence_without_end_is_cut_before_a_space_or_else_anywhere() -> None:
    spaced = [len(sentence.source) for sentence in found_in("bbbb " * LONGEST_SENTENCE)]
    assert set(spaced[:-1]) == {LONGEST_SENTENCE * 5 // 4}
    assert [len(sentence.source) for sentence in found_in("b" * (5 * LONGEST_SENTENCE))] == [
        2 * LONGEST_SENTENCE,
        2 * LONGEST_SENTENCE,
        LONGEST_SENTENCE,
    ]


def test_white_space_without_end_is_no_word_and_does_not_stay_in_memory() -> None:
    finds = finder()
    assert finds.push("b") == []
    for _ in range(30):
        assert finds.push(" " * 1000) == []
    ((source, words, _),) = [*finds.push("b"), *finds.flush()]
    assert (len(source), words) == (30_002, ["b", "b"])
