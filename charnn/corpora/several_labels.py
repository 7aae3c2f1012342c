"""Several columns of labels beside each text: marks such as 1 and 0 below the name of a label, or a label in each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from charnn.errors import CorpusError

YES, NO = (
    frozenset(("1", "1.0", "true", "yes", "y", "x")),
    frozenset(("0", "0.0", "-1", "false", "no", "n", "", "null")),
)
"""The marks that say whether a text has the label that a column is named after."""


def names_in(asked: str | None, header: Sequence[str]) -> list[str]:
    """The several columns that --label names with commas between them, if these are in the header; none where it
    names one column."""
    parts = [] if asked is None or asked in header else [part.strip() for part in asked.split(",")]
    return parts if len(parts) > 1 and all(part in header for part in parts) else []


class LabelColumns:
    """The columns of the labels of a text, which the first rows tell apart: columns of marks, and columns of labels."""

    def __init__(self, names: Sequence[str], first_rows: Iterable[Sequence[str]]) -> None:
        rows = list(first_rows)
        self._names = tuple(names)
        self._is_marked = [all(_is_mark(row[place]) for row in rows) for place in range(len(names))]

    def labels(self, cells: Sequence[str], where: str) -> tuple[str, ...]:
        """The labels of a text: the name of each column that marks it, and name=label of the others. Raises CorpusError
        for what is no mark in a column of marks; `where` is its place, for the message."""
        found = []
        for name, cell, is_marked in zip(self._names, map(str.strip, cells), self._is_marked, strict=True):
            if not is_marked:
                found += [f"{name}={cell}"] if cell else []
            elif not _is_mark(cell):
                raise CorpusError(
                    f"{where}: {cell!r:.40} stands under {name!r}, where the first rows have 0 or 1 alone",
                    hint="write 1 where the text has the label, and 0 where it has not",
                )
            elif cell.lower() in YES:
                found.append(name)
        return tuple(found)


def _is_mark(cell: str) -> bool:
    return cell.strip().lower() in YES | NO
