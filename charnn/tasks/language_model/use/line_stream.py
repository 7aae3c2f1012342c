"""Lines as they are read to scored lines: each as soon as it is due where the input pauses, many at once where it does
not, in order and in bounded memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from charnn.tasks.language_model.use.lines import LineScore, LineScorer

FIRST_CHUNK, LARGEST_CHUNK = 1024, 1 << 14
"""Characters of lines, ends included, that are scored together: few at first, so that the reader of the result
need not wait for it, then twice as many each time. A longer line is a chunk of its own."""
CHUNKS_AHEAD = 2
"""Chunks that are read while others are scored."""


class ScoredLine(NamedTuple):
    line: str
    """As it was read, with its end."""
    text: str
    """What is scored of it."""
    scores: Sequence[LineScore]
    """By each model."""


def score_stream(read: Iterable[Sequence[str]], scorer: LineScorer) -> Iterator[list[ScoredLine]]:
    """Chunks of scored lines, in the order of the input. When one is given, it should be written and flushed.

    `read` gives the lines that are complete by now, and none at a pause of the input: then all that it gave before is
    scored and given. An error that it raises comes once everything before has been given.
    """
    begun: deque[Callable[[], list[ScoredLine]]] = deque()
    for chunk, pauses in _chunks(read):
        if chunk:
            begun.append(_begin(chunk, scorer))
        while begun and (pauses or len(begun) > CHUNKS_AHEAD):
            yield begun.popleft()()


def _begin(chunk: Sequence[str], scorer: LineScorer) -> Callable[[], list[ScoredLine]]:
    result = scorer.begin(chunk)
    return lambda: [ScoredLine(line, scorer.text(line), scores) for line, scores in zip(chunk, result(), strict=True)]


def _chunks(read: Iterable[Sequence[str]]) -> Iterator[tuple[Sequence[str], bool]]:
    """Chunks of lines, and whether the input pauses, ends or fails after them."""
    chunk: list[str] = []
    size, most = 0, FIRST_CHUNK
    try:
        for lines in read:
            for line in lines:
                if chunk and size + len(line) > most:
                    yield chunk, False
                    chunk, size, most = [], 0, min(2 * most, LARGEST_CHUNK)
                chunk.append(line)
                size += len(line)
            if not lines:
                yield chunk, True
                chunk, size, most = [], 0, FIRST_CHUNK
    except Exception:
        yield chunk, True
        raise
    yield chunk, True
