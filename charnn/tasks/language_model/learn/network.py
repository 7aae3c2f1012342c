"""The network of a language model, which takes ids and gives the logits of the next token."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType

import torch
from torch import Tensor, nn

from charnn.network.drawing import Draws
from charnn.network.recurrent import LockedDropout, Recurrent, StackState
from charnn.tasks.language_model.conditions import COUNTDOWN, conditions_of
from charnn.tasks.language_model.config import LanguageModelNetworkConfig
from charnn.tasks.language_model.lengths import LENGTH_CLASSES, LOG_WIDTHS
from charnn.tokenizers.base import STOP_ID

Rows = Mapping[str, Tensor]
"""What the inputs are given of each condition's embedding (`conditions.Condition`), by its name: the number of a row
(int64) for each of the ids, in their shape, or in fp32 a weight for each row, (..., size)."""
NO_ROWS: Rows = MappingProxyType({})


class LanguageModelNetwork(Draws):
    """An embedding (V, E), a recurrent stack, and a linear head from H to V, whose weights are not the embedding's.

    Dropout falls on the embeddings, between layers and before the head. In training mode `embedding_dropout` also drops
    whole symbols: wherever a symbol stands in a window, in all lanes alike, its embedding is 0 or is scaled by
    1 / (1 - probability) (Gal and Ghahramani 2016).

    `stopping` says how a document ends (Goodfellow et al. 2016, 10.2.4):

    - With `symbol`, the stop token is one of the V symbols that the softmax is over.
    - With `halt`, the stop token's row of the head is an output h of its own, which decides apart from the softmax over
      the other symbols: p(stop) = sigmoid(h), p(c) = (1 - sigmoid(h)) softmax(c). The logits are such that their
      softmax has these probabilities, so their cross entropy is that of the decision plus that of the symbol.
    - With `length`, a linear head from H to L length classes (`lengths`) foretells, at the stop token that opens a
      document, how long it will be. From there on a countdown of the remaining tokens is a condition of every step.
      Where nothing remains the stop token is certain, and anywhere else it is impossible: those logits are -inf. The
      first symbol is chosen without the length, because the countdown is not added to the stop token before it.

    Each condition of the network (`conditions`) has an embedding, whose row for the condition's value beside an id is
    added to the embedding of the id.

    The names of the parameters are the names in `weights.safetensors`, so a file depends on them:
    `embedding.weight`; `recurrent.layers.N.weight_ih_l0`, `weight_hh_l0`, `bias_ih_l0`, `bias_hh_l0` for each layer N
    from 0; `head.weight`, `head.bias`; for each condition `NAME.weight`; and, with `length`, `lengths.weight`,
    `lengths.bias`. The countdown's is `countdown.weight` (L, E), and that of K labels is `label.weight` (K, E).
    """

    def __init__(self, config: LanguageModelNetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.conditions = conditions_of(config.stopping, config.labels)
        self.embedding = nn.Embedding(config.vocabulary_size, config.embedding_size)
        self.dropout = LockedDropout(config.dropout)
        self.recurrent = Recurrent(
            config.cell,
            input_size=config.embedding_size,
            hidden_size=config.hidden_size,
            layers=config.layers,
            dropout=config.dropout,
            residual=config.residual,
            recurrent_depth=config.recurrent_depth,
            weight_drop=config.weight_drop,
            gradient_flow=config.gradient_flow,
        )
        self.head = nn.Linear(config.hidden_size, config.vocabulary_size)
        nn.init.normal_(self.embedding.weight)
        # The weights are small, so that the first loss is that of a uniform guess, ln V nats.
        nn.init.normal_(self.head.weight, std=0.02)
        nn.init.zeros_(self.head.bias)
        if config.stopping == "halt" and config.vocabulary_size > 1:
            # At first the end is as likely as any symbol.
            nn.init.constant_(self.head.bias[STOP_ID : STOP_ID + 1], -math.log(config.vocabulary_size - 1))
        for condition in self.conditions:
            added = nn.Embedding(condition.size, config.embedding_size)
            nn.init.zeros_(added.weight)
            self.add_module(condition.name, added)
        if config.stopping == "length":
            self.lengths = nn.Linear(config.hidden_size, LENGTH_CLASSES)
            nn.init.normal_(self.lengths.weight, std=0.02)
            nn.init.zeros_(self.lengths.bias)

    def initial_state(self, batch: int) -> StackState:
        return self.recurrent.initial_state(batch)

    def forward(self, ids_BT: Tensor, state: StackState, rows: Rows = NO_ROWS) -> tuple[Tensor, StackState]:
        """Logits (B, T, V) of the token after each of `ids_BT` (int64), and the state after the window.

        Logits and state have the precision of the weights (fp32 unless converted), under autocast too.
        The state is attached to the graph: `detach` it before the next window. `rows` are those of the conditions.
        """
        y_BTH, state = self.read(ids_BT, state, rows)
        return self.logits(y_BTH, rows), state

    def step(self, ids_B: Tensor, state: StackState, rows: Rows = NO_ROWS) -> tuple[Tensor, StackState]:
        """Logits (B, V) of the token after `ids_B` (int64), and the state after it. Nothing is dropped."""
        y_BH, state = self.recurrent.step(self._conditioned(self.embedding(ids_B), ids_B, rows), state)
        return self.logits(y_BH, rows), state

    def read(self, ids_BT: Tensor, state: StackState, rows: Rows = NO_ROWS) -> tuple[Tensor, StackState]:
        """The outputs of the recurrent stack for `ids_BT`, (B, T, H), which `logits` and `log_lengths` take."""
        y_BTH, state = self.recurrent(self.dropout(self._conditioned(self._embedded(ids_BT), ids_BT, rows)), state)
        return y_BTH, state

    def open_documents(self, rows: Rows) -> tuple[Tensor, StackState]:
        """The outputs of the recurrent stack (B, H) for the stop tokens that open documents, and the state after them.

        They are read from the initial state. Nothing is dropped. `rows` (B,) are those of the conditions, of which
        the countdown is one.
        """
        stop_B = torch.full_like(rows[COUNTDOWN.name], STOP_ID)
        x_BE = self._conditioned(self.embedding(stop_B), stop_B, rows)
        return self.recurrent.step(x_BE, self.initial_state(len(stop_B)))

    def apart(self, y: Tensor) -> list[tuple[LanguageModelNetwork, Tensor]]:
        """The network and all of its outputs; those of an ensemble are several (`LanguageModelEnsemble`)."""
        return [(self, y)]

    def tops(self, state: StackState) -> list[Tensor]:
        """The hidden state that the head reads, (B, H), as a list of one."""
        return [state[-1].hidden]

    def logits(self, y: Tensor, rows: Rows = NO_ROWS) -> Tensor:
        """The logits of the next token, (..., V), from outputs (..., H) and the rows of the conditions (...)."""
        scores: Tensor = self.head(y)
        scores = scores.to(self.head.weight.dtype)
        if self.config.stopping == "symbol":
            return scores
        is_stop_V = torch.arange(self.config.vocabulary_size, device=y.device) == STOP_ID
        if self.config.stopping == "halt":
            total = scores.masked_fill(is_stop_V, -math.inf).logsumexp(-1, keepdim=True)
            return torch.where(is_stop_V, scores, scores - total)
        is_last = (rows[COUNTDOWN.name] == 0).unsqueeze(-1)
        return scores.masked_fill(is_last != is_stop_V, -math.inf)

    def log_lengths(self, y: Tensor) -> Tensor:
        """ln p of each class of the document's length, (..., L), from outputs (..., H) where a document opens."""
        scores: Tensor = self.lengths(y)
        return scores.to(self.lengths.weight.dtype).log_softmax(-1)

    def length_nats(self, y_NH: Tensor, class_N: Tensor) -> Tensor:
        """-ln p of a length of the class `class_N`, (N,), where documents open."""
        log_p_NL = self.log_lengths(y_NH)
        log_widths_L = torch.from_numpy(LOG_WIDTHS).to(log_p_NL)
        return log_widths_L[class_N] - log_p_NL.gather(-1, class_N[:, None])[:, 0]

    def _conditioned(self, x: Tensor, ids: Tensor, rows: Rows) -> Tensor:
        """The embeddings `x` (..., E) of `ids`, with those of the conditions added."""
        for condition in self.conditions:
            rows_or_weights = rows[condition.name]
            if rows_or_weights.is_floating_point():
                added = rows_or_weights @ self.get_parameter(f"{condition.name}.weight")
            else:
                added = self.get_submodule(condition.name)(rows_or_weights)
            if not condition.beside_stops:
                added = added.masked_fill((ids == STOP_ID).unsqueeze(-1), 0)
            x = x + added
        return x

    def _embedded(self, ids_BT: Tensor) -> Tensor:
        """The embeddings of `ids_BT`, (B, T, E), in training mode without the symbols that are dropped."""
        x_BTE: Tensor = self.embedding(ids_BT)
        if not self.training or self.config.embedding_dropout == 0:
            return x_BTE
        # The rows are masked after they were looked up, as the table may be large and a window sees little of it.
        kept_V = self.dropped(x_BTE.new_ones(self.config.vocabulary_size), self.config.embedding_dropout)
        return x_BTE * kept_V[ids_BT].unsqueeze(-1)
