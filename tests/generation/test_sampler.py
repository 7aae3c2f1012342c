from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charnn.config.model import TokenizerConfig, TokenizerKind
from charnn.errors import ConfigError, ModelError, UsageError
from charnn.generation import filters
from charnn.generation.config import FILTERS, Bias, SamplingConfig
from charnn.generation.run_limits import RunBounds
from charnn.generation.sampler import Sampler
from charnn.softmax import log_softmax
from charnn.tokenizers import train
from charnn.tokenizers.base import STOP_ID, Tokenizer
from charnn.tokenizers.byte import ByteTokenizer
from charnn.tokenizers.characters import CharacterTokenizer

Logits = npt.NDArray[np.floating]

JUST_BELOW_1 = math.nextafter(1.0, 0.0)
UNKNOWN = 1
A, B, C, D = 2, 3, 4, 5
ABCD = CharacterTokenizer("abcd")
SEVENTY = CharacterTokenizer("".join(chr(33 + i) for i in range(68)))

uniforms = st.floats(0.0, 1.0, exclude_max=True) | st.sampled_from([0.0, 5e-324, JUST_BELOW_1])
finite = st.floats(allow_nan=False, allow_infinity=False, width=32)
small = st.sampled_from([-2.0, -1.0, 0.0, 1.0, 2.0])
chains = st.builds(
    SamplingConfig,
    temperature=st.sampled_from([0.0, 5e-324, 1e-6, 0.8, 1.0, 1e6, 1e300]),
    top_k=st.none() | st.integers(1, 14),
    top_p=st.none() | st.floats(0.0, 1.0, exclude_min=True),
    min_p=st.none() | st.floats(0.0, 1.0),
)


@st.composite
def logits(draw: st.DrawFn) -> Logits:
    """(V,) float32 of 3 to 12 ids, the second of which is the unknown token and the best of all."""
    values = np.array(draw(st.lists(draw(st.sampled_from([finite, small])), min_size=3, max_size=12)), np.float32)
    values[sorted(draw(st.sets(st.integers(2, len(values) - 1), max_size=len(values) - 3)))] = -np.inf
    values[UNKNOWN] = 3.4e38
    return values


def sampler(size: int = 6, *, may_stop: bool = True, **sampling: Any) -> Sampler:
    """For the stop token, the unknown one and as many characters as make up `size`."""
    tokenizer = CharacterTokenizer("".join(chr(97 + i) for i in range(size - 2)))
    return Sampler(SamplingConfig(**{"temperature": 1.0, **sampling}), tokenizer, may_stop=may_stop)


def row(*of_characters: float, stop: float = -np.inf, unknown: float = 50.0) -> Logits:
    """(1, V) float32."""
    return np.array([[stop, unknown, *of_characters]], np.float32)


def of(*probabilities: float) -> Logits:
    """Logits that give the characters exactly these probabilities."""
    return np.array([[-np.inf, 50.0, *map(math.log, probabilities)]])


def one(subject: Sampler, logits_BV: Logits, uniform: float = 0.5, **others: Any) -> int:
    return int(subject.choose(logits_BV, np.array([uniform]), **others)[0])


def support(subject: Sampler, logits_BV: Logits, **others: Any) -> list[int]:
    return np.flatnonzero(subject.distribution(logits_BV, **others)[0] > -np.inf).tolist()


def chosen_one_by_one(logits_V: Logits, sampling: SamplingConfig, uniform: float) -> int:
    """The definition, of one row and by sorting, in the arithmetic that fixes which text a seed gives."""
    values = logits_V.astype(np.float64)
    if sampling.temperature == 0:
        return int(values.argmax())
    with np.errstate(over="ignore"):
        values = (values - values.max()) / sampling.temperature
    if sampling.top_k is not None:
        values[np.argsort(-values, kind="stable")[sampling.top_k :]] = -np.inf
    if sampling.top_p is not None:
        ranking = np.argsort(-values, kind="stable")
        cumulative = np.exp(values[ranking] - values.max()).cumsum()
        values[ranking[1:][cumulative[:-1] >= sampling.top_p * cumulative[-1]]] = -np.inf
    if sampling.min_p is not None:
        values[np.exp(values - values.max()) < sampling.min_p] = -np.inf
    cumulative = np.exp(values).cumsum()
    return int(cumulative.searchsorted(uniform * cumulative[-1], side="right"))


