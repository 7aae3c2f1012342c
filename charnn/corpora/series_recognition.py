"""Tells whether a text is a table of times and numbers, from how it begins."""

from __future__ import annotations

from charnn.corpora.series import NUMBER, UNNAMED, series_in
from charnn.corpora.times import NAMES
from charnn.errors import CorpusError, UsageError


def recognize_series(sample: str) -> str | None:
    """What a text that begins like this has, if it is a table of times and numbers. Times are dates, or numbers below a
    name such as year. The last line may be cut."""
    lines = sample.splitlines()
    whole = "\n".join(lines if sample.endswith(("\n", "\r")) else lines[:-1])
    try:
        series = series_in(whole, "")
    except (CorpusError, UsageError, ValueError):
        return None
    axis, has_header = series.axis, not series.columns[0].startswith(UNNAMED)
    has_times = bool(axis.form) or (axis.has_times and has_header and axis.name.lower() in NAMES)
    return "a column of times and columns of numbers" if has_times and len(series) > 2 else None


def looks_like_numbers(sample: str) -> str | None:
    """What a text that begins like this has, if each of its lines is a number."""
    lines = sample.splitlines()[1:-1]
    if len(lines) > 2 and all(NUMBER.fullmatch(line.strip()) for line in lines) and len(set(sample)) > 4:
        return "a number on each line"
    return None
