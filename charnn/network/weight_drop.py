"""Dropout of single weights."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class WeightDrop(nn.Module):
    """Dropout of the single values of a matrix, with a new mask at every call (Wan et al. 2013).

    What is kept is scaled by 1 / (1 - probability). In eval mode and at probability 0 it changes nothing.
    """

    def __init__(self, probability: float) -> None:
        super().__init__()
        self.probability = probability

    def forward(self, weight: Tensor) -> Tensor:
        if not self.training or self.probability == 0:
            return weight
        # On CPUs uniform numbers come several times faster than the Bernoulli ones of `functional.dropout`.
        kept = torch.rand_like(weight) >= self.probability
        return weight * kept.to(weight.dtype).div_(1 - self.probability)
