"""Networks of one shape side by side, whose mean evens out what any of them has learned by chance alone."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Generic, TypeVar, cast

import torch
from torch import Tensor, nn

from charnn.checkpoint.members import MEMBER, member_prefix

Member = TypeVar("Member", bound=nn.Module)


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


def log_mean(log_p: Sequence[Tensor]) -> Tensor:
    """The logarithm of the mean of the probabilities whose logarithms are given."""
    return torch.stack([*log_p]).logsumexp(0) - math.log(len(log_p))


def without_member(tensors: Mapping[str, Tensor], number: int, of: int) -> dict[str, Tensor]:
    """`tensors` by their names once member `number` of so many has been left out.

    Members after it move up. Where a single one is left it is no ensemble, and its names have no `members.` in them.
    """
    kept = {}
    for name, tensor in tensors.items():
        if (found := MEMBER.search(name)) is None:
            kept[name] = tensor
        elif (member := int(found[1])) != number:
            as_now = member_prefix(member - (member > number), of - 1)
            kept[f"{name[: found.start()]}{as_now}{name[found.end() :]}"] = tensor
    return kept
