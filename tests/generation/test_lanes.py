from __future__ import annotations

import tracemalloc
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charnn.generation.config import SamplingConfig
from charnn.generation.ending import draw_halts
from charnn.generation.generator import AHEAD, TextGenerator, in_order
from charnn.generation.text import Piece, Request, Text
from charnn.softmax import log_softmax
from charnn.tasks.language_model.conditions import ConditionedLanguageModel
from charnn.tasks.language_model.lengths import LENGTH_CLASSES, class_of
from charnn.tokenizers.base import STOP_ID
from charnn.tokenizers.characters import CharacterTokenizer

LETTERS = CharacterTokenizer("\nabcdefg")
History = tuple[tuple[int, int], ...]
NONE: dict[str, Any] = {}


class Memory(ConditionedLanguageModel):
    """A model that says something else after everything that it has read; its state is all of that, lane by lane.

    Each token read is kept with what was said to remain after it, 0 where nothing was said.
    """

    def __init__(self, *, size: int = LETTERS.size, stopping: str = "symbol", stop_logit: float = 1.0) -> None:
        self.size, self.stopping, self.stop_logit = size, stopping, stop_logit
        self.batches: list[int] = []
        self.sequences = 0

    def logits(self, history: History) -> np.ndarray:
        seed = [token + 1000 * left for token, left in history]
        logits_V = np.random.default_rng(seed).normal(size=self.size).astype(np.float32)
        logits_V[STOP_ID] = -np.inf if self.stopping == "length" else self.stop_logit
        return logits_V

    def initial_state(self, batch: int) -> list[History]:
        return [()] * batch

    def open_documents(self, batch: int, conditions: Any = NONE) -> tuple[np.ndarray, np.ndarray, list[History]]:
        log_p_BL = np.full((batch, LENGTH_CLASSES), -np.inf)
        log_p_BL[:, class_of(np.array([5, 9]))] = np.log(0.5)
        state: list[History] = [((STOP_ID, 0),)] * batch
        return np.stack([self.logits(history) for history in state]), log_p_BL, state

    def sequence(self, ids_BT: np.ndarray, state: list[History], conditions: Any = NONE) -> tuple[np.ndarray, Any]:
        self.sequences += 1
        left_BT = conditions.get("countdown", np.zeros_like(ids_BT))
        read = [tuple(zip(ids, left, strict=True)) for ids, left in zip(ids_BT.tolist(), left_BT.tolist(), strict=True)]
        steps = range(1, ids_BT.shape[1] + 1)
        logits = [[self.logits(before + new[:t]) for t in steps] for before, new in zip(state, read, strict=True)]
        return np.array(logits), [before + new for before, new in zip(state, read, strict=True)]

    def step(self, ids_B: np.ndarray, state: list[History], conditions: Any = NONE) -> tuple[np.ndarray, Any]:
        self.batches.append(len(ids_B))
        left_B = conditions.get("countdown", np.zeros_like(ids_B))
        after = [(*h, (i, r)) for h, i, r in zip(state, ids_B.tolist(), left_B.tolist(), strict=True)]
        return np.stack([self.logits(history) for history in after]), after

    def advance(self, ids_B: np.ndarray, state: list[History], conditions: Any = NONE) -> np.ndarray:
        logits_BV, state[:] = self.step(ids_B, state, conditions)
        return logits_BV

    def select(self, state: list[History], lanes: Iterable[int]) -> list[History]:
        return [state[lane] for lane in lanes]

    def join(self, states: Sequence[list[History]]) -> list[History]:
        return [history for state in states for history in state]

    def put(self, state: list[History], lane: int, other: list[History]) -> None:
        (state[lane],) = other


def requests(prompts: Sequence[str | None], seed: int = 1) -> list[Request | None]:
    wanted: list[Request | None] = []
    for prompt in prompts:
        number = sum(request is not None for request in wanted)
        wanted.append(None if prompt is None else Request(number, prompt, np.random.default_rng((seed, number))))
    return wanted


