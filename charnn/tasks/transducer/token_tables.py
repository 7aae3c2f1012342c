"""What became of the tokens of the lines that were learned, and what stood beside them.

Shapes: N tokens of all lines; U different pairs of a token and what it became.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from charnn.arrays import Int32s
from charnn.tasks.transducer.context_counts import UNKNOWN, ContextCounts, Ids
from charnn.tasks.transducer.line_tokens import SPACE
from charnn.tasks.transducer.number_rows import joined, parted
from charnn.tasks.transducer.token_changes import Change, change_between, changes_of

LINES, UNITS, SOURCES, TARGETS, CHANGES = (
    f"tokens.{name}" for name in ("lines", "units", "sources", "targets", "changes")
)
BETWEEN = -1
"""Stands between two lines."""
LARGEST_CONTEXT = 1 << 62
ENDINGS = 1, 3
"""By so many last characters it is told what may become of a token."""


class TokenTables:
    """Counts of what became of tokens. They never change."""

    def __init__(
        self,
        sources: Sequence[str],
        targets: Sequence[str],
        changes: Sequence[Change],
        units_U3: Int32s,
        lines_N: Int32s,
    ) -> None:
        """A unit has the numbers of a token, of what it became and of the change that this is; `lines_N` are those of
        the units of all lines, with BETWEEN two lines. Raises ValueError where these are not of each other."""
        sizes = len(sources), len(targets), len(changes)
        if units_U3.ndim != 2 or units_U3.shape[1] != 3 or units_U3.dtype != np.int32 or not len(units_U3):
            raise ValueError("no table of tokens")
        if (units_U3 < 0).any() or (units_U3 >= sizes).any():
            raise ValueError("units of other tokens")
        if lines_N.ndim != 1 or lines_N.dtype != np.int32 or (lines_N < BETWEEN).any() or not (lines_N >= 0).any():
            raise ValueError("no lines of tokens")
        if lines_N.max() >= len(units_U3):
            raise ValueError("lines of other units")
        if (len(sources) + 1) ** 2 * len(targets) >= LARGEST_CONTEXT:
            raise ValueError("too many tokens")
        self.sources, self.targets, self.changes = tuple(sources), tuple(targets), tuple(changes)
        self._units_U3, self._lines_N = units_U3, lines_N
        self.source_ids = {token: number for number, token in enumerate(self.sources)}
        self.target_ids = {token: number for number, token in enumerate(self.targets)}
        self._change_ids = {change: number for number, change in enumerate(self.changes)}
        self.edge = len(self.sources)
        """Stands for a token beyond a line."""
        self.target_edge = len(self.targets)

    @classmethod
    def of(cls, lines: Sequence[Sequence[tuple[str, str]]]) -> TokenTables:
        """The tables of lines of tokens with what each became. Raises ValueError where there are none."""
        sources, targets, changes = dict[str, int](), dict[str, int](), dict[Change, int]()
        units, rows, numbers = dict[tuple[str, str], int](), list[tuple[int, int, int]](), list[int]()
        for line in lines:
            for pair in line:
                if pair not in units:
                    token, target = pair
                    change = change_between(token, target)
                    source_id = sources.setdefault(token, len(sources))
                    target_id = targets.setdefault(target, len(targets))
                    rows.append((source_id, target_id, changes.setdefault(change, len(changes))))
                    units[pair] = len(units)
                numbers.append(units[pair])
            numbers.append(BETWEEN)
        units_U3 = np.array(rows, np.int32).reshape(-1, 3)
        return cls(list(sources), list(targets), list(changes), units_U3, np.array(numbers, np.int32))

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """What `from_arrays` makes them of again, for a file."""
        return {
            LINES: self._lines_N,
            UNITS: self._units_U3,
            **joined(SOURCES, [[*map(ord, token)] for token in self.sources]),
            **joined(TARGETS, [[*map(ord, token)] for token in self.targets]),
            **joined(CHANGES, [change.numbers() for change in self.changes]),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> TokenTables:
        """Raises ValueError for arrays that are no such tables."""
        none = np.zeros(0)
        sources, targets = (["".join(map(chr, row)) for row in parted(name, arrays)] for name in (SOURCES, TARGETS))
        changes = list(changes_of(parted(CHANGES, arrays)))
        return cls(sources, targets, changes, arrays.get(UNITS, none), arrays.get(LINES, none))

    def __len__(self) -> int:
        """The number of tokens of all lines."""
        return len(self._tokens_N3)

    def change_between(self, token: str, target: str) -> int:
        """The number of the change that makes the target of the token."""
        return self._change_ids.get(change_between(token, target), UNKNOWN)

    @cached_property
    def _tokens_N3(self) -> Ids:
        """The units of all tokens: what each is, what it became, and the change."""
        return self._units_U3[self._lines_N[self._lines_N >= 0]].astype(np.int64)

    def _beside(self, column: int, step: int, edge: int) -> Ids:
        """For each token (N,) a column of the unit that stands before it (-1) or after it (1), `edge` at an end."""
        padded = np.concatenate([[BETWEEN], self._lines_N, [BETWEEN]])
        values = np.where(padded >= 0, self._units_U3[np.maximum(padded, 0), column], edge).astype(np.int64)
        return values[np.flatnonzero(padded >= 0) + step]

    def pair(self, first: Ids, second: Ids) -> Ids:
        """The context of two tokens, one of which may be an edge; UNKNOWN where one is."""
        return np.where((first >= 0) & (second >= 0), first * (self.edge + 1) + second, UNKNOWN)

    @cached_property
    def all_targets(self) -> ContextCounts:
        """What tokens became, in the one context 0."""
        return ContextCounts(np.zeros(len(self), np.int64), self._tokens_N3[:, 1], len(self.targets))

    @cached_property
    def by_token(self) -> ContextCounts:
        """What each token became."""
        return ContextCounts(self._tokens_N3[:, 0], self._tokens_N3[:, 1], len(self.targets))

    @cached_property
    def by_token_and_next(self) -> ContextCounts:
        contexts = self.pair(self._tokens_N3[:, 0], self._beside(0, 1, self.edge))
        return ContextCounts(contexts, self._tokens_N3[:, 1], len(self.targets))

    @cached_property
    def by_token_and_last(self) -> ContextCounts:
        contexts = self.pair(self._tokens_N3[:, 0], self._beside(0, -1, self.edge))
        return ContextCounts(contexts, self._tokens_N3[:, 1], len(self.targets))

    @cached_property
    def by_next(self) -> ContextCounts:
        """What tokens became before each token."""
        return ContextCounts(self._beside(0, 1, self.edge), self._tokens_N3[:, 1], len(self.targets))

    @cached_property
    def by_last_target(self) -> ContextCounts:
        """What tokens became after what the token before them became."""
        return ContextCounts(self._beside(1, -1, self.target_edge), self._tokens_N3[:, 1], len(self.targets))

    @cached_property
    def changes_by_next(self) -> ContextCounts:
        return ContextCounts(self._beside(0, 1, self.edge), self._tokens_N3[:, 2], len(self.changes))

    @cached_property
    def changes_by_last_target(self) -> ContextCounts:
        return ContextCounts(self._beside(1, -1, self.target_edge), self._tokens_N3[:, 2], len(self.changes))

    @cached_property
    def _looks(self) -> dict[str, int]:
        """The numbers of what tokens look like."""
        every = dict.fromkeys(look for token in self.sources for look in looks_of(token))
        return {look: number for number, look in enumerate(every)}

    def looks(self, token: str) -> list[int]:
        """What a token looks like, from what says least to what says most; UNKNOWN where none was like it."""
        return [self._looks.get(look, UNKNOWN) for look in looks_of(token)]

    @cached_property
    def changes_by_look(self) -> list[ContextCounts]:
        """The changes of tokens, by each of their looks."""
        looks_SL = np.array([self.looks(token) for token in self.sources], np.int64)
        every = looks_SL[self._tokens_N3[:, 0]].T
        return [ContextCounts(looks_N, self._tokens_N3[:, 2], len(self.changes)) for looks_N in every]


def looks_of(token: str) -> list[str]:
    """What a token looks like, from what says least to what says most."""
    bare = token.lstrip(SPACE)
    first, others = bare[:1], bare[1:]
    kind = unicodedata.category(first) if first else ""
    kind += first if kind[:1] in "PS" else ""
    kind += SPACE * (bare != token) + ("" if not others else "x" if others.islower() else "X")
    return ["", f"k{kind}", *(f"e{bare[-length:]}" for length in ENDINGS)]
