"""Tells whether a text is a table of times and numbers, from how it begins."""

from __future__ import annotations

from charnn.corpora.placed_rows import NAMES
from charnn.corpora.series import series_in
from charnn.corpora.series_cells import NUMBER, UNNAMED
from charnn.corpora.tables import Table
from charnn.errors import CorpusError, UsageError


def recognize_series(sample: str) -> str | None:
    """What a text that begins like this has, if it is a table of times and numbers. Times are dates, or numbers below a
    name such as year. The last line may be cut."""
    lines = sample.splitlines()
    whole = "\n".join(lines if sample.endswith(("\n", "\r")) else lines[:-1])
    try:
        series = series_in(Table(whole, ""))
    except (CorpusError, UsageError, ValueError):
        return None
    axis, has_header = series.axis, not series.columns[0].startswith(UNNAMED)
    has_times = bool(axis.form) or (axis.has_times and has_header and axis.name.lower() in NAMES)
    return "a column of times and columns of numbers" if has_times and len(series) > 2 else None


def looks_like_numbers(sample: str) -> str | None:
    """What a text that begins like this has, if each of its lines is a number, or as many numbers with blanks between
    them as the others."""
    rows = [line.split() for line in sample.splitlines()[1:-1]]
    if len(rows) < 3 or len({len(row) for row in rows}) > 1 or len(set(sample)) < 5:
        return None
    if not all(NUMBER.fullmatch(cell) for row in rows for cell in row) or not rows[0]:
        return None
    return "a number on each line" if len(rows[0]) == 1 else "as many numbers on each line"
