"""A network seen from outside PyTorch: what `generation` and `evaluation` ask of any model, numpy in and numpy out."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from charnn.network.language_model import LanguageModel
from charnn.network.recurrent import State


class NumpyLanguageModel:
    """The network as it is now, without gradients. Meets `generation.LanguageModel` and `evaluation.Scorer`.

    Put the network in eval mode first.
    """

    def __init__(self, network: LanguageModel) -> None:
        self._network = network

    def initial_state(self, batch: int) -> State:
        return self._network.initial_state(batch)

    @torch.inference_mode()
    def step(self, ids_B: npt.NDArray[np.integer], state: State) -> tuple[npt.NDArray[np.float32], State]:
        """Logits (B, V) of the token after each lane's id, and the state after it."""
        logits_BV, after = self._network.step(self._tensor(ids_B), state)
        return logits_BV.numpy(force=True), after

    @torch.inference_mode()
    def sequence(self, ids_BT: npt.NDArray[np.integer], state: State) -> tuple[npt.NDArray[np.float32], State]:
        """Logits (B, T, V) of the token after each id, and the state after the last."""
        logits_BTV, after = self._network(self._tensor(ids_BT), state)
        return logits_BTV.numpy(force=True), after

    @torch.inference_mode()
    def nats(
        self, inputs_BT: npt.NDArray[np.integer], targets_BT: npt.NDArray[np.integer], state: State
    ) -> tuple[npt.NDArray[np.float32], State]:
        """-ln p (B, T) of each target given the inputs up to its place, and the state after the last."""
        logits_BTV, after = self._network(self._tensor(inputs_BT), state)
        targets = self._tensor(targets_BT).flatten()
        nats = functional.cross_entropy(logits_BTV.flatten(0, 1), targets, reduction="none")
        return nats.view(targets_BT.shape).numpy(force=True), after

    def _tensor(self, ids: npt.NDArray[np.integer]) -> Tensor:
        device = self._network.embedding.weight.device
        return torch.from_numpy(ids.astype(np.int64)).to(device)
