"""The network of each decoder, and how the one that is being trained finds targets, for validations and previews."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import torch

from charnn.arrays import Float32s
from charnn.cells import CELLS
from charnn.network.cells import state_type
from charnn.network.ensemble import Ensemble
from charnn.tasks.transducer.config import TransducerNetworkConfig
from charnn.tasks.transducer.learn.ctc import CtcNetwork, FramedNetwork
from charnn.tasks.transducer.learn.hard_attention import first_place
from charnn.tasks.transducer.learn.network import EncoderMemory, SourceBatch, TransducerNetwork
from charnn.tasks.transducer.symbols import EncodedSource
from charnn.tasks.transducer.use.ctc import FramedDecoder
from charnn.tasks.transducer.use.decoding import DecoderState, DecoderStep, Ids, SteppedDecoder, padded
from charnn.tasks.transducer.use.ensemble import SteppedEnsemble


class TransducerEnsemble(Ensemble[TransducerNetwork]):
    """Networks whose probabilities are averaged. `decoder_of` says how they are used."""

    def __init__(self, members: Sequence[TransducerNetwork]) -> None:
        super().__init__(members)
        self.config = replace(members[0].config, members=len(members))


AnyNetwork = TransducerNetwork | CtcNetwork | TransducerEnsemble


def network_of(config: TransducerNetworkConfig) -> AnyNetwork:
    """The network, or where it has several members the ensemble of them, with random weights."""
    if config.decoder == "ctc":
        return CtcNetwork(config)
    one = replace(config, members=1)
    return _together([TransducerNetwork(one) for _ in range(config.members)])


def without(network: TransducerEnsemble, number: int) -> AnyNetwork:
    """The other members without that one."""
    return _together([member for n, member in enumerate(network.each) if n != number])


def _together(networks: Sequence[TransducerNetwork]) -> TransducerNetwork | TransducerEnsemble:
    return TransducerEnsemble(networks) if len(networks) > 1 else networks[0]


def decoder_of(network: AnyNetwork) -> SteppedDecoder | FramedDecoder:
    """The network as a search uses it, with its members as one."""
    if isinstance(network, CtcNetwork):
        return FramedNetwork(network)
    if isinstance(network, TransducerEnsemble):
        return SteppedEnsemble([SteppedNetwork(member) for member in network.each])
    return SteppedNetwork(network)


class SteppedNetwork:
    """A `SteppedDecoder` that PyTorch runs, one step at a time, with the network as it is now and in its mode."""

    def __init__(self, network: TransducerNetwork) -> None:
        self._network = network
        self._device = next(network.parameters()).device

    @torch.no_grad()
    def begin(self, sources: Sequence[EncodedSource]) -> DecoderState:
        arrays = padded(sources, self._network.config.outputs)
        memory = self._network.remember(SourceBatch(*map(self._tensor, arrays)))
        copies = () if memory.copies_BSV is None else (memory.copies_BSV,)
        seen = (memory.values_BSR, memory.keys_BSR, *copies, memory.mask_BS)
        recurrent = [part for layer in memory.state for part in layer]
        alpha_BS = first_place(memory.mask_BS)
        return DecoderState(tuple(map(_array, seen)), tuple(map(_array, recurrent)), _array(alpha_BS))

    @torch.no_grad()
    def step(self, ids_B: Ids, state: DecoderState) -> DecoderStep:
        config = self._network.config
        kind, each = state_type(config.cell), len(CELLS[config.cell].state)
        parts = list(map(self._tensor, state.recurrent))
        before = tuple(kind(*parts[first : first + each]) for first in range(0, len(parts), each))
        values, keys, *copies, mask = map(self._tensor, state.memory)
        memory = EncoderMemory(values, keys, mask, copies[0] if copies else None, before)
        log_p, after, attention, hard = self._network.step(
            memory, self._tensor(ids_B), before, self._tensor(state.alpha_BS)
        )
        recurrent = tuple(_array(part) for layer in after for part in layer)
        joint, places = (None, None) if hard is None else (_array(hard[0]), hard[1].numpy(force=True))
        return DecoderStep(_array(log_p), _array(attention), recurrent, joint, places)

    def _tensor(self, array: npt.NDArray[np.generic]) -> torch.Tensor:
        return torch.from_numpy(np.ascontiguousarray(array)).to(self._device)


def _array(tensor: torch.Tensor) -> Float32s:
    return tensor.float().numpy(force=True)
