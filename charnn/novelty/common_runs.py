"""Finds the runs of characters that a text has in common with a corpus, by matching statistics.

The matching statistics of a text (Chang and Lawler, 1994) are, for each of its characters, the length of the longest
run that begins there and stands in the corpus. A suffix array of text and corpus gives them, but takes ten bytes and
more for each character of the corpus. So the corpus is first read once through a Bloom filter of the text's windows of
`at_least` characters, which leaves those parts of it that may have a run in common with the text. Only these parts and
the text are in the suffix array. The filter may let too much through, but never too little, and the suffix array is
exact.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from charnn.arrays import Bools, Integers
from charnn.corpora.code_points import CodePoints, code_points
from charnn.corpora.large_arrays import large_array, let_go
from charnn.novelty.matching_statistics import matching_statistics
from charnn.novelty.window_filter import CorpusText, WindowFilter

PART = 1 << 20
"""So many characters of a text are looked at at once."""


@dataclass(frozen=True, slots=True)
class CopiedRun:
    """A run of characters of a text that stands in the corpus, too. Places are characters, counted from 0."""

    start: int
    length: int
    source: int
    """The number of the corpus's text that has it."""
    source_start: int
    """The place where it begins there. It may also stand elsewhere."""


@dataclass(frozen=True, slots=True)
class CommonRuns:
    """The runs that a text has in common with a corpus."""

    at_least: int
    lengths_T: Integers
    """The length of the longest run that begins at each character and stands in the corpus, 0 where it is less than
    `at_least`. If it is less everywhere, the longest runs are given all the same."""
    places_T: Integers
    """The place where that run stands in the corpus, whose texts are counted one after another."""
    source_starts: Integers
    """The place where each text of the corpus begins."""

    @property
    def characters(self) -> int:
        return len(self.lengths_T)

    @property
    def copied(self) -> int:
        """The number of characters that lie inside runs of at least `at_least`."""
        return sum(int(np.count_nonzero(reached > places)) for places, _, reached in self._in_parts())

    @property
    def share(self) -> float | None:
        """The fraction of the characters that are copied, or None where there are no characters."""
        return self.copied / self.characters if self.characters else None

    @property
    def longest(self) -> CopiedRun | None:
        """The longest run, however short it is, and the first of several. None says that no character is common."""
        if not self.characters or not self.lengths_T.any():
            return None
        first = int(np.argmax(self.lengths_T))
        let_go(self.lengths_T)
        return self._run(first)

    def runs(self) -> Iterator[CopiedRun]:
        """The runs of at least `at_least` that no longer run contains, in order. They may overlap."""
        before = 0
        for places, ends, reached in self._in_parts():
            is_further = ends > np.concatenate([[before], reached[:-1]])
            yield from map(self._run, places[is_further].tolist())
            before = int(reached[-1])

    def _in_parts(self) -> Iterator[tuple[Integers, Integers, Integers]]:
        """Parts of the text: the place of each character, where the run at it ends, 0 where that is shorter than
        `at_least`, and the last end of all runs that begin there or before."""
        last = 0
        for start in range(0, self.characters, PART):
            lengths = self.lengths_T[start : start + PART]
            places = np.arange(start, start + len(lengths))
            ends = np.where(lengths >= self.at_least, places + lengths, 0)
            reached = np.maximum(np.maximum.accumulate(ends), last)
            last = int(reached[-1])
            yield places, ends, reached
            let_go(self.lengths_T)

    def _run(self, start: int) -> CopiedRun:
        place = self.places_T[start]
        source = int(np.searchsorted(self.source_starts, place, "right")) - 1
        return CopiedRun(start, int(self.lengths_T[start]), source, int(place - self.source_starts[source]))


CHUNK = 1 << 16
"""So many characters are compared at once where a run goes on."""
BATCH = 1 << 22
"""The number of characters of the corpus that are sorted at once, at least; it bounds the memory."""
PIECE = 1 << 21
"""A text is compared in pieces of so many characters, which bounds the memory."""
OVERLAP = 1 << 20
"""So many characters after each piece are compared with it. A run that is longer goes on where it was found, even if
another place has still more of it."""


