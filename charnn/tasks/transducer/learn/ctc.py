"""The network of the decoder `ctc`: every place of a source writes frames, each a symbol or a blank.

Shapes: B pairs; S places of a source; F = S times `config.frames` frames; V target symbols, the first one the blank;
H hidden units.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from charnn.network.bidirectional import Bidirectional
from charnn.network.recurrent import LockedDropout
from charnn.tasks.transducer.config import TransducerNetworkConfig
from charnn.tasks.transducer.graph import LEAST
from charnn.tasks.transducer.learn.network import (
    FEATURE_DEVIATION,
    SourceBatch,
    mixed,
    one_hot_copies,
    told_by_features,
)
from charnn.tasks.transducer.symbols import EncodedSource
from charnn.tasks.transducer.use.ctc import FramedDecoder
from charnn.tasks.transducer.use.decoding import Wide, padded
from charnn.tokenizers.base import STOP_ID


class CtcNetwork(nn.Module):
    """A bidirectional encoder whose outputs become `config.frames` frames each. With `config.copies`, a frame also
    offers the symbol of its place, weighed by a gate.

    The names of the parameters are the names in `weights.safetensors`, so a file depends on them.
    """

    def __init__(self, config: TransducerNetworkConfig) -> None:
        super().__init__()
        self.config = config
        hidden, embedding = config.hidden_size, config.embedding_size
        self.sources = nn.Embedding(config.inputs, embedding)
        nn.init.normal_(self.sources.weight, std=0.5)
        self.dropout = LockedDropout(config.dropout)
        self.encoder = Bidirectional(
            config.cell, input_size=embedding, hidden_size=hidden, layers=config.layers, dropout=config.dropout
        )
        self.values = nn.Linear(2 * hidden, config.frames * hidden)
        if config.direct_features:
            self.features = nn.Embedding(config.direct_features, hidden)
            nn.init.normal_(self.features.weight, std=FEATURE_DEVIATION)
        self.output = nn.Linear(hidden, config.outputs)
        if config.copies:
            self.gate = nn.Linear(hidden, 1)

    def log_probabilities(self, sources: SourceBatch) -> Tensor:
        """ln p (B, F, V) of each frame. The frames of features and of the padding are blanks for certain."""
        config = self.config
        h_BSD = self.dropout(self.encoder(self.dropout(self.sources(sources.ids_BS)), sources.lengths_B))
        values_BFH = self.values(h_BSD).reshape(len(h_BSD), -1, config.hidden_size)
        if config.direct_features:
            values_BFH = values_BFH + told_by_features(self.features, sources.ids_BS, config)[:, None]
        units_BFH = torch.tanh(values_BFH)
        p_BFV = self.output(units_BFH).float().softmax(-1)
        if config.copies:
            copied_BSV = one_hot_copies(sources.copies_BS, config.outputs)
            p_BFV = mixed(self.gate(units_BFH), p_BFV, copied_BSV.repeat_interleave(config.frames, 1))
        places_S = torch.arange(h_BSD.shape[1], device=h_BSD.device)
        inside_BS = (places_S < sources.lengths_B[:, None]) & (places_S >= sources.features_B[:, None])
        inside_BF1 = inside_BS.repeat_interleave(config.frames, 1)[..., None]
        blank_V = functional.one_hot(torch.tensor(STOP_ID, device=h_BSD.device), config.outputs)
        return torch.log(torch.where(inside_BF1, p_BFV, blank_V) + LEAST)


def ctc_nats(log_p_BFV: Tensor, targets_BT: Tensor, target_lengths_B: Tensor) -> Tensor:
    """-ln p (B,) of each target, summed over all paths of frames that write it. `targets_BT` are without their stop."""
    frames_B = torch.full((len(log_p_BFV),), log_p_BFV.shape[1], dtype=torch.long)
    nats_B: Tensor = functional.ctc_loss(
        log_p_BFV.transpose(0, 1), targets_BT, frames_B, target_lengths_B, blank=STOP_ID, reduction="none"
    )
    return nats_B


class FramedNetwork(FramedDecoder):
    """A `CtcNetwork` that PyTorch runs, in the mode that it is in."""

    def __init__(self, network: CtcNetwork) -> None:
        self._network = network
        self._device = next(network.parameters()).device

    @torch.no_grad()
    def frames(self, sources: Sequence[EncodedSource]) -> list[Wide]:
        def tensor(array: npt.NDArray[np.generic]) -> Tensor:
            return torch.from_numpy(np.ascontiguousarray(array)).to(self._device)

        arrays = padded(sources, self._network.config.outputs)
        log_p_BFV = self._network.log_probabilities(SourceBatch(*map(tensor, arrays))).double().numpy(force=True)
        per_place = self._network.config.frames
        return [log_p_FV[: per_place * len(one.ids)] for one, log_p_FV in zip(sources, log_p_BFV, strict=True)]