@given(logits(), chains, uniforms)
def test_a_seed_gives_the_text_that_the_plain_definition_gives(values: Logits, chain: SamplingConfig, u: float) -> None:
    subject = sampler(len(values), **{k: getattr(chain, k) for k in ("temperature", "top_k", "top_p", "min_p")})
    known = values.copy()
    known[UNKNOWN] = -np.inf
    expected = chosen_one_by_one(known, chain, u)
    assert one(subject, values[np.newaxis], u) == expected
    assert subject.choose(np.stack([values, values]), np.array([u, u])).tolist() == [expected, expected]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"temperature": 0.0},
        {"temperature_range": (0.0, 2.0)},
        {"top_k": 9},
        {"top_p": 0.9},
        {"min_p": 0.05},
        {"typical": 0.8},
        {"top_n_sigma": 1.2},
        {"repetition_penalty": 1.4, "presence_penalty": 0.3, "frequency_penalty": -0.2},
        {"bias": (Bias("!", 2.0), Bias("Z", -3.0)), "banned": "ab"},
        {"dry_multiplier": 0.7, "dry_base": 1.5, "dry_allowed_length": 1, "dry_sequence_breakers": ("A",)},
        {"filters": FILTERS[::-1], "top_k": 30, "typical": 0.95, "top_p": 0.95, "repetition_penalty": 0.7},
    ],
    ids=str,
)
def test_a_lane_gets_the_same_bits_whatever_the_others_are(options: dict[str, Any]) -> None:
    random = np.random.default_rng(7)
    subject = Sampler(SamplingConfig(**options), SEVENTY)
    logits_BV = (random.normal(size=(64, 70)) * random.uniform(0.1, 9, size=(64, 1))).astype(np.float32)
    allowed_BV = random.random((64, 70)) < 0.8
    uniforms_B = random.random(64)
    prompts = [random.integers(2, 70, size=random.integers(0, 90)) for _ in range(64)]
    recent = subject.history()
    recent.extend(prompts)
    together = subject.distribution(logits_BV, recent, allowed_BV)
    ids_B = subject.choose(logits_BV, uniforms_B, recent, allowed_BV)
    for lane in range(64):
        alone = subject.history()
        alone.extend([prompts[lane]])
        own = logits_BV[lane : lane + 1], alone, allowed_BV[lane : lane + 1]
        np.testing.assert_array_equal(subject.distribution(*own)[0], together[lane])
        assert subject.choose(own[0], uniforms_B[lane : lane + 1], *own[1:])[0] == ids_B[lane]


@pytest.mark.parametrize("heat", [0.0, 1e-300, 1e-9, 0.7, 3.0])
@pytest.mark.parametrize("bans", [{}, {"banned": "!Z"}, {"banned": "0123456789Z"}])
def test_a_single_lane_is_given_what_it_is_given_beside_another(heat: float, bans: dict[str, Any]) -> None:
    random = np.random.default_rng(8)
    subject = Sampler(SamplingConfig(temperature=heat, **bans), SEVENTY, may_stop=False)
    logits_BV = (random.normal(size=(200, 70)) * random.uniform(0.1, 9, size=(200, 1))).astype(np.float32)
    tokens_BK = random.integers(0, 70, size=(200, 5)).tolist()
    bounds = [RunBounds(), *(RunBounds(tuple(k[:2]), tuple(k[2:]) if k[2] % 2 else ()) for k in tokens_BK[1:])]
    for uniform in (0.0, 0.3, JUST_BELOW_1):
        points_B = np.full(200, uniform)
        together = subject.choose(logits_BV, points_B, None, None, bounds).tolist()
        alone = [
            subject.choose(logits_BV[b : b + 1], points_B[:1], None, None, bounds[b : b + 1]).tolist()
            for b in range(200)
        ]
        assert alone == [[token] for token in together]
        if heat < 1e-200:
            assert subject.plain is None
            continue
        assert subject.plain is not None
        plainly = [subject.plain.choose(logits_BV[b], uniform, bounds[b]) for b in range(200)]
        assert all(token in (None, other) for token, other in zip(plainly, together, strict=True))
        assert plainly.count(None) < 150


