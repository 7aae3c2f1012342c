"""Networks of one shape side by side: what any of them learns by chance alone, the mean evens out."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Generic, TypeVar, cast

from torch import Tensor, nn

Member = TypeVar("Member", bound=nn.Module)
MEMBER = re.compile(r"(?:^|(?<=\.))members\.(\d+)\.")
"""Where the name of a parameter, or of what belongs to one, says which member has it."""


class Ensemble(nn.Module, Generic[Member]):
    """Networks of one shape side by side. The names of member N's parameters begin with `members.N.`.

    A subclass gives the mean of what they say.
    """

    def __init__(self, members: Sequence[Member]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    @property
    def each(self) -> list[Member]:
        return [cast(Member, member) for member in self.members]


def trained_apart(network: nn.Module) -> list[nn.Module]:
    """The networks that learn with no regard for each other: the members of an ensemble, or the network itself."""
    return list(network.members) if isinstance(network, Ensemble) else [network]


def without_member(tensors: Mapping[str, Tensor], number: int, of: int) -> dict[str, Tensor]:
    """`tensors` by their names once member `number` of so many has been left out.

    Members after it move up. Where a single one is left it is no ensemble, and its names have no `members.` in them.
    """
    kept = {}
    for name, tensor in tensors.items():
        if (found := MEMBER.search(name)) is None:
            kept[name] = tensor
        elif (member := int(found[1])) != number:
            as_now = "" if of == 2 else f"members.{member - (member > number)}."
            kept[f"{name[: found.start()]}{as_now}{name[found.end() :]}"] = tensor
    return kept
