"""A stream of lines to scored lines: each as soon as it is scored where the input pauses, many at once where it does
not, in order and in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from charnn.streaming import results_in_order
from charnn.tasks.language_model.use.lines import LineScore, LineScorer

FIRST_CHUNK, LARGEST_CHUNK = 1024, 1 << 14
"""Characters of lines, ends included, that are scored together: few at first, so that the reader of the result
need not wait for it, then twice as many each time. A longer line is a chunk of its own."""


class ScoredLine(NamedTuple):
    line: str
    """The line as it was read, with its end."""
    text: str
    """The part of the line that is scored."""
    scores: Sequence[LineScore]
    """The line's score by each model."""


def score_stream(read: Iterable[Sequence[str]], scorer: LineScorer) -> Iterator[list[ScoredLine]]:
    """Chunks of scored lines, in the order of the input. When one is given, it should be written and flushed.

    `read` gives the lines that are complete by now, and none at a pause of the input: then all that it gave before is
    scored and given. An error that it raises is raised once everything before it has been given.
    """

    def begin(lines: list[str]) -> Callable[[], list[ScoredLine]]:
        result = scorer.begin(lines)
        return lambda: [
            ScoredLine(line, scorer.text(line), scores) for line, scores in zip(lines, result(), strict=True)
        ]

    return results_in_order(read, begin, len, first=FIRST_CHUNK, largest=LARGEST_CHUNK)
