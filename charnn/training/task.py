"""What the loop needs to know of what it trains: a loss on the next batch, a score, and where the data stands."""

from __future__ import annotations

from typing import Any, Protocol

from torch import Tensor, nn

from charnn.evaluation import LanguageScore


class Task(Protocol):
    @property
    def network(self) -> nn.Module: ...

    @property
    def characters_per_target(self) -> float:
        """What a loss per target is divided by to be reported per character; 1 where a target is a character."""

    @property
    def targets_in_batch(self) -> int:
        """Targets of a whole batch. Sums of losses are divided by it, so that each target weighs the same."""

    def loss(self) -> tuple[Tensor, int]:
        """The sum of the losses in nats on the next batch, attached to the graph, and how many targets it sums over."""

    def validate(self) -> LanguageScore:
        """The score of the network as it is, on the whole of the validation data."""

    @property
    def epoch(self) -> float:
        """Epochs trained so far, the current one in part."""

    def position(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """What `restore` needs to go on with the very next batch: tensors (carried state) and JSON values."""

    def restore(self, tensors: dict[str, Tensor], values: dict[str, Any]) -> None:
        """Goes on where `position` was taken."""
