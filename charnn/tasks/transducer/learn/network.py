"""The transducer: a source in, the distribution of each next target symbol out.

Shapes: B pairs; S places of a source (features, symbols and a stop), padded at the end; T target symbols; V different
ones; H hidden units; R units of the readout.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from charnn.cells import CELLS
from charnn.network.bidirectional import Bidirectional
from charnn.network.cells import state_type
from charnn.network.recurrent import LockedDropout, Recurrent, StackState
from charnn.tasks.transducer.config import WRITING_PLACES, TransducerNetworkConfig
from charnn.tasks.transducer.graph import LEAST
from charnn.tasks.transducer.learn.hard_attention import bounded, first_jumps, first_place, hard_step, weights_after

FEATURE_DEVIATION = 0.1
"""The standard deviation of the first vectors of features."""


@dataclass(frozen=True, slots=True)
class SourceBatch:
    """B sources of up to S places, padded at the end."""

    ids_BS: Tensor
    lengths_B: Tensor
    features_B: Tensor
    """How many places at the beginning are features."""
    copies_BS: Tensor
    """The target symbol that copying a place writes; V where there is none."""


@dataclass(frozen=True, slots=True)
class EncoderMemory:
    """What the decoder sees of the sources."""

    values_BSR: Tensor
    keys_BSR: Tensor
    mask_BS: Tensor
    """1 where the decoder may look, 0 elsewhere."""
    copies_BSV: Tensor | None
    """The one-hot target symbol of each place, all 0 where there is none; None for a network that does not copy."""
    state: StackState
    """The state of the decoder before its first step."""


class TransducerNetwork(nn.Module):
    """A bidirectional encoder, and a decoder that sees the last symbol it wrote.

    Its attention, by `config.attention`:

    - `none`: the decoder sees one vector, the last outputs of the encoder's two directions (Sutskever et al. 2014, Cho
      et al. 2014).
    - `additive`: a weighted mean of the encoder's outputs, score = v tanh(W s + U h) (Bahdanau et al. 2015).
    - `dot`: the same with score = (W s) (U h) / sqrt(R) (Luong et al. 2015).
    - `hard`: each symbol is written from one place; all ways to align source and target are summed (Wu et al. 2018,
      Wu and Cotterell 2019, first order). The place j after k has the probability exp(u_j + b_(j-k)) / sum over i of
      exp(u_i + b_(i-k)), where u = (W s) (U h) / sqrt(R), bounded, and b is learned for each number of places that may
      be moved ahead by, from where short moves are likelier, and for all ways back.
    - `monotonic`: the same, but it never moves back, and b is 0 unless sources are long.

    Where pairs have features, such as the number and the case of a form, their vectors are added to what every place
    says. With `config.copies`, each place also offers its own symbol, weighed by a gate (See et al. 2017).

    The names of the parameters are the names in `weights.safetensors`, so a file depends on them.
    """

    def __init__(self, config: TransducerNetworkConfig) -> None:
        super().__init__()
        self.config = config
        hidden, embedding = config.hidden_size, config.embedding_size
        self.sources = nn.Embedding(config.inputs, embedding)
        self.targets = nn.Embedding(config.outputs, embedding)
        for table in (self.sources, self.targets):
            nn.init.normal_(table.weight, std=0.5)
        self.dropout = LockedDropout(config.dropout)
        self.encoder = Bidirectional(
            config.cell, input_size=embedding, hidden_size=hidden, layers=config.layers, dropout=config.dropout
        )
        self.decoder = Recurrent(
            config.cell, input_size=embedding, hidden_size=hidden, layers=config.layers, dropout=config.dropout
        )
        self.bridge = nn.Linear(2 * hidden, config.layers * sum(CELLS[config.cell].sizes(hidden)))
        if config.attention != "none":
            self.keys = nn.Linear(2 * hidden, hidden, bias=False)
            self.query = nn.Linear(hidden, hidden)
        if config.attention == "additive":
            self.score = nn.Linear(hidden, 1, bias=False)
        if config.jumps:
            self.jumps = nn.Parameter(first_jumps(config.jumps, moves_back=config.moves_back))
        self.values = nn.Linear(2 * hidden, hidden, bias=False)
        if config.direct_features:
            self.features = nn.Embedding(config.direct_features, hidden)
            nn.init.normal_(self.features.weight, std=FEATURE_DEVIATION)
        self.readout = nn.Linear(hidden, hidden)
        self.output = nn.Linear(hidden, config.outputs)
        if config.copies:
            self.gate = nn.Linear(hidden, 1)

    def remember(self, sources: SourceBatch) -> EncoderMemory:
        """Reads the sources. Neither the padding of a row nor other rows change what is remembered of it."""
        config, device = self.config, sources.ids_BS.device
        h_BSF = self.encoder(self.dropout(self.sources(sources.ids_BS)), sources.lengths_B)
        ahead_BSH, back_BSH = h_BSF.chunk(2, -1)
        last_B11 = (sources.lengths_B - 1)[:, None, None].expand(-1, 1, config.hidden_size)
        summary_BF = torch.cat([ahead_BSH.gather(1, last_B11)[:, 0], back_BSH[:, 0]], 1)
        sizes = [*CELLS[config.cell].sizes(config.hidden_size)]
        parts = torch.split(torch.tanh(self.bridge(summary_BF)), sizes * config.layers, 1)
        kind, each = state_type(config.cell), len(CELLS[config.cell].state)
        state = tuple(kind(*parts[first : first + each]) for first in range(0, len(parts), each))
        if config.attention == "none":
            h_BSF = summary_BF[:, None]
            keys_BSR, mask_BS = h_BSF[..., :0], h_BSF.new_ones(h_BSF.shape[:2])
        else:
            places_S = torch.arange(h_BSF.shape[1], device=device)
            inside_BS = places_S < sources.lengths_B[:, None]
            if config.is_hard:
                inside_BS = inside_BS & (places_S >= sources.features_B[:, None])
            keys_BSR, mask_BS = self.keys(h_BSF), inside_BS.float()
        copies_BSV = None
        if config.copies:
            copies_BSV = one_hot_copies(sources.copies_BS, config.outputs)
        values_BSR = self.values(h_BSF)
        if config.direct_features:
            values_BSR = values_BSR + told_by_features(self.features, sources.ids_BS, config)[:, None]
        return EncoderMemory(values_BSR, keys_BSR, mask_BS, copies_BSV, state)

    def decode(self, memory: EncoderMemory, before_BT: Tensor) -> Tensor:
        """The decoder's outputs (B, T, H) where these symbols were written before each step."""
        states_BTH: Tensor
        states_BTH, _ = self.decoder(self.dropout(self.targets(before_BT)), memory.state)
        return states_BTH

    def log_probabilities(self, memory: EncoderMemory, states_BTH: Tensor, targets_BT: Tensor) -> Tensor:
        """ln p (B, T, V) of each target symbol after those before it. `targets_BT` are the right ones, which hard
        attention needs in order to know where it may stand."""
        if not self.config.is_hard:
            return self._soft(memory, states_BTH)[0]
        weights_BTS = self._place_weights(memory, states_BTH)
        emissions_BTSV = self._emissions(memory.values_BSR, memory.copies_BSV, states_BTH)
        jumps_SS = self._jump_weights(weights_BTS.shape[2])
        here_BTS = emissions_BTSV.gather(3, targets_BT[:, :, None, None].expand(-1, -1, emissions_BTSV.shape[2], 1))[
            ..., 0
        ]
        priors, alpha_BS = [], first_place(memory.mask_BS)
        after_BTS = weights_after(weights_BTS, jumps_SS)
        for weights_BS, after_BS, now_BS in zip(
            weights_BTS.unbind(1), after_BTS.unbind(1), here_BTS.unbind(1), strict=True
        ):
            prior_BS = hard_step(alpha_BS, weights_BS, after_BS, jumps_SS)
            priors.append(prior_BS)
            joint_BS = prior_BS * now_BS
            alpha_BS = joint_BS / (joint_BS.sum(1, keepdim=True) + LEAST)
        p_BTV = torch.einsum("bts,btsv->btv", torch.stack(priors, 1), emissions_BTSV)
        return torch.log(p_BTV + LEAST)

    def step(
        self, memory: EncoderMemory, ids_B: Tensor, state: StackState, alpha_BS: Tensor
    ) -> tuple[Tensor, StackState, Tensor, tuple[Tensor, Tensor] | None]:
        """Reads the last symbol, and gives ln p (B, V) of the next, the state, where the decoder looks (B, S), and for
        hard attention the joint probabilities (B, P, V) of the next place and symbol, with the places (B, P), which are
        the WRITING_PLACES likeliest.

        `alpha_BS` is where hard attention stands after that symbol, a distribution.
        """
        y_BH, state = self.decoder.step(self.targets(ids_B), state)
        if not self.config.is_hard:
            log_p_BTV, weights_BTS = self._soft(memory, y_BH[:, None])
            return log_p_BTV[:, 0], state, weights_BTS[:, 0], None
        weights_BTS, size = self._place_weights(memory, y_BH[:, None]), alpha_BS.shape[1]
        jumps_SS = self._jump_weights(size)
        after_BS = weights_after(weights_BTS, jumps_SS)[:, 0]
        prior_BS = hard_step(alpha_BS, weights_BTS[:, 0], after_BS, jumps_SS)
        places_BP = prior_BS.topk(min(size, WRITING_PLACES), 1).indices.sort(1).values
        rows_B1 = torch.arange(len(places_BP), device=places_BP.device)[:, None]
        copies_BPV = None if memory.copies_BSV is None else memory.copies_BSV[rows_B1, places_BP]
        emissions_BTPV = self._emissions(memory.values_BSR[rows_B1, places_BP], copies_BPV, y_BH[:, None])
        joint_BPV = prior_BS.gather(1, places_BP)[..., None] * emissions_BTPV[:, 0]
        return torch.log(joint_BPV.sum(1) + LEAST), state, prior_BS, (joint_BPV, places_BP)

    def _soft(self, memory: EncoderMemory, states_BTH: Tensor) -> tuple[Tensor, Tensor]:
        """ln p (B, T, V), and the weights of the places (B, T, S)."""
        config = self.config
        if config.attention == "none":
            weights_BTS = memory.mask_BS[:, None].expand(-1, states_BTH.shape[1], -1)
        else:
            query_BTR = self.query(states_BTH)
            if config.attention == "additive":
                scores_BTS = self.score(torch.tanh(query_BTR[:, :, None] + memory.keys_BSR[:, None]))[..., 0]
            else:
                scores_BTS = self._products(query_BTR, memory.keys_BSR)
            scores_BTS = scores_BTS.float().masked_fill(memory.mask_BS[:, None] == 0, -torch.inf)
            weights_BTS = scores_BTS.softmax(-1)
        context_BTR = weights_BTS.to(memory.values_BSR.dtype) @ memory.values_BSR
        readout_BTR = self.dropout(torch.tanh(self.readout(states_BTH) + context_BTR))
        logits_BTV = self.output(readout_BTR).float()
        if memory.copies_BSV is None:
            return logits_BTV.log_softmax(-1), weights_BTS
        p_BTV = self._mixed(readout_BTR, logits_BTV.softmax(-1), weights_BTS @ memory.copies_BSV)
        return torch.log(p_BTV + LEAST), weights_BTS

    def _place_weights(self, memory: EncoderMemory, states_BTH: Tensor) -> Tensor:
        """The weight exp(u) of each place (B, T, S) of hard attention."""
        scores_BTS = self._products(self.query(states_BTH), memory.keys_BSR).float()
        weights_BTS: Tensor = torch.exp(bounded(scores_BTS)) * memory.mask_BS[:, None]
        return weights_BTS

    def _emissions(self, values_BSR: Tensor, copies_BSV: Tensor | None, states_BTH: Tensor) -> Tensor:
        """The probability (B, T, S, V) of each symbol at each place."""
        readout_BTSR = torch.tanh(self.readout(states_BTH)[:, :, None] + values_BSR[:, None])
        batch, steps, places, units = readout_BTSR.shape
        readout_BTSR = self.dropout(readout_BTSR.view(batch, steps * places, units)).view_as(readout_BTSR)
        p_BTSV: Tensor = self.output(readout_BTSR).float().softmax(-1)
        return p_BTSV if copies_BSV is None else self._mixed(readout_BTSR, p_BTSV, copies_BSV[:, None])

    def _jump_weights(self, places: int) -> Tensor | None:
        """exp(b) of the way from place k to place j, (S, S), 0 where there is none; None without `config.jumps`."""
        if not self.config.jumps:
            return None
        places_S = torch.arange(places, device=self.jumps.device)
        ahead_SS = (places_S - places_S[:, None]).clamp(-1, self.config.jumps - 1) + 1
        weights = torch.exp(bounded(self.jumps.float()))
        if not self.config.moves_back:
            weights = torch.cat([weights.new_zeros(1), weights])
        return weights[ahead_SS]

    def _mixed(self, readout: Tensor, written: Tensor, copied: Tensor) -> Tensor:
        return mixed(self.gate(readout), written, copied)

    def _products(self, query_BTR: Tensor, keys_BSR: Tensor) -> Tensor:
        products_BTS: Tensor = query_BTR @ keys_BSR.transpose(1, 2) / float(self.config.hidden_size**0.5)
        return products_BTS


def told_by_features(table: nn.Embedding, ids_BS: Tensor, config: TransducerNetworkConfig) -> Tensor:
    """The sum (B, H) of the vectors of each source's features, which is added to what every place says."""
    numbers_BS = ids_BS - (config.inputs - config.direct_features)
    vectors_BSH: Tensor = table(numbers_BS.clamp_min(0)) * (numbers_BS >= 0)[..., None]
    return vectors_BSH.sum(1)


def mixed(gate: Tensor, written: Tensor, copied: Tensor) -> Tensor:
    """The probabilities (..., V) where a gate (..., 1), before its sigmoid, weighs what is copied against the rest.
    Where nothing can be copied, `copied` is 0."""
    weighed = torch.sigmoid(gate.float()) * copied
    p: Tensor = (1 - weighed.sum(-1, keepdim=True)) * written + weighed
    return p


def one_hot_copies(copies_BS: Tensor, outputs: int) -> Tensor:
    """The one-hot target symbol of each place, (B, S, V), all 0 where there is none."""
    return functional.one_hot(copies_BS, outputs + 1)[..., :-1].float()
