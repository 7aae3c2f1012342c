"""Lines that are remembered, and garbled lines that are put back to them: some at once, or a stream of them."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from charnn.corpora.decoding import BYTE_ORDER_MARK, OnError
from charnn.corpora.given import given_texts
from charnn.corpora.lines import without_end
from charnn.corpora.streams import stream_lines
from charnn.errors import CharnnWarning, UsageError
from charnn.memory.hopfield import HEBBIAN_CAPACITY, HopfieldNetwork, Learning, Updates
from charnn.memory.modern import ModernHopfieldNetwork
from charnn.memory.patterns import patterns_of
from charnn.readable import file_name
from charnn.streaming import results_in_order

Form = Literal["modern", "classical"]

UNITS = 2048
MOST_CLASSICAL_UNITS = 4096
"""The classical form has a weight for each two units: 128 MB for so many, and three times that while it learns."""
BATCH = 1 << 22
"""The most numbers that the overlaps or the states of lines that settle together have."""


@dataclass(frozen=True)
class Recalled:
    """What a garbled line has settled to."""

    source: str
    """The garbled line."""
    line: str
    """The memory that is nearest to where the network settled."""
    number: int
    """Its place among the lines that were stored, counted from 0 without the repeated ones."""
    confidence: float
    """How probable it is that the garbled line means this one, from 0 to 1."""
    overlap: float
    """The mean product of the units of the settled state and of the memory: 1 where it is the memory itself."""
    energies: tuple[float, ...]
    """The energy of the garbled line, and after each step until it had settled. Asynchronous steps are the units that
    changed. The two forms have different energies."""
    two_cycle: bool
    """Whether two states took turns, as they can where all units are updated at once."""

    @property
    def steps(self) -> int:
        """The updates until it had settled."""
        return len(self.energies) - 1


class Memory:
    """A Hopfield network that remembers lines. No line needs training, and PyTorch is never imported.

    memory = charnn.Memory(["Leeds", "York"])
    (recalled,) = memory.recall(["Yrok"])
    line, confidence = recalled.line, recalled.confidence
    """

    def __init__(
        self,
        lines: Iterable[str],
        *,
        form: Form | None = None,
        learning: Learning | None = None,
        updates: Updates | None = None,
        units: int = UNITS,
    ) -> None:
        """Remembers the lines; empty and repeated ones are passed over.

        `form` is modern or classical; left to itself it is classical where `learning` or `updates` is given or the
        lines are at most 0.14 for each unit, and modern where they are more. The classical form learns by the
        pseudo-inverse and updates one unit at a time, unless told otherwise.

        Raises UsageError where there is no line, where `learning` or `updates` is given to the modern form, and where
        the classical form has too many units, or the pseudo-inverse as many lines as units. Warns (CharnnWarning) of
        more lines than the form can hold.
        """
        self.lines = [line for line in dict.fromkeys(given_texts(lines, "Memory")) if line.strip()]
        if not self.lines:
            raise UsageError("there is no line to remember")
        if form == "modern" and (learning or updates):
            raise UsageError("learning and updates are of the classical form", hint="leave them out, or modern")
        capacity = int(HEBBIAN_CAPACITY * units)
        few = len(self.lines) <= capacity and units <= MOST_CLASSICAL_UNITS
        self.form: Form = form or ("classical" if few or learning or updates else "modern")
        self.learning: Learning = learning or "pseudo-inverse"
        self.updates: Updates = updates or "asynchronous"
        self.units = units
        if self.form == "classical":
            self._check_capacity(capacity)
        patterns_MN = patterns_of(self.lines, units)
        self._modern = ModernHopfieldNetwork(patterns_MN)
        self._classical = None
        if self.form == "classical":
            self._classical = HopfieldNetwork.learned(patterns_MN, self.learning)
            self._check_held(self._classical.held(patterns_MN))

    def recall(self, lines: Iterable[str]) -> list[Recalled | None]:
        """What each line settles to, in their order; None for a line that is empty or white space."""
        return list(self._recalled(list(given_texts(lines, "recall"))))

    def _recalled(self, lines: Sequence[str]) -> Iterator[Recalled | None]:
        rows = max(1, BATCH // max(len(self.lines), self.units))
        for start in range(0, len(lines), rows):
            batch = lines[start : start + rows]
            settled = iter(self._settled([line for line in batch if line.strip()]))
            yield from (next(settled) if line.strip() else None for line in batch)

    def _settled(self, lines: list[str]) -> Iterator[Recalled]:
        if not lines:
            return
        patterns_BN = patterns_of(lines, self.units)
        states_BN = patterns_BN.astype(np.float32)
        if self._classical is None:
            settled = self._modern.settle(states_BN)
            first_overlaps_BM, overlaps_BM = settled.first_overlaps_BM, settled.overlaps_BM
            courses = [(energies, False) for energies in settled.energies]
        else:
            each = [self._classical.settle(pattern_N, self.updates) for pattern_N in patterns_BN]
            first_overlaps_BM = self._modern.overlaps(states_BN)
            overlaps_BM = self._modern.overlaps(np.stack([one.state_N for one in each]).astype(np.float32))
            courses = [(one.energies, one.two_cycle) for one in each]
        confidences_BM = self._modern.confidences(first_overlaps_BM)
        for row, (line, (energies, two_cycle)) in enumerate(zip(lines, courses, strict=True)):
            best = int(overlaps_BM[row].argmax())
            confidence, overlap = float(confidences_BM[row, best]), float(overlaps_BM[row, best])
            yield Recalled(line, self.lines[best], best, confidence, overlap, energies, two_cycle)

    def _check_capacity(self, capacity: int) -> None:
        count = len(self.lines)
        if self.units > MOST_CLASSICAL_UNITS:
            raise UsageError(
                f"{self.units:,} units: the classical form has at most {MOST_CLASSICAL_UNITS:,}, since it has a weight "
                "for each two of them",
                hint="the modern form has more",
            )
        if self.learning == "pseudo-inverse" and count >= self.units:
            raise UsageError(
                f"{count:,} lines: the pseudo-inverse of {self.units:,} units holds fewer than that",
                hint="the modern form holds more; so do more units",
            )
        if count > capacity:
            warnings.warn(
                f"{count:,} lines: the classical form of {self.units:,} units holds about {capacity:,} "
                f"({HEBBIAN_CAPACITY} for each unit); the modern form holds more",
                CharnnWarning,
                stacklevel=3,
            )

    def _check_held(self, held: int) -> None:
        if held < len(self.lines):
            better = "the pseudo-inverse or the modern form" if self.learning == "hebbian" else "the modern form"
            warnings.warn(
                f"{len(self.lines) - held:,} of {len(self.lines):,} lines are forgotten: {self.learning} learning "
                f"cannot keep so many that are so much alike; {better} can",
                CharnnWarning,
                stacklevel=3,
            )


FIRST_CHUNK, LARGEST_CHUNK = 8, 256
"""Lines that are recalled together; one that is longer than USUAL_LENGTH counts as several."""
USUAL_LENGTH = 1 << 12
LONGEST_GARBLED = 1 << 20
"""The most characters of a line that is recalled. Each takes some 300 bytes while the line becomes a pattern."""


class GarbledLine(NamedTuple):
    """A line of the input."""

    text: str
    """The line without its end."""
    file: str
    """The name of its file, as messages have it."""
    line: int
    """Its number in its file, counted from 1."""


def lines_as_they_come(paths: Sequence[str], *, encoding: str, on_error: OnError) -> Iterator[list[GarbledLine]]:
    """The lines of the files without their ends, one file after the other: lists of those that are complete by now, and
    an empty list at a pause. Raises what `stream` raises."""
    for path in paths:
        file = file_name(path)
        for lines in stream_lines(path, encoding=encoding, on_error=on_error, longest=LONGEST_GARBLED):
            texts = (line.removeprefix(BYTE_ORDER_MARK) if number == 1 else line for number, line in lines)
            yield [GarbledLine(without_end(t), file, number) for t, (number, _) in zip(texts, lines, strict=True)]


def recall_stream(
    read: Iterable[Sequence[GarbledLine]], memory: Memory
) -> Iterator[list[tuple[GarbledLine, Recalled | None]]]:
    """Chunks of lines, each line with what it is recalled as, which is None for an empty one. Each chunk should be
    written and flushed when it comes.

    An error that `read` raises is raised once everything before it has been given.
    """

    def begin(chunk: list[GarbledLine]) -> Callable[[], list[tuple[GarbledLine, Recalled | None]]]:
        return lambda: list(zip(chunk, memory.recall([one.text for one in chunk]), strict=True))

    def size(line: GarbledLine) -> int:
        return 1 + len(line.text) // USUAL_LENGTH

    return results_in_order(read, begin, size, first=FIRST_CHUNK, largest=LARGEST_CHUNK)
