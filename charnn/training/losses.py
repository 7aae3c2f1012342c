"""Adds up the losses of a run's steps, and tells a run that breaks: whose loss is not finite, or far above what it was.

Whether it does is asked after steps that are counted, and not by the clock, so two runs that are alike go on alike.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

WINDOW = 16
"""The number of steps over which a mean loss is taken, to tell whether the run breaks."""
FAR_ABOVE = 3.0
"""A loss is far above what it was from this multiple of it on, if it is also above the first one."""
WORSE = 1.25
"""A loss that is above this multiple of the first one is worse than it, and not only of other data."""
NEW = 0.3
"""The weight of a window in what the loss was; earlier ones weigh less and less."""


class Losses:
    """The losses since the last validation, and those of the last windows.

    The first loss is that of the weights which the run began with: for new weights, about that of a uniform guess.
    """

    def __init__(self, device: torch.device) -> None:
        self._dtype = torch.float32 if device.type == "mps" else torch.float64
        self._since = self._window = torch.zeros((), dtype=self._dtype, device=device)
        self._targets_since = self._targets_in_window = self._steps = 0
        self.first: float | None = None
        """The nats per target of the run's first step; None before it."""
        self.lowest: float | None = None
        """The lowest mean of a window, or of the steps between two validations; None before there is one."""
        self._usual: float | None = None

    def add(self, nats: Tensor, targets: int) -> None:
        """Adds a step's losses of `targets` targets, whose sum is `nats`. No step but the first one waits for them."""
        nats = nats.to(self._dtype)
        self._since, self._window = self._since + nats, self._window + nats
        self._targets_since += targets
        self._targets_in_window += targets
        self._steps += 1
        if self.first is None:
            self.first = float(nats) / max(targets, 1)

    def mean(self) -> float:
        """The nats per target since the last `restart`."""
        return float(self._since) / max(self._targets_since, 1)

    def restart(self) -> None:
        """Forgets the steps that `mean` is taken over."""
        if self._targets_since:
            self.lowest = self.mean() if self.lowest is None else min(self.lowest, self.mean())
        self._since, self._targets_since = torch.zeros_like(self._since), 0

    def mean_of_window(self) -> float:
        """The nats per target since the last whole window; 0 without any."""
        return float(self._window) / self._targets_in_window if self._targets_in_window else 0.0

    def look_broken(self) -> bool:
        """Whether the steps since the last whole window are not finite, or far above what the loss was."""
        if not self._targets_in_window:
            return False
        mean = self.mean_of_window()
        if not math.isfinite(mean):
            return True
        first = self.first if self.first is not None else math.inf
        usual = first if self._usual is None else self._usual
        return mean > max(first, FAR_ABOVE * usual)

    def are_broken(self) -> bool:
        """Whether that is so of a window that is whole now. Where it is not, the next window begins."""
        if self._steps < WINDOW:
            return False
        if self.look_broken():
            return True
        if self._targets_in_window:
            mean = self.mean_of_window()
            self._usual = mean if self._usual is None else (1 - NEW) * self._usual + NEW * mean
            self.lowest = mean if self.lowest is None else min(self.lowest, mean)
        self._window, self._targets_in_window, self._steps = torch.zeros_like(self._window), 0, 0
        return False

    def are_worse(self) -> bool:
        """Whether the last steps were worse than the first one."""
        if not self._targets_in_window or self.first is None:
            return False
        return self.mean_of_window() > WORSE * self.first

    @property
    def gained(self) -> bool:
        """Whether the loss has ever been below the first one."""
        return self.lowest is not None and self.first is not None and self.lowest < self.first

    def state(self) -> dict[str, Any]:
        """JSON values from which `restore` goes on."""
        return {
            "since": [float(self._since), self._targets_since],
            "window": [float(self._window), self._targets_in_window, self._steps],
            "first": self.first,
            "lowest": self.lowest,
            "usual": self._usual,
        }

    def restore(self, values: dict[str, Any]) -> None:
        """Goes on from what `state` gave. Raises KeyError, TypeError or ValueError for anything else."""
        (since, targets_since), (window, targets, steps) = values["since"], values["window"]
        self._since, self._targets_since = torch.full_like(self._since, float(since)), int(targets_since)
        self._window = torch.full_like(self._window, float(window))
        self._targets_in_window, self._steps = int(targets), int(steps)
        self.first, self.lowest, self._usual = (
            None if values[name] is None else float(values[name]) for name in ("first", "lowest", "usual")
        )


class EachLosses:
    """The losses of a run whose network may be an ensemble: those of all members together, and those of each.

    A run breaks where the loss of any member breaks. With a single network there are only its own.
    """

    def __init__(self, device: torch.device, *, networks: int) -> None:
        self._all = Losses(device)
        self._members = [Losses(device) for _ in range(networks)] if networks > 1 else []

    def add(self, nats: Tensor, targets: int) -> None:
        """Adds a step's losses: `nats` is one sum, or one for each member."""
        self._all.add(nats.mean(), targets)
        for member, own in zip(self._members, nats.unbind() if self._members else (), strict=True):
            member.add(own, targets)

    def mean(self) -> float:
        return self._all.mean()

    def restart(self) -> None:
        for losses in (self._all, *self._members):
            losses.restart()

    def look_broken(self) -> bool:
        return any(losses.look_broken() for losses in (self._all, *self._members))

    def are_broken(self) -> bool:
        broken = [losses.are_broken() for losses in (self._all, *self._members)]  # each then begins its next window
        return any(broken)

    def are_worse(self) -> bool:
        return self._all.are_worse()

    @property
    def gained(self) -> bool:
        return self._all.gained

    def worst(self) -> int:
        """The number of the member whose loss was highest in the last steps, or not finite."""
        means = [member.mean_of_window() for member in self._members]
        return max(range(len(means)), key=lambda number: means[number] if math.isfinite(means[number]) else math.inf)

    def leave_out(self, number: int) -> None:
        """Goes on without that member. What all lost together stays as it was, about the mean over those that stay."""
        del self._members[number]
        if len(self._members) == 1:
            self._members.clear()

    def state(self) -> dict[str, Any]:
        """JSON values from which `restore` goes on."""
        members = {"members": [member.state() for member in self._members]} if self._members else {}
        return {**self._all.state(), **members}

    def restore(self, values: dict[str, Any]) -> None:
        """Goes on from what `state` gave. Raises KeyError, TypeError or ValueError for anything else."""
        self._all.restore(values)
        for member, own in zip(self._members, values.get("members", []), strict=True):
            member.restore(own)
