from __future__ import annotations

import math

import numpy as np
import pytest

from charnn.tasks.language_model.use.scores import Costs, LanguageScore


def test_perplexity_is_per_character_and_bits_are_nats_over_ln_2() -> None:
    score = LanguageScore(nats=4 * math.log(8), characters=4)
    assert score.nats_per_character == pytest.approx(math.log(8))
    assert score.bits_per_character == pytest.approx(3)
    assert score.perplexity == pytest.approx(8)


def test_stop_tokens_count_apart() -> None:
    score = LanguageScore(nats=6.0, characters=3, stop_nats=10.0, stops=4)
    assert score.nats_per_character == 2.0
    assert score.nats_per_stop == 2.5
    assert LanguageScore(6.0, 3).nats_per_stop is None


def test_scores_of_parts_add_up_and_no_mean_of_means_is_taken() -> None:
    whole = LanguageScore(1.0, 1, 1.0, 1) + LanguageScore(2.0, 9, 4.0, 1)
    assert whole == LanguageScore(3.0, 10, 5.0, 2)
    assert whole.nats_per_character == 0.3


def test_no_characters_have_no_score() -> None:
    for name in ("nats_per_character", "bits_per_character", "perplexity"):
        with pytest.raises(ValueError, match="without characters"):
            getattr(LanguageScore(0.0, 0), name)


def test_perplexity_beyond_a_float_is_infinite() -> None:
    assert LanguageScore(1000.0, 1).perplexity == math.inf


def test_only_scored_targets_count_and_padding_may_hold_anything() -> None:
    nats = np.array([[1, 2, 4], [8, np.nan, np.inf]], dtype=np.float32)
    targets = np.array([[5, 9, 5], [9, 5, 9]], dtype=np.int32)
    scored = np.array([[True, True, True], [True, False, False]])
    costs = Costs.of_tokens(nats, targets, stop_id=9)
    assert LanguageScore.of_costs(costs, targets, scored, stop_id=9) == LanguageScore(5.0, 0, 10.0, 2)


def test_sums_are_in_double_precision() -> None:
    nats = np.full((1, 1001), 1.0, dtype=np.float32)
    nats[0, 0] = 2**24  # in single precision, adding 1 to it changes nothing
    ids, scored = np.zeros((1, 1001), dtype=np.int32), np.ones((1, 1001), dtype=bool)
    assert LanguageScore.of_costs(Costs.of_tokens(nats, ids, 1), ids, scored, stop_id=1).nats == 2**24 + 1000
