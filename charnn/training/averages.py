"""Keeps a running average of the weights. It is steadier than the weights, so it is what is validated and kept."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class AveragedWeights:
    """Exponential moving average (Polyak and Juditsky 1992, with decay). A decay of 0 follows the weights exactly.

    The decay grows to its value over the first steps, min(decay, (1 + n) / (10 + n)), so that the random
    initial weights are soon forgotten.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self._parameters = dict(network.named_parameters())
        self._decay = decay
        self._updates = 0
        self.values = {name: p.detach().clone() for name, p in self._parameters.items()}

    @torch.no_grad()
    def update(self) -> None:
        """Takes in the weights as they are after a step."""
        decay = min(self._decay, (1 + self._updates) / (10 + self._updates))
        self._updates += 1
        parameters: list[Tensor] = [p.detach() for p in self._parameters.values()]
        torch._foreach_lerp_(list(self.values.values()), parameters, 1 - decay)

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Within, the network has the averaged weights; afterwards it has its own again."""
        own = {name: p.data for name, p in self._parameters.items()}
        try:
            for name, parameter in self._parameters.items():
                parameter.data = self.values[name]
            yield
        finally:
            for name, parameter in self._parameters.items():
                parameter.data = own[name]

    @property
    def updates(self) -> int:
        """How often `update` was called, in earlier sittings too."""
        return self._updates

    def restore(self, values: dict[str, Tensor], updates: int) -> None:
        """Goes on from the `values` and `updates` of an earlier sitting."""
        for name, value in values.items():
            self.values[name].copy_(value)
        self._updates = updates
