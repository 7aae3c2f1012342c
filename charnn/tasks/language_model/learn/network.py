"""The language model: ids in, logits for the next token out."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from charnn.network.recurrent import LockedDropout, Recurrent, StackState
from charnn.tasks.language_model.config import LanguageModelNetworkConfig
from charnn.tasks.language_model.lengths import LENGTH_CLASSES, LOG_WIDTHS
from charnn.tokenizers.base import STOP_ID


class LanguageModelNetwork(nn.Module):
    """An embedding (V, E), a recurrent stack, and a linear head from H to V; the weights of the two ends are not tied.

    Dropout falls on the embeddings, between layers and before the head. In training mode `embedding_dropout` drops
    whole symbols besides: all that the window has of a symbol is 0, or scaled by 1 / (1 - probability), in every lane
    alike (Gal and Ghahramani 2016).

    `stopping` says how a document ends (Goodfellow et al. 2016, 10.2.4). With `symbol`, the stop is one of the V
    symbols that the softmax is over. With `halt`, its row of the head is an output h apart from the softmax over the
    others, and decides by itself: p(stop) = sigmoid(h), p(c) = (1 - sigmoid(h)) softmax(c). The logits are such that
    their softmax says just that, so their cross entropy is that of the decision plus that of the symbol.
    With `length`, a linear head from H to L length classes (`evaluation.lengths`) tells, at the stop that opens a
    document, how long it will be; from there on every symbol's embedding has that of the class of what remains added,
    `countdown`. Where nothing remains the stop is certain, anywhere else it is impossible: those logits are -inf. The
    first symbol is chosen without the length: the stop before it has nothing added.

    The names of the parameters are the names in `weights.safetensors`, so a file depends on them:
    `embedding.weight`; `recurrent.layers.N.weight_ih_l0`, `weight_hh_l0`, `bias_ih_l0`, `bias_hh_l0` for each layer N
    from 0; `head.weight`, `head.bias`; and, with `length`, `countdown.weight` (L, E), `lengths.weight`, `lengths.bias`.
    """

    def __init__(self, config: LanguageModelNetworkConfig) -> None:
        super().__init__()
        self.config = config
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
        # Small, so that the first loss is that of a uniform guess, ln V nats.
        nn.init.normal_(self.head.weight, std=0.02)
        nn.init.zeros_(self.head.bias)
        if config.stopping == "halt" and config.vocabulary_size > 1:
            # As likely at first as any symbol.
            nn.init.constant_(self.head.bias[STOP_ID : STOP_ID + 1], -math.log(config.vocabulary_size - 1))
        if config.stopping == "length":
            self.countdown = nn.Embedding(LENGTH_CLASSES, config.embedding_size)
            self.lengths = nn.Linear(config.hidden_size, LENGTH_CLASSES)
            nn.init.zeros_(self.countdown.weight)
            nn.init.normal_(self.lengths.weight, std=0.02)
            nn.init.zeros_(self.lengths.bias)

    def initial_state(self, batch: int) -> StackState:
        return self.recurrent.initial_state(batch)

    def forward(self, ids_BT: Tensor, state: StackState, left_BT: Tensor | None = None) -> tuple[Tensor, StackState]:
        """Logits (B, T, V) of the token after each of `ids_BT` (int64), and the state after the window.

        Logits and state have the precision of the weights (fp32 unless converted), under autocast too.
        The state is attached to the graph: `detach` it before the next window.
        `left_BT` (int64), for `length` alone, are the classes of what remains of the document after each of the ids.
        """
        y_BTH, state = self.read(ids_BT, state, left_BT)
        return self.logits(y_BTH, left_BT), state

    def step(self, ids_B: Tensor, state: StackState, left_B: Tensor | None = None) -> tuple[Tensor, StackState]:
        """Logits (B, V) of the token after `ids_B` (int64), and the state after it. Nothing is dropped."""
        y_BH, state = self.recurrent.step(self._counted(self.embedding(ids_B), ids_B, left_B), state)
        return self.logits(y_BH, left_B), state

    def read(self, ids_BT: Tensor, state: StackState, left_BT: Tensor | None = None) -> tuple[Tensor, StackState]:
        """What the recurrent stack makes of `ids_BT`, (B, T, H), from which `logits` and `log_lengths` follow."""
        y_BTH, state = self.recurrent(self.dropout(self._counted(self._embedded(ids_BT), ids_BT, left_BT)), state)
        return y_BTH, state

    def opening(self) -> tuple[Tensor, StackState]:
        """What the recurrent stack makes of the stop that opens a text, (1, H), read from the initial state; and the
        state after it. Nothing is dropped, and nothing counted."""
        stop_1 = torch.full((1,), STOP_ID, device=self.embedding.weight.device)
        return self.recurrent.step(self.embedding(stop_1), self.initial_state(1))

    def logits(self, y: Tensor, left: Tensor | None = None) -> Tensor:
        """(..., V) from (..., H) and (...): of the next token."""
        scores: Tensor = self.head(y)
        scores = scores.to(self.head.weight.dtype)
        if self.config.stopping == "symbol":
            return scores
        is_stop_V = torch.arange(self.config.vocabulary_size, device=y.device) == STOP_ID
        if self.config.stopping == "halt":
            total = scores.masked_fill(is_stop_V, -math.inf).logsumexp(-1, keepdim=True)
            return torch.where(is_stop_V, scores, scores - total)
        assert left is not None, "this network counts down"
        is_last = (left == 0).unsqueeze(-1)
        return scores.masked_fill(is_last != is_stop_V, -math.inf)

    def log_lengths(self, y: Tensor) -> Tensor:
        """(..., L) from (..., H), where a document opens: ln p of each class of its length."""
        scores: Tensor = self.lengths(y)
        return scores.to(self.lengths.weight.dtype).log_softmax(-1)

    def length_nats(self, y_NH: Tensor, left_N: Tensor) -> Tensor:
        """(N,): -ln p of a length of the class `left_N`, where documents open."""
        log_p_NL = self.log_lengths(y_NH)
        log_widths_L = torch.from_numpy(LOG_WIDTHS).to(log_p_NL)
        return log_widths_L[left_N] - log_p_NL.gather(-1, left_N[:, None])[:, 0]

    def _counted(self, x: Tensor, ids: Tensor, left: Tensor | None) -> Tensor:
        """`x` (..., E), the embeddings of `ids`, with the countdown where there is one."""
        if self.config.stopping != "length":
            return x
        assert left is not None, "this network counts down"
        added: Tensor = self.countdown(left)
        return x + added.masked_fill((ids == STOP_ID).unsqueeze(-1), 0)

    def _embedded(self, ids_BT: Tensor) -> Tensor:
        x_BTE: Tensor = self.embedding(ids_BT)
        if not self.training or self.config.embedding_dropout == 0:
            return x_BTE
        # The rows are masked as they come: the table may be large, and a window sees little of it.
        kept_V = functional.dropout(x_BTE.new_ones(self.config.vocabulary_size), self.config.embedding_dropout)
        return x_BTE * kept_V[ids_BT].unsqueeze(-1)
