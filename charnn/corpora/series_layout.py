"""Which columns of a table of series are meant. Options name this, and so it is apart from the reader and its numpy."""

from __future__ import annotations

from dataclasses import dataclass

from charnn.config import Json


@dataclass(frozen=True)
class SeriesLayout(Json):
    """Which columns of a table are meant. What is None is told from the table."""

    time: str | None = None
    """The column of times, by its name or number; `none` where there is none."""
    columns: tuple[str, ...] = ()
    """The columns of numbers, by their names or numbers; without any, all are meant."""


AS_TOLD = SeriesLayout()