def common_runs(texts: Sequence[str], corpus: Sequence[CorpusText], at_least: int) -> list[CommonRuns]:
    """The runs that each of `texts` has in common with the texts of `corpus`. A run lies within one text of each.

    It takes about a second for 100 million characters of corpus, and half a second for each million characters of the
    texts and of those parts of the corpus that resemble them; memory grows with the texts, not with the corpus. Where
    a text has no run of `at_least`, the corpus is read again, for ever shorter runs. Raises ValueError where `at_least`
    is not positive.
    """
    if at_least < 1:
        raise ValueError(f"a run has at least 1 character, not {at_least}")
    length_of = np.array([len(text) for text in texts], dtype=np.int64)
    starts = np.concatenate([[0], np.cumsum(length_of + 1)])
    terminator = _absent(texts)
    codes = code_points(terminator.join([*texts, ""]))
    total = sum(map(len, corpus))
    search = _Search(corpus, *(_zeros(len(codes), np.min_scalar_type(most)) for most in (len(codes), total)))
    missing = length_of > 0
    window = at_least
    while missing.any():  # once, but for texts that have less in common than was asked for
        window = min(window, int(length_of[missing].max()))
        if missing.all():
            search.add(codes, None, window, ord(terminator))
        else:
            at = _places(starts, missing)
            search.add(codes[at], at, window, ord(terminator))
        if window == 1:
            break
        missing &= search.has_none(starts)
        window = window * 3 // 4
    return [
        CommonRuns(at_least, search.lengths[a:b], search.places[a:b], search.source_starts)
        for a, b in zip(starts, starts[1:] - 1, strict=False)
    ]


def _zeros(count: int, dtype: npt.DTypeLike) -> Integers:
    array = large_array(count, dtype, "what is copied")
    for start in range(0, count, PART):
        array[start : start + PART] = 0
    let_go(array)
    return array


def _places(starts: Integers, chosen: Bools) -> Integers:
    """The places in the joined text of those that are chosen, with their terminators."""
    pairs = np.stack([starts[:-1], starts[1:]], 1)[chosen]
    places, filled = large_array(int(np.diff(pairs).sum()), np.int64, "what is copied"), 0
    for start, end in pairs.tolist():
        places[filled : filled + end - start] = np.arange(start, end)
        filled += end - start
    return places


