"""The language model: ids in, logits for the next token out."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from charnn.config import NetworkConfig
from charnn.network.recurrent import LockedDropout, Recurrent, State


class LanguageModel(nn.Module):
    """An embedding (V, E), a recurrent stack, and a linear head from H to V; the weights of the two ends are not tied.

    Dropout falls on the embeddings, between layers and before the head. In training mode `embedding_dropout` drops
    whole symbols besides: all that the window has of a symbol is 0, or scaled by 1 / (1 - probability), in every lane
    alike (Gal and Ghahramani 2016).
    The names of the parameters are the names in `weights.safetensors`, so a file depends on them:
    `embedding.weight`; `recurrent.layers.N.weight_ih_l0`, `weight_hh_l0`, `bias_ih_l0`, `bias_hh_l0` for each layer N
    from 0; `head.weight`, `head.bias`.
    """

    def __init__(self, config: NetworkConfig) -> None:
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

    def initial_state(self, batch: int) -> State:
        return self.recurrent.initial_state(batch)

    def forward(self, ids_BT: Tensor, state: State) -> tuple[Tensor, State]:
        """Logits (B, T, V) of the token after each of `ids_BT` (int64), and the state after the window.

        Logits and state have the precision of the weights (fp32 unless converted), under autocast too.
        The state is attached to the graph: `detach` it before the next window.
        """
        y_BTH, state = self.recurrent(self.dropout(self._embedded(ids_BT)), state)
        return self._logits(y_BTH), state

    def step(self, ids_B: Tensor, state: State) -> tuple[Tensor, State]:
        """Logits (B, V) of the token after `ids_B` (int64), and the state after it. Nothing is dropped."""
        y_BH, state = self.recurrent.step(self.embedding(ids_B), state)
        return self._logits(y_BH), state

    def _embedded(self, ids_BT: Tensor) -> Tensor:
        x_BTE: Tensor = self.embedding(ids_BT)
        if not self.training or self.config.embedding_dropout == 0:
            return x_BTE
        # The rows are masked as they come: the table may be large, and a window sees little of it.
        kept_V = functional.dropout(x_BTE.new_ones(self.config.vocabulary_size), self.config.embedding_dropout)
        return x_BTE * kept_V[ids_BT].unsqueeze(-1)

    def _logits(self, y: Tensor) -> Tensor:
        logits: Tensor = self.head(y)
        return logits.to(self.head.weight.dtype)
