"""What is said of int8 to a person."""

from __future__ import annotations

import pytest

from charnn.tasks.description import int8_row, rights_lost, rise


@pytest.mark.parametrize(
    ("lost", "said"),
    [
        (0.0018, "0.18% fewer of all texts right"),
        (-0.0018, "0.18% more of all texts right"),
        (0.0, "as many texts right"),
        (-0.00001, "as many texts right"),
    ],
)
def test_what_is_lost_or_won_is_said_in_words(lost: float, said: str) -> None:
    assert rights_lost(lost, "texts") == said


@pytest.mark.parametrize(
    ("amount", "said"),
    [(0.0004, "MASE worse by 0.0004"), (-0.0123, "MASE better by 0.0123"), (0.00001, "the same MASE")],
)
def test_no_figure_is_worse_by_less_than_nothing(amount: float, said: str) -> None:
    assert rise(amount, "MASE") == said


def test_what_was_measured_without_what_stands_beside_the_network_is_said_to_be() -> None:
    row = int8_row(1.72, "the same bits/char", used=True, use="sampling", alone=True)
    assert row == ("int8", "1.7 times as fast, the same bits/char, both by the network alone; used for sampling")
    assert "alone" not in int8_row(1.72, "the same bits/char", used=True, use="sampling")[1]
