"""How large gradients were, before they were limited."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from charnn.config.training import Budget, TrainingConfig
from charnn.training.updates import GradientNorms


def norms(**settings: float | None) -> GradientNorms:
    config = TrainingConfig(Budget(steps=1), **{"clip_norm": None, "clip_value": None, **settings})  # type: ignore[arg-type]
    return GradientNorms(config, torch.device("cpu"))


def parameters(*gradients: list[float] | None) -> list[nn.Parameter]:
    made = []
    for gradient in gradients:
        parameter = nn.Parameter(torch.zeros(len(gradient or [0.0])))
        parameter.grad = None if gradient is None else torch.tensor(gradient)
        made.append(parameter)
    return made


@pytest.mark.parametrize(
    ("settings", "left"),
    [({}, [[3.0, 0.0], [4.0]]), ({"clip_norm": 1.0}, [[0.6, 0.0], [0.8]]), ({"clip_value": 2.0}, [[2.0, 0.0], [2.0]])],
    ids=["none", "norm", "value"],
)
def test_the_norm_is_that_of_all_parameters_before_it_was_limited(
    settings: dict[str, float], left: list[list[float]]
) -> None:
    found, given = norms(**settings), parameters([3.0, 0.0], [4.0])
    found.note(found.limit(given))
    assert (found.mean(), found.largest()) == (pytest.approx(5.0), pytest.approx(5.0))
    for parameter, expected in zip(given, left, strict=True):
        assert parameter.grad is not None
        assert parameter.grad.tolist() == pytest.approx(expected, rel=1e-5)


def test_the_mean_is_over_the_steps_since_the_restart() -> None:
    found = norms()
    found.note(found.limit(parameters([100.0])))
    found.restart()
    assert (found.mean(), found.largest()) == (None, None)
    for size in (1.0, 2.0, 6.0):
        found.note(found.limit(parameters([size], None)))
    assert (found.mean(), found.largest()) == (pytest.approx(3.0), pytest.approx(6.0))


def test_what_is_restored_goes_on() -> None:
    found, other = norms(), norms()
    found.note(found.limit(parameters([1.0])))
    other.restore(found.state())
    other.note(other.limit(parameters([5.0])))
    assert (other.mean(), other.largest()) == (pytest.approx(3.0), pytest.approx(5.0))


@pytest.mark.parametrize("wrong", [math.nan, math.inf])
def test_a_norm_that_is_not_finite_is_none(wrong: float) -> None:
    found = norms()
    found.note(found.limit(parameters([wrong])))
    assert found.mean() is None
