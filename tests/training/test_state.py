"""The state that a run goes on from: what may be kept of it."""

from __future__ import annotations

import pytest
import torch

from charnn.training.state import is_finite

LARGEST = torch.finfo(torch.float32).max


@pytest.mark.parametrize(
    ("numbers", "are"),
    [
        ([], True),
        ([0.0, -1.5, 1e-45], True),
        ([LARGEST, LARGEST], True),
        ([-LARGEST, -LARGEST, LARGEST], True),
        ([1.0, float("nan")], False),
        ([float("inf")], False),
        ([float("inf"), 1.0, float("-inf")], False),
    ],
)
def test_numbers_are_finite_though_their_sum_is_not(numbers: list[float], are: bool) -> None:
    assert is_finite(torch.tensor(numbers)) is are
    assert is_finite(torch.tensor(numbers, dtype=torch.float64).repeat(3, 1)) is are


def test_whole_numbers_are() -> None:
    assert is_finite(torch.full((3,), 255, dtype=torch.uint8))
