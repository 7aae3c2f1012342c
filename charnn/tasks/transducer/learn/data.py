"""Pairs as numbers, made once, and batches of them as tensors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from charnn.arrays import Float64s
from charnn.corpora.pairs import Pair, split_features
from charnn.corpora.stored_strings import StoredRows
from charnn.tasks.transducer.learn.network import SourceBatch
from charnn.tasks.transducer.symbols import Symbols
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
        self.sources = StoredRows(
            (symbols.source_ids(p.source, p.features) for p in pairs), symbols.inputs - 1, "pairs"
        )
        self.targets = StoredRows((symbols.target_ids(p.target) for p in pairs), symbols.outputs - 1, "pairs")
        self._features = np.fromiter((len(split_features(p.features)) for p in pairs), np.int32, len(pairs))
        is_kept = np.ones(len(pairs), np.bool_)
        if longest is not None:
            is_kept &= self.source_lengths * self.target_lengths <= longest
        if frames is not None:
            is_kept &= self.frames_needed <= frames
        self.left_out = len(pairs) - int(is_kept.sum())
        if self.left_out:
            kept = np.flatnonzero(is_kept)
            self.sources, self.targets = self.sources.chosen(kept), self.targets.chosen(kept)
            self._features = self._features[kept]

    def __len__(self) -> int:
        return len(self.sources)

    @property
    def source_lengths(self) -> Ids:
        return self.sources.lengths

    @property
    def target_lengths(self) -> Ids:
        return self.targets.lengths

    def counts(self) -> Ids:
        """How often each input comes."""
        return np.bincount(self.sources.numbers, minlength=self.symbols.inputs)

    def copies(self, indices: Sequence[int]) -> Ids:
        """The target symbol (B, S) that copying each place of these sources writes; V where there is none."""
        copies_BS = self.symbols.copies[self.sources.padded(indices, STOP_ID)]
        is_feature_BS = np.arange(copies_BS.shape[1]) < self._features[list(indices)][:, None]
        return np.where(is_feature_BS, self.symbols.outputs, copies_BS)

    @property
    def frames_needed(self) -> Ids:
        """The fewest frames of each place that can write each target."""
        return frames_needed(self.source_lengths - self._features, self.targets)

    @property
    def areas(self) -> Ids:
        """The places of each source times the symbols of its target, in eighths: what a pair costs attention."""
        return -(-self.source_lengths * self.target_lengths // 8)

    def batch(
        self,
        indices: Sequence[int],
        device: torch.device,
        *,
        dropped: Float64s | None = None,
        random: np.random.Generator | None = None,
    ) -> PairBatch:
        """The pairs with these numbers. With `dropped`, the probability (inputs,) that a source symbol is read as the
        unknown one, symbols are dropped, in the whole pair where the target has the same one."""
        ids_BS, copies_BS = self.sources.padded(indices, STOP_ID), self.copies(indices)
        targets_BT = self.targets.padded(indices, STOP_ID)
        longest = targets_BT.shape[1]
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
            SourceBatch(
                tensor(ids_BS),
                tensor(self.source_lengths[list(indices)]),
                tensor(self._features[list(indices)].astype(np.int64)),
                tensor(copies_BS),
            ),
            tensor(before_BT),
            tensor(targets_BT),
            tensor(np.arange(longest) < lengths_B[:, None]),
        )


def frames_needed(places_N: Ids, targets: StoredRows) -> Ids:
    """The fewest frames of each of so many places that can write each target, whose stop is no part of it. A blank
    parts two symbols that are equal."""
    if not len(targets):
        return np.zeros(0, np.int64)
    is_again = np.concatenate(([False], targets.numbers[1:] == targets.numbers[:-1]))
    is_again[targets.starts] = False
    needed_N = targets.lengths - 1 + np.add.reduceat(is_again, targets.starts, dtype=np.int64)
    return -(-needed_N // places_N)


def drop_probabilities(counts: Ids, rate: float) -> Float64s:
    """rate / (rate + count) for each input, 0 for the stop and the unknown symbol."""
    dropped = rate / (rate + np.maximum(counts, 1)) if rate else np.zeros(len(counts))
    dropped[:2] = 0.0
    return dropped
