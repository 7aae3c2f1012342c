"""What a command remembers of lines that never come again is bounded, so that a pipe may go on for ever.

Python's own count of its memory blocks shows it after a few thousand lines: one object that is kept for each line would
add as many. `python -m tests.benchmarks CORPUS pipes --characters 1e9` shows it in the memory of the process.
"""

from __future__ import annotations

import gc
import sys

import pytest

from charnn.cli import console
from charnn.corpora import streams
from charnn.segmentation import words
from charnn.tasks.classifier.use import stream as texts
from charnn.tasks.classifier.use import text_classifier
from charnn.tasks.language_model.use import lines
from charnn.tasks.tagger.use import stream
from charnn.tasks.tagger.use.word_vectors import WordVectors
from charnn.tasks.transducer.use import stream as sources
from tests.paths import GOLDEN

LINES = 2_500
LETTERS = "abeiknswxyz"


def new_word(number: int) -> str:
    """Another word for each number below 11 ** 7."""
    digits = [number * 5_003 % 11**7 // 11**place % 11 for place in range(7)]
    return "".join(LETTERS[digit] for digit in digits)


@pytest.fixture
def small_caches(monkeypatch):
    """What is bounded by many thousand words, texts or bytes is bounded by few, so that it is full soon."""
    monkeypatch.setattr(streams, "PIECE", 1 << 10)
    monkeypatch.setattr(lines, "LARGEST_CHUNK", 1 << 11)
    monkeypatch.setattr(texts, "FIRST_CHUNK", 1 << 10)
    monkeypatch.setattr(texts, "LARGEST_CHUNK", 1 << 11)
    monkeypatch.setattr(sources, "CHUNK_CHARACTERS", 1 << 11)
    monkeypatch.setattr(words, "CACHED_CHUNKS", 256)
    monkeypatch.setattr(stream, "CHUNK_WORDS", 256)
    monkeypatch.setattr(text_classifier, "MOST_TEXTS", 256)
    monkeypatch.setitem(WordVectors.__init__.__kwdefaults__, "capacity", 256)


@pytest.mark.usefixtures("small_caches")
@pytest.mark.parametrize(
    ("command", "model"),
    [
        ("score", "format-1"),
        ("classify", "classifier-1"),
        ("transduce", "transducer-ngrams-1"),
        ("tag", "tagger-1"),
        ("tag", "tagger-linear-1"),
    ],
)
def test_nothing_is_kept_of_the_lines_that_have_passed(charnn, text_file, monkeypatch, command, model):
    blocks = 0

    def counted(data: bytes) -> None:
        nonlocal blocks
        gc.collect()
        blocks = sys.getallocatedblocks()

    def left_after(lines: int) -> int:
        """The blocks when the last of so many lines is written: those before it have passed."""
        text_file("".join(f"{new_word(number)}\n" for number in range(lines)))
        assert charnn(command, "text.txt", "-m", GOLDEN / model, *options).code == 0
        return blocks

    monkeypatch.setattr(console, "_write", counted)
    options = ("--beam", "1") if command == "transduce" else ("--format", "lines") if command == "tag" else ()
    left_after(1_000)  # what is imported and made at first stays
    gc.freeze()  # and is not searched for what may go, at each of many writes
    assert left_after(2 * LINES) - left_after(LINES) < LINES // 10


def test_words_that_are_new_are_all_different():
    assert len({new_word(number) for number in range(2 * LINES)}) == 2 * LINES