def test_distribution_has_its_largest_at_0_and_the_logits_stay_as_they_were() -> None:
    values = row(3, 1, 2, -np.inf)
    for order in (FILTERS, ("temperature", "bias"), ("bias",), ()):
        subject = sampler(filters=order, bias=(Bias("b", 4.0),))
        assert subject.distribution(values).max() == 0
    np.testing.assert_array_equal(values, row(3, 1, 2, -np.inf))


@pytest.mark.parametrize("u", [0.0, 0.5, JUST_BELOW_1])
@pytest.mark.parametrize("only", [A, B, C, D])
def test_the_only_possible_token_is_chosen_at_both_ends_of_the_unit_interval(only: int, u: float) -> None:
    allowed_BV = np.zeros((1, 6), np.bool_)
    allowed_BV[0, only] = True
    assert one(sampler(), row(-9, -9, -9, -9, stop=7), u, allowed_BV=allowed_BV) == only


@given(logits(), st.sampled_from([0.5, 1.0, 2.0]))
@settings(max_examples=50)
def test_choose_is_the_inverse_of_the_cumulative_distribution(values: Logits, heat: float) -> None:
    draws = 500
    points = (np.arange(draws) + 0.5) / draws
    ids = sampler(len(values), temperature=heat).choose(np.repeat(values[np.newaxis], draws, axis=0), points)
    assert ids.tolist() == sorted(ids)
    known = values.astype(np.float64)
    known[UNKNOWN] = -np.inf
    expected = np.exp(log_softmax(known / heat))
    assert np.abs(np.bincount(ids, minlength=len(values)) / draws - expected).max() <= 1.001 / draws


def test_choose_takes_the_next_id_exactly_where_the_distribution_steps() -> None:
    points = np.array([0.0, 0.25, math.nextafter(0.5, 0), 0.75])
    assert sampler().choose(np.repeat(row(0, 0, 0, 0), 4, axis=0), points).tolist() == [A, B, B, D]
    assert [one(sampler(), row(0, 0, 0, 0), u) for u in points] == [A, B, B, D]


def test_top_p_sees_the_distribution_that_temperature_and_top_k_left() -> None:
    # Among all four, 0.4 + 0.3 reaches 0.65; of the first two alone, the larger is 4/7 and does not; at temperature 0.5
    # it is 16/25 and does not, and at 0.25 it is 256/337 and does.
    for heat, nucleus in {1.0: [A, B], 0.5: [A, B], 0.25: [A]}.items():
        assert support(sampler(temperature=heat, top_k=2, top_p=0.65), of(0.4, 0.3, 0.2, 0.1)) == nucleus


def test_filters_come_in_the_order_that_is_asked_for() -> None:
    # 0.35 of the whole is less than p; of the two that top-k keeps it is 0.35 / 0.65 and more.
    distribution = of(0.35, 0.3, 0.2, 0.15)
    assert support(sampler(top_k=2, top_p=0.5, filters=("top-k", "top-p")), distribution) == [A]
    assert support(sampler(top_k=2, top_p=0.5, filters=("top-p", "top-k")), distribution) == [A, B]
    # At temperature 0.5 the second is 0.36 of the first, not 0.6.
    assert support(sampler(temperature=0.5, min_p=0.4, filters=("temperature", "min-p")), of(0.5, 0.3, 0.2, 1e-9)) == [
        A
    ]
    assert (
        len(support(sampler(temperature=0.5, min_p=0.4, filters=("min-p", "temperature")), of(0.5, 0.3, 0.2, 0.1))) == 3
    )


def test_a_filter_that_is_not_named_does_nothing() -> None:
    given_all: dict[str, Any] = {
        "temperature": 0.0,
        "top_k": 1,
        "top_p": 0.1,
        "min_p": 1.0,
        "typical": 0.1,
        "top_n_sigma": 0.0,
        "bias": (Bias("a", -math.inf), Bias("b", 9.0)),
        "repetition_penalty": 2.0,
    }
    subject = sampler(filters=(), **given_all)
    np.testing.assert_array_equal(subject.distribution(row(1, 2, 3, 4))[0, 2:], [-3, -2, -1, 0])
    np.testing.assert_allclose(
        subject.log_probabilities(row(1, 2, 3, 4)),
        log_softmax(row(1, 2, 3, 4)) + row(0, 0, 0, 0, unknown=-np.inf),
    )


