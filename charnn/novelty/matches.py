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

from charnn.corpora.code_points import CodePoints, code_points
from charnn.novelty.window_filter import CorpusText, Integers, WindowFilter

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
class Matches:
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
        found, reached = 0, 0
        for start in range(0, self.characters, PART):
            places = np.arange(start, min(start + PART, self.characters))
            lengths = self.lengths_T[start : start + PART]
            ends = np.maximum.accumulate(np.where(lengths >= self.at_least, places + lengths, reached))
            ends = np.maximum(ends, reached)
            found += int(np.count_nonzero(ends > places))
            reached = int(ends[-1])
        return found

    @property
    def share(self) -> float | None:
        """The fraction of the characters that are copied, or None where there are no characters."""
        return self.copied / self.characters if self.characters else None

    @property
    def longest(self) -> CopiedRun | None:
        """The longest run, however short it is, and the first of several. None says that no character is common."""
        if not self.characters or not self.lengths_T.any():
            return None
        return self._run(int(np.argmax(self.lengths_T)))

    def runs(self) -> Iterator[CopiedRun]:
        """The runs of at least `at_least` that no longer run contains, in order. They may overlap."""
        ends = self._ends()
        reached = np.concatenate([[0], np.maximum.accumulate(ends)[:-1]]) if len(ends) else ends
        return map(self._run, np.flatnonzero(ends > reached).tolist())

    def _ends(self) -> Integers:
        """The place where the run at each character ends, or 0 where it is shorter than `at_least`."""
        return np.where(self.lengths_T >= self.at_least, np.arange(self.characters) + self.lengths_T, 0)

    def _run(self, start: int) -> CopiedRun:
        place = self.places_T[start]
        source = int(np.searchsorted(self.source_starts, place, "right")) - 1
        return CopiedRun(start, int(self.lengths_T[start]), source, int(place - self.source_starts[source]))


def matching_statistics(text: CodePoints, corpus: CodePoints) -> tuple[Integers, Integers]:
    """The length of the longest run from each place of `text` that stands in `corpus`, and where it stands there.

    In the suffix array of both, take the nearest suffixes of the corpus before and after a suffix of the text. No other
    suffix of the corpus agrees with it for longer. They agree as far as the shortest of the common prefixes between
    neighbours on the way from one to the other.
    """
    from pydivsufsort import divsufsort, kasai

    joined = np.concatenate([text, corpus])
    suffixes = divsufsort(joined)
    common = kasai(joined, suffixes)  # the length of the prefix that each suffix has in common with the next one
    before = _nearest(suffixes, np.roll(common, 1), len(text))
    after = [array[::-1] for array in _nearest(suffixes[::-1], common[::-1], len(text))]
    length, place = np.where(before[0] >= after[0], before, after)
    is_text = suffixes < len(text)
    lengths, places = np.empty(len(text), np.int64), np.empty(len(text), np.int64)
    lengths[suffixes[is_text]] = length[is_text]
    places[suffixes[is_text]] = place[is_text] - len(text)
    return lengths, places


def _nearest(suffixes: Integers, common: Integers, text_length: int) -> tuple[Integers, Integers]:
    """How far each suffix agrees with the last suffix before it that is of the corpus, and that suffix.

    `common` says how far each suffix agrees with the one right before it. For the first one it is 0.
    """
    is_corpus = suffixes >= text_length
    after_corpus = np.concatenate([[False], is_corpus[:-1]])
    block = np.cumsum(after_corpus)
    # This is a running minimum that begins anew after each suffix of the corpus: every block is moved far below the one
    # before it.
    far = np.int64(len(suffixes) + 1)
    smallest = np.minimum.accumulate(common - block * far) + block * far
    last = np.maximum.accumulate(np.where(after_corpus, np.arange(len(suffixes)), 0)) - 1
    return smallest, suffixes[last]


CHUNK = 1 << 16
"""So many characters are compared at once where a run goes on."""
BATCH = 1 << 22
"""The number of characters of the corpus that are sorted at once, at least; it bounds the memory."""
PIECE = 1 << 21
"""A text is compared in pieces of so many characters, which bounds the memory."""
OVERLAP = 1 << 20
"""So many characters after each piece are compared with it. A run that is longer goes on where it was found, even if
another place has still more of it."""


