from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from charnn.errors import ModelError, UsageError
from charnn.generation.beam import Hypothesis, beam_search
from charnn.generation.config import Bias, SamplingConfig
from charnn.generation.model import ReadPrompt
from charnn.generation.sampler import Sampler
from charnn.tasks.language_model.conditions import TextConditionValues
from charnn.tokenizers.base import STOP_ID
from charnn.tokenizers.characters import CharacterTokenizer

Ids = npt.NDArray[np.integer]
Floats = npt.NDArray[np.float32]

AB = CharacterTokenizer("ab")
A, B = 2, 3


class Chain:
    """A Markov chain of second order: the logits of a token go by the two before it, which are the state (2, B)."""

    draws_stop, halts = True, False

    def __init__(self, logits_VVV: npt.NDArray[np.floating]) -> None:
        self.logits_VVV = logits_VVV.astype(np.float32)
        self.steps: list[int] = []
        self.told: list[dict[str, list[int]]] = []

    @classmethod
    def at_random(cls, seed: int, size: int = 4, heat: float = 1.5) -> Chain:
        return cls(np.random.default_rng(seed).normal(size=(size, size, size)) * heat)

    def after_prompt(self) -> tuple[Floats, Any]:
        return self.logits_VVV[0, 0], np.zeros((2, 1), np.int64)

    def step(self, ids_B: Ids, state: Any, conditions: Any = None) -> tuple[Floats, Any]:
        assert ids_B.shape == state.shape[1:]
        self.steps.append(len(ids_B))
        self.told.append({name: values_B.tolist() for name, values_B in (conditions or {}).items()})
        after = np.stack([state[1], ids_B])
        return self.logits_VVV[after[0], after[1]], after

    def select(self, state: Any, lanes: Ids) -> Any:
        return state[:, lanes]

    def log_probability(self, tokens: tuple[int, ...], sampler: Sampler) -> float:
        read = (0, 0, *tokens)
        rows = np.array([self.logits_VVV[read[i], read[i + 1]] for i in range(len(tokens))])
        return math.fsum(sampler.log_probabilities(rows)[range(len(tokens)), tokens])

    initial_state: Any = None
    advance: Any = None
    sequence: Any = None
    join: Any = None
    put: Any = None


@dataclass(frozen=True)
class Within:
    """Allows only the texts among `texts`, each of which is its tokens; a text is over where none of them goes on."""

    texts: tuple[tuple[int, ...], ...]
    written: tuple[int, ...] = ()

    @property
    def is_over(self) -> bool:
        return self.written in self.texts

    def run_bounds(self) -> None:
        return None

    def allowed(self) -> npt.NDArray[np.bool_]:
        n = len(self.written)
        following = [t[n] for t in self.texts if t[:n] == self.written and len(t) > n]
        return np.isin(np.arange(4), following)

    def after(self, token: int) -> Within:
        return Within(self.texts, (*self.written, token))


@dataclass(frozen=True)
class Free:
    """A place in a text that only the stop token ends."""

    is_over: bool = False

    def run_bounds(self) -> None:
        return None

    def allowed(self) -> None:
        return None

    def after(self, token: int) -> Free:
        return Free(token == STOP_ID)


def sampler(**sampling: Any) -> Sampler:
    return Sampler(SamplingConfig(**sampling), AB)


def search(
    model: Chain,
    *,
    place: Any = None,
    with_sampler: Sampler | None = None,
    remaining: int | None = None,
    **options: Any,
) -> list[Hypothesis]:
    options = {"beams": 3, "max_tokens": 5, **options}
    prompt = ReadPrompt(*model.after_prompt(), np.zeros(0, np.int32), TextConditionValues(remaining))
    return beam_search(model, with_sampler or sampler(), prompt, place or Free(), **options)  # type: ignore[arg-type]


def every_text(max_tokens: int) -> list[tuple[int, ...]]:
    """All that end in the stop token, or are as long as may be."""
    characters = [t for n in range(max_tokens + 1) for t in itertools.product((A, B), repeat=n)]
    return [t if len(t) == max_tokens else (*t, STOP_ID) for t in characters]


