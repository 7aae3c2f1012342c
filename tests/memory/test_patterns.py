"""Lines as patterns of +1 and -1."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from charnn.memory.patterns import features, folded, patterns_of

UNITS = 2048


def overlap(one, other):
    first, second = patterns_of([one, other], UNITS).astype(float)
    return first @ second / UNITS


@given(st.lists(st.text(min_size=1), min_size=1, max_size=5))
def test_any_line_is_a_pattern_of_its_own(lines):
    together = patterns_of(lines, 100)
    assert together.shape == (len(lines), 100)
    assert set(np.unique(together)) <= {-1, 1}
    for row, line in enumerate(lines):
        assert np.array_equal(patterns_of([line], 100)[0], together[row])


def test_a_pattern_is_the_same_on_every_machine_and_with_more_units_goes_on():
    first = patterns_of(["Lazhentsev"], 128)[0]
    assert "".join("+" if unit > 0 else "-" for unit in first[:32]) == "++--++++--+++++--+-+-++-+-+-++--"
    assert np.array_equal(patterns_of(["Lazhentsev"], 256)[0, :128], first)


def test_overlap_estimates_the_cosine_of_the_features():
    """(2/pi) arcsin(c), with 1/sqrt(N) for the error of a mean of N units."""
    for one, other in (("Lazhentsev", "Lazentsew"), ("the cat sat on the mat", "a cat sits on the mat"), ("a", "xyz")):
        bags = []
        for line in (one, other):
            bag = {}
            for number, weight in zip(*features(line), strict=True):
                bag[int(number)] = bag.get(int(number), 0.0) + float(weight)
            bags.append(bag)
        product = sum(weight * bags[1].get(number, 0.0) for number, weight in bags[0].items())
        cosine = product / np.prod([np.sqrt(sum(weight**2 for weight in bag.values())) for bag in bags])
        assert abs(overlap(one, other) - 2 / np.pi * np.arcsin(cosine)) < 4 / np.sqrt(UNITS)


def test_letters_that_are_wrong_missing_or_too_many_leave_a_line_near():
    for garbled in ("Christoforow", "Chistoforov", "Chriistoforov", "hristoforov", "Christofor"):
        assert overlap("Christoforov", garbled) > 0.45
    assert overlap("Christoforov", "Lazhentsev") < 0.2


def test_a_part_of_a_line_is_nearer_to_it_than_to_others():
    line = "It was the best of times, it was the worst of times"
    for part in ("the worst of times", "It was the best", "best of times, it"):
        assert overlap(part, line) > 2 * overlap(part, "Call me Ishmael. Some years ago, never mind how long")


def test_a_line_as_long_as_a_book_has_a_pattern_too():
    book = "It was the best of times, it was the worst of times. " * 500
    assert overlap(book, book[: len(book) // 2] + book[len(book) // 2 + 1 :]) > 0.8


def test_case_accents_and_spaces_count_little_and_yet_tell_lines_apart():
    for one, other in (("JOSÉ", "jose"), ("Polish", "polish"), ("New  York ", "New York"), ("résumé", "resume")):
        assert folded(one) == folded(other)
        assert 0.7 < overlap(one, other) < 1
