from __future__ import annotations

import codecs
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charnn.config.model import TokenizerKind
from charnn.errors import ModelError
from charnn.generation.config import SamplingConfig
from charnn.generation.generator import Generation, generate
from charnn.generation.model import TextStart
from charnn.tasks.language_model.conditions import TextConditionValues

STOP, UNKNOWN = 0, 1


class PieceDecoder:
    def __init__(self, pieces: Sequence[bytes]) -> None:
        self._pieces = pieces
        self._utf8 = codecs.getincrementaldecoder("utf-8")("surrogateescape")

    def decode(self, token: int) -> str:
        return self._utf8.decode(self._pieces[token])

    def flush(self) -> str:
        return self._utf8.decode(b"", final=True)


class Pieces:
    """A tokenizer whose ids are the stop token, the unknown token, then `pieces`; the longest match encodes."""

    kind: TokenizerKind = "characters"
    file_name = "tokenizer.json"
    unknown_id: int | None = UNKNOWN

    def __init__(self, *pieces: str | bytes) -> None:
        self.pieces = [b"", b"?", *(p if isinstance(p, bytes) else p.encode() for p in pieces)]

    @property
    def size(self) -> int:
        return len(self.pieces)

    def encode(self, text: str) -> npt.NDArray[np.int32]:
        ids, rest = [], text.encode()
        while rest:
            ids.append(max(range(2, self.size), key=lambda i: rest.startswith(self.pieces[i]) * len(self.pieces[i])))
            rest = rest[len(self.pieces[ids[-1]]) :]
        return np.array(ids, dtype=np.int32)

    def decode(self, tokens: Iterable[int]) -> str:
        return b"".join(self.pieces[token] for token in tokens).decode("utf-8", "surrogateescape")

    def decoder(self) -> PieceDecoder:
        return PieceDecoder(self.pieces)

    def symbols(self) -> tuple[tuple[str, str], ...]:
        raise NotImplementedError

    def spellings(self) -> tuple[bytes, ...]:
        return b"", b"", *self.pieces[2:]

    def unknown_characters(self, text: str) -> tuple[str, ...]:
        return tuple(c for c in text if c.encode() not in self.pieces)

    def to_bytes(self) -> bytes:
        raise NotImplementedError


class Script:
    """A model whose n-th logits choose the n-th token of a script; it records what it was given.

    Its state is, for each lane, the number of tokens read since the prompt began.
    """

    draws_stop, halts = True, False

    def __init__(self, tokens: Iterable[int], size: int) -> None:
        self.tokens, self.size = list(tokens), size
        self.sequences: list[list[int]] = []
        self.steps: list[int] = []

    def initial_state(self, batch: int) -> list[int]:
        return [0] * batch

    def start(self, prompt_tokens: int, random: np.random.Generator) -> TextStart:
        return TextStart(None, self.initial_state(1), TextConditionValues())

    def select(self, state: list[int], lanes: Iterable[int]) -> list[int]:
        return [state[lane] for lane in lanes]

    def join(self, states: list[list[int]]) -> list[int]:
        return [position for state in states for position in state]

    def _logits(self, position: int) -> npt.NDArray[np.float32]:
        logits_V = np.zeros(self.size, dtype=np.float32)
        logits_V[UNKNOWN] = 50  # the best choice, were it allowed
        logits_V[self.tokens[position]] += 40
        return logits_V

    def sequence(self, ids: npt.NDArray[np.int64], state: Any, conditions: Any) -> tuple[npt.NDArray[np.float32], Any]:
        assert (ids.dtype.kind, ids.shape[0], state, conditions) == ("i", 1, [0], {})
        self.sequences.append(ids[0].tolist())
        wrong = np.full((1, ids.shape[1] - 1, self.size), np.nan, dtype=np.float32)  # only the last is of use
        return np.concatenate([wrong, self._logits(0)[None, None]], axis=1), [ids.shape[1]]

    def advance(self, ids: npt.NDArray[np.int64], state: Any, conditions: Any) -> npt.NDArray[np.float32]:
        assert (ids.dtype.kind, ids.shape, conditions) == ("i", (1,), {})
        assert state == [len(self.sequences[0]) + len(self.steps)]
        self.steps.append(int(ids[0]))
        state[0] += 1
        return self._logits(len(self.steps))[None]


