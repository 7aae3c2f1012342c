"""The tags that a word had elsewhere in the treebank, as a part of the word's own vector.

Where a network learns the vector of a word from the very occurrences that have it, it learns rare words by heart, and
not how far they can be trusted when they come again. The tags of all their other occurrences are known as they will be
then. One matrix, the same for all words, makes vectors of them. Once it has been learned, what it makes of the tags of
a word is added to the vector of the word in the file of weights, so that using the tagger is the same with or without.

B sentences of up to T words; V words with a vector; K tags of all columns together; D the size of a word's own vector.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

DOUBT = 1.0
"""A word with n other occurrences has their fractions of tags n / (n + DOUBT) times, so that few are trusted less."""
MOST_COUNTS = 1 << 22
"""Words times tags, at most; a treebank with more is learned without."""


class ToldTags(nn.Module):
    """Vectors of the tags that words had, without the occurrence at hand in training mode."""

    def __init__(self, counts_VK: Tensor, tags: Sequence[int], size: int) -> None:
        """`counts_VK` says how often each word had each tag, the tags of the columns one after the other, of which each
        column has so many as `tags` says."""
        super().__init__()
        self._tags = list(tags)
        self.weight = nn.Parameter(torch.empty(sum(tags), size))
        nn.init.normal_(self.weight, std=0.5)
        self._counts_VK: Tensor
        self.register_buffer("_counts_VK", counts_VK, persistent=False)

    def forward(self, ids_BT: Tensor, tags_CBT: Tensor | None = None) -> Tensor:
        """(B, T, D) of the words with these ids, where id 0 is that of no word. With `tags_CBT` each occurrence is left
        out that has them; a tag below 0 is none."""
        counts_BTK = self._counts_VK[ids_BT]
        if tags_CBT is not None:
            own = [
                functional.one_hot(tags_BT.clamp(min=0), size) * (tags_BT >= 0)[..., None]
                for tags_BT, size in zip(tags_CBT, self._tags, strict=True)
            ]
            counts_BTK = counts_BTK - torch.cat(own, -1) * (ids_BT > 0)[..., None]
        return self._vectors(counts_BTK)

    def of_words(self) -> Tensor:
        """(V, D), of all words and all of their occurrences."""
        return self._vectors(self._counts_VK)

    def _vectors(self, counts_BTK: Tensor) -> Tensor:
        parts = [
            counts / (counts.sum(-1, keepdim=True) + DOUBT) for counts in counts_BTK.split_with_sizes(self._tags, -1)
        ]
        return torch.cat(parts, -1) @ self.weight


def part_of_words(network: nn.Module, state: dict[str, Any], prefix: str, metadata: Mapping[str, Any]) -> None:
    """A hook of `state_dict`: adds what is told to the words' own vectors, and leaves its weight out."""
    told = network.get_submodule("told")
    assert isinstance(told, ToldTags)
    del state[f"{prefix}told.weight"]
    state[f"{prefix}words.weight"] = state[f"{prefix}words.weight"] + told.of_words().detach()
