"""What the loop needs to know of what it trains: a loss on the next batch, a validation, and where the data stand.

Where several processes train together, each has an objective of its own with its part of every batch.
"""

from __future__ import annotations

from typing import Any, Protocol

from torch import Tensor, nn

from charnn.config.model import Validation
from charnn.training.report import Report


class Objective(Protocol):
    @property
    def unit(self) -> str:
        """What losses and speeds are reported in: `character` or `word`."""

    @property
    def validation_type(self) -> type[Validation]:
        """The class of what `validate` gives."""

    @property
    def network(self) -> nn.Module: ...

    @property
    def units_per_target(self) -> float:
        """What a loss per target is divided by to be reported per unit; 1 where a target is a unit."""

    @property
    def targets_in_batch(self) -> int:
        """The targets of a whole batch, of all processes together. Sums of losses are divided by it, so that each
        target weighs the same."""

    def loss(self) -> tuple[Tensor, int]:
        """The sum of the losses in nats on this process's part of the next batch, attached to the graph, and how many
        targets it sums over."""

    def validate(self, report: Report) -> Validation:
        """The loss and the scores of the network as it is, on the whole of the validation data; `report` says when.
        Only the first process is asked for them."""

    def train_loss(self) -> float:
        """The loss of the network as it is on training data, in the unit of `Validation.loss`; on as much of them as
        there are validation data, at most."""

    @property
    def epoch(self) -> float:
        """The epochs trained so far, the current one in part."""

    def position(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """What `restore` needs to go on with the very next batch: tensors (carried state) and JSON values.

        Collective, and the position of all processes together: how many there are when it is restored does not matter.
        """

    def restore(self, tensors: dict[str, Tensor], values: dict[str, Any]) -> None:
        """Goes on where `position` was taken."""
