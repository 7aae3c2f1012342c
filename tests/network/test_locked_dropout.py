"""Dropout whose mask holds still over time."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from charnn.network.recurrent import LockedDropout

sizes = st.integers(1, 6)


@given(batch=sizes, time=sizes, features=sizes, probability=st.floats(0.01, 0.99), seed=st.integers(0, 999))
@settings(max_examples=50)
def test_each_value_is_zero_or_scaled_alike_at_every_step(
    batch: int, time: int, features: int, probability: float, seed: int
) -> None:
    torch.manual_seed(seed)
    mask_BTF = LockedDropout(probability)(torch.ones(batch, time, features))
    assert torch.equal(mask_BTF, mask_BTF[:, :1].expand_as(mask_BTF))
    kept = mask_BTF[mask_BTF != 0]
    torch.testing.assert_close(kept, torch.full_like(kept, 1 / (1 - probability)))


def test_lanes_and_windows_draw_masks_of_their_own() -> None:
    torch.manual_seed(0)
    dropout = LockedDropout(0.5)
    first, second = (dropout(torch.ones(2, 1, 64)) for _ in range(2))
    assert not torch.equal(first[0], first[1])
    assert not torch.equal(first, second)


def test_the_mean_is_kept() -> None:
    torch.manual_seed(0)
    kept = LockedDropout(0.3)(torch.ones(100, 1, 1000))
    assert kept.mean().item() == pytest.approx(1, abs=0.01)
    assert (kept == 0).float().mean().item() == pytest.approx(0.3, abs=0.01)


def test_the_gradient_goes_through_the_same_mask() -> None:
    torch.manual_seed(0)
    x_BTF = torch.ones(2, 3, 8, requires_grad=True)
    y_BTF = LockedDropout(0.5)(x_BTF)
    y_BTF.sum().backward()
    assert torch.equal(x_BTF.grad, y_BTF.detach())


def test_identity_in_eval_mode_and_at_probability_zero() -> None:
    x_BTF = torch.randn(2, 3, 4)
    assert LockedDropout(0.9).eval()(x_BTF) is x_BTF
    assert LockedDropout(0.0).train()(x_BTF) is x_BTF