def chain(**probabilities: dict[str, float]) -> Chain:
    """What comes after the last character, "_" before the first; "." is the stop token."""
    ids = {".": STOP_ID, "a": A, "b": B}
    logits = np.full((4, 4, 4), -50.0)
    for last, row in probabilities.items():
        for character, probability in row.items():
            logits[:, ids.get(last, 0), ids[character]] = math.log(probability)
    return Chain(logits)


@pytest.mark.parametrize("seed", range(12))
def test_with_room_for_every_text_the_best_of_all_is_found(seed: int) -> None:
    model, subject = Chain.at_random(seed), sampler(bias=(Bias("b", 0.7),))
    texts = every_text(5)
    scores = [model.log_probability(text, subject) / len(text) for text in texts]
    ranked = [texts[i] for i in np.argsort(scores)[::-1]]
    found = search(model, with_sampler=subject, beams=4**5)
    assert tuple(found[0].tokens) == ranked[0]
    assert found[0].score == pytest.approx(max(scores), abs=1e-12)
    assert found[0].log_probability == pytest.approx(model.log_probability(ranked[0], subject), abs=1e-12)
    assert found[0].length == len(ranked[0])


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("beams", [2, 3])
def test_narrow_beams_find_what_the_plain_definition_finds(seed: int, beams: int) -> None:
    model, subject = Chain.at_random(seed), sampler()
    live, over = [()], []
    for length in range(1, 7):
        longer = [(*text, token) for text in live for token in (STOP_ID, A, B)]
        best = sorted(longer, key=lambda text: -model.log_probability(text, subject))[:beams]
        over += [text for text in best if text[-1] == STOP_ID or length == 6]
        live = [text for text in best if text not in over]
    expected = max(over, key=lambda text: model.log_probability(text, subject) / len(text))
    assert tuple(search(model, beams=beams, max_tokens=6)[0].tokens) == expected


@pytest.mark.parametrize("seed", range(8))
def test_one_beam_is_greedy(seed: int) -> None:
    model, subject = Chain.at_random(seed), sampler(temperature=0.0)
    logits_V, state = model.after_prompt()
    tokens: list[int] = []
    while len(tokens) < 30 and tokens[-1:] != [STOP_ID]:
        tokens += subject.choose(logits_V[np.newaxis], np.array([0.5])).tolist()
        logits_BV, state = model.step(np.array(tokens[-1:]), state)
        logits_V = logits_BV[0]
    (found,) = search(model, beams=1, max_tokens=30)
    assert found.tokens == tokens


def test_a_worse_first_token_may_begin_the_better_text() -> None:
    model = chain(_={"a": 0.6, "b": 0.4}, a={"a": 0.5, ".": 0.5}, b={".": 1.0})
    assert search(model, beams=1)[0].tokens[0] == A
    assert search(model, beams=2)[0].tokens == [B, STOP_ID]


def test_scores_are_a_mean_so_that_a_short_text_is_not_better_for_being_short() -> None:
    # "." has ln 0.5 a token; "aaa." has (ln 0.5 + 3 ln 0.9) / 4 and the whole of it is less probable.
    model = chain(_={".": 0.5, "a": 0.5}, a={"a": 0.9, ".": 0.1})
    best = search(model, beams=2, max_tokens=4)[0]
    assert best.tokens == [A, A, A, A]
    assert best.score == pytest.approx((math.log(0.5) + 3 * math.log(0.9)) / 4)


def test_the_search_ends_once_nothing_that_is_live_can_become_better() -> None:
    # After the first step ln 0.9 = -0.105 is over; what is live has ln 0.1 = -2.303 and may yet become -2.303 / 9.
    model = chain(_={".": 0.9, "a": 0.1}, a={"a": 1.0})
    assert search(model, beams=2, max_tokens=9)[0].tokens == [STOP_ID]
    assert model.steps == []
    # For 30 tokens, -2.303 / 30 = -0.077 would be better, and is in the end.
    assert search(model, beams=2, max_tokens=30)[0].tokens == [A] * 30


