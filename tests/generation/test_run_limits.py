"""No run of one character grows beyond the longest one of the corpus, whatever the tokens are."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from itertools import groupby
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charnn.config.model import TokenizerConfig, TokenizerKind
from charnn.corpora.runs import RunLengths
from charnn.generation.beam import likeliest_texts
from charnn.generation.config import FILTERS, Bias, SamplingConfig
from charnn.generation.generator import TextGenerator, generate
from charnn.generation.model import NO_CONDITIONS, TextStart
from charnn.generation.run_limits import RunLimits
from charnn.generation.text import Request
from charnn.tasks.language_model.conditions import TextConditionValues
from charnn.tokenizers import train
from charnn.tokenizers.base import Tokenizer
from charnn.tokenizers.byte import ByteTokenizer
from charnn.tokenizers.characters import CharacterTokenizer

DASHED = CharacterTokenizer("\n -ab")
TEXT = "def f(a):\n        return a  # ---- a\n\n────── aa\n" * 9
ALPHABET = "a -─\n"
WITHOUT = tuple(name for name in FILTERS if name != "runs")


@cache
def tokenizer(kind: TokenizerKind) -> Tokenizer:
    return train(TokenizerConfig(kind=kind, vocabulary_size=330), [TEXT])


class Fond:
    """A model without a memory that likes some tokens far better than all others."""

    draws_stop, halts = False, False

    def __init__(self, vocabulary: Tokenizer, **likes: float) -> None:
        self.logits_V = np.zeros(vocabulary.size, np.float32)
        for name, logit in likes.items():
            self.logits_V[vocabulary.encode({"dash": "-", "space": " "}.get(name, name))[0]] = logit

    def initial_state(self, batch: int) -> int:
        return batch

    def start(self, prompt_tokens: int, random: Any) -> TextStart:
        return TextStart(None, 1, TextConditionValues())

    def step(self, ids_B: Any, state: int, conditions: Any = NO_CONDITIONS) -> tuple[Any, int]:
        return np.tile(self.logits_V, (len(ids_B), 1)), len(ids_B)

    def advance(self, ids_B: Any, state: int, conditions: Any = NO_CONDITIONS) -> Any:
        return self.step(ids_B, state)[0]

    def sequence(self, ids_BT: Any, state: int, conditions: Any = NO_CONDITIONS) -> tuple[Any, int]:
        return np.tile(self.logits_V, (*ids_BT.shape, 1)), len(ids_BT)

    def select(self, state: int, lanes: Any) -> int:
        return len(lanes)

    def join(self, states: list[int]) -> int:
        return sum(states)

    def put(self, state: int, lane: int, other: int) -> None:
        pass


def at_most(**longest: int) -> dict[str, RunLengths]:
    return {{"dash": "-", "space": " "}.get(name, name): RunLengths(n, n) for name, n in longest.items()}


def written(prompt: str = "", *, runs: Mapping[str, RunLengths] | None, **sampling: Any) -> str:
    model, options = Fond(DASHED, dash=20.0, space=10.0), {"temperature": 0.0, "length": 12, **sampling}
    random = np.random.default_rng(0)
    return "".join(generate(model, DASHED, prompt, SamplingConfig(**options), random, may_stop=False, runs=runs))


def longest(text: str) -> dict[str, int]:
    lengths: dict[str, int] = {}
    for character, run in groupby(text):
        lengths[character] = max(lengths.get(character, 0), len(list(run)))
    return lengths


@pytest.mark.parametrize("kind", ["characters", "bytes", "unigram", "bpe"])
@given(st.data())
@settings(max_examples=60)
def test_what_is_left_never_makes_a_run_too_long_and_what_is_ruled_out_always_would(
    kind: TokenizerKind, data: st.DataObject
) -> None:
    subject = tokenizer(kind)
    limits = data.draw(st.dictionaries(st.sampled_from(ALPHABET), st.integers(2, 7)))
    lengths = {character: RunLengths(n, n) for character, n in limits.items()}
    runs, decoder = RunLimits(lengths, subject), subject.decoder()
    before = data.draw(st.text(ALPHABET, max_size=9))
    run = runs.after(runs.start, before)
    # Only tokens of these characters, whole or a byte of one, so that runs come about; and none with a run inside that
    # is too long, since the tokens of a text have no longer runs than it has.
    tokens = [
        token
        for token, spelling in enumerate(subject.spellings())
        if spelling and (spelling in "─".encode() or set(spelling.decode("utf-8", "replace")) <= set(ALPHABET))
        if all(n <= limits.get(character, 1) for character, n in longest(subject.decode([token])).items())
    ]
    text = before
    for _ in range(25):
        ruled_out = set(runs.bounds(run, decoder).too_long)
        for token in ruled_out.intersection(tokens) if not decoder.pending else ():
            alone = subject.decode([token])
            own = len(text) - len(text.rstrip(text[-1]))
            assert own + len(alone) - len(alone.lstrip(text[-1])) > limits.get(text[-1], 1)
        new = decoder.decode(data.draw(st.sampled_from([token for token in tokens if token not in ruled_out])))
        run, text = runs.after(run, new), text + new
    kept = longest(before)
    assert [c for c, n in longest(text).items() if n > max(limits.get(c, 1), kept.get(c, 1))] == []


def test_the_last_byte_of_a_character_is_ruled_out_and_not_the_first_which_others_begin_with() -> None:
    subject = ByteTokenizer()
    runs, decoder = RunLimits({"─": RunLengths(2, 2)}, subject), subject.decoder()
    run = runs.after(runs.start, "──")
    assert not runs.bounds(run, decoder).too_long
    first, second, third = subject.encode("─").tolist()
    for token in (first, second):
        assert decoder.decode(token) == ""
        ruled_out = runs.bounds(run, decoder).too_long
    assert list(ruled_out) == [third]


def test_a_piece_of_several_characters_is_ruled_out_as_soon_as_it_would_be_too_much() -> None:
    subject = tokenizer("bpe")
    texts = [spelling.decode("utf-8", "replace") for spelling in subject.spellings()]
    (eight,) = [token for token, text in enumerate(texts) if text == " " * 8]
    runs = RunLimits(at_most(space=10), subject)
    for spaces, is_ruled_out in ((2, False), (3, True)):
        run = runs.after(runs.start, "a" + " " * spaces)
        assert (eight in runs.bounds(run, subject.decoder()).too_long) == is_ruled_out


def test_a_greedy_text_keeps_within_the_longest_runs_and_without_the_filter_or_the_record_it_does_not() -> None:
    assert written(runs=at_most(dash=3)) == "--- --- --- "
    assert written(runs={}) == "- - - - - - "
    assert written(runs=None) == written(runs=at_most(dash=3), filters=WITHOUT) == "-" * 12


def test_the_run_that_the_prompt_began_goes_on_and_counts() -> None:
    assert written("a--", runs=at_most(dash=3), length=4) == "- --"
    assert written("a" + "-" * 9, runs=at_most(dash=3), length=4) == " ---"


def test_where_nothing_else_is_left_a_run_goes_on() -> None:
    assert written(runs=at_most(dash=3), banned="\n ab", length=9) == "-" * 9
    assert written(runs=at_most(dash=3), filters=("top-k", "runs"), top_k=1, length=9) == "--- --- -"


def test_a_pattern_wins() -> None:
    assert written(runs=at_most(dash=3), pattern="a-{9}b", length=20) == "a---------b"
    assert written(runs=at_most(dash=3), pattern="(-| )*b", length=9) == "--- --- b"


@pytest.mark.parametrize("beams", [2, 3])
def test_beams_keep_within_the_longest_runs_too(beams: int) -> None:
    def likeliest(**others: Any) -> str:
        sampling = SamplingConfig(beams=beams, length=8, **others)
        requests = [Request(0, "", np.random.default_rng(0))]
        model, runs = Fond(DASHED, dash=20.0, space=10.0), at_most(dash=3)
        pieces = likeliest_texts(model, DASHED, sampling, requests, number=1, may_stop=False, echo=False, runs=runs)
        return next(pieces).shown

    assert longest(likeliest())["-"] == 3
    assert likeliest(filters=WITHOUT) == "-" * 8
    assert likeliest(pattern="-{8}") == "-" * 8


def test_texts_side_by_side_each_keep_their_own_runs() -> None:
    model, sampling = Fond(DASHED, dash=20.0, space=10.0), SamplingConfig(temperature=0.0, length=6)
    generator = TextGenerator(model, DASHED, sampling, batch=2, may_stop=False, runs=at_most(dash=3))
    texts = ["", "", ""]
    for piece in generator.texts(
        Request(number, prompt, np.random.default_rng(0)) for number, prompt in enumerate(["", "--", "---"])
    ):
        texts[piece.text.request.number] += piece.shown
    assert texts == ["--- --", "- --- ", " --- -"]


# Runs that are longer than usual.


def share_of_dashes(*, prompt: str, temperature: float, **others: Any) -> float:
    """How often a dash comes next where the model gives it 0.7, a space 0.2, and every other token next to nothing."""
    model = Fond(DASHED, dash=np.log(0.7), space=np.log(0.2))
    model.logits_V[model.logits_V == 0] = np.log(0.1 / (DASHED.size - 2))
    sampling = SamplingConfig(temperature=temperature, length=1, **others)
    generator = TextGenerator(model, DASHED, sampling, batch=500, may_stop=False, runs={"-": RunLengths(3, 9)})
    requests = (Request(number, prompt, np.random.default_rng((1, number))) for number in range(2000))
    return sum(piece.shown == "-" for piece in generator.texts(requests)) / 2000


def test_no_temperature_makes_it_likelier_that_a_long_run_goes_on() -> None:
    sharpened = 0.7**5 / (0.7**5 + 0.2**5)
    assert share_of_dashes(prompt="a--", temperature=0.2) == pytest.approx(sharpened, abs=0.01)
    assert share_of_dashes(prompt="a---", temperature=0.2) == pytest.approx(0.7, abs=0.04)
    assert share_of_dashes(prompt="a---", temperature=0.2, filters=WITHOUT) == pytest.approx(sharpened, abs=0.01)
    assert share_of_dashes(prompt="a" + "-" * 9, temperature=0.2) == 0


def test_a_higher_temperature_and_a_greedy_choice_are_left_as_they_are() -> None:
    of_others = 0.2**0.5 + (DASHED.size - 4) * (0.1 / (DASHED.size - 2)) ** 0.5
    assert share_of_dashes(prompt="a---", temperature=2.0) == pytest.approx(0.7**0.5 / (0.7**0.5 + of_others), abs=0.04)
    assert share_of_dashes(prompt="a---", temperature=0.0) == 1


def test_a_bias_counts_as_the_models_own() -> None:
    biased = 0.7 * np.e / (0.7 * np.e + 0.3)
    share = share_of_dashes(prompt="a---", temperature=0.2, bias=(Bias("-", 1.0),))
    assert share == pytest.approx(biased, abs=0.03)


@pytest.mark.parametrize("kind", ["characters", "bytes", "unigram", "bpe"])
def test_what_lengthens_a_long_run_is_known_in_every_tokenizer(kind: TokenizerKind) -> None:
    subject = tokenizer(kind)
    runs, decoder = RunLimits({"─": RunLengths(2, 4)}, subject), subject.decoder()
    for text, is_long in (("─", False), ("──", True), ("───", True), ("────", False)):
        decoder = subject.decoder()
        ids = subject.encode("─").tolist()
        for token in ids[:-1]:
            decoder.decode(token)
        lengthening = runs.bounds(runs.after(runs.start, text), decoder).lengthening
        assert (ids[-1] in lengthening) == is_long
