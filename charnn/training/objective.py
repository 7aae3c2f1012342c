"""The protocol of an objective, which is what the loop trains: it has the network, the data and the loss.

Where several processes train together, each has an objective of its own with its part of every batch.
"""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

from torch import Tensor, nn

from charnn.config.model import Validation
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


@runtime_checkable
class EnsembleObjective(Objective, Protocol):
    """An objective whose network may be an ensemble of several members."""

    def leave_out(self, number: int) -> None:
        """Goes on without that member: `network` is then the ensemble of the others, or the only one that is left."""
