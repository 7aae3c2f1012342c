"""Hard attention: from one place of the source to the next, with the probabilities of all ways added up.

A way from place k to place i weighs exp(u_i + b_(i-k)), where u is how well a place suits the decoder's state, and b
what is usual of the number of places ahead. Shapes: B pairs, S places of a source, T target symbols.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from charnn.tasks.transducer.graph import LARGEST_SCORE, LEAST

FIRST_BACK = -3.0
"""The first b of the ways back."""


def first_place(mask_BS: Tensor) -> Tensor:
    """The distribution (B, S) of hard attention before its first step: the first place where it may look."""
    places_B: Tensor = mask_BS.argmax(1)
    return functional.one_hot(places_B, mask_BS.shape[1]).float()


def first_jumps(count: int, *, moves_back: bool) -> Tensor:
    """The first b of each number of places ahead, the last of them for that many and more: nothing for staying and for
    the next place, and less and less for those further away; before them that of the ways back, if there are any."""
    ahead = -(torch.arange(count) - 1.0).clamp(0, LARGEST_SCORE)
    return torch.cat([torch.tensor([FIRST_BACK]), ahead]) if moves_back else ahead


def bounded(scores: Tensor) -> Tensor:
    return LARGEST_SCORE * torch.tanh(scores / LARGEST_SCORE)


def weights_after(weights_BTS: Tensor, jumps_SS: Tensor | None) -> Tensor:
    """Z_k (B, T, S), the sum of exp(u_i + b_(i-k)) over the places i, from exp(u) and exp(b), for None 1 where i >= k
    and 0 elsewhere."""
    if jumps_SS is None:
        return weights_BTS.flip(2).cumsum(2).flip(2) + LEAST
    return weights_BTS @ jumps_SS.T + LEAST


def hard_step(alpha_BS: Tensor, weights_BS: Tensor, after_BS: Tensor, jumps_SS: Tensor | None = None) -> Tensor:
    """The distribution of the next place, from that of the last one, the weights exp(u) of the places, what
    `weights_after` gives of them, and the weights exp(b) of the ways from each place to each, for None 1 of those that
    do not lead back.

    p(j) = sum over k of alpha_k exp(u_j + b_(j-k)) / Z_k.
    """
    share_BS = alpha_BS / after_BS
    return weights_BS * (share_BS.cumsum(1) if jumps_SS is None else share_BS @ jumps_SS)
