"""How likely a line of words becomes another, by what becomes of each of its tokens beside others.

Each token becomes one of its candidates. How likely each is, given what the token before it becomes, is log-linear in
the logarithms of several probabilities: of the candidate given the token; of it given that and the token on either side
over the first; of it given the next token, or what the last one becomes, over that given nothing; the same of the
change that it is; and of its spelling given that of the token.

Shapes: N tokens of a line; C candidates of each; F features.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from charnn.arrays import Float32s, Float64s
from charnn.tasks.transducer.context_counts import UNKNOWN, Ids
from charnn.tasks.transducer.line_tokens import SPACE, line_of, tokens
from charnn.tasks.transducer.pair_model import PairModel
from charnn.tasks.transducer.symbols import EncodedSource, Symbols
from charnn.tasks.transducer.token_candidates import CandidateFinder, Candidates
from charnn.tasks.transducer.token_tables import TokenTables

WEIGHTS = "tokens.weights"
FEATURES = 12
FIRST_WEIGHTS = (0.4, 0.2, 0.2, 0.3, 0.1, 0.4, 0.1, 0.1, 0.1, 0.1, 0.3, 0.4)
"""The weights of the features where nothing tells others: what lines of six kinds had, roughly."""
MOST_REMEMBERED = 8192
"""The tokens whose candidates are remembered."""
LONGEST_LINE = 2000
"""The most characters of a line that is looked at."""


class Lattice(NamedTuple):
    """What the tokens of a line may become."""

    each: list[Candidates]
    log_p: list[Float64s]
    """For each token ln p (C, C) of its candidates, after each of the token before it."""


class LineWords:
    """What becomes of tokens in lines. It never changes, and several threads may read it at once."""

    def __init__(self, tables: TokenTables, spelling: PairModel | None, weights_F: Float32s, symbols: Symbols) -> None:
        """`spelling` is of tokens and what they become, and `weights_F` are those of the features. Raises ValueError
        where these are no such weights."""
        if weights_F.shape != (FEATURES,) or weights_F.dtype != np.float32 or not np.isfinite(weights_F).all():
            raise ValueError("no weights of what tokens become")
        self.tables, self._spelling, self._weights_F, self._symbols = tables, spelling, weights_F, symbols
        self._finder = CandidateFinder(tables, spelling, symbols)
        self._remembered: dict[str, Candidates] = {}

    def __len__(self) -> int:
        """The number of tokens that were learned."""
        return len(self.tables)

    @property
    def name(self) -> str:
        return "words"

    @property
    def kind(self) -> str:
        return "words in lines"

    @property
    def size(self) -> str:
        return f"{len(self.tables.sources):,} different tokens, which became {len(self.tables.targets):,}"

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """All of it, for a file."""
        spelling = {} if self._spelling is None else self._spelling.arrays()
        return {**self.tables.arrays(), WEIGHTS: self._weights_F, **spelling}

    @classmethod
    def from_arrays(
        cls, arrays: Mapping[str, npt.NDArray[Any]], spelling: PairModel | None, symbols: Symbols
    ) -> LineWords:
        """Raises ValueError for arrays that are none of it."""
        return cls(TokenTables.from_arrays(arrays), spelling, arrays.get(WEIGHTS, np.zeros(0)), symbols)

    def candidates(self, line: Sequence[str]) -> list[Candidates]:
        """What each token may become. They are remembered."""
        known = self._remembered
        new = [token for token in dict.fromkeys(line) if token not in known]
        found = dict(zip(new, self._finder.of(new), strict=True))
        result = [found[token] if token in found else known[token] for token in line]
        if len(known) + len(new) > MOST_REMEMBERED:
            known = self._remembered = {}  # other threads may still read the old ones
        known.update(found)
        return result

    def features(self, line: Sequence[str], number: int, one: Candidates, last_targets_B: Ids) -> Float64s:
        """The features (B, C, F) of the candidates of the token with this number in a line, after each of what the
        token before it may become."""
        tables, ids = self.tables, self.tables.source_ids
        own = ids.get(line[number], UNKNOWN)
        last, following = (
            ids.get(line[at], UNKNOWN) if 0 <= at < len(line) else tables.edge for at in (number - 1, number + 1)
        )
        same_C = np.zeros(len(one.texts), np.int64)
        next_C, first_C = same_C + following, same_C + own
        targets_C, changes_C = one.targets_C, one.changes_C

        def gain(p_C: Float64s, of_C: Float64s) -> Float64s:
            found: Float64s = np.log(p_C / of_C)
            return found

        p_next_C = tables.by_token_and_next.smoothed(tables.pair(first_C, next_C), targets_C, one.p_token_C)
        p_last_C = tables.by_token_and_last.smoothed(tables.pair(first_C, same_C + last), targets_C, one.p_token_C)
        change_C = tables.changes_by_next.smoothed(next_C, changes_C, one.p_change_C)
        target_C = tables.by_next.smoothed(next_C, targets_C, one.p_target_C)
        log_target_C, log_spelt_C = np.log(one.p_target_C), np.log(one.p_spelt_C)
        alone = [
            np.log(one.p_token_C),
            gain(p_next_C, one.p_token_C),
            gain(p_last_C, one.p_token_C),
            gain(change_C, one.p_change_C),
            log_target_C,
            gain(target_C, one.p_target_C),
            np.log(one.p_change_C),
            log_spelt_C,
            log_target_C * one.is_new,
            log_spelt_C * one.is_new,
        ]
        last_BC = last_targets_B[:, None] + same_C
        both_BC = np.broadcast_to(targets_C, last_BC.shape), np.broadcast_to(changes_C, last_BC.shape)
        after_BC = tables.by_last_target.smoothed(last_BC, both_BC[0], one.p_target_C)
        changed_BC = tables.changes_by_last_target.smoothed(last_BC, both_BC[1], one.p_change_C)
        features_BCF = np.empty((*last_BC.shape, FEATURES))
        features_BCF[..., : len(alone)] = np.stack(alone, 1)
        features_BCF[..., -2] = gain(after_BC, one.p_target_C)
        features_BCF[..., -1] = gain(changed_BC, one.p_change_C)
        return features_BCF

    def lattice(self, line: Sequence[str]) -> Lattice:
        """What the tokens of a line may become, and how likely."""
        found, last_targets = Lattice([], []), np.array([self.tables.target_edge], np.int64)
        for number, one in enumerate(self.candidates(line)):
            scores_BC = self.features(line, number, one, last_targets) @ self._weights_F
            found.each.append(one)
            found.log_p.append(scores_BC - np.logaddexp.reduce(scores_BC, 1, keepdims=True))
            last_targets = one.targets_C
        return found

    def likeliest(self, text: str, wanted: int) -> list[str]:
        """At most so many lines that a line may become, the likeliest first. Two of them differ from the first in what
        one token becomes, and in what suits that."""
        line = tokens(text) if len(text) <= LONGEST_LINE else []
        if not line:
            return []
        lattice = self.lattice(line)
        ways = _Ways(lattice.log_p)
        found = dict.fromkeys(line_of([one.texts[c] for one, c in zip(lattice.each, path, strict=True)])
                              for path in ways.best(2 * wanted))  # fmt: skip
        return list(found)[:wanted]

    def log_p(self, text: str, targets: Sequence[str]) -> list[float]:
        """ln p of each target of a line; -inf for one that is made of no candidates."""
        line = tokens(text) if len(text) <= LONGEST_LINE else []
        if not line:
            return [-math.inf for _ in targets]
        lattice = self.lattice(line)
        return [_log_p(lattice, target) for target in targets]

    def scores(self, sources: Sequence[EncodedSource], targets: Sequence[Sequence[Sequence[int]]]) -> list[list[float]]:
        found = []
        self.candidates([token for source in sources for token in tokens(source.text)])
        for source, some in zip(sources, targets, strict=True):
            texts = [self._symbols.target_text(source, ids) for ids in some]
            known = iter(self.log_p(source.text, [text for text in texts if text is not None]))
            found.append([-math.inf if text is None else next(known) for text in texts])
        return found

    def proposer(self) -> LineWords:
        return self

    def proposed(self, source: EncodedSource, wanted: int) -> list[list[int]]:
        return [self._symbols.encode_target(text)[:-1] for text in self.likeliest(source.text, wanted) if text]


class _Ways:
    """The likeliest ways through what tokens may become."""

    def __init__(self, log_p: Sequence[Float64s]) -> None:
        self._before, self._after = list[Ids](), list[Ids]()
        reached = [log_p[0][0]]
        for log_p_BC in log_p[1:]:
            total_BC = reached[-1][:, None] + log_p_BC
            self._before.append(total_BC.argmax(0))
            reached.append(total_BC.max(0))
        left = [np.zeros(len(reached[-1]))]
        for log_p_BC in log_p[:0:-1]:
            total_BC = log_p_BC + left[-1]
            self._after.append(total_BC.argmax(1))
            left.append(total_BC.max(1))
        self._after.reverse()
        self._through = [to_C + from_C for to_C, from_C in zip(reached, left[::-1], strict=True)]

    def best(self, wanted: int) -> list[tuple[int, ...]]:
        """At most so many, the best first: the numbers of the candidates. Each is the best that has one of its own."""
        every = [(float(p), at, c) for at, of_C in enumerate(self._through) for c, p in enumerate(of_C)]
        every.sort(key=lambda one: (-one[0], one[1], one[2]))
        found: dict[tuple[int, ...], None] = {}
        for _, at, c in every:
            found[self._way(at, c)] = None
            if len(found) == wanted:
                break
        return list(found)

    def _way(self, at: int, c: int) -> tuple[int, ...]:
        way = [c]
        for before_C in reversed(self._before[:at]):
            way.append(int(before_C[way[-1]]))
        way.reverse()
        for after_C in self._after[at:]:
            way.append(int(after_C[way[-1]]))
        return tuple(way)


def _log_p(lattice: Lattice, target: str) -> float:
    """ln p of the ways that write a target."""
    wanted = SPACE + target
    # ln p of each number of characters that may be written, and the candidate that wrote the last of them.
    reached: dict[tuple[int, int], float] = {(0, 0): 0.0}
    for one, log_p_BC in zip(lattice.each, lattice.log_p, strict=True):
        further: dict[tuple[int, int], float] = {}
        for (done, last), log_p in reached.items():
            for c, text in enumerate(one.texts):
                if wanted.startswith(text, done):
                    key, total = (done + len(text), c), log_p + float(log_p_BC[last, c])
                    further[key] = np.logaddexp(further[key], total) if key in further else total
        reached = further
    ends = [log_p for (done, _), log_p in reached.items() if done == len(wanted)]
    return float(np.logaddexp.reduce(ends)) if ends else -math.inf
