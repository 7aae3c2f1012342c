"""A loss beside that of the tags: each direction of the recurrent layers guesses the tags of the word that it reads
next.

A direction that is asked for the tag of a word which it has read finds it in the word, and learns little of the order
of words. What it must know to guess the tag of the next word, of which it has seen nothing yet, tells the words apart
that have several tags, and those that were never seen (the modules `future` and `past` of Clark et al. 2018,
Semi-Supervised Sequence Modeling with Cross-View Training, here for the words of the treebank alone). The guesses are
for learning only: nothing of them is in the file of weights, and the loss that is shown is that of the tags.

B sentences of up to T words; C columns; H units of each direction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

WEIGHT = 0.3
"""The part that the loss of the guesses has beside that of the tags."""


class TagGuesses(nn.Module):
    """The guesses of both directions."""

    def __init__(self, tags: Sequence[int], hidden_size: int) -> None:
        """`tags` is how many each column has."""
        super().__init__()
        self.forwards, self.backwards = (
            nn.ModuleList(nn.Linear(hidden_size, of_column) for of_column in tags) for _ in range(2)
        )

    def forward(self, states_BTH: Tensor, tags_CBT: Tensor) -> Tensor:
        """The sum of -ln p of the tags that the words beside each word have, times WEIGHT, a scalar. The states (B, T,
        2 H) have first those that have read forwards. A tag below 0 is none; beside a word that has none, as beside
        what is beyond the end of a sentence, nothing is guessed."""
        ahead_BTH, back_BTH = states_BTH.chunk(2, -1)
        nats = []
        for forwards, backwards, tags_BT in zip(self.forwards, self.backwards, tags_CBT, strict=True):
            first_BT, second_BT = tags_BT[:, :-1], tags_BT[:, 1:]
            has_both = (first_BT >= 0) & (second_BT >= 0)
            following, preceding = forwards(ahead_BTH[:, :-1][has_both]), backwards(back_BTH[:, 1:][has_both])
            nats.append(functional.cross_entropy(following, second_BT[has_both], reduction="sum"))
            nats.append(functional.cross_entropy(preceding, first_BT[has_both], reduction="sum"))
        return WEIGHT * torch.stack(nats).sum()


def left_out(network: nn.Module, state: dict[str, Any], prefix: str, metadata: Mapping[str, Any]) -> None:
    """A hook of `state_dict`: leaves the weights of the guesses out."""
    for name in [name for name in state if name.startswith(f"{prefix}guesses.")]:
        del state[name]