class Chance(Script):
    """A model that finds every token but the unknown one equally probable, and that one far more."""

    def __init__(self, size: int) -> None:
        super().__init__([], size)

    def _logits(self, position: int) -> npt.NDArray[np.float32]:
        return np.array([0, 50, *[0] * (self.size - 2)], dtype=np.float32)


def run(model: Script, tokenizer: Pieces, prompt: str = "", seed: int = 0, **sampling: Any) -> Generation:
    return generate(model, tokenizer, prompt, SamplingConfig(**sampling), np.random.default_rng(seed))


CHARACTERS = Pieces("a", "b", "c")
A, B, C = 2, 3, 4
LONG = Pieces("a", "bcd", "END")
FOX = Pieces(*(bytes([byte]) for byte in "🦊".encode()), "x")


def test_the_model_reads_the_stop_token_then_the_prompt_in_one_sequence() -> None:
    model = Script([A], CHARACTERS.size)
    assert list(run(model, CHARACTERS, "bac", length=1)) == ["a"]
    assert model.sequences == [[STOP, B, A, C]]


def test_without_a_prompt_the_model_reads_the_stop_token_alone() -> None:
    model = Script([A], CHARACTERS.size)
    assert list(run(model, CHARACTERS, length=1)) == ["a"]
    assert model.sequences == [[STOP]]


@pytest.mark.parametrize(("pieces", "first"), [(("a", "b", "\n"), 4), (("a", "b"), STOP)])
def test_a_model_that_may_not_stop_reads_a_line_end_first_and_never_draws_the_stop_token(
    pieces: tuple[str, ...], first: int
) -> None:
    tokenizer = Pieces(*pieces)
    model = Script([STOP, A], tokenizer.size)
    sampling = SamplingConfig(length=2)
    generation = generate(model, tokenizer, "b", sampling, np.random.default_rng(0), may_stop=False)
    assert len("".join(generation)) == 2
    assert generation.reason == "length"
    assert model.sequences == [[first, B]]


def test_each_token_but_the_last_is_fed_back() -> None:
    model = Script([A, B, C, A], CHARACTERS.size)
    assert list(run(model, CHARACTERS, length=4)) == ["a", "b", "c", "a"]
    assert model.steps == [A, B, C]


def test_length_0_yields_nothing_and_runs_nothing() -> None:
    model = Script([A], CHARACTERS.size)
    generation = run(model, CHARACTERS, length=0)
    assert list(generation) == []
    assert (generation.reason, model.sequences) == ("length", [])


def test_nothing_runs_before_the_first_piece_is_asked_for_and_no_step_before_the_second() -> None:
    model = Script([A, B], CHARACTERS.size)
    generation = run(model, CHARACTERS, length=2)
    assert model.sequences == []
    assert (next(generation), model.steps, generation.reason) == ("a", [], None)
    assert (next(generation), model.steps, generation.reason) == ("b", [A], "length")
    with pytest.raises(StopIteration):
        next(generation)


def test_the_stop_token_ends_the_text_and_is_not_part_of_it() -> None:
    model = Script([A, B, STOP], CHARACTERS.size)
    generation = run(model, CHARACTERS)
    assert list(generation) == ["a", "b"]
    assert (generation.reason, model.steps) == ("stop", [A, B])


def test_a_stop_token_at_once_yields_nothing() -> None:
    generation = run(Script([STOP], CHARACTERS.size), CHARACTERS)
    assert list(generation) == []
    assert generation.reason == "stop"


def test_length_counts_characters_and_cuts_the_piece_that_runs_over() -> None:
    model = Script([2, 3, 3], LONG.size)
    generation = run(model, LONG, length=5)
    assert list(generation) == ["a", "bcd", "b"]
    assert (generation.reason, model.steps) == ("length", [2, 3])


def test_a_character_of_four_tokens_counts_once_and_comes_whole() -> None:
    fox = [2, 3, 4, 5]
    model = Script([*fox, *fox, 6], FOX.size)
    generation = run(model, FOX, length=2)
    assert list(generation) == ["🦊", "🦊"]
    assert (generation.reason, len(model.steps)) == ("length", 7)


def test_half_a_character_is_flushed_at_the_stop_token() -> None:
    generation = run(Script([6, 2, 3, STOP], FOX.size), FOX)
    assert list(generation) == ["x", "\udcf0\udc9f"]
    assert generation.reason == "stop"


def test_half_a_character_flushed_at_the_stop_token_is_cut_at_the_length() -> None:
    generation = run(Script([6, 2, 3, STOP], FOX.size), FOX, length=2)
    assert list(generation) == ["x", "\udcf0"]
    assert generation.reason == "length"


