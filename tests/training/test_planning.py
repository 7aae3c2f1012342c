"""What a user asks for goes before what is chosen, and what is impossible is refused rather than replaced."""

from __future__ import annotations

import pytest

from charnn.config import Budget
from charnn.errors import ConfigError
from charnn.training.planning import Overrides

CHOSEN = {"budget": Budget(steps=9), "batch_size": 32, "learning_rate": 0.004}


def test_what_was_asked_for_goes_before_what_is_chosen() -> None:
    asked = Overrides(batch_size=8, budget=Budget(epochs=2), settings={"precision": "bf16", "seed": 5})
    training = asked.training_config(**CHOSEN)
    assert (training.batch_size, training.budget, training.learning_rate) == (8, Budget(epochs=2), 0.004)
    assert (training.precision, training.seed) == ("bf16", 5)


def test_small_networks_train_in_fp32_unless_bf16_is_asked_for() -> None:
    settings = {"precision": "auto"}
    assert Overrides(settings=settings).training_config(**CHOSEN).precision == "fp32"
    assert settings == {"precision": "auto"}


def test_a_learning_rate_of_0_is_refused_and_not_taken_for_none() -> None:
    assert Overrides(learning_rate=0.0).asked("cell", "learning_rate") == {"learning_rate": 0.0}
    with pytest.raises(ConfigError, match="learning rate must be a number above 0"):
        Overrides(learning_rate=0.0).training_config(**CHOSEN)
