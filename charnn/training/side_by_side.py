"""Has the members of an ensemble take a step at the same time, each in a thread of its own.

Their steps are small, and a second thread makes none of them much faster. Nearly all of a step is what members do
apart, from the loss to the weights, so that each can have a processor of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any, TypeVar

import torch
from torch import Tensor

from charnn.training.objective import MemberLoss, SideBySideObjective

Result = TypeVar("Result")


class SideBySide:
    """Computes what members do apart in a step, `at_once` of them at the same time.

    What they learn does not depend on how many that are: each draws its random numbers from a source of its own, which
    is new at each step and comes from torch's, and computes with one thread.
    """

    def __init__(self) -> None:
        self.at_once = 1
        self._pool: ThreadPoolExecutor | None = None

    def use(self, threads: int) -> None:
        """From now on, so many members learn at the same time."""
        self.at_once = threads

    def each(self, work: Callable[..., Result], *of_members: Iterable[Any]) -> list[Result]:
        """What `map` would give, in the order of the members."""
        if self.at_once == 1:
            return list(map(work, *of_members))
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self.at_once, "member", torch.set_num_threads, (1,))
        return list(self._pool.map(work, *of_members))

    def learn(
        self, objective: SideBySideObjective, autocast: Callable[[], AbstractContextManager[object]]
    ) -> tuple[Tensor, int]:
        """The losses of the members on the next batch, (members,), detached, and its targets. Their parameters have
        their gradients then."""
        losses, targets = objective.losses()
        in_batch = objective.targets_in_batch

        def learned(loss: MemberLoss, seed: int) -> Tensor:
            with autocast():
                nats = loss(torch.Generator().manual_seed(seed))
            torch.autograd.backward(nats / in_batch)
            return nats.detach()

        seeds = torch.randint(1 << 62, (len(losses),)).tolist()
        return torch.stack(self.each(learned, losses, seeds)), targets
