"""What a token may become: what it became in training, what changes of tokens like it make of it, and how n-grams of
aligned characters spell it.

Shapes: C candidates of a token.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from charnn.arrays import Float64s
from charnn.tasks.transducer.context_counts import UNKNOWN, Ids
from charnn.tasks.transducer.pair_model import PairModel, Proposer
from charnn.tasks.transducer.symbols import Symbols
from charnn.tasks.transducer.token_tables import TokenTables

MOST_SEEN = 8
"""So many of what a token became are candidates."""
RARE = 5
"""What came less often may well become something else than it did."""
MOST_CHANGES, FEWER_CHANGES = 12, 6
"""So many changes of tokens like a rare one, or of others, are tried."""
MOST_SPELT = 8
"""So many spellings of a rare token are candidates."""
LEAST_SPELT = 1e-4
"""The least probability of a spelling among those of all candidates."""
LEAST_CHANGE = 1e-6
"""The probability of a change that never came."""
LEAST_TARGET = 1e-7
"""The same of what no token became."""


class Candidates(NamedTuple):
    texts: list[str]
    targets_C: Ids
    """Their numbers as targets; UNKNOWN where no token became this."""
    changes_C: Ids
    """The numbers of the changes that make them."""
    p_token_C: Float64s
    """The probability of each, given the token alone."""
    p_target_C: Float64s
    """That of each, given nothing."""
    p_change_C: Float64s
    """That of its change, given what the token looks like."""
    p_spelt_C: Float64s
    """That of its spelling, given that of the token, among the candidates."""
    is_new: bool
    """Whether training had not this token."""


class CandidateFinder:
    """Finds them. Several threads may use it at once."""

    def __init__(self, tables: TokenTables, spelling: PairModel | None, symbols: Symbols) -> None:
        """`spelling` knows how likely tokens and what they become are together."""
        self._tables, self._spelling, self._symbols = tables, spelling, symbols
        self._proposer: Proposer | None = None if spelling is None else spelling.proposer()

    def of(self, tokens: Sequence[str]) -> list[Candidates]:
        """Those of each token. To find many at once takes less time for each."""
        texts = [self._texts(token) for token in tokens]
        spelt = self._how_spelt(tokens, texts)
        return [self._judged(*one) for one in zip(tokens, texts, spelt, strict=True)]

    def _texts(self, token: str) -> list[str]:
        tables = self._tables
        number = tables.source_ids.get(token, UNKNOWN)
        is_rare = tables.by_token.total(number) < RARE
        found = dict.fromkeys(tables.targets[target] for target, _ in tables.by_token.most_frequent(number, MOST_SEEN))
        found[token] = None
        found |= dict.fromkeys(self._changed(token, MOST_CHANGES if is_rare else FEWER_CHANGES))
        if is_rare:
            found |= dict.fromkeys(self._spelt(token))
        return list(found)

    def _judged(self, token: str, texts: list[str], p_spelt_C: Float64s) -> Candidates:
        tables, size = self._tables, len(texts)
        number = tables.source_ids.get(token, UNKNOWN)
        targets_C = np.array([tables.target_ids.get(text, UNKNOWN) for text in texts], np.int64)
        changes_C = np.array([tables.change_between(token, text) for text in texts], np.int64)
        p_change_C = np.full(size, LEAST_CHANGE)
        for look, counts in zip(tables.looks(token), tables.changes_by_look, strict=True):
            p_change_C = counts.smoothed(np.full(size, look), changes_C, p_change_C)
        first_C = np.sqrt(p_change_C * p_spelt_C)
        p_token_C = tables.by_token.smoothed(np.full(size, number), targets_C, first_C / first_C.sum())
        p_target_C = tables.all_targets.smoothed(np.zeros(size, np.int64), targets_C, np.full(size, LEAST_TARGET))
        return Candidates(texts, targets_C, changes_C, p_token_C, p_target_C, p_change_C, p_spelt_C, number == UNKNOWN)

    def _changed(self, token: str, most: int) -> list[str]:
        """What the likeliest changes of tokens that look like this one make of it."""
        shares: dict[int, float] = {}
        for look, counts in list(zip(self._tables.looks(token), self._tables.changes_by_look, strict=True))[1:]:
            for change, share in counts.most_frequent(look, MOST_CHANGES):
                shares[change] = shares.get(change, 0.0) + share
        likeliest = sorted(shares, key=lambda change: (-shares[change], change))[:most]
        made = (self._tables.changes[change].of(token) for change in likeliest)
        return [text for text in made if text is not None]

    def _spelt(self, token: str) -> list[str]:
        if self._proposer is None:
            return []
        source, unknown = self._symbols.encode_source(token), self._symbols.target.unknown_id
        spelt = self._proposer.proposed(source, MOST_SPELT)
        return [self._symbols.decode(ids) for ids in spelt if unknown not in ids]

    def _how_spelt(self, tokens: Sequence[str], texts: Sequence[Sequence[str]]) -> Iterator[Float64s]:
        """The probability of the spelling of each candidate of each token."""
        scores: Sequence[Sequence[float]] = [[-math.inf] * len(some) for some in texts]
        if self._spelling is not None and tokens:
            targets = [[self._symbols.encode_target(text)[:-1] for text in some] for some in texts]
            scores = self._spelling.scores([self._symbols.encode_source(token) for token in tokens], targets)
        for log_p in scores:
            log_p_C = np.array(log_p)
            p_C: Float64s = np.zeros(len(log_p))
            if np.isfinite(log_p_C).any():
                p_C = np.exp(log_p_C - np.logaddexp.reduce(log_p_C))
            p_C += LEAST_SPELT
            yield p_C / p_C.sum()
