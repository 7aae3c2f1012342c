"""Pairs as numbers, made once, and batches of them as tensors."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from charnn.corpora.pairs import Pair
from charnn.tasks.transducer.learn.network import SourceBatch
from charnn.tasks.transducer.symbols import EncodedSource, Symbols
from charnn.tasks.transducer.use.decoding import padded
from charnn.tokenizers.base import STOP_ID

Ids = npt.NDArray[np.int64]
LARGEST_PAIR = 250_000
"""The most places of a source times symbols of a target that are learned from: 500 of each. Attention keeps numbers for
every one of them, so longer pairs would need gigabytes."""


@dataclass(frozen=True)
class PairBatch:
    """B pairs, padded at the end."""

    sources: SourceBatch
    before_BT: Tensor
    """The symbol before each target symbol, a stop before the first."""
    targets_BT: Tensor
    inside_BT: Tensor
    """Whether there is a target symbol, the stop counted."""


class EncodedPairs:
    """Pairs as ids."""

    def __init__(
        self, pairs: Sequence[Pair], symbols: Symbols, *, longest: int | None = None, frames: int | None = None
    ) -> None:
        """Pairs of more than `longest` places times symbols are left out, and those that need more than `frames` frames
        for each place."""
        self.symbols = symbols
        encoded = [
            (symbols.encode_source(pair.source, pair.features), symbols.encode_target(pair.target)) for pair in pairs
        ]
        kept = [
            (s, t)
            for s, t in encoded
            if (longest is None or len(s.ids) * len(t) <= longest) and (frames is None or frames_needed(s, t) <= frames)
        ]
        self.left_out = len(encoded) - len(kept)
        self.sources = [source for source, _ in kept]
        self.targets = [target for _, target in kept]
        self.source_lengths = np.array([len(source.ids) for source in self.sources], np.int64)
        self.target_lengths = np.array([len(target) for target in self.targets], np.int64)

    def __len__(self) -> int:
        return len(self.sources)

    @property
    def areas(self) -> Ids:
        """The places of each source times the symbols of its target, in eighths: what a pair costs attention."""
        return -(-self.source_lengths * self.target_lengths // 8)

    def batch(
        self,
        indices: Sequence[int],
        device: torch.device,
        *,
        dropped: npt.NDArray[np.float64] | None = None,
        random: np.random.Generator | None = None,
    ) -> PairBatch:
        """The pairs with these numbers. With `dropped`, the probability (inputs,) that a source symbol is read as the
        unknown one, symbols are dropped, in the whole pair where the target has the same one."""
        arrays = padded([self.sources[i] for i in indices], self.symbols.outputs)
        longest = int(self.target_lengths[list(indices)].max())
        targets_BT = np.zeros((len(indices), longest), np.int64)
        for row, i in enumerate(indices):
            targets_BT[row, : len(self.targets[i])] = self.targets[i]
        ids_BS, copies_BS = arrays.ids_BS, arrays.copies_BS
        unknown, written = self.symbols.source.unknown_id, self.symbols.target.unknown_id
        if dropped is not None and random is not None and unknown is not None:
            is_dropped_BI = random.random((len(indices), len(dropped))) < dropped
            rows = np.arange(len(indices))[:, None]
            gone_BS = is_dropped_BI[rows, ids_BS]
            if written is not None:
                copied_BS = gone_BS & (copies_BS < self.symbols.outputs)
                gone_BV = np.zeros((len(indices), self.symbols.outputs + 1), np.bool_)
                gone_BV[np.broadcast_to(rows, ids_BS.shape)[copied_BS], copies_BS[copied_BS]] = True
                gone_BV[:, STOP_ID] = False
                targets_BT = np.where(gone_BV[rows, targets_BT], written, targets_BT)
                copies_BS = np.where(copied_BS, written, copies_BS)
            ids_BS = np.where(gone_BS, unknown, ids_BS)
        lengths_B = self.target_lengths[list(indices)]
        before_BT = np.concatenate([np.zeros((len(indices), 1), np.int64), targets_BT[:, :-1]], 1)

        def tensor(array: npt.NDArray[np.generic]) -> Tensor:
            return torch.from_numpy(np.ascontiguousarray(array)).to(device)

        return PairBatch(
            SourceBatch(tensor(ids_BS), tensor(arrays.lengths_B), tensor(arrays.features_B), tensor(copies_BS)),
            tensor(before_BT),
            tensor(targets_BT),
            tensor(np.arange(longest) < lengths_B[:, None]),
        )


def frames_needed(source: EncodedSource, target: Sequence[int]) -> int:
    """The fewest frames of each place that can write a target, whose stop is no part of it. A blank parts two symbols
    that are equal."""
    symbols = target[:-1]
    needed = len(symbols) + sum(one == other for one, other in itertools.pairwise(symbols))
    return -(-needed // (len(source.ids) - source.features))


def drop_probabilities(counts: Ids, rate: float) -> npt.NDArray[np.float64]:
    """rate / (rate + count) for each input, 0 for the stop and the unknown symbol."""
    dropped = rate / (rate + np.maximum(counts, 1)) if rate else np.zeros(len(counts))
    dropped[:2] = 0.0
    return dropped
