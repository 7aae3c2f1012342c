"""The edits that make a target of a source: for `haus` and `häuser`, `a` becomes `ä` three places before the end, and
`er` is added at the end.

Both sides are symbols of one kind. An edit at the very beginning of the source is told apart from the others, whose
places are counted from its end: so a prefix and a suffix are the same for sources of every length.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple


class Edit(NamedTuple):
    """Something that is removed, and what is written in its place."""

    from_end: int
    """How many symbols of the source there are from this place to its end; 0 for an edit at the very beginning."""
    removed: tuple[int, ...]
    written: tuple[int, ...]


Edits = tuple[Edit, ...]
"""Edits of different places, from left to right."""


def edits_between(source: Sequence[int], target: Sequence[int]) -> tuple[Edits, Edits]:
    """The edit at the very beginning, if there is one and it leaves something of the source, and all others.

    They are those of an alignment with the fewest symbols that are removed, written or exchanged (Levenshtein 1966),
    which keeps symbols as early as it can.
    """
    same = 0
    while same < min(len(source), len(target)) and source[same] == target[same]:
        same += 1
    size, found = len(source), list(_edits(source, target, same))
    if found and found[0].from_end == size > len(found[0].removed):
        return (found[0]._replace(from_end=0),), tuple(found[1:])
    return (), tuple(found)


def applied(first: Edits, later: Edits, source: Sequence[int]) -> tuple[int, ...] | None:
    """What the edits at the very beginning and the others make of a source; None where it has not what they remove."""
    made: list[int] = []
    done, size = 0, len(source)
    places = *(0 for _ in first), *(size - edit.from_end for edit in later)
    for place, (_, removed, written) in zip(places, (*first, *later), strict=True):
        end = place + len(removed)
        if place < done or end > size or tuple(source[place:end]) != removed:
            return None
        made += source[done:place]
        made += written
        done = end
    made += source[done:]
    return tuple(made)


def flat(edit: Edit) -> list[int]:
    """An edit as numbers, for a file."""
    return [edit.from_end, len(edit.removed), *edit.removed, len(edit.written), *edit.written]


def edits_of(numbers: Sequence[int]) -> Iterator[Edit]:
    """What `flat` gave, one after the other. Raises ValueError for anything else."""
    left = list(numbers)[::-1]
    while left:
        from_end, parts = left.pop(), []
        for _ in range(2):
            count = left.pop() if left else -1
            if from_end < 0 or not 0 <= count <= len(left):
                raise ValueError("edits that end too early")
            parts.append(tuple(left.pop() for _ in range(count)))
        yield Edit(from_end, *parts)


def _edits(source: Sequence[int], target: Sequence[int], same: int) -> Iterator[Edit]:
    """The edits in order, where the first `same` symbols of both are the same and are kept."""
    costs = _costs(source[same:], target[same:])
    size, i, j = len(source), same, same
    begin, removed, written = i, list[int](), list[int]()
    while i < size or j < len(target):
        cost = costs[i - same][j - same]
        both = i < size and j < len(target)
        if both and source[i] == target[j] and cost == costs[i + 1 - same][j + 1 - same]:
            if removed or written:
                yield Edit(size - begin, tuple(removed), tuple(written))
            i, j = i + 1, j + 1
            begin, removed, written = i, [], []
            continue
        is_exchanged = both and cost == costs[i + 1 - same][j + 1 - same] + 1
        is_written = not is_exchanged and j < len(target) and cost == costs[i - same][j + 1 - same] + 1
        if not is_written:
            removed.append(source[i])
            i += 1
        if is_exchanged or is_written:
            written.append(target[j])
            j += 1
    if removed or written:
        yield Edit(size - begin, tuple(removed), tuple(written))


def _costs(source: Sequence[int], target: Sequence[int]) -> list[list[int]]:
    """The fewest edits of single symbols from each place of both sides on."""
    below = list(range(len(target), -1, -1))
    rows = [below]
    for i, symbol in enumerate(reversed(source), 1):
        row = [i] * (len(target) + 1)
        for j in range(len(target) - 1, -1, -1):
            kept = below[j + 1] + (symbol != target[j])
            row[j] = min(kept, below[j] + 1, row[j + 1] + 1)
        rows.append(row)
        below = row
    return rows[::-1]
