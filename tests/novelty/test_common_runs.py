"""Runs that a text has in common with a corpus, beside their definition, tried at every place of both."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charnn.corpora import large_arrays
from charnn.novelty import common_runs as novelty
from charnn.novelty import matching_statistics, window_filter
from charnn.novelty.common_runs import CommonRuns, common_runs

ALPHABETS = ["a", "ab", "ab\x00\x01", "ae\u0301é", "a😀\U0010ffff", "a\r\n", "a\udc80\udcff"]


def statistics(text: str, corpus: Sequence[str]) -> list[int]:
    """At each character, how long the longest run is that begins there and stands in a text of the corpus."""
    lengths = []
    for start in range(len(text)):
        ends = range(start, len(text) + 1)
        lengths.append(max(end - start for end in ends if any(text[start:end] in source for source in corpus)))
    return lengths


def check(text: str, corpus: Sequence[str], at_least: int, found: CommonRuns) -> None:
    lengths = statistics(text, corpus)
    runs = [(start, length) for start, length in enumerate(lengths) if length >= at_least]
    maximal = [(a, n) for a, n in runs if not any(b < a and a + n <= b + m for b, m in runs)]
    assert found.characters == len(text)
    assert found.copied == len({place for start, length in runs for place in range(start, start + length)})
    assert [(run.start, run.length) for run in found.runs()] == maximal
    longest = found.longest
    assert (longest.length if longest else 0) == max(lengths, default=0)
    if longest:
        assert lengths.index(longest.length) == longest.start
    for run in (*found.runs(), *([longest] if longest else [])):
        source = corpus[run.source][run.source_start : run.source_start + run.length]
        assert source == text[run.start : run.start + run.length]


@st.composite
def cases(draw: st.DrawFn, text_size: int = 12, corpus_size: int = 30) -> tuple[list[str], list[str], int]:
    characters = st.sampled_from(draw(st.sampled_from(ALPHABETS)))
    texts = draw(st.lists(st.text(characters, max_size=text_size), min_size=1, max_size=3))
    corpus = draw(st.lists(st.text(characters, max_size=corpus_size), min_size=1, max_size=3))
    return texts, corpus, draw(st.integers(1, 7))


@given(cases())
def test_every_figure_is_what_its_definition_gives(case):
    texts, corpus, at_least = case
    for text, found in zip(texts, common_runs(texts, corpus, at_least), strict=True):
        check(text, corpus, at_least, found)


@given(cases(text_size=5, corpus_size=120))
def test_chunks_batches_and_a_filter_that_passes_too_much_change_nothing(case):
    texts, corpus, at_least = case
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(window_filter, "CHUNK", 3)
        patch.setattr(novelty, "BATCH", 1)
        patch.setattr(window_filter, "SPARSE", -1)
        for text, found in zip(texts, common_runs(texts, corpus, at_least), strict=True):
            check(text, corpus, at_least, found)


@given(cases())
def test_pieces_of_a_text_change_nothing(case):
    texts, corpus, at_least = case
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(novelty, "PIECE", 2)
        patch.setattr(novelty, "OVERLAP", 13)
        patch.setattr(novelty, "PART", 3)
        patch.setattr(matching_statistics, "PART", 2)
        patch.setattr(large_arrays, "HELD", 0)
        for text, found in zip(texts, common_runs(texts, corpus, at_least), strict=True):
            check(text, corpus, at_least, found)


@given(cases())
def test_a_run_that_is_longer_than_what_pieces_share_goes_on_where_it_was_found(case):
    texts, corpus, at_least = case
    expected = common_runs(texts, corpus, at_least)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(novelty, "PIECE", 2)
        patch.setattr(novelty, "OVERLAP", 1)
        patch.setattr(novelty, "CHUNK", 3)
        found = common_runs(texts, corpus, at_least)
    for text, ours, theirs in zip(texts, found, expected, strict=True):
        assert ours.copied == theirs.copied
        for run in ours.runs():
            part = text[run.start : run.start + run.length]
            assert len(part) == run.length
            assert corpus[run.source][run.source_start :].startswith(part)


def test_a_long_copy_is_one_run_however_small_the_pieces(monkeypatch):
    monkeypatch.setattr(novelty, "PIECE", 3)
    monkeypatch.setattr(novelty, "OVERLAP", 2)
    text = "".join(map(chr, range(200, 300)))
    (found,) = common_runs([f"##{text}##"], ["...", f"!{text}!"], 2)
    assert [(run.start, run.length, run.source, run.source_start) for run in found.runs()] == [(2, 100, 1, 1)]


def test_the_longest_run_is_found_wherever_batches_begin(monkeypatch):
    monkeypatch.setattr(novelty, "BATCH", 1)
    for before in range(0, 120, 3):
        corpus = ("hgfedcba" * 20)[:before] + "abcdefgh" + "gfedcba" * 20
        (found,) = common_runs(["abcdefgh"], [corpus], 1)
        assert (found.longest.length, found.longest.source_start) == (8, before)


def test_a_worked_example():
    (found,) = common_runs(["xxthe cat satyyon the"], ["the cat sat on the mat"], 5)
    assert [(run.start, run.length, run.source_start) for run in found.runs()] == [(2, 11, 0), (15, 6, 12)]
    assert found.copied == 17
    assert found.share == 17 / 21
    assert (found.longest.start, found.longest.length, found.longest.source_start) == (2, 11, 0)


def test_overlapping_runs_count_their_characters_once():
    (found,) = common_runs(["abcdef"], ["abcd cdef"], 4)
    assert [(run.start, run.length) for run in found.runs()] == [(0, 4), (2, 4)]
    assert found.copied == 6


def test_a_text_of_the_corpus_is_one_run():
    text = "to be or not to be, that is the question"
    (found,) = common_runs([text], ["...", f"HAMLET: {text}!"], 20)
    assert found.share == 1
    assert [(run.start, run.length, run.source, run.source_start) for run in found.runs()] == [(0, len(text), 1, 8)]


def test_where_less_is_common_than_asked_for_the_longest_run_is_found_and_nothing_is_copied():
    (found,) = common_runs(["a cat, a bat"], ["the cat sat"], 20)
    assert found.longest.length == 4
    assert found.copied == 0
    assert list(found.runs()) == []


def test_nothing_in_common_is_no_run():
    (found,) = common_runs(["xyz"], ["abc"], 2)
    assert found.longest is None
    assert found.share == 0
    assert list(found.runs()) == []


def test_an_empty_text_has_no_share():
    empty, other = common_runs(["", "abc"], ["abc"], 2)
    assert empty.share is None
    assert empty.longest is None
    assert list(empty.runs()) == []
    assert other.share == 1


def test_an_empty_corpus_has_nothing_in_common():
    for corpus in ([], [""], ["", ""]):
        (found,) = common_runs(["abc"], corpus, 1)
        assert found.longest is None
        assert found.share == 0


def test_a_text_shorter_than_a_run_can_stand_in_the_corpus_whole():
    (found,) = common_runs(["Emma"], ["Anna\nEmma\n"], 20)
    assert found.longest.length == 4
    assert found.share == 0


def test_no_run_goes_on_from_one_text_into_the_next():
    first, second = common_runs(["abc", "def"], ["abcdef"], 2)
    assert (first.longest.length, second.longest.length) == (3, 3)
    (found,) = common_runs(["abcdef"], ["abc", "def"], 2)
    assert [(run.start, run.length, run.source) for run in found.runs()] == [(0, 3, 0), (3, 3, 1)]


def test_characters_are_counted_and_none_is_cut():
    (found,) = common_runs(["😀😁"], ["😀😂"], 1)  # the same three bytes in UTF-8, then another
    assert (found.longest.length, found.copied) == (1, 1)
    (found,) = common_runs(["ā"], ["\u0100"], 1)  # the same first byte
    assert found.longest is None
    (found,) = common_runs(["e\u0301"], ["é e"], 1)  # an accent of its own is a character
    assert found.copied == 1


def test_line_ends_are_compared_as_they_are():
    (found,) = common_runs(["one\r\ntwo"], ["one\ntwo"], 4)
    assert [(run.start, run.length) for run in found.runs()] == [(4, 4)]
    (found,) = common_runs(["one\r\ntwo"], ["one\r\ntwo"], 4)
    assert [(run.start, run.length) for run in found.runs()] == [(0, 8)]


@pytest.mark.parametrize("size", [300, 70_000])
def test_any_number_of_characters_in_the_alphabet(size):
    text = "".join(map(chr, range(0x10000, 0x10000 + size)))
    (found,) = common_runs([text], [text[100:250], text[-90:] + text[:90]], 50)
    assert [(run.start, run.length) for run in found.runs()] == [(0, 90), (100, 150), (size - 90, 90)]


def test_the_same_character_over_and_over_takes_no_longer():
    (found,) = common_runs(["a" * 100_000], ["a" * 99_999], 20)
    assert found.longest.length == 99_999
    assert found.copied == 100_000


def test_a_run_has_at_least_one_character():
    with pytest.raises(ValueError, match="at least 1"):
        common_runs(["a"], ["a"], 0)
