"""What the loop needs to know of what it trains: a loss on the next batch, a score, and where the data stands.

Where several processes train together, each has a task of its own with its share of every batch.
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
    def scores(self) -> type[Validation]:
        """The class of what `validate` gives."""

    @property
    def network(self) -> nn.Module: ...

    @property
    def units_per_target(self) -> float:
        """What a loss per target is divided by to be reported per unit; 1 where a target is a unit."""

    @property
    def targets_in_batch(self) -> int:
        """Targets of a whole batch, of all processes. Sums of losses are divided by it, so that each target weighs the
        same."""

    def loss(self) -> tuple[Tensor, int]:
        """The sum of the losses in nats on this process's share of the next batch, attached to the graph, and how many
        targets it sums over."""

    def validate(self, report: Report) -> Validation:
        """The scores of the network as it is, on the whole of the validation data; `report` says when. Only the first
        process is asked for them."""

    def fit(self) -> float:
        """The loss of the network as it is on training data; on as much of it as there is validation data, at most."""

    @property
    def epoch(self) -> float:
        """Epochs trained so far, the current one in part."""

    def position(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """What `restore` needs to go on with the very next batch: tensors (carried state) and JSON values.

        Collective, and of all processes: how many there are when it is restored does not matter.
        """

    def restore(self, tensors: dict[str, Tensor], values: dict[str, Any]) -> None:
        """Goes on where `position` was taken."""
