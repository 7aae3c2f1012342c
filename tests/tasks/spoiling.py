"""Spoils the weights of a member in the middle of a run, as if it had diverged."""

from __future__ import annotations

import math
from typing import Any

import torch


class Spoiler:
    """Asked at each step whether to end, it makes a weight of one member a NaN whenever a step is reached, for as long
    as all members are there."""

    def __init__(self, session: Any, member: int, weight: str, step: int) -> None:
        self._session, self._name, self._step = session, f"members.{member}.{weight}", step
        self._members = session.config.network.members

    def __call__(self) -> bool:
        network = self._session.objective.network
        if self._session.loop.progress.step == self._step and network.config.members == self._members:
            with torch.no_grad():
                network.get_parameter(self._name)[0, 0] = math.nan
        return False
