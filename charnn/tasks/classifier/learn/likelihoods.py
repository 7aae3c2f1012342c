"""How probable the n-grams of a text are under each label: an expert that counts, and is not solved.

The probability of a character after those before it is estimated for each label, by how many of its texts have the
n-gram and how many its beginning, and interpolated with the estimate after one character less (Witten and Bell 1991).
The weight of an n-gram is how much its first character changes the logarithm of the estimate, less how much it does in
the texts of all labels. The sum of the weights of a text's n-grams says under which label the text is likeliest, which
is what Bayes' rule asks for. The n-grams of a long text say the same again and again, so the sum is divided by the root
of how many features the text has.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from charnn.arrays import Int32s
from charnn.linear.matrix import LabelledMatrix
from charnn.tasks.classifier.features import Features

NONE = -1


@dataclass(frozen=True)
class Lineage:
    """Which n-grams each of F features is made of."""

    characters_F: npt.NDArray[np.uint8]
    """How many characters an n-gram has; 0 for any other feature."""
    without_last_F: Int32s
    """The number of the n-gram that is left without the last character; NONE where it is no feature."""
    without_first_F: Int32s

    @classmethod
    def of(cls, features: Features, texts: Sequence[str]) -> Lineage:
        """That of the features which occur in these texts."""
        characters_F = np.zeros(len(features), np.uint8)
        without_last_F, without_first_F = np.full((2, len(features)), NONE, np.int32)
        for derived in features.derived(texts):
            found = features.find(derived.hashes)
            known = np.flatnonzero(found >= 0)
            longer = found[known]
            characters_F[longer] = derived.characters
            for of_F, hashes in ((without_last_F, derived.without_last), (without_first_F, derived.without_first)):
                of_F[longer] = features.find(hashes[known])
            if derived.characters == 2:
                singles = features.find(derived.without_first)
                characters_F[singles[singles >= 0]] = 1
        return cls(characters_F, without_last_F, without_first_F)


def likelihood_ratios(matrix: LabelledMatrix, lineage: Lineage) -> Tensor:
    """(F, K): the weight of each n-gram for each label, in nats; 0 for every other feature."""
    gains_FL = _gains(torch.cat(matrix.counts(), 1), lineage)
    return gains_FL[:, :-1] - gains_FL[:, -1:]


def _gains(texts_FL: Tensor, lineage: Lineage) -> Tensor:
    """(F, L): by how much the whole of each n-gram makes its last character likelier than it would be without the first
    one, from how many texts of each kind have each n-gram. What has been counted nowhere changes nothing."""
    characters_F, without_last_F, without_first_F = (
        torch.from_numpy(numbers.astype(np.int64))
        for numbers in (lineage.characters_F, lineage.without_last_F, lineage.without_first_F)
    )
    features, kinds = texts_FL.shape
    gains_FL = torch.zeros_like(texts_FL)
    singles = int((characters_F == 1).sum())
    # The last row is for what is no feature: a space alone, and the context without a character.
    p_FL = torch.full((features + 1, kinds), 1 / (singles + 1))
    for length in range(1, int(characters_F.max()) + 1 if features else 0):
        own = torch.nonzero(characters_F == length)[:, 0]
        contexts = torch.where(without_last_F[own] < 0, features, without_last_F[own])
        counts = texts_FL[own]
        followed_FL, followers_FL = torch.zeros(2, features + 1, kinds)
        followed_FL.index_add_(0, contexts, counts)
        followers_FL.index_add_(0, contexts, (counts > 0).float())
        # Rare n-grams are no features, but the texts that have them are known by the context.
        met_FL = followed_FL.clone()
        met_FL[:features] = torch.maximum(followed_FL[:features], texts_FL * (characters_F == length - 1)[:, None])
        whole = (met_FL + followers_FL)[contexts]
        shorter = p_FL[torch.where(without_first_F[own] < 0, features, without_first_F[own])]
        kept = (1 - followed_FL[contexts] / whole.clamp(min=1)).where(whole > 0, torch.ones(()))
        p_FL[own] = counts / whole.clamp(min=1) + kept * shorter
        gains_FL[own] = (p_FL[own] / shorter).log()
    return gains_FL
