"""The two parts of a classifier: recurrent layers that read a text in each direction, and a direct path from n-grams.

The direct path is two linear models. One has plain weights. The weights of the other are multiples of how much more
often a feature is in texts of a label than in others (the log of the ratio, as in naive Bayes), so that what is typical
of a label needs little evidence (Wang and Manning 2012). Each of the three is an expert that learns to predict the
labels by itself; a model's logits are their sum, weighted as the validation texts ask for (`fit_shares`). The sum of
two linear models is one, and so is all that is kept of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from charnn.network.recurrent import LockedDropout, Recurrent
from charnn.tasks.classifier.config import ClassifierNetworkConfig, Pool
from charnn.tasks.classifier.directory import BIAS, TABLE
from charnn.tasks.classifier.features import SparseRows
from charnn.training.transfer import Places, copy_rows

SCALE = 8.0
"""The factor of the vectors of the direct path, which makes steps of the optimizer's size suit its weights."""
FEATURE_DROPOUT = 0.1
SMOOTHING = 1.0
"""The texts of each kind that every feature is taken to have been seen in."""


class Direction(nn.Module):
    """A stack of recurrent layers that reads in one direction, and makes one vector of what they put out."""

    def __init__(self, config: ClassifierNetworkConfig) -> None:
        super().__init__()
        self.pool: Pool = config.pool
        self.recurrent = Recurrent(
            config.cell,
            input_size=config.embedding_size,
            hidden_size=config.hidden_size,
            layers=config.layers,
            dropout=config.dropout,
            residual=config.residual,
        )
        self.attention = nn.Linear(config.hidden_size, 1) if config.pool == "attention" else None

    def forward(self, x_BTE: Tensor, lengths_B: Tensor) -> Tensor:
        """(B, H). Padding, which is behind the text, changes nothing; a text of length 0 counts as one symbol long."""
        y_BTH, _ = self.recurrent(x_BTE, self.recurrent.initial_state(x_BTE.shape[0]))
        return pooled(y_BTH.float(), lengths_B, self.pool, self.attention)


def pooled(y_BTH: Tensor, lengths_B: Tensor, pool: Pool, attention: nn.Linear | None) -> Tensor:
    if pool == "last":
        return y_BTH[torch.arange(len(y_BTH), device=y_BTH.device), lengths_B - 1]
    is_inside_BT1 = (torch.arange(y_BTH.shape[1], device=y_BTH.device) < lengths_B[:, None])[..., None]
    if pool == "max":
        return y_BTH.masked_fill(~is_inside_BT1, -torch.inf).amax(1)
    if attention is None:
        return (y_BTH * is_inside_BT1).sum(1) / lengths_B[:, None]
    weights_BT1 = attention(y_BTH).masked_fill(~is_inside_BT1, -torch.inf).softmax(1)
    vectors_BH: Tensor = (y_BTH * weights_BT1).sum(1)
    return vectors_BH


class DirectPath(nn.Module):
    """Two linear models over the same sparse features."""

    def __init__(self, ratios_FK: Tensor, labels: int) -> None:
        super().__init__()
        self.plain, self.typical = (nn.Parameter(torch.zeros(len(ratios_FK), labels)) for _ in range(2))
        self.biases = nn.Parameter(torch.zeros(2, labels))
        self._ratios: Tensor
        self.register_buffer("_ratios", ratios_FK, persistent=False)

    def forward(self, rows: SparseRows) -> Tensor:
        """The logits of both, (2, B, K)."""
        ids, values, starts = (torch.from_numpy(array) for array in (rows.ids, rows.values, rows.starts))
        ids = ids.long()  # the places of rows are that, too
        values = functional.dropout(values * SCALE, FEATURE_DROPOUT, self.training)
        logits = []
        for table_FK, bias_K in zip(self.tables(), self.biases, strict=True):
            bag = functional.embedding_bag(
                ids.to(table_FK.device), table_FK, starts[:-1].to(table_FK.device), mode="sum",
                per_sample_weights=values.to(table_FK.device),
            )  # fmt: skip
            logits.append(bag + bias_K)
        return torch.stack(logits)

    def tables(self) -> tuple[Tensor, Tensor]:
        return self.plain, self.typical * self._ratios


