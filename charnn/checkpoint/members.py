"""The names of the weights of networks that are used as one model: those of member N begin with `members.N.`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Generic, TypeVar

T = TypeVar("T")

MEMBER = re.compile(r"(?:^|(?<=\.))members\.(\d+)\.")
"""Where the name of a parameter, or of what belongs to one, says which member has it."""


def member_prefix(number: int, of: int) -> str:
    """What the names of a member's weights begin with; a single network is no member, and has its names as they are."""
    return f"members.{number}." if of > 1 else ""


class OwnWeights(Mapping[str, T], Generic[T]):
    """Those of some `weights` that belong to one member, by the names that they have in a network by itself."""

    def __init__(self, weights: Mapping[str, T], number: int, of: int) -> None:
        self._weights, self._prefix = weights, member_prefix(number, of)

    def __getitem__(self, name: str) -> T:
        return self._weights[f"{self._prefix}{name}"]

    def __iter__(self) -> Iterator[str]:
        return (name.removeprefix(self._prefix) for name in self._weights if name.startswith(self._prefix))

    def __len__(self) -> int:
        return sum(1 for _ in self)


def each_own(weights: Mapping[str, T], of: int) -> Iterator[OwnWeights[T]]:
    """The weights of each of so many members; those of a single network are its own."""
    return (OwnWeights(weights, number, of) for number in range(of))