def run(
    model: Memory, prompts: Sequence[str | None], *, batch: int, scored: bool = False, seed: int = 1, **sampling: Any
) -> list[tuple[str, Text]]:
    """Each text, in order."""
    generator = TextGenerator(model, LETTERS, SamplingConfig(**sampling), batch=batch, scored=scored)
    texts: dict[int, tuple[str, Text]] = {}
    for text, shown, _ in in_order(generator.texts(requests(prompts, seed))):
        number = text.request.number
        assert number in (len(texts), len(texts) - 1), "texts are not in order"
        texts[number] = (texts.get(number, ("", text))[0] + shown, text)
    assert all(text.reason is not None for _, text in texts.values())
    return list(texts.values())


def test_a_text_that_waits_takes_little_more_memory_than_its_characters() -> None:
    first, second = (Text(Request(number, "", np.random.default_rng(0))) for number in (0, 1))

    def pieces() -> Iterator[Piece]:
        for _ in range(100_000):
            yield Piece(second, "x", False)
        yield Piece(first, "a", True)
        yield Piece(second, "y", True)

    tracemalloc.start()
    try:
        given = [(text.request.number, shown) for text, shown, _ in in_order(pieces())]
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert given[0] == (0, "a")
    assert "".join(shown for number, shown in given if number == 1) == "x" * 100_000 + "y"
    assert most < 700_000


def as_seen(texts: list[tuple[str, Text]]) -> list[tuple[str, str | None]]:
    return [(shown, text.reason) for shown, text in texts]


@pytest.mark.parametrize("stopping", ["symbol", "halt", "length"])
@given(
    prompts=st.lists(st.text("abc\n", max_size=3), max_size=9),
    batch=st.integers(2, 5),
    length=st.integers(0, 12),
    seed=st.integers(0, 99),
)
@settings(max_examples=30)
def test_a_text_does_not_depend_on_its_lane_nor_on_its_neighbours(stopping, prompts, batch, length, seed):
    one_by_one, together = (
        as_seen(
            run(
                Memory(stopping=stopping), prompts, batch=size, length=length, seed=seed, frequency_penalty=0.5, lines=2
            )
        )
        for size in (1, batch)
    )
    assert one_by_one == together
    assert len(together) == len(prompts)