def test_greedy_takes_the_lowest_id_of_a_tie_and_every_other_filter_still_has_something_to_choose_from() -> None:
    subject = sampler(temperature=0.0, typical=0.5, top_n_sigma=0.0, top_p=0.1, min_p=1.0, top_k=3)
    assert one(subject, row(0, 2, 2, 1), 0.99) == B


def test_a_range_of_temperatures_takes_the_place_of_the_temperature() -> None:
    even, sure = row(1, 1, 1, 1), row(9, 0, -np.inf, -np.inf)
    subject = sampler(temperature=0.0, temperature_range=(0.0, 2.0))
    assert support(subject, even) == [A, B, C, D]
    share = filters.entropy_temperature(np.array([9.0, 0.0]), 0.0, 2.0).item()
    np.testing.assert_allclose(subject.distribution(sure)[0, 2:4], [0, -9 / share])
    assert one(subject, row(5, -np.inf, -np.inf, -np.inf)) == A


def test_the_unknown_token_takes_no_place_among_the_top_k_and_has_no_part_in_the_entropy() -> None:
    assert support(sampler(top_k=1), row(0, 1, 2, 3)) == [D]
    np.testing.assert_array_equal(
        sampler(temperature_range=(1.0, 3.0)).distribution(row(0, -3, -3, -3, unknown=80)),
        sampler(temperature_range=(1.0, 3.0)).distribution(row(0, -3, -3, -3, unknown=-80)),
    )


def test_the_stop_token_is_ruled_out_unless_it_may_come() -> None:
    assert one(sampler(temperature=0.0), row(0, 0, 0, 0, stop=5)) == STOP_ID
    assert one(sampler(temperature=0.0, may_stop=False), row(0, 0, 1, 0, stop=5)) == C


def test_bytes_have_no_unknown_token_to_rule_out() -> None:
    values = np.zeros((1, 257), np.float32)
    assert len(support(Sampler(SamplingConfig(), ByteTokenizer()), values)) == 257


def test_penalties_come_of_the_last_tokens_of_each_lane() -> None:
    subject = sampler(repetition_penalty=2.0, presence_penalty=0.25, frequency_penalty=0.5, penalty_window=3)
    recent = subject.history()
    recent.extend([np.array([D, A, A, B]), np.array([], np.int32)])
    values = np.repeat(row(2, -1, 1, 3), 2, axis=0)
    distribution = subject.distribution(values, recent)
    np.testing.assert_allclose(distribution[0, 2:], np.array([1 - 1.25, -2 - 0.75, 1, 3]) - 3)
    np.testing.assert_allclose(distribution[1, 2:], np.array([2, -1, 1, 3]) - 3)


def test_without_penalties_nothing_is_kept_of_a_lane() -> None:
    recent = sampler(repetition_penalty=2.0, filters=("temperature",)).history()
    recent.extend([np.array([A])])
    recent.put(0, np.array([B]))
    recent.add(np.array([C]))
    recent.select(np.array([0, 0]))
    assert recent.recent is None


def test_repetition_penalty_after_temperature_still_goes_by_the_models_own_zero() -> None:
    # It keeps the zero, and so do quotients: the two can change places.
    values = row(2, -1, 1, 3)
    distributions = []
    for order in (("penalties", "temperature"), ("temperature", "penalties")):
        subject = sampler(repetition_penalty=1.5, temperature=0.7, filters=order)
        recent = subject.history()
        recent.extend([np.array([A, B, D])])
        distributions.append(subject.distribution(values, recent))
    np.testing.assert_allclose(distributions[0], distributions[1], rtol=0, atol=1e-12)


def test_bias_is_added_before_the_temperature_divides() -> None:
    subject = sampler(temperature=0.5, bias=(Bias("b", 1.5), Bias("c", -1.0), Bias("c", -1.0)))
    np.testing.assert_allclose(subject.distribution(row(0, 0, 0, 0))[0, 2:], [-3, 0, -7, -3])


