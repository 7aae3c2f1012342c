"""Runs that are over soon, for tests that train only to have a model."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True, scope="module")
def quick_runs() -> Iterator[None]:
    """Five validations a run, since each writes a whole model; and a glance at how fast int8 is, which no test asks.

    A module whose runs must be like those of other processes overrides this.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("charnn.training.validation.VALIDATIONS", 5)
        patch.setattr("charnn.tasks.language_model.learn.quantization.STEPS", 10)
        patch.setattr("charnn.tasks.language_model.learn.quantization.ROUNDS", 1)
        patch.setattr("charnn.tasks.tagger.learn.quantization.ROUNDS", 1)
        patch.setattr("charnn.tasks.classifier.learn.session.ROUNDS", 1)
        patch.setattr("charnn.tasks.transducer.learn.session.ROUNDS", 1)
        patch.setattr("charnn.tasks.forecaster.learn.session.ROUNDS", 1)
        yield
