"""The running average of the weights: its formula, and that the network gets its own weights back."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from charnn.training.optimizers import AveragedWeights


class Scalar(nn.Module):
    def __init__(self, value: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(value))

    def become(self, value: float) -> None:
        with torch.no_grad():
            self.weight.fill_(value)


def averaged(decay: float, values: list[float]) -> tuple[Scalar, AveragedWeights]:
    """The average after the weight has had each of `values`, the first of them before any update."""
    first, *rest = values
    network = Scalar(first)
    average = AveragedWeights(network, decay)
    for value in rest:
        network.become(value)
        average.follow([network.weight], average.next_decay())
    return network, average


def test_three_updates_by_hand_with_the_decay_growing() -> None:
    """Decays 1/10, 2/11, 3/12: 1 -> 0.1 + 1.8 = 1.9 -> 0.345454 + 3.272727 = 3.618182 -> 0.904545 + 6 = 6.904545."""
    _, average = averaged(0.99, [1.0, 2.0, 4.0, 8.0])
    assert average.values["weight"].item() == pytest.approx(6.9045454, rel=1e-6)
    assert average.updates == 3


def test_three_updates_by_hand_at_the_full_decay() -> None:
    """Decays 0.05: 1 -> 1.95 -> 3.8975 -> 7.794875."""
    _, average = averaged(0.05, [1.0, 2.0, 4.0, 8.0])
    assert average.values["weight"].item() == pytest.approx(7.794875, rel=1e-6)


def test_a_decay_of_nothing_follows_the_weights_exactly() -> None:
    network, average = averaged(0, [1.0, 0.1, 1e-30, 0.7])
    assert torch.equal(average.values["weight"], network.weight.detach())


def test_a_steady_weight_is_its_own_average() -> None:
    _, average = averaged(0.9, [3.0] * 50)
    assert average.values["weight"].item() == 3.0


def test_the_average_is_its_own_tensor() -> None:
    network, average = averaged(0.5, [1.0])
    network.become(5.0)
    assert average.values["weight"].item() == 1.0


def test_within_applied_the_network_has_the_average_and_after_its_own_weights() -> None:
    network, average = averaged(0.5, [0.0, 10.0])
    with average.applied():
        assert network.weight.item() == pytest.approx(9.0)
    assert network.weight.item() == 10.0
    assert average.values["weight"].item() == pytest.approx(9.0)


def test_an_exception_gives_the_network_its_own_weights_back() -> None:
    network, average = averaged(0.5, [0.0, 10.0])
    with pytest.raises(KeyboardInterrupt), average.applied():
        raise KeyboardInterrupt
    assert network.weight.item() == 10.0


def test_the_optimizer_still_holds_the_parameter_after_applied() -> None:
    network, average = averaged(0.5, [0.0, 10.0])
    optimizer = torch.optim.SGD(network.parameters(), lr=1.0)
    with average.applied():
        pass
    network.weight.grad = torch.tensor(1.0)
    optimizer.step()
    assert network.weight.item() == 9.0
    assert average.values["weight"].item() == pytest.approx(9.0)


def test_a_restored_average_goes_on_as_if_nothing_had_happened() -> None:
    network, whole = averaged(0.99, [1.0, 2.0, 4.0])
    restored = AveragedWeights(network, 0.99)
    restored.restore({name: value.clone() for name, value in whole.values.items()}, whole.updates)
    network.become(8.0)
    for average in (whole, restored):
        average.follow([network.weight], average.next_decay())
    assert torch.equal(restored.values["weight"], whole.values["weight"])
    assert restored.updates == whole.updates == 3
