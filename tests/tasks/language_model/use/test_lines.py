from __future__ import annotations

import math
import time
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from charnn.config.model import TokenizerConfig
from charnn.errors import CorpusError, ModelError
from charnn.tasks.language_model.lengths import remaining_tokens
from charnn.tasks.language_model.use import lines
from charnn.tasks.language_model.use.lines import LineModel, LineScore, LineScorer, score_stream
from charnn.tasks.language_model.use.scores import Costs, SymbolNats
from charnn.tokenizers import train
from charnn.tokenizers.base import STOP_ID, first_ids
from charnn.tokenizers.byte import ByteTokenizer
from charnn.tokenizers.characters import CharacterTokenizer

Ids = npt.NDArray[np.int32]

LETTERS = CharacterTokenizer("\n\rabcdef")
STOP = np.array([STOP_ID], np.int32)
LINES = st.lists(st.tuples(st.text("abcdef?", max_size=12), st.sampled_from(["\n", "\r\n"])).map("".join), max_size=9)


class Hashing:
    """Nats are a whole number that depends on the target and on every input since the initial state, in order."""

    def __init__(self, *, counts_down: bool = False) -> None:
        self.counts_down = counts_down
        self.shapes: list[tuple[int, ...]] = []
        self.remaining: list[Any] = []

    def initial_state(self, batch: int) -> Any:
        return np.zeros(batch, np.int64)

    def conditions(self, targets_BT: Any, later_B: Any) -> Any:
        if not self.counts_down:
            return {}
        return {"remaining": remaining_tokens(targets_BT, STOP_ID) + later_B[:, None]}

    def costs(self, inputs_BT: Any, targets_BT: Any, state: Any, conditions: Any) -> tuple[Costs, Any]:
        assert inputs_BT.shape == targets_BT.shape
        assert len(inputs_BT) == len(state)
        assert list(conditions) == ["remaining"] * self.counts_down
        self.shapes.append(inputs_BT.shape)
        nats_BT = np.zeros(inputs_BT.shape, np.float32)
        for t, inputs_B in enumerate(inputs_BT.T):
            state = (state * 31 + inputs_B + 1) % 1009
            nats_BT[:, t] = (state * 7 + targets_BT[:, t]) % 1009
        stop_BT = targets_BT == STOP_ID
        if not self.counts_down:
            return Costs(np.where(stop_BT, 0, nats_BT), np.where(stop_BT, nats_BT, 0)), state
        remaining_BT = conditions["remaining"]
        self.remaining += remaining_BT.tolist()
        return Costs(np.where(stop_BT, 0, nats_BT), np.where(inputs_BT == STOP_ID, remaining_BT, 0)), state


def model(scorer: Any, **how: Any) -> LineModel:
    return LineModel(scorer, **{"tokenizer": LETTERS, "first_ids": STOP, **how})


def scored(texts: list[str], *models: LineModel, **how: Any) -> list[tuple[LineScore, ...]]:
    scorer = LineScorer(models, **how)
    try:
        return scorer.score(texts)
    finally:
        scorer.close()


def read_alone(text: str, first_ids_T: Ids, stops: bool) -> list[float]:
    """The nats of a line's tokens, read one by one."""
    scorer = Hashing()
    state = scorer.initial_state(1)
    tokens = [*first_ids_T.tolist(), *LETTERS.encode(text).tolist(), *([STOP_ID] if stops else [])]
    nats = []
    for before, target in pairwise(tokens):
        costs, state = scorer.costs(np.array([[before]]), np.array([[target]]), state, {})
        nats.append(float(costs.text_BT[0, 0] + costs.ends_BT[0, 0]))
    return nats[len(first_ids_T) - 1 :]


@settings(max_examples=40)
@given(LINES, st.integers(1, 5), st.integers(1, 7), st.booleans(), st.booleans(), st.integers(1, 2))
def test_batches_blocks_and_padding_change_nothing(
    texts: list[str], rows: int, block: int, ends: bool, stops: bool, threads: int
) -> None:
    before = np.array([STOP_ID, 3], np.int32)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "ROWS", rows)
        patch.setattr(lines, "BLOCK_TOKENS", block)
        found = scored(texts, model(Hashing(), first_ids=before, stops=stops), ends=ends, threads=threads)
    for text, (score,) in zip(texts, found, strict=True):
        text = text if ends else text.rstrip("\r\n")
        expected = read_alone(text, before, stops)
        assert score.nats_T.tolist() == expected
        assert score.nats == sum(expected)
        assert score.characters == len(text)


