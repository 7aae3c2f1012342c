"""What becomes of a token, said so that it can be done to other tokens: a space before it is written or removed, and
its characters are edited at the beginning and at places counted from the end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from charnn.tasks.transducer.edits import Edits, applied, edits_between, edits_of, flat
from charnn.tasks.transducer.line_tokens import SPACE


class Change(NamedTuple):
    space: int
    """1 where a space is written before the token, -1 where it is removed, and else 0."""
    first: Edits
    later: Edits
    """The edits of its code points, as `edits_between` gives them."""

    def of(self, token: str) -> str | None:
        """What it makes of a token; None where it cannot be done."""
        bare = token.lstrip(SPACE)
        has_space = int(bare != token)
        if not 0 <= has_space + self.space <= 1:
            return None
        made = applied(self.first, self.later, [*map(ord, bare)])
        if made is None:
            return None
        return SPACE * (has_space + self.space) + "".join(map(chr, made)) if made else ""

    def numbers(self) -> list[int]:
        """What `changes_of` reads."""
        return [
            self.space + 1,
            len(self.first),
            *(number for edit in (*self.first, *self.later) for number in flat(edit)),
        ]


def change_between(token: str, target: str) -> Change:
    bare, made = token.lstrip(SPACE), target.lstrip(SPACE)
    space = int(made != target) - int(bare != token)
    return Change(space, *edits_between([*map(ord, bare)], [*map(ord, made)]))


def changes_of(rows: Sequence[Sequence[int]]) -> Iterator[Change]:
    """The changes with these numbers. Raises ValueError where there are none."""
    for row in rows:
        if len(row) < 2 or not 0 <= row[0] <= 2 or not 0 <= row[1] <= 1:
            raise ValueError("no change of a token")
        edits = tuple(edits_of(row[2:]))
        if any(not 0 <= point < 0x110000 for edit in edits for point in edit.written):
            raise ValueError("no code points")
        yield Change(row[0] - 1, edits[: row[1]], edits[row[1] :])
