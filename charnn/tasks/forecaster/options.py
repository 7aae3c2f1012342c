"""The options of a forecaster, for learning a series of numbers and for being scored on one."""

from __future__ import annotations

from dataclasses import dataclass

from charnn.corpora.series_layout import SeriesLayout
from charnn.errors import UsageError
from charnn.tasks.options import SERIES, option
from charnn.tasks.shared_options import EvaluationOptions, LineOptions
from charnn.tasks.training_options import NetworkTrainingOptions


@dataclass(frozen=True)
class SeriesOptions:
    """The options that say which columns of a table are meant."""

    series: str | None = option(
        None,
        "Forecast these columns of the table, by their names or their numbers, with commas between them.",
        panel=SERIES,
        metavar="NAME,...",
        shown_default="all that have numbers, but for the times",
    )
    time_column: str | None = option(
        None,
        "Take the times of the rows from this column, by its name or its number; none counts the rows instead.",
        panel=SERIES,
        metavar="NAME|none",
        shown_default="a column of dates, or of numbers that rise at even steps",
    )

    @property
    def layout(self) -> SeriesLayout:
        """Raises UsageError where a name is empty or comes twice."""
        names = tuple(name.strip() for name in self.series.split(",")) if self.series is not None else ()
        if not all(names) or len(set(names)) < len(names):
            raise UsageError(f"--series {self.series}: give names of columns with commas between them")
        return SeriesLayout(self.time_column, names)


@dataclass(frozen=True)
class ForecasterOptions(SeriesOptions, LineOptions, NetworkTrainingOptions):
    season: int | None = option(
        None,
        "Let a season have N steps, after which values are alike: 12 for months, 24 for hours. 1 says that there is "
        "none.",
        panel=SERIES,
        metavar="N",
        minimum=1,
        shown_default="found in the data, first among the seasons of the calendar",
    )
    horizon: int | None = option(
        None,
        "Learn to forecast N steps ahead. A forecast may go farther, but its intervals are too narrow there.",
        panel=SERIES,
        metavar="N",
        minimum=1,
        shown_default="a season, 12 to 48 steps, and at most a tenth of the rows",
    )


@dataclass(frozen=True)
class ForecasterEvaluationOptions(SeriesOptions, EvaluationOptions):
    """The columns are those that were learned, unless an option says otherwise."""

    horizon: int | None = option(
        None,
        "Score forecasts of N steps ahead.",
        panel=SERIES,
        metavar="N",
        minimum=1,
        shown_default="as many as were learned",
    )
