"""What a lane is about to repeat, beside the plain definition of DRY and the examples that llama.cpp is tested on."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charnn.config.model import TokenizerConfig
from charnn.generation.config import FILTERS, SamplingConfig
from charnn.generation.history import Repetitions
from charnn.generation.sampler import Sampler
from charnn.tokenizers import train
from charnn.tokenizers.characters import CharacterTokenizer

LETTERS = CharacterTokenizer(".abc")
ids = st.integers(2, LETTERS.size - 1)


def by_comparing(lane: list[int], *, at_least: int, window: int, breakers: Sequence[str]) -> dict[int, int]:
    """The longest repetition that each token would lengthen, by comparing every place with the end."""
    lane_of_window = lane[-window:]
    text = LETTERS.decode(lane)
    ends = [text.rfind(breaker) + len(breaker) for breaker in breakers if breaker in text]
    unbroken = len(lane) - max(ends, default=0)
    longest: dict[int, int] = {}
    for place in range(1, len(lane_of_window)):
        n = 0
        while n < place and lane_of_window[place - 1 - n] == lane_of_window[-1 - n]:
            n += 1
        n, token = min(n, unbroken), lane_of_window[place]
        if n >= at_least and not any(breaker in LETTERS.decode([token]) for breaker in breakers):
            longest[token] = max(longest.get(token, 0), n)
    return longest


def found(subject: Repetitions, lanes: int) -> list[dict[int, int]]:
    longest: list[dict[int, int]] = [{} for _ in range(lanes)]
    if (continuations := subject.continuations()) is not None:
        for lane, token, length in zip(*(values.tolist() for values in continuations), strict=True):
            longest[lane][token] = max(longest[lane].get(token, 0), length)
    return longest


@given(
    st.data(),
    st.integers(1, 3),
    st.integers(1, 7),
    st.lists(st.sampled_from([".", "ab", "b", "abc", "cc"]), max_size=2, unique=True),
)
def test_they_are_those_that_comparing_every_place_finds_whatever_becomes_of_the_lanes(
    data: st.DataObject, at_least: int, window: int, breakers: list[str]
) -> None:
    subject = Repetitions(LETTERS, at_least=at_least, window=window, breakers=breakers)
    lanes: list[list[int]] = []
    for _ in range(data.draw(st.integers(1, 40))):
        what = data.draw(st.sampled_from(["extend", "put", *["add"] * 6, "select"] if lanes else ["extend"]))
        if what == "extend":
            begun = data.draw(st.lists(st.lists(ids, max_size=9), min_size=1, max_size=2))
            subject.extend([np.array(lane, np.int32) for lane in begun])
            lanes += [lane[-window:] for lane in begun]
        elif what == "put":
            lane = data.draw(st.integers(0, len(lanes) - 1))
            lanes[lane] = data.draw(st.lists(ids, max_size=9))[-window:]
            subject.put(lane, np.array(lanes[lane], np.int32))
        elif what == "add":
            tokens = [data.draw(ids) for _ in lanes]
            subject.add(np.array(tokens))
            for lane_so_far, token in zip(lanes, tokens, strict=True):
                lane_so_far.append(token)
        else:
            kept = data.draw(st.lists(st.integers(0, len(lanes) - 1), min_size=1, max_size=3))
            subject.select(np.array(kept))
            lanes = [list(lanes[lane]) for lane in kept]
        expected = [by_comparing(lane, at_least=at_least, window=window, breakers=breakers) for lane in lanes]
        assert found(subject, len(lanes)) == expected


DIGITS = CharacterTokenizer("01234")


@pytest.mark.parametrize(
    ("context", "expected", "multiplier", "allowed_length", "breakers"),
    [
        ("01", [0.25] * 4, 1.0, 2, ()),
        ("01201", [0.296923, 0.296923, 0.109232, 0.296923], 1.0, 2, ()),
        ("013401", [0.2] * 5, 1.0, 2, ("3",)),
        ("01201", [0.241818, 0.241818, 0.032727, 0.241818, 0.241818], 2.0, 2, ()),
        ("0123401", [0.2] * 5, 1.0, 4, ()),
    ],
)
def test_it_does_what_llama_cpp_does(
    context: str, expected: list[float], multiplier: float, allowed_length: int, breakers: tuple[str, ...]
) -> None:
    """The cases of `test_dry` in llama.cpp's tests/test-sampling.cpp; the base is 1.1."""
    subject = Sampler(
        SamplingConfig(
            temperature=1.0,
            dry_multiplier=multiplier,
            dry_base=1.1,
            dry_allowed_length=allowed_length,
            dry_penalty_last_n=len(context),
            dry_sequence_breakers=breakers,
        ),
        DIGITS,
        may_stop=False,
    )
    history = subject.history()
    history.extend([DIGITS.encode(context)])
    logits_BV = np.full((1, DIGITS.size), -np.inf)
    logits_BV[0, 2 : 2 + len(expected)] = math.log(1 / len(expected))
    weights_V = np.exp(subject.distribution(logits_BV, history)[0])
    np.testing.assert_allclose((weights_V / weights_V.sum())[2 : 2 + len(expected)], expected, atol=1e-6)


def test_each_further_symbol_multiplies_the_penalty_and_none_overflows() -> None:
    for context, penalty in (("abcab", 0.5), ("aabcaab", 0.5 * 3), ("c" + "ab" * 400, None)):
        subject = Sampler(
            SamplingConfig(temperature=1.0, dry_multiplier=0.5, dry_base=3.0, dry_allowed_length=2), LETTERS
        )
        history = subject.history()
        history.extend([LETTERS.encode(context)])
        logits = subject.distribution(np.zeros((1, LETTERS.size)), history)[0]
        token = LETTERS.encode("a" if penalty is None else "c")[0]
        assert np.isfinite(logits[token])
        if penalty is not None:
            assert logits[token] == pytest.approx(-penalty)


def test_without_a_multiplier_or_where_it_is_left_out_nothing_is_remembered() -> None:
    without = tuple(name for name in FILTERS if name != "dry")
    for sampling in (SamplingConfig(), SamplingConfig(dry_multiplier=1.0, filters=without)):
        assert Sampler(sampling, LETTERS).history().repetitions is None
    assert Sampler(SamplingConfig(dry_multiplier=1.0), LETTERS).history().repetitions is not None


def test_a_piece_with_a_breaker_in_it_breaks() -> None:
    pieces = train(TokenizerConfig(kind="bpe", vocabulary_size=300), ["the end the cat the end the cat\n" * 9])
    whole = [token for token, spelling in enumerate(pieces.spellings()) if b"c" in spelling and len(spelling) > 1]
    subject = Repetitions(pieces, at_least=1, window=64, breakers=["c"])
    other = int(pieces.encode("the")[0])
    subject.extend([np.array([other, whole[0], other, whole[0]], np.int32)])
    assert subject.continuations() is None
    subject.add(np.array([other]))
    assert subject.continuations() is None  # what follows has a breaker in it, too
