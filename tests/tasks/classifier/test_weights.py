"""Texts of rare labels weigh more, and all texts together as much as before."""

from __future__ import annotations

import numpy as np
import pytest

from charnn.tasks.classifier.learn.data import weights

COUNTS_K = np.array([900, 90, 9, 1], np.float32)


@pytest.mark.parametrize("rarity", [0.0, 0.5, 1.0])
def test_a_text_weighs_the_more_the_rarer_its_label_is_by_a_power(rarity: float) -> None:
    weights_K = weights(COUNTS_K, rarity)
    assert weights_K.dtype == np.float32
    np.testing.assert_allclose(weights_K[1:] / weights_K[0], (COUNTS_K[0] / COUNTS_K[1:]) ** rarity, rtol=1e-5)
    assert (COUNTS_K * weights_K).sum() == pytest.approx(COUNTS_K.sum())


def test_all_labels_weigh_alike_by_the_power_of_1() -> None:
    np.testing.assert_allclose(COUNTS_K * weights(COUNTS_K, 1.0), 250, rtol=1e-5)
