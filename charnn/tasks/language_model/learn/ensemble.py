"""Language models side by side, whose probabilities are averaged: an ensemble that is used as one network is."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import torch
from torch import Tensor

from charnn.network.ensemble import Ensemble, log_mean
from charnn.network.recurrent import StackState
from charnn.tasks.language_model.config import LanguageModelNetworkConfig
from charnn.tasks.language_model.learn.network import NO_ROWS, LanguageModelNetwork, Rows


class LanguageModelEnsemble(Ensemble[LanguageModelNetwork]):
    """N networks whose probabilities are averaged, p(c) = (p_1(c) + ... + p_N(c)) / N, with the methods of one.

    The logits are ln p. A state is the states of all members, one after the other, and the outputs of the recurrent
    stacks are one vector, (..., N H). So `read`, `logits` and what else takes outputs are those of one network, and
    `apart` takes them apart again.
    """

    def __init__(self, members: Sequence[LanguageModelNetwork]) -> None:
        super().__init__(members)
        self.config = dataclasses.replace(members[0].config, members=len(members))
        self.conditions = members[0].conditions

    def initial_state(self, batch: int) -> StackState:
        return tuple(layer for member in self.each for layer in member.initial_state(batch))

    def forward(self, ids_BT: Tensor, state: StackState, rows: Rows = NO_ROWS) -> tuple[Tensor, StackState]:
        """ln p (B, T, V) of the token after each of `ids_BT`, and the state after the window."""
        y, state = self.read(ids_BT, state, rows)
        return self.logits(y, rows), state

    def step(self, ids_B: Tensor, state: StackState, rows: Rows = NO_ROWS) -> tuple[Tensor, StackState]:
        """ln p (B, V) of the token after `ids_B`, and the state after it. Nothing is dropped."""
        steps = [member.step(ids_B, own, rows) for member, own in zip(self.each, self._states(state), strict=True)]
        return log_mean([logits_BV.log_softmax(-1) for logits_BV, _ in steps]), _joined([after for _, after in steps])

    def read(self, ids_BT: Tensor, state: StackState, rows: Rows = NO_ROWS) -> tuple[Tensor, StackState]:
        """The outputs of the recurrent stacks, (B, T, N H), and the state after the window."""
        read = [member.read(ids_BT, own, rows) for member, own in zip(self.each, self._states(state), strict=True)]
        return torch.cat([y_BTH for y_BTH, _ in read], -1), _joined([after for _, after in read])

    def open_documents(self, rows: Rows) -> tuple[Tensor, StackState]:
        opened = [member.open_documents(rows) for member in self.each]
        return torch.cat([y_BH for y_BH, _ in opened], -1), _joined([after for _, after in opened])

    def apart(self, y: Tensor) -> list[tuple[LanguageModelNetwork, Tensor]]:
        """Each member, with its own part of the outputs (..., N H)."""
        return list(zip(self.each, y.chunk(len(self.members), -1), strict=True))

    def logits(self, y: Tensor, rows: Rows = NO_ROWS) -> Tensor:
        return log_mean([member.logits(own, rows).log_softmax(-1) for member, own in self.apart(y)])

    def log_lengths(self, y: Tensor) -> Tensor:
        return log_mean([member.log_lengths(own) for member, own in self.apart(y)])

    def length_nats(self, y_NH: Tensor, class_N: Tensor) -> Tensor:
        return -log_mean([-member.length_nats(own, class_N) for member, own in self.apart(y_NH)])

    def tops(self, state: StackState) -> list[Tensor]:
        """The hidden states that the heads read."""
        return [top for member, own in zip(self.each, self._states(state), strict=True) for top in member.tops(own)]

    def without(self, number: int) -> AnyNetwork:
        """The other members without that one."""
        others = [member for n, member in enumerate(self.each) if n != number]
        return LanguageModelEnsemble(others) if len(others) > 1 else others[0]

    def _states(self, state: StackState) -> list[StackState]:
        """The state of each member."""
        layers = len(state) // len(self.members)
        return [state[start : start + layers] for start in range(0, len(state), layers)]


AnyNetwork = LanguageModelNetwork | LanguageModelEnsemble


def make_network(config: LanguageModelNetworkConfig) -> AnyNetwork:
    """The network, or where it has several members the ensemble of them, with random weights."""
    if config.members == 1:
        return LanguageModelNetwork(config)
    one = dataclasses.replace(config, members=1)
    return LanguageModelEnsemble([LanguageModelNetwork(one) for _ in range(config.members)])


def _joined(states: Sequence[StackState]) -> StackState:
    return tuple(layer for state in states for layer in state)
