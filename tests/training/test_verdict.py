"""The line at the end says what the figures say."""

from __future__ import annotations

from typing import Any

import pytest

from charnn.tasks.language_model.config import LanguageModelValidation
from charnn.tasks.tagger.config import TaggerValidation
from charnn.tasks.transducer.config import TransducerValidation
from charnn.training.verdict import GAINS, HeldOut, expected_gain
from charnn.training.verdict import verdict as said_of


def kept(loss: float, epoch: float = 1.0) -> LanguageModelValidation:
    return LanguageModelValidation(loss, loss / 0.6931, step=1, epoch=epoch, seconds=1.0)


MANY = HeldOut(20_000, "characters")


def verdict(history: list[tuple[int, float]], train_loss: float, best: Any, held_out: HeldOut = MANY) -> str:
    """What is said of a language model that has read its text twice."""
    return said_of(history, train_loss, best, held_out, expected_gain(history, epochs=2.0))


def falling(last: float, by: float) -> list[tuple[int, float]]:
    """A loss that falls to `last` in ten validations, by `by` from the fourth to the eighth."""
    return [(10 * n, last + max(8 - n, 0) * by / 4) for n in range(1, 11)]


def test_a_rise_at_the_end_is_overfitting_and_how_far_it_rose_is_said() -> None:
    line = verdict([(10, 1.6), (20, 1.5), (30, 1.525), (40, 1.55)], 0.9, kept(1.5))
    assert line.startswith("it overfits")
    assert "0.050 nats more at the end" in line
    assert "0.900 nats on its own data, 1.500 nats on held-out data" in line


def test_a_waver_is_not_a_rise() -> None:
    assert "overfits" not in verdict([(10, 1.6), (20, 1.5), (30, 1.502)], 1.4, kept(1.5))


def test_losses_that_are_close_while_both_fall_are_underfitting() -> None:
    line = verdict(falling(1.5, by=0.1), 1.48, kept(1.5))
    assert line.startswith("it underfits")
    assert "Twice the time" in line


def test_losses_that_are_far_apart_are_much_by_heart_and_what_lies_between_is_well_learned() -> None:
    assert verdict(falling(1.5, by=0.1), 1.0, kept(1.5)).startswith("it knows much of its data by heart")
    assert verdict(falling(1.5, by=0.1), 1.4, kept(1.5)).startswith("it has learned well")


def test_what_was_not_read_twice_is_neither_overfitted_nor_known_by_heart() -> None:
    """A long text whose end is unlike its beginning."""
    assert verdict(falling(1.5, by=0.1), 1.0, kept(1.5, epoch=0.4)).startswith("its held-out data are of another kind")
    assert "overfits" not in verdict([(10, 1.6), (20, 1.5), (40, 1.55)], 0.9, kept(1.5, epoch=0.4))


def test_what_a_part_of_the_model_has_read_before_the_first_epoch_may_be_known_by_heart() -> None:
    line = verdict(falling(1.5, by=0.1), 1.0, kept(1.5, epoch=0.4), HeldOut(9000, "texts", after_all_was_read=True))
    assert line.startswith("it knows much of its data by heart")


@pytest.mark.parametrize("by", [0.1, 0.2])
def test_what_was_gained_late_tells_what_more_time_would_gain(by: float) -> None:
    for epochs, least, most in GAINS:
        assert expected_gain(falling(1.5, by=by), epochs=epochs) == pytest.approx((least * by, most * by))
    assert f"take off {0.4 * by:.3f} to {1.6 * by:.3f} nats" in verdict(falling(1.5, by=by), 1.2, kept(1.5))
    line = said_of(falling(1.5, by=by), 1.2, kept(1.5), MANY, expected_gain(falling(1.5, by=by), epochs=9.0))
    assert f"take off {0.8 * by:.3f} nats at most, and perhaps nothing" in line


def test_what_did_not_fall_foretells_nothing() -> None:
    assert expected_gain(falling(1.5, by=-0.1), epochs=2.0) is None
    assert expected_gain([*falling(1.5, by=0.1), (110, 1.51)], epochs=2.0) is None, "it has risen since"


def test_a_run_that_has_not_read_its_data_once_foretells_nothing() -> None:
    assert expected_gain(falling(1.5, by=0.1), epochs=0.9) is None
    assert expected_gain(falling(1.5, by=0.1), epochs=1.0) is not None
    assert expected_gain(falling(1.5, by=0.1)[:3], epochs=2.0) is None
    line = said_of(falling(1.5, by=0.1), 1.2, kept(1.5), MANY)
    assert "time" not in line


def test_of_few_held_out_data_it_is_said_how_many_they_are_and_of_fewer_nothing_else() -> None:
    history = falling(1.5, by=0.1)
    assert "1.500 nats on held-out data (874 words)" in verdict(history, 1.2, kept(1.5), HeldOut(874, "words"))
    line = verdict([(10, 1.6), (20, 1.5), (40, 1.55)], 0.9, kept(1.5), HeldOut(45, "words"))
    assert line == "0.900 nats on its own data, 1.500 nats on held-out data (45 words), which are too few to tell more"
    assert "(" not in verdict(history, 1.2, kept(1.5))


def test_a_run_overfits_where_its_loss_rose_and_not_where_another_was_lower() -> None:
    assert "overfits" not in verdict(falling(1.6, by=0.1), 1.4, kept(1.5))


def test_no_gain_is_promised_where_there_was_none() -> None:
    line = verdict(falling(1.5, by=0.001), 1.2, kept(1.5))
    assert "Twice the time" not in line
    assert "little" in line


@pytest.mark.parametrize("history", [[(3, 2.0)], [(0, 2.0)]], ids=["one validation", "at once"])
def test_one_validation_is_enough_to_say_something(history: list[tuple[int, float]]) -> None:
    assert "held-out" in verdict(history, 1.9, kept(2.0))


def test_a_tagger_speaks_of_wrong_tags() -> None:
    scores = TaggerValidation(("upos",), (0.95,), 0.95, None, 1, 1.0, 1.0)
    assert "1.00% wrong on its own data, 5.00% wrong on held-out data" in verdict([(1, 0.05)], 0.01, scores)


def test_a_transducer_speaks_of_the_mean_that_it_is_judged_by() -> None:
    scores = TransducerValidation(0.0, 0.64, 0.0, 1, 1.0, 1.0)
    assert "82.00% wrong (mean of lines and symbols) on held-out data" in verdict([(1, 0.82)], 0.8, scores)


def test_what_may_be_chance_in_a_transducer_s_loss_follows_from_how_many_lines_were_looked_at() -> None:
    """Of n lines the fraction p that is right has the standard error sqrt(p (1 - p) / n). The loss is half of what is
    wrong, and half of the errors, of which each wrong line has as many."""
    scores = TransducerValidation(0.8, 0.1, 0.8, 1, 1.0, 1.0, 100)
    of_lines = (0.8 * 0.2 / 100) ** 0.5
    assert scores.standard_error == pytest.approx(of_lines / 2 + of_lines * (0.1 / 0.2) / 2)
    for accuracy, errors, lines in ((1.0, 0.0, 100), (0.0, 0.9, 100), (0.8, 0.1, 0)):
        assert TransducerValidation(accuracy, errors, accuracy, 1, 1.0, 1.0, lines).standard_error == 0


def test_no_mistake_at_all_is_well_learned() -> None:
    perfect = TaggerValidation(("upos",), (1.0,), 1.0, None, 1, 1.0, 1.0)
    assert verdict([(n, 0.0) for n in range(1, 9)], 0.0, perfect).startswith("it has learned well")