def test_a_lane_whose_text_has_ended_goes_to_the_next_text():
    model = Memory(stop_logit=0.0)
    texts = run(model, [""] * 200, batch=8)
    tokens = sum(len(shown) + 1 for shown, _ in texts)
    assert set(model.batches[: len(model.batches) * 3 // 4]) == {8}, "lanes stood idle while texts were waiting"
    assert len(model.batches) < 1.3 * tokens / 8


def test_the_same_prompt_is_read_once():
    model = Memory()
    run(model, ["abc"] * 50, batch=4, length=3)
    assert model.sequences == 1


def test_a_long_prompt_is_read_as_sequences_and_not_symbol_by_symbol():
    model = Memory()
    model.logits = lambda history: np.zeros(model.size, np.float32)
    run(model, ["a" * 10_000], batch=1, length=1)
    assert model.sequences == 3
    assert model.batches == []


def test_texts_that_wait_for_the_first_are_few():
    class Endless(Memory):
        def logits(self, history):
            logits_V = np.zeros(self.size, np.float32)
            logits_V[STOP_ID] = -50 if history[1:2] == ((LETTERS.encode("a")[0], 0),) else 50
            return logits_V

    generator = TextGenerator(Endless(), LETTERS, SamplingConfig(length=600), batch=2)
    numbers, ended = [], False
    for text, _, _ in generator.texts(requests(["a", *["b"] * 1000])):
        ended |= text.request.number == 0 and text.reason is not None
        numbers.append(text.request.number)
        if not ended:
            assert max(numbers) < AHEAD * 2
    assert max(numbers) == 1000


def test_an_input_that_pauses_does_not_hold_up_the_texts_that_have_begun():
    taken = []

    def slowly():
        for number, request in enumerate(requests(["a", None, None, "b"])):
            taken.append(number)
            yield request

    model = Memory(stop_logit=-50.0)
    pieces = TextGenerator(model, LETTERS, SamplingConfig(length=2), batch=4).texts(slowly())
    assert next(pieces)[0].request.prompt == "a"
    assert next(pieces)[1] != ""
    assert taken == [0, 1], "the next prompt was waited for, though a text had begun"
    assert {text.request.prompt for text, _, _ in pieces} == {"a", "b"}


def test_nothing_is_asked_of_the_model_for_no_texts_at_all():
    model = Memory()
    assert run(model, [], batch=4) == []
    assert run(model, ["a", "b"], batch=4, length=0)[1][0] == ""
    assert (model.sequences, model.batches) == (0, [])


@pytest.mark.parametrize("stopping", ["symbol", "halt"])
def test_the_log_probability_is_the_sum_of_what_the_model_itself_says(stopping):
    model = Memory(stopping=stopping)
    texts = run(model, ["ab", "c"] * 10, batch=3, scored=True, temperature=0.5, top_k=4, length=20)
    assert any(text.reason == "stop" for _, text in texts)
    for shown, text in texts:
        ids = [STOP_ID, *LETTERS.encode(text.request.prompt + shown).tolist()] + [STOP_ID] * (text.reason == "stop")
        history = [(token, 0) for token in ids]
        first = 1 + len(text.request.prompt)
        nats = sum(log_softmax(model.logits(tuple(history[:t])))[ids[t]] for t in range(first, len(ids)))
        assert text.log_probability == pytest.approx(nats)


def test_tokens_come_with_their_likeliest_alternatives():
    model = Memory()
    generator = TextGenerator(model, LETTERS, SamplingConfig(length=4, temperature=0), alternatives=3)
    pieces = list(generator.texts(requests(["a"])))
    (text,) = {id(text): text for text, _, _ in pieces}.values()
    assert "".join(token.text for token in text.tokens) == "".join(shown for _, shown, _ in pieces)
    for token in text.tokens:
        assert len(token.alternatives) == 3
        assert [p for _, p in token.alternatives] == sorted((p for _, p in token.alternatives), reverse=True)
    assert sum(token.log_probability for token in text.tokens) == pytest.approx(text.log_probability)


def test_a_foretold_length_is_the_length_of_the_text_whatever_the_prompt():
    texts = run(Memory(stopping="length"), ["", "ab", "abcdefgabcdefg"] * 40, batch=7, length=100)
    lengths = {
        prompt: {len(prompt + shown) for shown, text in texts if text.request.prompt == prompt}
        for prompt in ("", "ab", "abcdefgabcdefg")
    }
    assert lengths == {"": {5, 9}, "ab": {5, 9}, "abcdefgabcdefg": {14}}
    assert {text.reason for _, text in texts} == {"stop"}


def test_the_model_is_told_what_remains_after_each_token():
    model = Memory(stopping="length")
    told: list[History] = []
    model.logits = lambda history: told.append(history) or np.where(np.arange(model.size) > 1, 0.0, -np.inf)
    ((shown, _),) = run(model, ["ab"], batch=1)
    whole = max(told, key=len)
    assert [left for _, left in whole[1:]] == list(range(len(shown) + 1, 0, -1))


def test_halting_takes_a_share_of_the_random_numbers_and_leaves_the_rest_uniform():
    logits_BV = np.tile(np.log([0.25, 0.25, 0.5]), (1000, 1))
    uniforms_B = (np.arange(1000) + 0.5) / 1000
    halts_B, left_B = draw_halts(logits_BV, uniforms_B, greedy=False)
    assert halts_B.sum() == 250
    assert np.allclose(np.sort(left_B[~halts_B]), (np.arange(750) + 0.5) / 750)
    assert ((left_B >= 0) & (left_B < 1)).all()


@pytest.mark.parametrize(("p", "halts"), [(0.49, False), (0.51, True), (0.0, False), (1.0, True)])
def test_greedily_a_model_halts_where_that_is_more_probable(p, halts):
    with np.errstate(divide="ignore"):
        logits_BV = np.log([[p, 1 - p]])
    assert draw_halts(logits_BV, np.zeros(1), greedy=True)[0].tolist() == [halts]


def test_the_temperature_does_not_touch_the_decision_to_halt():
    def share(temperature: float) -> float:
        model = Memory(stopping="halt", stop_logit=0.0)
        model.logits = lambda history: np.array([0.0, -np.inf, *[-np.log(LETTERS.size - 2)] * (LETTERS.size - 2)])
        texts = run(model, [""] * 600, batch=32, length=1, temperature=temperature)
        return sum(text.reason == "stop" for _, text in texts) / 600

    assert share(0.2) == share(3.0) == pytest.approx(0.5, abs=0.07)
