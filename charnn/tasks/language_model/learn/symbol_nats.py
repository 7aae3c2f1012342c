"""What the symbols of a window cost a network, in bounded memory where the vocabulary is large."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from charnn.tasks.language_model.learn.data import IGNORED
from charnn.tasks.language_model.learn.network import LanguageModelNetwork, Rows
from charnn.tasks.language_model.learn.openings import OPENING_WEIGHT
from charnn.tasks.language_model.learn.teachers import soft_nats

TEXT_WEIGHT = 0.2
"""The part of the loss of a network with teachers that is on the text. The rest is on what they say about the text."""
MOST_LOGITS, PART_LOGITS = 1 << 26, 1 << 24
"""The most logits, one for each place and symbol, that are held at once with what gradients need of them: some three
numbers each. Where there are more, those of a part are as many as the second number, and are found once more when its
gradients are taken."""


def symbol_nats(
    network: LanguageModelNetwork,
    y_BTH: Tensor,
    targets_BT: Tensor,
    rows: Rows,
    *,
    lanes: int,
    said_BTV: Tensor | None = None,
) -> Tensor:
    """The sum of -ln p of the targets of the first `lanes` rows, from the outputs of the recurrent stack.

    The other rows are openings, whose gradients count with the weight OPENING_WEIGHT and whose loss does not. Where
    teachers have said the probabilities `said_BTV` of the symbols of the lanes, the gradient is that of the cross
    entropy with these, and with the weight TEXT_WEIGHT that of the sum.
    """
    numbers = targets_BT.numel() * network.config.vocabulary_size
    if numbers <= MOST_LOGITS:
        return _nats(network, y_BTH, targets_BT, rows, said_BTV, lanes)
    each = [
        checkpoint(
            _nats,
            network,
            y_BTH[:, part],
            targets_BT[:, part],
            {name: rows_BT[:, part] for name, rows_BT in rows.items()},
            None if said_BTV is None else said_BTV[:, part],
            lanes,
            use_reentrant=False,
            preserve_rng_state=False,
        )
        for part in _parts(targets_BT.shape[1], PART_LOGITS * targets_BT.shape[1] // numbers)
    ]
    return torch.stack(each).sum()


def _parts(steps: int, most: int) -> Iterator[slice]:
    """Parts of so many steps, of at most so many each."""
    each = max(most, 1)
    return (slice(start, start + each) for start in range(0, steps, each))


def _nats(
    network: LanguageModelNetwork, y_BTH: Tensor, targets_BT: Tensor, rows: Rows, said_BTV: Tensor | None, lanes: int
) -> Tensor:
    logits_BTV = network.logits(y_BTH, rows)
    nats = _cross_entropy(logits_BTV[:lanes], targets_BT[:lanes])
    if said_BTV is not None:
        apart = (1 - TEXT_WEIGHT) * (soft_nats(logits_BTV[:lanes], said_BTV, targets_BT[:lanes]) - nats)
        nats = nats + apart - apart.detach()
    if len(targets_BT) > lanes:
        opening_nats = OPENING_WEIGHT * _cross_entropy(logits_BTV[lanes:], targets_BT[lanes:])
        nats = nats + opening_nats - opening_nats.detach()
    return nats


def _cross_entropy(logits_BTV: Tensor, targets_BT: Tensor) -> Tensor:
    """The sum of -ln p of the targets."""
    return functional.cross_entropy(
        logits_BTV.flatten(0, 1), targets_BT.flatten(), ignore_index=IGNORED, reduction="sum"
    )
