"""Sums over processes at every step: the gradients, the losses, and what the processes need to decide together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from charnn.training.distributed.processes import Processes


@dataclass(frozen=True)
class StepInfo:
    """What is known about a step: before the sum by one process, and after it by all of them."""

    targets: int
    """The number of targets of the step."""
    seconds: float
    """The seconds of training so far, by the first process's clock."""
    is_interrupted: bool
    """Whether any process was asked to end."""
    is_due: bool
    """Whether it is time for a report, by the first process's clock."""


class AllReduce:
    """Sums over processes with one all-reduce at each step, of an fp32 buffer with gradients, loss and step info.

    On a GPU the step info is summed apart, by gloo. Nothing then waits for the GPU to read it, and a process that is
    lost is noticed before the GPU waits for it.
    """

    INFO_SIZE = 5
    """The count of numbers in a step info. They are its targets, whether it is interrupted, the seconds as two numbers,
    and whether a report is due."""

    def __init__(self, processes: Processes, parameters: Iterable[nn.Parameter], *, losses: int = 1) -> None:
        """A step has so many `losses`: one, or one for each member of an ensemble."""
        self._processes = processes
        if processes.size == 1:
            return
        self._parameters = list(parameters)
        device, sizes = self._parameters[0].device, [parameter.numel() for parameter in self._parameters]
        self._buffer = torch.zeros(sum(sizes) + losses + self.INFO_SIZE, device=device)
        *gradients, self._nats, info = torch.split(self._buffer, [*sizes, losses, self.INFO_SIZE])
        self._gradients = [flat.view_as(p) for flat, p in zip(gradients, self._parameters, strict=True)]
        self._info = info if device.type == "cpu" else torch.zeros(self.INFO_SIZE)

    def __call__(self, nats: Tensor, info: StepInfo) -> tuple[Tensor, StepInfo]:
        """Sums `nats` and the step info over the processes and gives both; the parameters then have the sums of their
        gradients.

        This is collective. Raises WorkerLost where another process is lost.
        """
        if self._processes.size == 1:
            return nats, info
        for parameter, summed in zip(self._parameters, self._gradients, strict=True):
            if parameter.grad is None:
                summed.zero_()
            else:
                summed.copy_(parameter.grad)
                parameter.grad = summed
        self._nats.copy_(nats)
        first = self._processes.is_first
        whole = info.seconds // 1  # fp32 cannot hold both a day of seconds and its milliseconds
        clock = (whole, info.seconds - whole) if first else (0.0, 0.0)
        self._info.copy_(torch.tensor([info.targets, info.is_interrupted, *clock, first and info.is_due]))
        if self._info.device != self._buffer.device:
            self._processes.sum(self._info)
        self._processes.sum(self._buffer)
        targets, interrupted, whole, part, due = self._info.tolist()
        return self._nats.clone().view(nats.shape), StepInfo(round(targets), whole + part, interrupted > 0, due > 0)
