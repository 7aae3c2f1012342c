"""What becomes of the words of a line depends on the words beside them, and arrays that are no words are refused."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from charnn.corpora.pairs import Pair
from charnn.tasks.transducer import line_words as module
from charnn.tasks.transducer.learn.line_words import learn_line_words
from charnn.tasks.transducer.line_tokens import tokens
from charnn.tasks.transducer.line_words import WEIGHTS, LineWords
from charnn.tasks.transducer.pair_ngrams import PairNgrams
from charnn.tasks.transducer.symbols import Symbols
from charnn.tasks.transducer.token_tables import BETWEEN, LINES, SOURCES, UNITS

NOUNS = ("dog", "cat", "bird", "fish", "horse", "frog", "goat")
LINES_LEARNED = [
    pair
    for first, second in itertools.permutations(NOUNS, 2)
    for pair in (
        (f"i c da {first} n da {second}", f"I see the {first} and the {second}."),
        (f"da {first} can swm 2 da {second}", f"The {first} can swim to the {second}."),
        (f"i 8 2 of da {first} n {second}", f"I ate two of the {first} and {second}."),
    )
]


def pairs_of(lines: list[tuple[str, str]]) -> list[Pair]:
    return [Pair(source, target, "", number) for number, (source, target) in enumerate(lines, 1)]


@pytest.fixture(scope="module")
def symbols() -> Symbols:
    return Symbols.of(pairs_of(LINES_LEARNED), "characters", "characters")


@pytest.fixture(scope="module")
def words(symbols: Symbols) -> LineWords:
    found = learn_line_words(pairs_of(LINES_LEARNED), symbols)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("i c da hen n da sow", "I see the hen and the sow."),
        ("da hen can swm 2 da dog", "The hen can swim to the dog."),
        ("i 8 2 of da cat n hen", "I ate two of the cat and hen."),
        ("da  fish can swm 2 da cat", "The fish can swim to the cat."),
    ],
)
def test_words_become_what_suits_the_words_beside_them(words: LineWords, source: str, expected: str) -> None:
    assert words.likeliest(source, 1) == [expected]


def test_several_lines_are_different_and_the_likeliest_first(words: LineWords) -> None:
    source = "i c da hen n da cat"
    found = words.likeliest(source, 4)
    assert len(set(found)) == len(found) == 4
    log_p = words.log_p(source, found)
    assert log_p == sorted(log_p, reverse=True)
    assert sum(map(math.exp, log_p)) <= 1 + 1e-9


def test_a_line_of_other_words_is_impossible(words: LineWords) -> None:
    assert words.log_p("i c da hen", ["No such line at all."]) == [-math.inf]
    assert words.likeliest("", 2) == []
    assert words.log_p("", ["a"]) == [-math.inf]


def test_a_symbol_that_training_had_not_stays(words: LineWords, symbols: Symbols) -> None:
    source = symbols.encode_source("i c da 🧊 n da cat")
    ids = words.proposed(source, 1)[0]
    assert symbols.target_text(source, ids) == "I see the 🧊 and the cat."
    assert math.isfinite(words.scores([source], [[ids]])[0][0])


def test_words_are_read_as_they_were_written(words: LineWords, symbols: Symbols) -> None:
    arrays = words.arrays()
    spelling = PairNgrams.from_arrays(arrays, symbols.inputs, symbols.outputs)
    again = LineWords.from_arrays(arrays, spelling, symbols)
    for source in ("i c da hen", "da cat can swm 2 da hen"):
        assert again.likeliest(source, 3) == words.likeliest(source, 3)
    assert {name: array.tolist() for name, array in again.arrays().items()} == {
        name: array.tolist() for name, array in arrays.items()
    }


@pytest.mark.parametrize(
    ("name", "spoilt"),
    [
        (WEIGHTS, lambda array: array[1:]),
        (WEIGHTS, lambda array: array * np.float32(math.nan)),
        (UNITS, lambda array: array[:, :2]),
        (UNITS, lambda array: array + np.int32(1000)),
        (LINES, lambda array: array - np.int32(2)),
        (LINES, lambda array: array * 0 + np.int32(BETWEEN)),
        (LINES, lambda array: array.astype(np.int64)),
        (SOURCES, lambda array: array + np.int32(0x110000)),
        (f"{SOURCES}.lengths", lambda array: array[1:]),
    ],
)
def test_arrays_that_are_no_words_are_refused(words: LineWords, symbols: Symbols, name: str, spoilt: Any) -> None:
    arrays: dict[str, npt.NDArray[Any]] = words.arrays()
    with pytest.raises(ValueError, match=r"token|weights|units|lines|edits|chr"):
        LineWords.from_arrays({**arrays, name: spoilt(arrays[name])}, None, symbols)


@pytest.mark.parametrize(
    "lines",
    [
        [("dog", "dogs"), ("cat", "cats")] * 5,
        [("two words", "words two")] * 5,
        [],
    ],
)
def test_single_words_are_no_lines(lines: list[tuple[str, str]], symbols: Symbols) -> None:
    assert learn_line_words(pairs_of(lines), symbols) is None


def test_lines_whose_words_are_new_each_time_are_none(symbols: Symbols) -> None:
    lines = [(f"{n} a{n} b{n} c{n}", f"x{n * 7 % 97} y{n * 3 % 89} z{n * 5 % 83} q") for n in range(60)]
    own = Symbols.of(pairs_of(lines), "characters", "characters")
    assert learn_line_words(pairs_of(lines), own) is None


def test_what_another_thread_forgets_meanwhile_is_still_known(
    words: LineWords, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "i c da dog n da cat"
    expected = words.likeliest(text, 3)
    monkeypatch.setattr(module, "MOST_REMEMBERED", 1)
    find, others = words._finder.of, [" swm", " 8"]

    def find_while_another_thread_does(some: list[str]) -> object:
        if others:
            words.candidates([others.pop()])
        return find(some)

    monkeypatch.setattr(words, "_remembered", {})
    words.candidates(tokens(text)[:1])
    monkeypatch.setattr(words._finder, "of", find_while_another_thread_does)
    assert words.likeliest(text, 3) == expected
