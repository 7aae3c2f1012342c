"""A stream of lines and what each is recalled as: at once where the input pauses, many together where it does not, in
order and in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from charnn.corpora.decoding import BYTE_ORDER_MARK, OnError
from charnn.corpora.lines import without_end
from charnn.corpora.streams import stream_lines
from charnn.memory.memory import Memory, Recalled
from charnn.streaming import results_in_order

FIRST_CHUNK, LARGEST_CHUNK = 8, 256
"""Lines that are recalled together."""
LONGEST_GARBLED = 1 << 20
"""The most characters of a line that is recalled. Each takes some 300 bytes while the line becomes a pattern."""


def lines_as_they_come(paths: Sequence[str], *, encoding: str, on_error: OnError) -> Iterator[list[str]]:
    """The lines of the files without their ends, one file after the other: lists of those that are complete by now, and
    an empty list at a pause. Raises what `stream` raises."""
    for path in paths:
        for lines in stream_lines(path, encoding=encoding, on_error=on_error, longest=LONGEST_GARBLED):
            yield [without_end(line.removeprefix(BYTE_ORDER_MARK) if number == 1 else line) for number, line in lines]


def recall_stream(read: Iterable[Sequence[str]], memory: Memory) -> Iterator[list[tuple[str, Recalled | None]]]:
    """Chunks of lines, each line with what it is recalled as, which is None for an empty one. Each chunk should be
    written and flushed when it comes.

    An error that `read` raises is raised once everything before it has been given.
    """

    def begin(chunk: list[str]) -> Callable[[], list[tuple[str, Recalled | None]]]:
        return lambda: list(zip(chunk, memory.recall(chunk), strict=True))

    return results_in_order(read, begin, lambda line: 1, first=FIRST_CHUNK, largest=LARGEST_CHUNK)
