"""Lets generation and scoring use a network of PyTorch's as they use any model, with numpy arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from charnn.arrays import Float32s, Integers
from charnn.generation.model import NO_CONDITIONS, Conditions
from charnn.network.ensemble import log_mean
from charnn.network.recurrent import StackState
from charnn.runtime.state import join, overwrite, put, select
from charnn.tasks.language_model.conditions import COUNTDOWN, ConditionedLanguageModel
from charnn.tasks.language_model.config import Stopping
from charnn.tasks.language_model.learn.ensemble import AnyNetwork
from charnn.tasks.language_model.learn.network import LanguageModelNetwork, Rows
from charnn.tasks.language_model.use.scores import Costs
from charnn.tokenizers.base import STOP_ID


class NumpyLanguageModel(ConditionedLanguageModel):
    """The network as it is now, without gradients. Meets `generation.model.NextTokenModel` and `use.scores.Scorer`.

    It has the methods of `use.runtime.RuntimeLanguageModel`. Put the network in eval mode first.
    """

    def __init__(self, network: AnyNetwork) -> None:
        self._network = network
        self.stopping: Stopping = network.config.stopping
        self.labels = network.config.labels

    def initial_state(self, batch: int) -> StackState:
        return self._network.initial_state(batch)

    @torch.inference_mode()
    def open_documents(
        self, batch: int, conditions: Conditions = NO_CONDITIONS
    ) -> tuple[Float32s, Float32s, StackState]:
        rows = self._rows({COUNTDOWN.name: np.ones(batch, np.int64), **conditions})
        y_BH, state = self._network.open_documents(rows)
        logits_BV = self._network.logits(y_BH, rows)
        return logits_BV.numpy(force=True), self._network.log_lengths(y_BH).numpy(force=True), state

    @torch.inference_mode()
    def step(
        self, ids_B: Integers, state: StackState, conditions: Conditions = NO_CONDITIONS
    ) -> tuple[Float32s, StackState]:
        """Logits (B, V) of the token after each lane's id, and the state after it."""
        logits_BV, after = self._network.step(self._tensor(ids_B), state, self._rows(conditions))
        return logits_BV.numpy(force=True), after

    @torch.inference_mode()
    def advance(self, ids_B: Integers, state: StackState, conditions: Conditions = NO_CONDITIONS) -> Float32s:
        """Does what `step` does, but changes `state` itself."""
        logits_BV, after = self.step(ids_B, state, conditions)
        overwrite(state, after)
        return logits_BV

    @torch.inference_mode()
    def sequence(
        self, ids_BT: Integers, state: StackState, conditions: Conditions = NO_CONDITIONS
    ) -> tuple[Float32s, StackState]:
        """Logits (B, T, V) of the token after each id, and the state after the last."""
        logits_BTV, after = self._network(self._tensor(ids_BT), state, self._rows(conditions))
        return logits_BTV.numpy(force=True), after

    @torch.inference_mode()
    def costs(
        self, inputs_BT: Integers, targets_BT: Integers, state: StackState, conditions: Conditions = NO_CONDITIONS
    ) -> tuple[Costs, StackState]:
        """The cost of each place given the inputs up to it, and the state after the last place."""
        each, after = self._nats(inputs_BT, targets_BT, state, conditions)
        return self._as_costs(each, targets_BT), after

    def _as_costs(self, each: Sequence[tuple[Tensor, Tensor]], targets_BT: Integers) -> Costs:
        """The costs by the mean of the probabilities of the networks that `_nats` gave those of."""
        text, ends = (part.numpy(force=True) for part in map(_nats_of_mean, zip(*each, strict=True)))
        if self.stopping == "length":
            return Costs(text, ends)
        return Costs.of_tokens(text, targets_BT, STOP_ID)

    def _nats(
        self, inputs_BT: Integers, targets_BT: Integers, state: StackState, conditions: Conditions
    ) -> tuple[list[tuple[Tensor, Tensor]], StackState]:
        """For each network that has a part in the mean, the nats of each target (B, T), and those of the length of the
        document that each input opens (B, T); and the state after the last place.

        Lengths cost nothing where the model does not foretell them.
        """
        ids_BT, rows, targets = self._tensor(inputs_BT), self._rows(conditions), self._tensor(targets_BT)
        y, after = self._network.read(ids_BT, state, rows)
        return [_nats_by(network, y_BTH, ids_BT, targets, rows) for network, y_BTH in self._network.apart(y)], after

    def select(self, state: StackState, lanes: Integers) -> StackState:
        """The state of these lanes, in this order; one may come several times."""
        return select(state, self._tensor(lanes), axis=0)

    def join(self, states: Sequence[StackState]) -> StackState:
        """The state of all their lanes, one after the other."""
        return join(states, torch.cat)

    @torch.inference_mode()
    def put(self, state: StackState, lane: int, other: StackState) -> None:
        """Sets one lane of `state` to the only one of `other`."""
        put(state, lane, other, axis=0)

    @property
    def _device(self) -> torch.device:
        return next(self._network.parameters()).device

    def _rows(self, conditions: Conditions) -> dict[str, Tensor]:
        """The rows of the conditions' embeddings, or the weights of all rows, by the conditions' names."""
        return {c.name: self._tensor(c.row_of(conditions[c.name])) for c in self._network.conditions}

    def _tensor(self, values: npt.NDArray[Any]) -> Tensor:
        kind = np.int64 if np.issubdtype(values.dtype, np.integer) else np.float32
        return torch.from_numpy(values.astype(kind)).to(self._device)


def _nats_by(
    network: LanguageModelNetwork, y_BTH: Tensor, ids_BT: Tensor, targets_BT: Tensor, rows: Rows
) -> tuple[Tensor, Tensor]:
    """The nats (B, T) of each target by one network, and of the lengths that it foretells where `ids_BT` are stops."""
    logits_BTV = network.logits(y_BTH, rows)
    nats_BT = functional.cross_entropy(logits_BTV.flatten(0, 1), targets_BT.flatten(), reduction="none")
    nats_BT = nats_BT.view(targets_BT.shape)
    ends_BT = torch.zeros_like(nats_BT)
    if network.config.stopping == "length":
        opens_BT = ids_BT == STOP_ID
        lengths_N = network.length_nats(y_BTH[opens_BT], rows[COUNTDOWN.name][opens_BT])
        ends_BT = ends_BT.masked_scatter(opens_BT, lengths_N)
    return nats_BT, ends_BT


def _nats_of_mean(each: Sequence[Tensor]) -> Tensor:
    """The nats by the mean of the probabilities of networks, from the nats by each."""
    return each[0] if len(each) == 1 else -log_mean([-nats for nats in each])