@pytest.mark.parametrize(
    ("line", "text"), [("ab\n", "ab"), ("ab\r\n", "ab"), ("ab", "ab"), ("a\rb\r\r\n", "a\rb\r"), ("ab\r", "ab")]
)
def test_a_line_is_scored_without_its_end_unless_that_is_wanted(line: str, text: str) -> None:
    without, whole = LineScorer([model(Hashing())]), LineScorer([model(Hashing())], ends=True)
    assert (without.text(line), whole.text(line)) == (text, line)
    assert (without.score([line])[0][0].characters, whole.score([line])[0][0].characters) == (len(text), len(line))
    without.close()
    whole.close()


def test_a_line_without_characters_costs_nothing_and_is_not_read() -> None:
    scorer = Hashing()
    for (score,) in scored(["", "\n", "\r\n"], model(scorer)):
        assert (score.nats, score.characters, score.bits_per_character) == (0.0, 0, None)
    assert scorer.shapes == []


def test_bits_are_those_of_a_character_whatever_the_tokens() -> None:
    by_letter, by_byte = scored(["éé\n"], model(Hashing()), model(Hashing(), tokenizer=ByteTokenizer()))[0]
    assert (len(by_letter.nats_T), len(by_byte.nats_T)) == (2, 4)
    for score in (by_letter, by_byte):
        assert score.bits_per_character == pytest.approx(score.nats / math.log(2) / 2)


def test_a_long_line_is_read_in_blocks_and_does_not_hold_up_short_ones() -> None:
    scorer = Hashing()
    scored(["a" * 50_000, *["abc"] * 40], model(scorer))
    assert sum(rows * steps for rows, steps in scorer.shapes) <= 50_000 + 2 * 120
    assert max(rows * steps for rows, steps in scorer.shapes) <= lines.BLOCK_TOKENS
    assert max(rows for rows, _ in scorer.shapes) == lines.ROWS


def test_a_large_vocabulary_is_read_in_smaller_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "BLOCK_LOGITS", 40 * LETTERS.size)
    scorer = Hashing()
    scored(["a" * 100] * 3, model(scorer))
    assert {steps for _, steps in scorer.shapes} == {13, 9}
    monkeypatch.setattr(lines, "BLOCK_LOGITS", 1)
    assert scored(["abc"], model(scorer))[0][0].nats_T.tolist() == read_alone("abc", STOP, False)


@pytest.mark.parametrize(("ends", "remaining"), [(False, [4, 3, 2]), (True, [4, 3, 2, 1])])
def test_a_model_that_counts_down_is_told_what_remains_of_the_whole_line(ends: bool, remaining: list[int]) -> None:
    scorer = Hashing(counts_down=True)
    scored(["abc\n"], model(scorer), ends=ends)
    assert scorer.remaining == [remaining]


def test_a_length_that_was_foretold_is_the_price_of_the_end() -> None:
    ((score,),) = scored(["abc\n"], model(Hashing(counts_down=True), stops=True), ends=True)
    assert score.nats_T.tolist() == [*read_alone("abc\n", STOP, False), 4.0]


def test_an_answer_that_is_not_finite_is_an_error() -> None:
    class Broken(Hashing):
        def costs(self, *arguments: Any) -> tuple[Costs, Any]:
            costs, state = super().costs(*arguments)
            return Costs(costs.text_BT * np.nan, costs.ends_BT), state

    with pytest.raises(ModelError, match="not finite"):
        scored(["abc"], model(Broken()))


def test_what_rounding_puts_below_nothing_costs_nothing() -> None:
    class Rounded(Hashing):
        def costs(self, *arguments: Any) -> tuple[Costs, Any]:
            costs, state = super().costs(*arguments)
            return Costs(costs.text_BT * 0 - 1e-7, costs.ends_BT), state

    assert scored(["abc"], model(Rounded()))[0][0].nats == 0.0


def test_closing_does_not_wait_for_a_long_line(monkeypatch: pytest.MonkeyPatch) -> None:
    class Slow(Hashing):
        def costs(self, *arguments: Any) -> tuple[Costs, Any]:
            time.sleep(0.01)
            return super().costs(*arguments)

    monkeypatch.setattr(lines, "BLOCK_TOKENS", 1)
    scorer = LineScorer([model(Slow())])
    scorer.begin(["a" * 10_000, "ab"])
    started = time.perf_counter()
    scorer.close()
    assert time.perf_counter() - started < 5


# what is read first


def test_a_line_is_read_after_the_token_that_opens_a_document() -> None:
    assert first_ids(LETTERS, ends_are_learned=True).tolist() == [STOP_ID]


def test_or_after_a_line_end_where_the_model_has_learned_no_document_end() -> None:
    assert first_ids(LETTERS, ends_are_learned=False).tolist() == LETTERS.encode("\n").tolist()
    assert first_ids(CharacterTokenizer("ab"), ends_are_learned=False).tolist() == [STOP_ID]