def test_bias_of_minus_infinity_is_a_ban() -> None:
    subject = sampler(bias=(Bias("d", -math.inf), Bias("d", 1e308), Bias("a", 1e308), Bias("b", 1e308)), top_k=3)
    assert support(subject, row(0, 0, 0, 99)) == [A, B, C]
    assert sampler(bias=(Bias("d", -math.inf),)).log_probabilities(row(0, 0, 0, 0))[0, D] == -np.inf


def test_banned_characters_are_never_chosen_and_one_that_is_not_in_the_vocabulary_changes_nothing() -> None:
    assert support(sampler(banned="acx€"), row(9, 0, 9, 0)) == [B, D]


def test_bias_of_a_character_that_the_model_has_never_seen_is_refused() -> None:
    with pytest.raises(UsageError, match="--bias 'x': the model has never seen this character"):
        sampler(bias=(Bias("a", 1.0), Bias("x", 1.0)))


@pytest.mark.parametrize("bans", [{"banned": "abcd"}, {"banned": "abc", "bias": (Bias("d", -math.inf),)}])
def test_bans_that_leave_nothing_to_write_are_refused(bans: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="leave no character"):
        sampler(may_stop=False, **bans)


def test_a_lane_that_bans_and_what_is_allowed_leave_nothing_is_refused() -> None:
    allowed_BV = np.array([[True] * 6, [False, False, False, True, False, False]])
    values = np.repeat(row(1, 2, 3, 4), 2, axis=0)
    assert sampler().choose(values, np.array([0.0, 0.5]), None, allowed_BV).tolist() == [A, B]
    with pytest.raises(UsageError, match="nothing can come next"):
        sampler(banned="b").choose(values, np.array([0.0, 0.5]), None, allowed_BV)


def too_long(*tokens: int) -> RunBounds:
    return RunBounds(too_long=tokens)


def test_what_makes_a_run_too_long_is_ruled_out_in_its_own_lane_unless_that_has_nothing_else() -> None:
    values = np.repeat(row(0, 9, 1, 2), 3, axis=0)
    allowed_BV = np.ones((3, 6), np.bool_)
    allowed_BV[1] = [False, False, False, True, False, False]
    greedy, points = sampler(temperature=0.0), np.full(3, 0.5)
    assert greedy.choose(values, points, None, allowed_BV, [too_long(B), too_long(B), None]).tolist() == [D, B, B]
    runs = [too_long(B, D), too_long(B), too_long(A)]
    assert greedy.choose(values, points, None, allowed_BV, runs).tolist() == [C, B, B]
    assert one(greedy, values[:1], runs=[too_long(B, D)]) == C
    assert one(sampler(banned="acd"), values[:1], runs=[too_long(B)]) == B
    log_p_BV = greedy.log_probabilities(values, allowed_BV, [too_long(B), too_long(B), None])
    assert (log_p_BV[:, B] > -np.inf).tolist() == [False, True, True]
    allowed_BV[2] = False
    with pytest.raises(UsageError, match="nothing can come next"):
        greedy.choose(values, points, None, allowed_BV, runs)


@pytest.mark.parametrize("heat", [0.0, 1.0])
@pytest.mark.parametrize(
    "values",
    [(0, np.nan, 1, 0), (np.nan,) * 4, (-np.inf,) * 4, (0, np.inf, 0, 0)],
    ids=["NaN", "NaNs", "none", "+inf"],
)
def test_logits_that_are_no_distribution_are_refused(values: tuple[float, ...], heat: float) -> None:
    bad = np.concatenate([row(0, 1, 2, 3), row(*values, unknown=-np.inf)])
    with pytest.raises(ModelError, match=r"cannot say which token is next: its largest logit is (nan|-?inf)"):
        sampler(temperature=heat).choose(bad, np.array([0.5, 0.5]))
    with pytest.raises(ModelError, match="cannot say which token is next"):
        sampler(temperature=heat).log_probabilities(bad)


def test_log_probabilities_are_the_models_own_with_bias_and_what_is_ruled_out_keeps_its_share() -> None:
    subject = sampler(temperature=0.1, top_k=1, banned="d", bias=(Bias("b", math.log(2)),))
    allowed_BV = np.array([[True, True, True, True, False, True]])
    log_p = subject.log_probabilities(np.log(np.array([[1, 1, 2, 2, 1, 1]], np.float32)), allowed_BV)
    np.testing.assert_allclose(np.exp(log_p), [[1 / 10, 0, 2 / 10, 4 / 10, 0, 0]], rtol=1e-6)
    assert (subject.log_probabilities(row(0, 0, 0, 0), np.zeros((1, 6), np.bool_)) == -np.inf).all()