def test_of_equally_probable_texts_the_earlier_hypothesis_and_the_lower_id_come_first() -> None:
    even = Chain(np.where(np.arange(4) == STOP_ID, -50, np.zeros((4, 4, 4))))
    assert [h.tokens for h in search(even, beams=3, max_tokens=3)] == [[A, A, A], [A, A, B], [A, B, A]]


def test_the_same_search_gives_the_same_texts_the_best_first() -> None:
    first, again = (search(Chain.at_random(5, heat=0.5), beams=6, max_tokens=8) for _ in range(2))
    assert [h.tokens for h in first] == [h.tokens for h in again]
    assert [h.score for h in first] == sorted((h.score for h in first), reverse=True)
    assert 1 < len(first) <= 6


def test_no_more_lanes_than_beams() -> None:
    model = Chain.at_random(5)
    search(model, beams=3, max_tokens=20)
    assert max(model.steps) <= 3


def test_banned_and_unknown_tokens_have_no_part_in_any_text_and_keep_their_share() -> None:
    model = Chain.at_random(1)
    found = search(model, with_sampler=sampler(banned="b"), beams=4, max_tokens=6)
    assert {token for h in found for token in h.tokens} <= {STOP_ID, A}
    for h in found:
        assert h.log_probability == pytest.approx(model.log_probability(tuple(h.tokens), sampler()))


def test_temperature_penalties_and_truncation_have_no_part_in_the_search() -> None:
    options: dict[str, Any] = {"temperature": 0.01, "top_k": 1, "repetition_penalty": 9.0}
    plain, other = search(Chain.at_random(2)), search(Chain.at_random(2), with_sampler=sampler(**options))
    assert [h.tokens for h in plain] == [h.tokens for h in other]


@pytest.mark.parametrize("seed", range(4))
def test_only_texts_that_are_asked_for_are_found_and_the_best_of_them(seed: int) -> None:
    model, texts = Chain.at_random(seed), ((A, B, A), (B, B, STOP_ID), (B, A, A, A), (A, A, B, STOP_ID))
    best = max(texts, key=lambda text: model.log_probability(text, sampler()) / len(text))
    found = search(model, place=Within(texts), beams=9)
    assert {tuple(h.tokens) for h in found} <= set(texts)
    assert tuple(found[0].tokens) == best
    assert found[0].state.written == best


def test_a_hypothesis_in_a_dead_end_gives_way_to_another_and_if_all_are_it_is_an_error() -> None:
    model = chain(_={"a": 0.9, "b": 0.1}, a={"a": 1.0}, b={"b": 1.0})
    dead_end = Within(((B, B),))
    assert search(model, place=dead_end)[0].tokens == [B, B]
    with pytest.raises(UsageError, match="no beam finds a text"):
        search(model, place=dead_end, with_sampler=sampler(banned="b"))


def test_logits_that_are_no_distribution_are_refused() -> None:
    with pytest.raises(ModelError, match="cannot say which token is next"):
        search(Chain(np.full((4, 4, 4), np.nan)))


def test_a_model_that_counts_down_is_told_what_remains() -> None:
    model = chain(_={"a": 1.0}, a={"a": 1.0})
    search(model, beams=1, max_tokens=5, remaining=3)
    assert model.told == [{"countdown": [2]}, {"countdown": [1]}, {"countdown": [0]}, {"countdown": [0]}]
    search(other := chain(_={"a": 1.0}, a={"a": 1.0}), beams=1, max_tokens=3)
    assert other.told == [{}, {}]


def test_a_long_text_takes_no_deep_recursion() -> None:
    (found,) = search(chain(_={"a": 1.0}, a={"a": 1.0}), beams=1, max_tokens=3000)
    assert found.tokens == [A] * 3000
    assert len(repr(found)) < 1000