# streams


@pytest.fixture
def scorer() -> Iterator[LineScorer]:
    scorer = LineScorer([model(Hashing())])
    yield scorer
    scorer.close()


def test_all_that_came_before_a_pause_is_given_before_more_is_asked_for(scorer: LineScorer) -> None:
    read: list[str] = []

    def reading() -> Iterator[list[str]]:
        for part in (["a\n"], ["b\n", "c\n"], [], [], ["d\n"], []):
            read.extend(part)
            yield part

    chunks = score_stream(reading(), scorer)
    assert [line.line for line in next(chunks)] == ["a\n", "b\n", "c\n"]
    assert read == ["a\n", "b\n", "c\n"]
    assert [line.text for line in next(chunks)] == ["d"]
    assert list(chunks) == []


@settings(max_examples=40)
@given(st.lists(LINES, max_size=5), st.integers(1, 30))
def test_lines_keep_their_order_whatever_the_chunks(parts: list[list[str]], largest: int) -> None:
    scorer = LineScorer([model(Hashing())])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "FIRST_CHUNK", 4)
        patch.setattr(lines, "LARGEST_CHUNK", largest)
        found = [line for chunk in score_stream(parts, scorer) for line in chunk]
    scorer.close()
    assert [line.line for line in found] == [line for part in parts for line in part]
    for line in found:
        assert line.scores[0].nats_T.tolist() == read_alone(line.text, STOP, False)


def test_a_failure_comes_after_everything_before_it(scorer: LineScorer) -> None:
    def failing() -> Iterator[list[str]]:
        yield ["a\n"]
        raise CorpusError("gone")

    chunks = score_stream(failing(), scorer)
    assert [line.line for line in next(chunks)] == ["a\n"]
    with pytest.raises(CorpusError, match="gone"):
        next(chunks)


def test_little_is_read_ahead_and_the_first_lines_come_soon(scorer: LineScorer) -> None:
    read = 0

    def endless() -> Iterator[list[str]]:
        nonlocal read
        while True:
            read += 1000
            yield ["abcdefabc\n"] * 100

    chunks = score_stream(endless(), scorer)
    assert sum(len(line.line) for line in next(chunks)) <= lines.FIRST_CHUNK
    assert read <= 8 * lines.FIRST_CHUNK
    for _ in range(20):
        chunk = sum(len(line.line) for line in next(chunks))
    assert chunk == pytest.approx(lines.LARGEST_CHUNK, abs=10)


# symbols


@example(b"\xff \xe2\x82 \xe2\x82\xac")
@given(st.binary(max_size=20) | st.text(max_size=20).map(str.encode))
def test_symbols_of_bytes_are_characters_and_cost_what_their_bytes_do(data: bytes) -> None:
    tokenizer, text = ByteTokenizer(), data.decode("utf-8", "surrogateescape")
    nats_T = np.arange(1, len(tokenizer.encode(text)) + 1, dtype=np.float32)
    symbols = SymbolNats(tokenizer).of(text, nats_T)
    assert [symbol for symbol, _ in symbols] == list(text)
    counted = [len(character.encode("utf-8", "surrogateescape")) for character in text]
    ends = np.cumsum(counted)
    assert [nats for _, nats in symbols] == [
        nats_T[end - count : end].sum() for end, count in zip(ends, counted, strict=True)
    ]


@given(st.text("the cat sat Käse\u2581\0\n😀ж", max_size=30))
def test_symbols_of_pieces_are_whole_characters_and_whole_pieces(text: str) -> None:
    nats_T = np.arange(1, len(PIECES.encode(text)) + 1, dtype=np.float32)
    symbols = SymbolNats(PIECES).of(text, nats_T)
    assert "".join(symbol for symbol, _ in symbols) == text
    assert sum(nats for _, nats in symbols) == nats_T.sum()
    assert all(symbol for symbol, _ in symbols)


PIECES = train(TokenizerConfig("bpe", vocabulary_size=290), ["the cat sat on the mat\n" * 20])


def test_a_piece_is_a_symbol_and_a_character_in_bytes_is_one() -> None:
    assert len(PIECES.encode("the ж")) == 4
    symbols = SymbolNats(PIECES).of("the ж", np.array([1, 2, 3, 4], np.float32))
    assert symbols == [("the", 1.0), (" ", 2.0), ("ж", 7.0)]


def test_a_character_that_was_never_seen_is_a_symbol_and_so_is_the_end() -> None:
    assert SymbolNats(LETTERS).of("a?", np.array([1, 2, 3], np.float32)) == [("a", 1.0), ("?", 2.0), ("", 3.0)]
    assert SymbolNats(ByteTokenizer()).of("", np.array([3], np.float32)) == [("", 3.0)]
