"""What belongs to the members of an ensemble is told by its name."""

from __future__ import annotations

import torch
from torch import nn

from charnn.network.ensemble import Ensemble, trained_apart, without_member

NAMES = [
    "weights.members.0.a.weight",
    "weights.members.1.a.weight",
    "average.members.10.b",
    "members.2.c",
    "random.cpu",
]


def left(number: int, of: int, names: list[str] = NAMES) -> dict[str, int]:
    tensors = {name: torch.tensor(place) for place, name in enumerate(names)}
    return {name: int(place) for name, place in without_member(tensors, number, of).items()}


def test_members_after_the_one_that_is_left_out_move_up() -> None:
    assert left(1, of=11) == {
        "weights.members.0.a.weight": 0,
        "average.members.9.b": 2,
        "members.1.c": 3,
        "random.cpu": 4,
    }
    assert left(2, of=11) == {
        "weights.members.0.a.weight": 0, "weights.members.1.a.weight": 1, "average.members.9.b": 2, "random.cpu": 4,
    }  # fmt: skip


def test_the_only_member_that_is_left_is_no_member() -> None:
    assert left(0, of=2, names=NAMES[:2]) == {"weights.a.weight": 1}


def test_the_names_that_are_left_are_those_of_the_network_that_is_left() -> None:
    for of in (2, 3):
        every = Ensemble([nn.Linear(2, 3) for _ in range(of)])
        rest = every.each[0] if of == 2 else Ensemble(every.each[:1] + every.each[2:])
        named = without_member(dict(every.named_parameters()), 1, of)
        assert named.keys() == dict(rest.named_parameters()).keys()
        assert all(tensor is named[name] for name, tensor in rest.named_parameters())


def test_a_network_that_is_no_ensemble_is_trained_as_a_whole() -> None:
    network, every = nn.Linear(2, 3), Ensemble([nn.Linear(2, 3), nn.Linear(2, 3)])
    assert trained_apart(network) == [network]
    assert trained_apart(every) == every.each