def matches(texts: Sequence[str], corpus: Sequence[CorpusText], at_least: int) -> list[Matches]:
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
    search = _Search(corpus, np.zeros(len(codes), np.int64), np.zeros(len(codes), np.int64))
    missing = length_of > 0
    window = at_least
    while missing.any():  # once, but for texts that have less in common than was asked for
        window = min(window, int(length_of[missing].max()))
        at = np.flatnonzero(np.repeat(missing, length_of + 1))
        search.add(codes[at], at, window, ord(terminator))
        if window == 1:
            break
        missing &= np.maximum.reduceat(search.lengths, starts[:-1]) == 0
        window = window * 3 // 4
    return [
        Matches(at_least, search.lengths[a:b], search.places[a:b], search.source_starts)
        for a, b in zip(starts, starts[1:] - 1, strict=False)
    ]


class _Search:
    """The matching statistics of a joined text, as far as they have been found."""

    def __init__(self, corpus: Sequence[CorpusText], lengths: Integers, places: Integers) -> None:
        self.lengths, self.places = lengths, places
        self.source_starts = np.cumsum([0, *map(len, corpus)], dtype=np.int64)[:-1]
        self._corpus = corpus

    def add(self, codes: CodePoints, at: Integers, window: int, terminator: int) -> None:
        """Finds the runs of at least `window` in `codes`, which are at the places `at` of the joined text."""
        start, overlap = 0, max(OVERLAP, window)
        while len(codes) - start > PIECE + overlap:
            piece = slice(start, start + PIECE + overlap)
            self._add_piece(codes[piece], at[piece], window, terminator)
            self._prolong(codes, at, slice(start, start + PIECE), start + PIECE + overlap, terminator)
            start += PIECE
        self._add_piece(codes[start:], at[start:], window, terminator)

    def _prolong(self, codes: CodePoints, at: Integers, piece: slice, end: int, terminator: int) -> None:
        """Prolongs the runs that begin in a piece of `codes` and go on at `end`, where the reading of it ended."""
        place_of = np.arange(piece.start, piece.stop)
        lengths, places = self.lengths[at[piece]], self.places[at[piece]]
        cut = np.flatnonzero((lengths > 0) & (place_of + lengths == end))
        distances_N = places[cut] - place_of[cut]
        for distance in np.unique(distances_N).tolist():
            further = self._agreement(codes[end:], end + distance, terminator)
            self.lengths[at[place_of[cut[distances_N == distance]]]] += further

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
        for parts, places in self._parts(WindowFilter(codes, window), batch=max(BATCH, 4 * len(codes))):
            joined = rank[code_points(chr(terminator).join(parts))]
            starts = np.cumsum([0, *(len(part) + 1 for part in parts[:-1])])
            length, place = (found[: len(codes)] for found in matching_statistics(text, joined))
            better = np.flatnonzero((length >= window) & (length > self.lengths[at]))
            part = np.searchsorted(starts, place[better], "right") - 1
            self.lengths[at[better]] = length[better]
            self.places[at[better]] = np.array(places)[part] + place[better] - starts[part]

    def _parts(self, passes: WindowFilter, batch: int) -> Iterator[tuple[list[str], list[int]]]:
        """Batches of the parts that the filter passes, each part once, and their places in the joined corpus."""
        parts: dict[str, int] = {}
        size = 0
        for text, source_start in zip(self._corpus, self.source_starts.tolist(), strict=True):
            for start, end in passes.regions(text):
                for first in range(start, end, batch):
                    # A run that begins in a part also ends in it, as it is no longer than the whole text.
                    part = text[first : min(end, first + 2 * batch)]
                    size += len(part) if part not in parts else 0
                    parts.setdefault(part, source_start + first)
                    if size >= batch:
                        yield list(parts), list(parts.values())
                        parts, size = {}, 0
        if parts:
            yield list(parts), list(parts.values())


def _absent(texts: Sequence[str]) -> str:
    """A character that is in none of `texts`."""
    present = set().union(*texts)
    return next(character for character in map(chr, range(0x110000)) if character not in present)
