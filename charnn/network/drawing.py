"""What networks draw their random numbers from while they learn.

Torch has one source of random numbers for a whole process. Networks that learn at the same time, each in a thread of
its own, have a source each, or else what one of them draws would depend on how far the others are.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn import functional


class Draws(nn.Module):
    """A module that draws random numbers in training mode."""

    generator: torch.Generator | None = None
    """What they are drawn from. None stands for torch's own source."""

    def dropped(self, ones: Tensor, probability: float) -> Tensor:
        """`ones` with each number 0 with this probability, and otherwise scaled by 1 / (1 - probability)."""
        if self.generator is None:
            return functional.dropout(ones, probability)
        kept = 1 - probability
        return torch.empty_like(ones).bernoulli_(kept, generator=self.generator).div_(kept)


@contextmanager
def drawing_from(network: nn.Module, generator: torch.Generator) -> Iterator[None]:
    """Within, all of the network's `Draws` draw from `generator`."""
    modules = [module for module in network.modules() if isinstance(module, Draws)]
    for module in modules:
        module.generator = generator
    try:
        yield
    finally:
        for module in modules:
            module.generator = None
