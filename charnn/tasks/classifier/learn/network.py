"""The two parts of a classifier: recurrent layers that read a text in each direction, and a direct path from n-grams.

The direct path is some linear models (`linear`) and the likelihoods of n-grams (`likelihoods`). Each of these and the
recurrent part is an expert that learns to predict the labels by itself. A model's logits are their sum, weighted as
the validation texts ask for (`fit_mixture`). The sum of linear models is one, and so is all that is kept of them. The
likelihoods have a table of their own.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from charnn.checkpoint.members import member_prefix
from charnn.linear.mixture import Mixture
from charnn.network.drawing import Draws
from charnn.network.ensemble import Ensemble
from charnn.network.recurrent import LockedDropout, Recurrent
from charnn.tasks.classifier.config import ClassifierNetworkConfig, Pool
from charnn.tasks.classifier.directory import BIAS, HELD_OUT, LIKELIHOODS, TABLE
from charnn.tasks.classifier.learn.linear import LinearModels
from charnn.tokenizers.spaced import UNKNOWN_ID
from charnn.training.transfer import Places, copy_rows


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


class WordDropout(Draws):
    """Makes words unknown ones at random, so that what is known of those is learned, and no word is relied on alone
    (Iyyer et al. 2015). In eval mode and at probability 0 it changes nothing."""

    def __init__(self, probability: float) -> None:
        super().__init__()
        self.probability = probability

    def forward(self, ids_BT: Tensor) -> Tensor:
        if not self.training or self.probability == 0:
            return ids_BT
        drawn_BT = torch.rand(ids_BT.shape, generator=self.generator, device=ids_BT.device)
        return ids_BT.masked_fill(drawn_BT < self.probability, UNKNOWN_ID)


class ClassifierNetwork(nn.Module):
    """`state_dict` gives the weights of a model that is used, in which the mixture of the experts is multiplied in.

    The names of these weights are the names in `weights.safetensors`, so a file depends on them.
    """

    def __init__(self, config: ClassifierNetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.word_dropout = WordDropout(config.word_dropout)
        self.embedding = nn.Embedding(config.vocabulary_size, config.embedding_size)
        self.input_dropout = LockedDropout(config.dropout / 2)
        self.forwards, self.backwards = Direction(config), Direction(config)
        self.dropout = nn.Dropout(config.dropout)
        self.head = nn.Linear(2 * config.hidden_size, config.labels)
        self.direct: LinearModels | None = None
        """The direct path; None where there is none, or none yet."""
        self.mixture = Mixture.equal(1, config.labels)
        """What becomes of the logits of the experts, the network's own first."""

    @property
    def each(self) -> list[ClassifierNetwork]:
        """The networks that learn apart."""
        return [self]

    def forward(self, ids_BT: Tensor, lengths_B: Tensor) -> Tensor:
        """The logits of the recurrent part, (B, K)."""
        ids_BT = self.word_dropout(ids_BT)
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
        return _mixed({"": super().state_dict(*arguments, **named)}, self.mixture, self.direct)


class ClassifierEnsemble(Ensemble[ClassifierNetwork]):
    """N recurrent parts whose logits are averaged, beside one direct path, with the methods of one network.

    The probability of a label by all recurrent parts is the geometric mean of those by each, divided by the sum over
    labels: together they are one expert among the others, whose logits are added in the same way.
    """

    def __init__(self, members: Sequence[ClassifierNetwork]) -> None:
        super().__init__(members)
        self.config = dataclasses.replace(members[0].config, members=len(members))
        self.direct = members[0].direct
        self.mixture = members[0].mixture

    def forward(self, ids_BT: Tensor, lengths_B: Tensor) -> Tensor:
        """The logits of the recurrent parts, (B, K)."""
        return torch.stack([member(ids_BT, lengths_B) for member in self.each]).mean(0)

    def without(self, number: int) -> AnyClassifier:
        """The other members without that one."""
        others = [member for n, member in enumerate(self.each) if n != number]
        left = ClassifierEnsemble(others) if len(others) > 1 else others[0]
        left.direct, left.mixture = self.direct, self.mixture
        return left

    def state_dict(self, *arguments: Any, **named: Any) -> dict[str, Any]:  # type: ignore[override]
        of = len(self.members)
        own = {member_prefix(n, of): nn.Module.state_dict(member) for n, member in enumerate(self.each)}
        return _mixed(own, self.mixture, self.direct)


AnyClassifier = ClassifierNetwork | ClassifierEnsemble


def make_network(config: ClassifierNetworkConfig) -> AnyClassifier:
    """The network, or where it has several members the ensemble of them, with random weights."""
    if config.members == 1:
        return ClassifierNetwork(config)
    one = dataclasses.replace(config, members=1)
    return ClassifierEnsemble([ClassifierNetwork(one) for _ in range(config.members)])


def _mixed(each: Mapping[str, dict[str, Tensor]], mixture: Mixture, direct: LinearModels | None) -> dict[str, Any]:
    """The weights of a model that is used, from those of its recurrent parts; the names of each of these get the
    beginning under which it stands."""
    own, made, biases = float(mixture.shares_M[0]) / len(each), dict[str, Any](), list[Tensor]()
    for prefix, weights in each.items():
        biases.append(own * weights.pop("head.bias").cpu())
        weights["head.weight"] = own * weights["head.weight"]
        made |= {f"{prefix}{name}": weight for name, weight in weights.items()}
    bias_K = torch.stack(biases).sum(0) + torch.from_numpy(mixture.bias_K.astype(np.float32))
    if direct is not None:
        table_FK, likelihoods_FK, direct_bias_K = direct.mixed(mixture.shares_M[1:])
        if likelihoods_FK is not None:
            made[LIKELIHOODS] = likelihoods_FK
        if (held_out_NK := direct.mixed_of_held_out(mixture.shares_M[1:])) is not None:
            made[HELD_OUT] = held_out_NK
        made[TABLE], bias_K = table_FK, bias_K + direct_bias_K
    return {**made, BIAS: bias_K}


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
