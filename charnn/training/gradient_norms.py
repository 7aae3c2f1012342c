"""Limits the gradients of a run's steps, and adds up how large they were before that."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import clip_grad_norm_, clip_grad_value_, get_total_norm

from charnn.config.training import TrainingConfig


class GradientNorms:
    """The norms of the gradients since the last validation. They stay tensors until they are read, so that no step
    waits for a GPU."""

    def __init__(self, config: TrainingConfig, device: torch.device) -> None:
        self._config = config
        self._sum = self._largest = torch.zeros((), device=device)
        self._steps = 0

    def limit(self, parameters: Iterable[nn.Parameter]) -> None:
        """Limits the gradients as the configuration says, and notes the norm that they had."""
        able = [parameter for parameter in parameters if parameter.grad is not None]
        if self._config.clip_value is None and self._config.clip_norm is not None:
            norm = clip_grad_norm_(able, self._config.clip_norm)
        else:
            norm = get_total_norm([parameter.grad for parameter in able if parameter.grad is not None])
            if self._config.clip_value is not None:
                clip_grad_value_(able, self._config.clip_value)
        self._add(norm.detach())

    def _add(self, norm: Tensor) -> None:
        self._sum, self._largest = self._sum + norm, torch.maximum(self._largest, norm)
        self._steps += 1

    def mean(self) -> float | None:
        """The mean norm of a step; None where there was none, or where it is not finite."""
        return finite(float(self._sum) / self._steps) if self._steps else None

    def largest(self) -> float | None:
        return finite(float(self._largest)) if self._steps else None

    def restart(self) -> None:
        self._sum = self._largest = torch.zeros_like(self._sum)
        self._steps = 0

    def state(self) -> dict[str, Any]:
        """JSON values from which `restore` goes on."""
        return {"sum": float(self._sum), "largest": float(self._largest), "steps": self._steps}

    def restore(self, values: dict[str, Any]) -> None:
        """Goes on from what `state` gave. Raises KeyError, TypeError or ValueError for anything else."""
        self._sum = torch.full_like(self._sum, float(values["sum"]))
        self._largest = torch.full_like(self._largest, float(values["largest"]))
        self._steps = int(values["steps"])


def finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