class _Search:
    """The matching statistics of a joined text, as far as they have been found."""

    def __init__(self, corpus: Sequence[CorpusText], lengths: Integers, places: Integers) -> None:
        self.lengths, self.places = lengths, places
        self.source_starts = np.cumsum([0, *map(len, corpus)], dtype=np.int64)[:-1]
        self._corpus = corpus

    def has_none(self, starts: Integers) -> Bools:
        """Whether each of the texts that begin at `starts`, the last of which is the end, has no run."""
        most = np.zeros(len(starts) - 1, np.int64)
        for start in range(0, len(self.lengths), PART):
            lengths = self.lengths[start : start + PART]
            first, last = np.searchsorted(starts, (start, start + len(lengths) - 1), "right") - 1
            begins = np.maximum(starts[first : last + 1] - start, 0)
            most[first : last + 1] = np.maximum(most[first : last + 1], np.maximum.reduceat(lengths, begins))
            let_go(self.lengths)
        is_none: Bools = most == 0
        return is_none

    def add(self, codes: CodePoints, at: Integers | None, window: int, terminator: int) -> None:
        """Finds the runs of at least `window` in `codes`, which are at the places `at` of the joined text, or are all
        of it."""
        start, overlap = 0, max(OVERLAP, window)
        while len(codes) - start > PIECE + overlap:
            piece = slice(start, start + PIECE + overlap)
            self._add_piece(codes[piece], _part(at, piece), window, terminator)
            self._prolong(codes, at, slice(start, start + PIECE), start + PIECE + overlap, terminator)
            start += PIECE
            let_go(self.lengths, self.places)
        rest = slice(start, len(codes))
        self._add_piece(codes[rest], _part(at, rest), window, terminator)
        let_go(self.lengths, self.places)

    def _prolong(self, codes: CodePoints, at: Integers | None, piece: slice, end: int, terminator: int) -> None:
        """Prolongs the runs that begin in a piece of `codes` and go on at `end`, where the reading of it ended."""
        place_of, at_P = np.arange(piece.start, piece.stop), _part(at, piece)
        lengths, places = self.lengths[at_P], self.places[at_P]
        cut = np.flatnonzero((lengths > 0) & (place_of + lengths == end))
        distances_N = places[cut] - place_of[cut]
        for distance in np.unique(distances_N).tolist():
            further = self._agreement(codes[end:], end + distance, terminator)
            self.lengths[at_P[cut[distances_N == distance]]] += further

    def _agreement(self, codes: CodePoints, place: int, terminator: int) -> int:
        """How many of the codes before a terminator stand in the corpus from `place` on, in the text that has the
        character before it."""
        source = int(np.searchsorted(self.source_starts, place - 1, "right")) - 1
        text, start = self._corpus[source], place - int(self.source_starts[source])
        for first in range(0, len(codes), CHUNK):
            there = code_points(text[start + first : start + first + CHUNK])
            here = codes[first : first + len(there)]
            differ = np.flatnonzero((here != there[: len(here)]) | (here == terminator))
            if differ.size:
                return first + int(differ[0])
            if len(there) < CHUNK:
                return first + len(here)
        return len(codes)

    def _add_piece(self, codes: CodePoints, at: Integers, window: int, terminator: int) -> None:
        alphabet = np.unique(codes)
        rank = np.zeros(0x110000, dtype=np.min_scalar_type(len(alphabet) + 1))
        rank[alphabet] = np.arange(2, len(alphabet) + 2)
        text = np.append(rank[codes], rank[:1])  # its last place is a terminator's, too
        text[[*np.flatnonzero(codes == terminator), -1]] = (
            1  # No run crosses a terminator, because it is another symbol in the corpus.
        )
        found = self._parts(WindowFilter(codes, window), batch=max(BATCH, 4 * len(codes)), longest=len(codes))
        for parts, places in found:
            joined = rank[code_points(chr(terminator).join(parts))]
            starts = np.cumsum([0, *(len(part) + 1 for part in parts[:-1])])
            length, place = (each[: len(codes)] for each in matching_statistics(text, joined))
            better = np.flatnonzero((length >= window) & (length > self.lengths[at]))
            part = np.searchsorted(starts, place[better], "right") - 1
            self.lengths[at[better]] = length[better]
            self.places[at[better]] = np.array(places)[part] + place[better] - starts[part]

    def _parts(self, passes: WindowFilter, batch: int, longest: int) -> Iterator[tuple[list[str], list[int]]]:
        """Batches of the parts that the filter passes, each part once, and their places in the joined corpus."""
        parts: dict[str, int] = {}
        size = 0
        for text, source_start in zip(self._corpus, self.source_starts.tolist(), strict=True):
            for start, end in passes.regions(text):
                for first in range(start, end, batch):
                    # A run that begins in a part also ends in it, as it is no longer than the whole text.
                    part = text[first : min(end, first + batch + longest)]
                    size += len(part) if part not in parts else 0
                    parts.setdefault(part, source_start + first)
                    if size >= batch:
                        yield list(parts), list(parts.values())
                        parts, size = {}, 0
        if parts:
            yield list(parts), list(parts.values())


def _part(at: Integers | None, part: slice) -> Integers:
    return np.arange(part.start, part.stop) if at is None else at[part]


def _absent(texts: Sequence[str]) -> str:
    """A character that is in none of `texts`."""
    present = set().union(*texts)
    return next(character for character in map(chr, range(0x110000)) if character not in present)
