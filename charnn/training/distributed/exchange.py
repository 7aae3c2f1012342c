"""What the processes of a run tell each other at every step: gradients, and what they decide upon together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from charnn.training.distributed.processes import Processes


@dataclass(frozen=True)
class StepInfo:
    """Of a step; what one process knows, then what all know."""

    targets: int
    seconds: float
    """Of training so far, by the first one's clock."""
    is_interrupted: bool
    """Whether any was asked to end."""
    is_due: bool
    """Whether it is time for a report, by the first one's clock."""


class Exchange:
    """Sums over processes in one reduction a step, of one fp32 buffer: gradients, the loss, and the words.

    On a GPU the words go on their own, by gloo: nothing waits for the GPU to read them, and a process that is gone is
    noticed before the GPU waits for it.
    """

    WORDS = 5

    def __init__(self, processes: Processes, parameters: Iterable[nn.Parameter]) -> None:
        self._processes = processes
        if processes.size == 1:
            return
        self._parameters = list(parameters)
        device, sizes = self._parameters[0].device, [parameter.numel() for parameter in self._parameters]
        self._buffer = torch.zeros(sum(sizes) + 1 + self.WORDS, device=device)
        *gradients, self._nats, words = torch.split(self._buffer, [*sizes, 1, self.WORDS])
        self._gradients = [flat.view_as(p) for flat, p in zip(gradients, self._parameters, strict=True)]
        self._words = words if device.type == "cpu" else torch.zeros(self.WORDS)

    def __call__(self, nats: Tensor, word: StepInfo) -> tuple[Tensor, StepInfo]:
        """The sums of `nats` and of the words' targets; the parameters have the sums of the gradients after it.

        Collective. Raises WorkerLost.
        """
        if self._processes.size == 1:
            return nats, word
        for parameter, summed in zip(self._parameters, self._gradients, strict=True):
            if parameter.grad is None:
                summed.zero_()
            else:
                summed.copy_(parameter.grad)
                parameter.grad = summed
        self._nats.copy_(nats)
        first = self._processes.is_first
        whole = word.seconds // 1  # in fp32 a day of seconds has no milliseconds
        clock = (whole, word.seconds - whole) if first else (0.0, 0.0)
        self._words.copy_(torch.tensor([word.targets, word.is_interrupted, *clock, first and word.is_due]))
        if self._words.device != self._buffer.device:
            self._processes.sum(self._words)
        self._processes.sum(self._buffer)
        targets, interrupted, whole, part, due = self._words.tolist()
        return self._nats[0].clone(), StepInfo(round(targets), whole + part, interrupted > 0, due > 0)