# Bans and biases where a token is not one character.

TEXT = "the rain fell on the naïve cat, no matter that the cat sat on the mat\n" * 9


@cache
def pieces(kind: TokenizerKind) -> Tokenizer:
    return train(TokenizerConfig(kind=kind, vocabulary_size=400), [TEXT])


@pytest.mark.parametrize("kind", ["unigram", "bpe", "bytes"])
@given(st.data())
@settings(max_examples=15)
def test_no_text_has_a_banned_character_and_every_other_character_can_be_written(
    kind: TokenizerKind, data: st.DataObject
) -> None:
    tokenizer = pieces(kind)
    banned = data.draw(st.text(st.sampled_from("the \nzQ,"), min_size=1, max_size=3))
    left = support(Sampler(SamplingConfig(banned=banned), tokenizer), np.zeros((1, tokenizer.size), np.float32))
    text = tokenizer.decode([token for token in data.draw(st.permutations(left)) for _ in range(2)])
    assert not set(banned) & set(text)
    others = (set(map(chr, range(128))) | set(TEXT)) - set(banned)
    alone = {spelling for token, spelling in enumerate(tokenizer.spellings()) if token in set(left)}
    assert {c for c in others if len(c.encode()) == 1} <= {s.decode() for s in alone if len(s) == 1 and s < b"\x80"}


@pytest.mark.parametrize("kind", ["unigram", "bpe", "bytes"])
def test_ban_of_a_character_that_bytes_can_spell_is_refused_with_a_way_out(kind: TokenizerKind) -> None:
    with pytest.raises(UsageError, match="--ban 'ï': this model can spell it in bytes") as refusal:
        Sampler(SamplingConfig(banned="aï"), pieces(kind))
    assert refusal.value.hint is not None
    assert "--pattern '[^ï]*'" in refusal.value.hint


@pytest.mark.parametrize("kind", ["unigram", "bpe"])
def test_bias_counts_each_time_that_a_piece_has_the_character_and_its_byte_too(kind: TokenizerKind) -> None:
    tokenizer = pieces(kind)
    subject = Sampler(SamplingConfig(temperature=1.0, bias=(Bias("t", -0.5), Bias("ï", 0.25))), tokenizer)
    added = subject.distribution(np.zeros((1, tokenizer.size), np.float32))[0]
    texts = [spelling.decode("utf-8", "replace") for spelling in tokenizer.spellings()]
    expected = np.array([-0.5 * text.count("t") + 0.25 * text.count("ï") for text in texts])
    np.testing.assert_allclose((added - added[STOP_ID])[2:], expected[2:], atol=1e-12)
    assert {text.count("t") for text in texts} >= ({0, 1, 2} if kind == "bpe" else {0, 1})
    assert sum(text == "t" for text in texts) == 2


def test_bias_of_a_character_that_is_several_bytes_is_refused_where_no_token_has_it() -> None:
    for kind, character in (("bytes", "ï"), ("unigram", "é"), ("bpe", "\udcc3")):
        with pytest.raises(UsageError, match=f"--bias {character!r}".replace("\\", r"\\")):
            Sampler(SamplingConfig(bias=(Bias(character, 1.0),)), pieces(kind))


@pytest.mark.parametrize(
    ("option", "values"),
    [
        ("--temp", {"temperature": math.nan}),
        ("--temp-range", {"temperature_range": (2, 1)}),
        ("--top-k", {"top_k": 0}),
        ("--typical", {"typical": 0}),
        ("--repetition-penalty", {"repetition_penalty": 0}),
        ("--presence-penalty", {"presence_penalty": math.inf}),
        ("--dry-sequence-breaker", {"dry_sequence_breakers": ("",)}),
        ("--beam", {"beams": 0}),
        ("--stop", {"stop_strings": ("",)}),
    ],
)
def test_a_value_out_of_range_is_refused_by_the_name_of_its_option(option: str, values: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=rf"^{option}\b"):
        SamplingConfig(**values)
