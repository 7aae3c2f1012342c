"""Runs that are over soon, for tests that train only to have a model."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pytest

from charnn.tasks.tagger.config import TaggerNetworkConfig


@pytest.fixture(autouse=True, scope="module")
def quick_runs() -> Iterator[None]:
    """Three validations a run, since each writes a whole model; a glance at how fast int8 is and at what it costs a
    transducer, which no test asks; taggers a tenth as large, nine tenths of whose weights would be read for the ends of
    words; and linear models, their mixtures, and weights of a transducer's n-grams, that are solved roughly and
    cross-validated by a single fold at most, which to the last digit would take most of the time of a tiny run.

    A module whose runs must be like those of other processes overrides this.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("charnn.training.validation.VALIDATIONS", 3)
        patch.setattr("charnn.tasks.language_model.learn.quantization.STEPS", 10)
        patch.setattr("charnn.tasks.language_model.learn.quantization.ROUNDS", 1)
        patch.setattr("charnn.tasks.tagger.learn.quantization.ROUNDS", 1)
        patch.setattr("charnn.tasks.classifier.learn.quantization.ROUNDS", 1)
        patch.setattr("charnn.linear.mixture.ITERATIONS", 5)
        patch.setattr("charnn.linear.solving.MOST_ITERATIONS", 4)
        patch.setattr("charnn.tasks.classifier.learn.linear.FOLDED_WORK", 0.0)
        patch.setattr("charnn.tasks.tagger.learn.linear_model.MOST_ITERATIONS", 4)
        patch.setattr("charnn.tasks.transducer.learn.quantization.ROUNDS", 1)
        patch.setattr("charnn.tasks.transducer.learn.quantization.MOST_MEASURED", 30)
        patch.setattr("charnn.tasks.transducer.learn.trust.ITERATIONS", 5)
        patch.setattr("charnn.tasks.transducer.learn.trust.FLOORS", (1e-2, 1e-6))
        patch.setattr("charnn.tasks.forecaster.learn.quantization.ROUNDS", 1)
        small = partial(TaggerNetworkConfig, affix_size=6, neighbour_size=16)
        patch.setattr("charnn.tasks.tagger.learn.plan.TaggerNetworkConfig", small)
        yield


@pytest.fixture
def five_validations(monkeypatch: pytest.MonkeyPatch) -> None:
    """For runs in which it matters where the validations are."""
    monkeypatch.setattr("charnn.training.validation.VALIDATIONS", 5)