def test_a_stop_string_split_across_tokens_is_not_shown_and_ends_the_steps() -> None:
    model = Script([A, B, B, C, A], CHARACTERS.size)
    generation = run(model, CHARACTERS, stop_strings=("bbc",))
    assert list(generation) == ["a"]
    assert (generation.reason, model.steps) == ("stop string", [A, B, B])


def test_a_stop_string_within_a_token_shows_what_comes_before_it() -> None:
    generation = run(Script([2, 3], LONG.size), LONG, stop_strings=("cd",))
    assert list(generation) == ["a", "b"]
    assert generation.reason == "stop string"


def test_a_stop_string_that_begins_in_the_prompt_does_not_count() -> None:
    generation = run(Script([B, STOP], CHARACTERS.size), CHARACTERS, "a", stop_strings=("ab",))
    assert list(generation) == ["b"]
    assert generation.reason == "stop"


@pytest.mark.parametrize(("script", "length", "reason"), [([A, B, STOP], 9, "stop"), ([A, B], 2, "length")])
def test_text_held_back_for_a_stop_string_is_shown_when_the_text_ends(
    script: list[int], length: int, reason: str
) -> None:
    generation = run(Script(script, CHARACTERS.size), CHARACTERS, length=length, stop_strings=("abc",))
    assert list(generation) == ["ab"]
    assert generation.reason == reason


@pytest.mark.parametrize(("length", "text", "reason"), [(4, "a", "stop string"), (3, "aEN", "length")])
def test_a_stop_string_counts_where_it_ends_within_the_length_and_not_beyond(
    length: int, text: str, reason: str
) -> None:
    generation = run(Script([2, 4], LONG.size), LONG, length=length, stop_strings=("END",))
    assert ("".join(generation), generation.reason) == (text, reason)


@pytest.mark.parametrize("heat", [0.0, 1.0])
def test_the_unknown_token_is_never_sampled(heat: float) -> None:
    model = Chance(CHARACTERS.size)
    assert "?" not in "".join(run(model, CHARACTERS, temperature=heat, length=300))
    assert UNKNOWN not in model.steps


def test_the_unknown_token_takes_no_place_among_the_top_k() -> None:
    generation = run(Script([C], CHARACTERS.size), CHARACTERS, top_k=1, length=1)
    assert list(generation) == ["c"]


def test_a_tokenizer_without_an_unknown_token_may_choose_every_id() -> None:
    tokenizer = Pieces("a")
    tokenizer.unknown_id = None
    assert list(run(Chance(tokenizer.size), tokenizer, length=3)) == ["?", "?", "?"]


@given(st.integers(0, 2**32), st.integers(0, 40), st.sampled_from([CHARACTERS, LONG, FOX]))
def test_the_length_is_exact_or_the_model_stopped(seed: int, length: int, tokenizer: Pieces) -> None:
    generation = run(Chance(tokenizer.size), tokenizer, seed=seed, length=length)
    pieces = list(generation)
    assert all(pieces)
    count = len("".join(pieces))
    assert (count == length) if generation.reason == "length" else (generation.reason == "stop" and count <= length)


def test_the_same_seed_gives_the_same_text_and_another_seed_another() -> None:
    ideographs = Pieces(*(chr(0x4E00 + i) for i in range(998)))
    first, again, other = ("".join(run(Chance(1000), ideographs, seed=seed, length=20)) for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_a_longer_text_begins_with_the_shorter_of_the_same_seed() -> None:
    short, long = ("".join(run(Chance(LONG.size), LONG, seed=3, length=n)) for n in (4, 9))
    assert long.startswith(short)


def test_one_random_number_is_taken_for_each_token() -> None:
    random, expected = np.random.default_rng(5), np.random.default_rng(5)
    sampling = SamplingConfig(length=7)
    assert len(list(generate(Script([A] * 7, CHARACTERS.size), CHARACTERS, "", sampling, random))) == 7
    expected.random(7)
    assert random.random() == expected.random()


def test_logits_that_are_not_finite_are_refused() -> None:
    class Diverged(Script):
        def _logits(self, position: int) -> npt.NDArray[np.float32]:
            return np.full(self.size, np.nan, dtype=np.float32)

    with pytest.raises(ModelError):
        next(run(Diverged([], CHARACTERS.size), CHARACTERS))
