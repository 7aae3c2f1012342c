"""How likely a source and its features become a target, by the edits that sources with the same features had.

The edits of a pair are a rule of two parts: what happens at places counted from the end, and what happens at the very
beginning. The first part depends on the features and on the last symbols of the source, the second on the first part
and on the first symbols. What was met with the longest context counts most: each context leaves to the next shorter
one as much as Witten and Bell (1991) say, d / (n + d) for n pairs with d different edits. A source whose features
training had not together is read as if it had none.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from heapq import nlargest
from operator import itemgetter
from typing import Any

import numpy as np
import numpy.typing as npt

from charnn.arrays import Int32s
from charnn.readable import counted
from charnn.tasks.transducer.edits import Edits, applied, edits_of, flat
from charnn.tasks.transducer.number_rows import joined, parted
from charnn.tasks.transducer.symbols import EncodedSource

Key = tuple[int, ...]

CONTEXT = 5
"""The most symbols at either end of a source that its edits depend on."""
EDGE = -1
"""Stands in a context for what is beyond a source."""
LEAST = 1e-5
"""Edits that are less likely than this are not tried."""
MOST_TRIED = 100
"""No more than the likeliest so many edits that are counted from the end are tried, and with each no more at the very
beginning."""
MOST_FIRST = 20
"""No more than the most frequent so many of those at the very beginning are expected beside others than they had."""
MOST_ROWS = 20_000
"""Where more was met with a bundle, some of it at even distances is looked at."""
MOST_REMEMBERED = 4096
"""The sources whose targets are remembered: a search asks for the same one several times."""
OTHERS = "edits."
"""What the names of the arrays begin with."""
MET, BUNDLES, EDITS = OTHERS + "met", OTHERS + "bundles", OTHERS + "rules"


class Met:
    """What was met with one bundle of features: how often each edits, in each context."""

    def __init__(self, rows: Iterable[Sequence[int]]) -> None:
        self.later: dict[Key, Counter[int]] = defaultdict(Counter)
        """The edits that are counted from the end, after each context: the last symbols, the very last one first."""
        self.first: dict[tuple[int, Key], Counter[int]] = defaultdict(Counter)
        """The edits at the very beginning, by the others and the first symbols, where -1 is any others."""
        every = Counter[int]()
        for _, later, first, times, *symbols in rows:
            for context in _contexts(symbols[:CONTEXT]):
                self.later[context][later] += times
            every[first] += times
            for context in _contexts(symbols[CONTEXT:]):
                self.first[later, context][first] += times
        self.first[-1, ()] = Counter(dict(every.most_common(MOST_FIRST)))


class EditRules:
    """Edits of pairs with features. They never change, and several threads may read them at once."""

    def __init__(self, bundles: Sequence[Key], edits: Sequence[Edits], met_RC: Int32s, outputs: int) -> None:
        """`met_RC` has a row for what was met: the numbers of its bundle, of its edits that are counted from the end
        and of those at the beginning, how often it was met, the last CONTEXT symbols of the source from its end, and
        its first ones. The rows are in the order of the bundles. Targets have ids below `outputs`, and a symbol of a
        source has the id of the same symbol of a target, or `outputs` and its own id where there is none.

        Raises ValueError where these are not of each other.
        """
        if met_RC.ndim != 2 or met_RC.shape[1] != 4 + 2 * CONTEXT or met_RC.dtype != np.int32 or not len(met_RC):
            raise ValueError("no table of edits")
        numbers_RC = met_RC[:, :3]
        if (
            (numbers_RC < 0).any()
            or (np.diff(met_RC[:, 0]) < 0).any()
            or met_RC[-1, 0] >= len(bundles)
            or met_RC[:, 1:3].max() >= len(edits)
            or (met_RC[:, 3] < 1).any()
        ):
            raise ValueError("what was met is not of these edits")
        if any(not 0 <= id_ < outputs for some in edits for edit in some for id_ in edit.written):
            raise ValueError("edits of other symbols")
        self.bundles, self.edits, self._met_RC, self._outputs = tuple(bundles), tuple(edits), met_RC, outputs
        self._numbers = {bundle: number for number, bundle in enumerate(bundles)}
        self._starts = np.searchsorted(met_RC[:, 0], np.arange(len(bundles) + 1))
        self._by_bundle: dict[int | None, Met] = {}
        self._remembered: dict[tuple[Key, int], dict[Key, float]] = {}

    def __len__(self) -> int:
        """The number of different edits, at the beginning and elsewhere."""
        return len(self.edits)

    @property
    def name(self) -> str:
        return "edits"

    @property
    def kind(self) -> str:
        return "edits of pairs with features"

    @property
    def size(self) -> str:
        return f"{len(self):,} different ones, of {counted(len(self.bundles), 'bundle')} of features"

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """What `from_arrays` makes them of again, for a file."""
        rows = [[number for edit in some for number in flat(edit)] for some in self.edits]
        return {MET: self._met_RC, **joined(BUNDLES, self.bundles), **joined(EDITS, rows)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]], outputs: int) -> EditRules:
        """Raises ValueError for arrays that are no edits of targets with so many symbols."""
        edits = [tuple(edits_of(numbers)) for numbers in parted(EDITS, arrays)]
        met_RC = arrays.get(MET, np.zeros(0))
        return cls([tuple(bundle) for bundle in parted(BUNDLES, arrays)], edits, met_RC, outputs)

    def targets(self, source: EncodedSource) -> Mapping[Key, float]:
        """The targets that edits make of a source, with the probability of each."""
        key = tuple(source.ids), source.features
        if (known := self._remembered.get(key)) is not None:
            return known
        symbols = as_targets(source, self._outputs)
        met = self._met_with(source.bundle)
        found: dict[Key, float] = defaultdict(float)
        ends, begins = _contexts(ending(symbols)), list(_contexts(beginning(symbols)))
        expected = _expected(met.later.get(context) for context in ends)
        for later, p in nlargest(MOST_TRIED, expected.items(), key=itemgetter(1)):
            if p < LEAST:
                break
            contexts = [met.first.get((-1, ())), *(met.first.get((later, context)) for context in begins)]
            for first, p_first in nlargest(MOST_TRIED, _expected(contexts).items(), key=itemgetter(1)):
                if p * p_first < LEAST:
                    break
                made = applied(self.edits[first], self.edits[later], symbols)
                if made and max(made) < self._outputs:
                    found[made] += p * p_first
        if len(self._remembered) >= MOST_REMEMBERED:
            self._remembered.clear()
        self._remembered[key] = dict(found)
        return found

    def scores(self, sources: Sequence[EncodedSource], targets: Sequence[Sequence[Sequence[int]]]) -> list[list[float]]:
        found = []
        for source, some in zip(sources, targets, strict=True):
            known = self.targets(source)
            each = (known.get(tuple(ids), 0.0) for ids in some)
            found.append([math.log(p) if p > 0 else -math.inf for p in each])
        return found

    def proposer(self) -> EditRules:
        return self

    def proposed(self, source: EncodedSource, wanted: int) -> list[list[int]]:
        best = sorted(self.targets(source).items(), key=lambda item: (-item[1], item[0]))
        return [list(ids) for ids, _ in best[:wanted]]

    def _met_with(self, features: Key) -> Met:
        """What was met with these features, or with any where they were not met."""
        number = self._numbers.get(features)
        met = self._by_bundle.get(number)
        if met is None:
            rows = slice(None) if number is None else slice(*self._starts[number : number + 2].tolist())
            met_RC = self._met_RC[rows]
            met = self._by_bundle[number] = Met(met_RC[:: len(met_RC) // MOST_ROWS + 1].tolist())
        return met


def as_targets(source: EncodedSource, outputs: int) -> list[int]:
    """The symbols of a source as those of targets; one that no target has is its id and `outputs`."""
    places = range(source.features, len(source.ids) - 1)
    return [source.copies[at] if source.copies[at] < outputs else outputs + source.ids[at] for at in places]


def ending(symbols: Sequence[int]) -> list[int]:
    """The last CONTEXT symbols, from the end, and EDGE beyond them."""
    return ([*symbols[: -CONTEXT - 1 : -1]] + [EDGE] * CONTEXT)[:CONTEXT]


def beginning(symbols: Sequence[int]) -> list[int]:
    """The first CONTEXT symbols, and EDGE beyond them."""
    return ([*symbols[:CONTEXT]] + [EDGE] * CONTEXT)[:CONTEXT]


def _contexts(symbols: Sequence[int]) -> Iterator[Key]:
    """The contexts of 0, 1, ... of these symbols, as far as the first EDGE."""
    for length in range(len(symbols) + 1):
        yield tuple(symbols[:length])
        if length and symbols[length - 1] == EDGE:
            return


def _expected(counted: Iterable[Counter[int] | None]) -> dict[int, float]:
    """The probability of each edits, where `counted` are those that were met in each context, the shortest first."""
    expected: dict[int, float] = {}
    for counts in counted:
        if not counts:
            continue
        total = counts.total()
        share = 1.0 / (total + len(counts)) if expected else 1.0 / total
        left = share * len(counts)
        expected = {number: left * p for number, p in expected.items()}
        for number, count in counts.items():
            expected[number] = expected.get(number, 0.0) + share * count
    return expected
