"""Labelled texts as numbers, made once, and the batches that are drawn from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
import torch

from charnn.arrays import Float32s
from charnn.corpora.stored_strings import StoredRows
from charnn.linear.rows import Ids, SparseRows
from charnn.linear.targets import Targets
from charnn.tasks.classifier.corpus import LabelledCorpus
from charnn.tasks.classifier.features import Features
from charnn.tasks.classifier.learn.likelihoods import Lineage
from charnn.tasks.classifier.learn.linear import Evidence, is_worth_solving
from charnn.tasks.classifier.named_texts import NamedTexts
from charnn.tokenizers.base import STOP_ID, Tokenizer

RARITY = 0.25
"""A text weighs the more for the network the rarer its label is, by this power. Otherwise rare labels are passed over
for many epochs. The mixture puts right how frequent they are."""


@dataclass(frozen=True)
class PaddedTexts:
    """B texts of up to T symbols, padded at the end."""

    ids_BT: torch.Tensor
    lengths_B: torch.Tensor


@dataclass(frozen=True)
class EncodedTexts:
    """N texts as ids, as vectors over features, and with their labels."""

    ids: StoredRows
    rows: SparseRows
    labels: Targets

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def lengths(self) -> Ids:
        return self.ids.lengths

    def symbols(self, chosen: Sequence[int], device: torch.device) -> PaddedTexts:
        ids_BT = torch.from_numpy(self.ids.padded(chosen, STOP_ID))
        return PaddedTexts(ids_BT.to(device), torch.from_numpy(self.lengths[list(chosen)]).to(device))

    def targets(self, chosen: Sequence[int] | Ids, device: torch.device) -> torch.Tensor:
        """(B, K): 1 where a text has a label."""
        return torch.from_numpy(self.labels.chosen(np.asarray(chosen)).dense().astype(np.float32)).to(device)


def encoded(
    texts: NamedTexts, labels: dict[str, int], tokenizer: Tokenizer, rows: SparseRows, *, longest: int
) -> EncodedTexts:
    """`longest` is how many symbols of a text the network reads. A text without one is read as a stop symbol."""
    stop = np.array([STOP_ID], np.int32)
    ids = (tokenizer.encode(first_part(text, longest))[:longest] for text in texts.bodies)
    rows_of_ids = StoredRows((one if len(one) else stop for one in ids), tokenizer.size - 1, "symbols of texts")
    places = {label: place for place, label in enumerate(labels)}
    numbers = ([places[label] for label in texts.label_set(row) if label in places] for row in range(len(texts)))
    return EncodedTexts(rows_of_ids, rows, Targets.of(numbers, len(labels)))


def first_part(text: str, symbols: int) -> str:
    """As much of a text as can matter, where only so many symbols are read; a piece has at most some 16 characters."""
    return text[: 16 * symbols]


@dataclass(frozen=True)
class EncodedCorpus:
    training: EncodedTexts
    validation: EncodedTexts
    weights_K: Float32s
    """How much a text of each label weighs in the loss of a linear model."""
    network_weights_K: Float32s
    """How much it weighs in the loss of the network."""
    balance: bool
    """Whether all labels weigh alike there, and macro-F1 is to be best."""
    is_word_F: npt.NDArray[np.uint8]
    """Whether each feature is a word or a pair of words."""
    lineage: Lineage | None
    """What n-grams are made of, where their likelihoods are wanted."""
    learns_held_out: bool
    """Whether the linear models learn the validation texts, too, once these have told how far they can be trusted."""
    multiple: bool
    """Whether a text may have any number of labels."""

    @classmethod
    def encode(
        cls,
        corpus: LabelledCorpus,
        tokenizer: Tokenizer,
        features: Features,
        *,
        longest: int,
        balance: bool,
        likelihoods: bool,
    ) -> EncodedCorpus:
        training, validation = (
            encoded(
                texts,
                corpus.labels,
                tokenizer,
                features.read(texts.bodies),
                longest=longest,
            )
            for texts in (corpus.training, corpus.measured)
        )
        counts_K = np.array(list(corpus.labels.values()), np.float32)
        alike_K = weights(counts_K, 1.0)
        weights_K = alike_K if balance else np.ones_like(counts_K)
        network_weights_K = weights(counts_K, RARITY) if not (balance or corpus.config.multiple) else weights_K
        lineage = Lineage.of(features, corpus.texts_of_linear_models) if likelihoods else None
        return cls(
            training,
            validation,
            weights_K,
            network_weights_K,
            balance,
            features.is_word,
            lineage,
            corpus.learns_held_out,
            corpus.config.multiple,
        )

    @cached_property
    def evidence(self) -> Evidence:
        """What the linear models learn from."""
        texts = self.training
        evidence = Evidence(texts.rows, texts.labels, self.weights_K, self.is_word_F, self.multiple, self.lineage)
        return evidence if is_worth_solving(evidence) else replace(evidence, solved_models=0)


def weights(counts_K: Float32s, rarity: float) -> Float32s:
    """(K,): how much a text of each label weighs: the more the rarer that is, by this power. The mean of texts is 1."""
    rare_K = counts_K**-rarity
    return np.asarray(rare_K * (counts_K.sum() / (counts_K * rare_K).sum()))