class ClassifierNetwork(nn.Module):
    """`state_dict` gives the weights of a model that is used, in which the shares of the experts are multiplied in.

    The names of these weights are the names in `weights.safetensors`, so a file depends on them.
    """

    def __init__(self, config: ClassifierNetworkConfig, ratios_FK: Tensor) -> None:
        super().__init__()
        self.config = config
        self.embedding = nn.Embedding(config.vocabulary_size, config.embedding_size)
        self.input_dropout = LockedDropout(config.dropout / 2)
        self.forwards, self.backwards = Direction(config), Direction(config)
        self.dropout = nn.Dropout(config.dropout)
        self.head = nn.Linear(2 * config.hidden_size, config.labels)
        self.direct = DirectPath(ratios_FK, config.labels) if config.features else None
        self.shares = np.full(self.experts, 1 / self.experts)
        """The weights of the experts' logits, the network's own first."""

    @property
    def experts(self) -> int:
        return 1 if self.direct is None else 3

    def forward(self, ids_BT: Tensor, lengths_B: Tensor) -> Tensor:
        """The logits of the recurrent part, (B, K)."""
        steps_T = torch.arange(ids_BT.shape[1], device=ids_BT.device)
        mirrored_BT = lengths_B[:, None] - 1 - steps_T
        backwards_BT = ids_BT.gather(1, torch.where(mirrored_BT >= 0, mirrored_BT, steps_T))
        vectors = [
            direction(self.input_dropout(self.embedding(ids)), lengths_B)
            for direction, ids in ((self.forwards, ids_BT), (self.backwards, backwards_BT))
        ]
        logits_BK: Tensor = self.head(self.dropout(torch.cat(vectors, -1)))
        return logits_BK.float()

    def state_dict(self, *arguments: Any, **named: Any) -> dict[str, Any]:  # type: ignore[override]
        weights = {
            name: value
            for name, value in super().state_dict(*arguments, **named).items()
            if not name.startswith("direct.")
        }
        own, *others = self.shares.tolist()
        bias_K = own * weights.pop("head.bias")
        weights["head.weight"] = own * weights["head.weight"]
        if self.direct is not None:
            plain, typical = others
            tables = self.direct.tables()
            weights[TABLE] = (SCALE * (plain * tables[0] + typical * tables[1])).detach()
            bias_K = bias_K + (plain * self.direct.biases[0] + typical * self.direct.biases[1]).detach()
        return {**weights, BIAS: bias_K}


def log_ratios(rows: SparseRows, targets_NK: npt.NDArray[np.bool_], features: int) -> npt.NDArray[np.float32]:
    """(F, K): ln of how much more often texts of a label have a feature than texts without that label."""
    row_Z = np.repeat(np.arange(len(rows)), rows.starts[1:] - rows.starts[:-1])
    labels = targets_NK.shape[1]
    with_FK = np.stack(
        [np.bincount(rows.ids[targets_NK[row_Z, label]], minlength=features) for label in range(labels)], 1
    )
    all_F1 = np.bincount(rows.ids, minlength=features)[:, None]
    texts_K = targets_NK.sum(0)
    own_FK = (with_FK + SMOOTHING) / (texts_K + 2 * SMOOTHING)
    other_FK = (all_F1 - with_FK + SMOOTHING) / (len(rows) - texts_K + 2 * SMOOTHING)
    ratios_FK: npt.NDArray[np.float32] = np.log(own_FK / other_FK).astype(np.float32)
    return ratios_FK


@torch.no_grad()
def copy_weights(network: ClassifierNetwork, weights: Mapping[str, npt.NDArray[Any]], rows: Places) -> None:
    """Copies the weights of another model. `rows` has pairs of the id of a symbol here and there."""
    copy_rows(network.embedding.weight, weights["embedding.weight"], rows)
    for way, direction in (("forwards", network.forwards), ("backwards", network.backwards)):
        for name, parameter in direction.recurrent.named_parameters():
            found = weights.get(f"{way}.recurrent.{name}")
            if found is None and way == "forwards":  # a language model has one direction
                found = weights.get(f"recurrent.{name}")
            if found is not None:
                parameter.copy_(torch.from_numpy(found))
