"""The teachers of a pupil: what networks that have been trained say about each token of the text that they learned."""

from __future__ import annotations

import copy
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from charnn.errors import UsageError
from charnn.network.recurrent import detach
from charnn.tasks.language_model.conditions import Rows
from charnn.tasks.language_model.learn.data import window_at
from charnn.tasks.language_model.learn.network import LanguageModelNetwork
from charnn.tasks.language_model.mapped_ids import Ids
from charnn.tokenizers.base import STOP_ID

LANES, CHUNK = 64, 128
"""Teachers read the text at so many places side by side, and so many tokens at a time."""
WARM_UP = 512
"""The tokens that a lane reads before its part of the text."""
MOST_PROBABILITIES = 1 << 29
"""The most probabilities that are kept, a gigabyte of them. A text that has more is read a few times at most by any
budget, and then members gain nothing."""


def check_room(tokens: int, vocabulary_size: int) -> None:
    """Raises UsageError for a text whose probabilities are more than MOST_PROBABILITIES."""
    if tokens * vocabulary_size > MOST_PROBABILITIES:
        raise UsageError(
            f"--members: a text of {tokens:,} tokens with a vocabulary of {vocabulary_size:,} is too long for it",
            hint="leave --members out, or take a smaller --vocabulary or less text",
        )


class Teachers:
    """Networks that have been trained, and the mean of the probabilities that they give each token of a text.

    The probabilities are computed once, before the pupil's first step, since the teachers read the whole text alike
    however often the pupil reads it.
    """

    def __init__(self, tokens_N: Ids, rows: Mapping[str, Rows]) -> None:
        """`tokens_N` and `rows` are those of `Windows`."""
        self._tokens_N, self._rows = tokens_N, rows
        self.weights: list[dict[str, Tensor]] = []
        """The weights of each teacher, by the names of their parameters."""
        self._probabilities_NV: Tensor | None = None

    def add(self, network: LanguageModelNetwork) -> None:
        """Takes a copy of the network as it is now."""
        self.weights.append({name: tensor.detach().clone() for name, tensor in network.named_parameters()})

    @torch.no_grad()
    def probabilities(self, like: LanguageModelNetwork, places: Tensor) -> Tensor:
        """The mean probability (..., V) of each token at these `places` of the text, from all before them. `like` is
        of the teachers' shape, and stays as it is."""
        if self._probabilities_NV is None:
            device = places.device
            scratch = copy.deepcopy(like).eval()  # to initialise a new one would draw random numbers
            shape = len(self._tokens_N), like.config.vocabulary_size
            self._probabilities_NV = torch.zeros(shape, dtype=torch.float16, device=device)
            for weights in self.weights:
                for name, parameter in scratch.named_parameters():
                    parameter.copy_(weights[name])
                self._read(scratch, self._probabilities_NV)
        return self._probabilities_NV[places].float()

    def _read(self, network: LanguageModelNetwork, into_NV: Tensor) -> None:
        """Adds one teacher's part of the mean at each place of the text, which is a ring."""
        size, device = len(self._tokens_N), into_NV.device
        lanes = min(LANES, size)
        bounds = np.arange(lanes + 1) * size // lanes
        starts_B1, ends_B1 = bounds[:-1, np.newaxis], bounds[1:, np.newaxis]
        state = network.initial_state(lanes)
        for start in range(-WARM_UP, -(-size // lanes), CHUNK):
            place_BT = starts_B1 + np.arange(start, start + CHUNK)
            window = window_at(place_BT % size, self._tokens_N, self._rows, stop_id=STOP_ID, first=False)
            rows = {name: torch.from_numpy(rows_BT).to(device) for name, rows_BT in window.rows.items()}
            logits_BTV, state = network(torch.from_numpy(window.inputs_BT).to(device), state, rows)
            state = detach(state)
            own_BT = (starts_B1 <= place_BT) & (place_BT < ends_B1)
            places = torch.from_numpy(window.places_BT[own_BT]).to(device)
            said_NV = logits_BTV[torch.from_numpy(own_BT).to(device)].softmax(-1) / len(self.weights)
            into_NV[places] += said_NV.to(into_NV.dtype)
