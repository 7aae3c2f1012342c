"""Makes the optimizers: AdamW for everything, or Muon for the matrices of recurrent layers and AdamW for the rest; and
keeps a running average of the weights, which is steadier than they are, and is what is validated and kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import AdamW, Optimizer

from charnn.config.training import Precision, TrainingConfig
from charnn.network.recurrent import Recurrent, blocks_of

MUON_RATE = 2.5
"""Muon's learning rate as a multiple of AdamW's. The size of its steps does not depend on the gradient's."""
MUON_MOMENTUM = 0.95
NEWTON_SCHULZ = ((8.0433, -23.6418, 17.4959), (3.9008, -2.9685, 0.5812), (3.1600, -2.4092, 0.5156))
"""The coefficients of the quintic of each step, found numerically. Their composition strays least from 1, by 0.48 at
most, wherever a singular value lies between 0.015 and 1; smaller ones grow a hundredfold. Jordan's five steps of a
single quintic cost more and learned no better here."""


def make_optimizers(
    network: nn.Module, config: TrainingConfig, device: torch.device, precision: Precision
) -> list[Optimizer]:
    """The optimizers, among which the parameters are divided. `initial_lr` of each group of parameters is its learning
    rate at the top of the schedule."""
    blocks = dict(_recurrent_matrices(network)) if config.optimizer == "muon" else {}
    others = [parameter for parameter in network.parameters() if parameter not in blocks]
    optimizers: list[Optimizer] = [_adamw(others, config, device)]
    if blocks:
        groups = [{"params": [matrix], "blocks": count} for matrix, count in blocks.items()]
        dtype = torch.bfloat16 if precision == "bf16" else torch.float32
        optimizers.append(Muon(groups, lr=MUON_RATE * config.learning_rate, momentum=MUON_MOMENTUM, dtype=dtype))
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["initial_lr"] = group["lr"]
    return optimizers


class Eager(Optimizer):
    """An optimizer that does without torch's compiler.

    Before its methods do anything, torch imports the compiler in order to keep it out of them, which takes more than a
    second of every run. These are the methods as they are beneath that; where torch has nothing around them, they are
    the methods themselves.
    """

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        _beneath(Optimizer.add_param_group)(self, param_group)


class EagerAdamW(Eager, AdamW):
    """`torch.optim.AdamW`, to the bit."""

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        _beneath(AdamW.step)(self, closure)


def _beneath(method: Callable[..., Any]) -> Callable[..., Any]:
    """What a decorator was put around, or the method where there is none."""
    function: Callable[..., Any] = getattr(method, "__wrapped__", method)
    return function


class Muon(Eager):
    """Each step is the momentum with all its singular values made nearly 1 (Jordan et al. 2024), gate by gate.

    A matrix of n `blocks` is n matrices one under the other, as the gates of an lstm are, and each is treated on its
    own. `torch.optim.Muon` knows no blocks, and always iterates in bf16, which is some hundred times slower than fp32
    where a processor has no instructions for it.
    """

    def __init__(self, groups: list[dict[str, Any]], *, lr: float, momentum: float, dtype: torch.dtype) -> None:
        super().__init__(groups, {"lr": lr, "momentum": momentum})
        self._dtype = dtype

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Updates the parameters. The momentum is a running mean of the gradients, with Nesterov's look ahead.

        A block with more rows than columns takes steps that are larger by the root of their ratio, so that they change
        its output as much as the steps of a square block do.
        """
        for group in self.param_groups:
            for matrix in group["params"]:
                if matrix.grad is None:
                    continue
                state = self.state[matrix]
                if not state:
                    state["momentum"] = torch.zeros_like(matrix)
                mean: Tensor = state["momentum"].lerp_(matrix.grad, 1 - group["momentum"])
                ahead = matrix.grad.lerp(mean, group["momentum"])
                rows, columns = matrix.shape[0] // group["blocks"], matrix.shape[1]
                direction = orthogonalized(ahead.view(group["blocks"], rows, columns).to(self._dtype))
                size = max(1.0, rows / columns) ** 0.5
                matrix.add_(direction.reshape(matrix.shape).to(matrix.dtype), alpha=-group["lr"] * size)


def orthogonalized(blocks_NRC: Tensor) -> Tensor:
    """Nearly U V^T, where U S V^T is the singular value decomposition of a block, by Newton-Schulz steps; 0 stays 0."""
    is_tall = blocks_NRC.shape[-2] > blocks_NRC.shape[-1]
    x = blocks_NRC.mT if is_tall else blocks_NRC
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)  # no singular value is above 1 from here on
    for a, b, c in NEWTON_SCHULZ:
        gram = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x.mT if is_tall else x


def _adamw(parameters: list[nn.Parameter], config: TrainingConfig, device: torch.device) -> AdamW:
    """AdamW (Loshchilov and Hutter 2019) that decays matrices and leaves biases alone."""
    groups = [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": config.weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return EagerAdamW(groups, lr=config.learning_rate, fused=device.type in ("cpu", "cuda"))


def _recurrent_matrices(network: nn.Module) -> Iterator[tuple[nn.Parameter, int]]:
    """The matrices of recurrent layers, each with the number of its blocks."""
    for module in network.modules():
        if isinstance(module, Recurrent):
            for parameter in module.parameters():
                if parameter.ndim > 1:
                    yield parameter, blocks_of(parameter, module.hidden_size)


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
        self._of = {parameter: self.values[name] for name, parameter in self._parameters.items()}

    def next_decay(self) -> float:
        """Counts an update of all weights, and gives the decay that `follow` is to have in it."""
        decay = min(self._decay, (1 + self._updates) / (10 + self._updates))
        self._updates += 1
        return decay

    @torch.no_grad()
    def follow(self, parameters: Sequence[nn.Parameter], decay: float) -> None:
        """Takes in these parameters as they are after a step. Several threads may take in parameters of their own."""
        now: list[Tensor] = [parameter.detach() for parameter in parameters]
        torch._foreach_lerp_([self._of[parameter] for parameter in parameters], now, 1 - decay)

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
        """How many updates there were, in earlier sittings too."""
        return self._updates

    def restore(self, values: dict[str, Tensor], updates: int) -> None:
        """Goes on from the `values` and `updates` of an earlier sitting."""
        for name, value in values.items():
            self.values[name].copy_(value)
        self._updates = updates
