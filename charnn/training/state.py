"""The state from which a run goes on exactly as if it had never stopped."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from charnn.training.optimizers import AveragedWeights

RunState = tuple[dict[str, Tensor], dict[str, Any]]
"""The tensors and JSON values from which a run goes on."""


class LearnedState:
    """The tensors that training changes: the weights, their averages, the optimizers' moments, and the states of the
    random numbers."""

    def __init__(
        self, network: nn.Module, optimizers: Sequence[torch.optim.Optimizer], average: AveragedWeights
    ) -> None:
        self._network, self._average = network, average
        self._owners = {p: optimizer for optimizer in optimizers for g in optimizer.param_groups for p in g["params"]}

    def tensors(self) -> dict[str, Tensor]:
        """The tensors by their names in a training state. They go on changing with training."""
        tensors = {}
        for name, parameter in self._network.named_parameters():
            tensors[f"weights.{name}"] = parameter.detach()
            tensors[f"average.{name}"] = self._average.values[name]
            for moment, value in self._moments(parameter).items():
                tensors[f"optimizer.{name}.{moment}"] = value
        tensors["random.cpu"] = torch.get_rng_state()
        if torch.cuda.is_available():
            tensors["random.cuda"] = torch.cuda.get_rng_state()
        return tensors

    @torch.no_grad()
    def restore(self, tensors: Mapping[str, Tensor], *, average_updates: int) -> None:
        """Goes on from what `tensors` gave, when the average had been updated so often.

        Raises KeyError, RuntimeError or ValueError for the tensors of another network.
        """
        for name, parameter in self._network.named_parameters():
            parameter.copy_(tensors[f"weights.{name}"])
            prefix = f"optimizer.{name}."
            moments = {
                n.removeprefix(prefix): t.to(parameter.device) for n, t in tensors.items() if n.startswith(prefix)
            }
            kept = self._moments(parameter)
            kept.clear()
            kept.update(moments)
        averages = {n.removeprefix("average."): t for n, t in tensors.items() if n.startswith("average.")}
        self._average.restore(averages, average_updates)
        torch.set_rng_state(tensors["random.cpu"])
        if "random.cuda" in tensors and torch.cuda.is_available():
            torch.cuda.set_rng_state(tensors["random.cuda"])

    def _moments(self, parameter: nn.Parameter) -> dict[str, Tensor]:
        """The dictionary in which the optimizer keeps the moments of a parameter, and from which it goes on."""
        moments: dict[str, Tensor] = self._owners[parameter].state[parameter]
        return moments


def copied(state: RunState) -> RunState:
    """The state as it is now, and as it would come back from its file, whatever training does to its tensors."""
    tensors, values = state
    return {name: tensor.clone() for name, tensor in tensors.items()}, json.loads(json.dumps(values))


def is_finite(tensor: Tensor) -> bool:
    """Whether all its numbers are, if they are fractions."""
    if not tensor.is_floating_point() or math.isfinite(tensor.sum().item()):  # a sum is only where its terms are
        return True
    return bool(torch.isfinite(tensor).all())
