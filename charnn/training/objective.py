"""The protocol of an objective, which is what the loop trains: it has the network, the data and the loss; and the
batches of an objective that learns from whole rows.

Where several processes train together, each has an objective of its own with its part of every batch.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from charnn.config.model import Validation
from charnn.streaming import batches_by_length
from charnn.training.report import Report


class Objective(Protocol):
    """Gives the loop the loss on the next batch and the validations, and says where in the data it stands."""

    @property
    def unit(self) -> str:
        """The unit in which losses and speeds are reported, `character` or `word`."""

    @property
    def validation_type(self) -> type[Validation]:
        """The class of what `validate` gives."""

    @property
    def network(self) -> nn.Module: ...

    @property
    def units_per_target(self) -> float:
        """The average number of units per target, by which a loss per target is divided to be reported per unit."""

    @property
    def targets_in_batch(self) -> int:
        """The number of targets in a whole batch of all processes together. Sums of losses are divided by it, so that
        each target weighs the same."""

    def loss(self) -> tuple[Tensor, int]:
        """The sum of the losses in nats on this process's part of the next batch, and the number of its targets. The
        sum has gradients. Where the network is an ensemble, there is a sum for each member, (members,)."""

    def validate(self, report: Report) -> Validation:
        """The loss and the scores of the network as it is now, on all validation data. `report` says when that is. Only
        the first process is asked for them."""

    def train_loss(self) -> float:
        """The loss of the network as it is now on training data, in the unit of `Validation.loss`. At most as much data
        are read as there are validation data."""

    @property
    def epoch(self) -> float:
        """The number of epochs trained so far, with the fraction of the current one."""

    def position(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """The tensors (the carried state) and JSON values from which `restore` goes on with the very next batch.

        This is collective. The position is that of all processes together, so another number of them may restore it.
        """

    def restore(self, tensors: dict[str, Tensor], values: dict[str, Any]) -> None:
        """Goes on where `position` was taken."""


MemberLoss = Callable[[torch.Generator], Tensor]
"""Gives the sum of a member's losses in nats on the next batch, with gradients. What is random comes from the
generator."""


@runtime_checkable
class EnsembleObjective(Objective, Protocol):
    """An objective whose network may be an ensemble of several members."""

    def leave_out(self, number: int) -> None:
        """Goes on without that member: `network` is then the ensemble of the others, or the only one that is left."""


@runtime_checkable
class SideBySideObjective(EnsembleObjective, Protocol):
    """An objective whose members can learn at the same time, each in a thread of its own."""

    def losses(self) -> tuple[list[MemberLoss], int]:
        """What `loss` gives, by functions that compute it: one for each member, in any order or at once."""


@runtime_checkable
class PreparedObjective(Objective, Protocol):
    """An objective that has something to do before the first step of every sitting."""

    def prepare(self, interrupted: Callable[[], bool]) -> None:
        """Does it, and tells `charnn.corpora.progress` how far it is. Once `interrupted()` says yes it comes to an end
        soon, and the loop takes no step. Its seconds count as those of the run."""


Ids = npt.NDArray[np.int64]

LENGTH_NOISE = 3.0
"""How many steps lengths are blurred by, so that no epoch has the batches of another and still little is padded."""


class Batches:
    """Draws batches in which every row comes once an epoch; each epoch has new ones, in a new order."""

    def __init__(self, lengths: Ids, *, rows: int, random: np.random.Generator) -> None:
        """`lengths` is how many steps each row has: the words of a sentence, say.

        A batch has about `rows` rows of mean length, fewer long ones or more short ones, since all batches
        have about as many steps, padding counted.
        """
        self.random = random
        self._lengths = lengths
        self.steps_in_batch = max(int(rows * lengths.mean()), 1)
        self._epochs = -1
        self._next = 0
        self._batches: list[list[int]] = []
        self._begin_epoch()

    def next(self) -> list[int]:
        """The numbers of the next batch's rows."""
        if self._next == len(self._batches):
            self._begin_epoch()
        self._next += 1
        return self._batches[self._next - 1]

    @property
    def epoch(self) -> float:
        """How many epochs have been drawn, the current one in part."""
        return self._epochs + self._next / len(self._batches)

    def position(self) -> dict[str, Any]:
        return {"epochs": self._epochs, "next": self._next, "random": self._before}

    def restore(self, position: dict[str, Any]) -> None:
        """Goes on where `position` was taken. Raises ValueError, KeyError or TypeError for one of other rows."""
        self.random.bit_generator.state = position["random"]
        self._begin_epoch()
        self._epochs, self._next = int(position["epochs"]), int(position["next"])
        if self._epochs < 0 or not 0 <= self._next <= len(self._batches):
            raise ValueError(f"there is no batch {self._next} in epoch {self._epochs}")

    def _begin_epoch(self) -> None:
        self._before = self.random.bit_generator.state
        blurred = self._lengths + self.random.uniform(0, LENGTH_NOISE, len(self._lengths))
        order = np.argsort(blurred, kind="stable").tolist()
        batches = batches_by_length(self._lengths.tolist(), padded_total=self.steps_in_batch, order=order)
        self._batches = [batches[i] for i in self.random.permutation(len(batches))]
        self._epochs += 1
        self._next = 0


class BatchedObjective:
    """What objectives that learn from `Batches` have in common. A target is a unit, and a row is in one batch alone, so
    nothing is carried from batch to batch."""

    units_per_target = 1.0

    def __init__(self, batches: Batches) -> None:
        self._batches = batches

    @property
    def epoch(self) -> float:
        return self._batches.epoch

    def position(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        return {}, {"batches": self._batches.position()}

    def restore(self, tensors: dict[str, Tensor], values: dict[str, Any]) -> None:
        self._batches.restore(values["batches"])
