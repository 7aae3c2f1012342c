"""The series to learn from, the rows that are held out, and the record that finds the same ones again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from charnn.arrays import Float64s
from charnn.config import SourceFile
from charnn.corpora.data_files import DataFiles
from charnn.corpora.decoding import OnError
from charnn.corpora.documents import HELD_OUT_FRACTION
from charnn.corpora.series import Series, series_in
from charnn.corpora.series_cells import UNNAMED
from charnn.corpora.series_layout import SeriesLayout
from charnn.corpora.table_files import read_table, read_table_again
from charnn.errors import CorpusError, UsageError
from charnn.tasks.forecaster.base import Ids
from charnn.tasks.forecaster.config import ForecasterNetworkConfig, SeriesCorpusConfig
from charnn.tasks.forecaster.season import find_season
from charnn.tasks.forecaster.windows import ColumnStatistics, PreparedSeries, WindowBatch

FEWEST_ROWS = 10
MOST_WINDOWS = 300
"""The most windows that a validation reads, at even distances."""
LEAST_CONTEXT = 2
"""The rows that a window has at least before its steps ahead."""


@dataclass(frozen=True)
class Split:
    """The windows of one part of the data: their origins are the rows of their first steps ahead."""

    rows: PreparedSeries
    values_NC: Float64s
    origins: Ids
    horizon: int

    def windows(self, origins: Ids) -> WindowBatch:
        return self.rows.windows(origins, self.horizon)

    def truth(self, origins: Ids) -> Float64s:
        """What came, (B, H, C)."""
        rows_BH = origins[:, None] + np.arange(self.horizon)
        return np.asarray(self.values_NC[rows_BH])


@dataclass(frozen=True)
class Dataset:
    training: Split
    validation: Split
    columns: tuple[ColumnStatistics, ...]


@dataclass(frozen=True)
class SeriesCorpus:
    """What was read, before it is decided what a network is shown of it."""

    training: Series
    held_out: Series
    """The series with the rows to validate with at its end, those before them being context; all rows where nothing is
    held out."""
    held_out_from: int
    """The first row of `held_out` that is validated with."""
    season: int
    horizon: int
    config: SeriesCorpusConfig

    @property
    def remarks(self) -> tuple[str, ...]:
        gaps = self.config.gaps
        counted = (f"gaps, which are neither learned nor scored: {gaps:,} values",) if gaps else ()
        return (*self.training.remarks, *counted)

    def dataset(self, network: ForecasterNetworkConfig, columns: tuple[ColumnStatistics, ...], context: int) -> Dataset:
        horizon = min(network.horizon, max(len(self.training) // 2, 1))
        first = min(max(LEAST_CONTEXT, rows_before(columns)), max(len(self.training) // 2, 1))
        own = np.arange(first, len(self.training) - horizon + 1)
        training = Split(
            PreparedSeries(self.training, network, columns, context), self.training.values_NC, own, horizon
        )
        origins = origins_in(self.held_out, max(self.held_out_from, 1), horizon, MOST_WINDOWS)
        validation = Split(
            PreparedSeries(self.held_out, network, columns, context), self.held_out.values_NC, origins, horizon
        )
        return Dataset(training, validation, columns)


def rows_before(columns: Sequence[ColumnStatistics]) -> int:
    """How many rows before a step its plain forecast reads."""
    return max(column.base.rows for column in columns)


def origins_in(series: Series, first: int, horizon: int, most: int) -> Ids:
    """The origins of windows from the row `first` on whose steps ahead are all there, at even distances where there are
    more than `most`, and whose steps ahead have a value at least."""
    known_N = np.asarray(np.isfinite(series.values_NC).sum(1))
    every = np.array(
        [origin for origin in range(first, len(series) - horizon + 1) if known_N[origin : origin + horizon].any()],
        np.int64,
    )
    if len(every) <= most:
        return every
    chosen: Ids = every[np.linspace(0, len(every) - 1, most).round().astype(np.int64)]
    return chosen


def read_series(
    path: str, layout: SeriesLayout, *, encoding: str, on_error: OnError, needs_header: bool = True
) -> tuple[Series, SourceFile]:
    """The series in the file at `path`, `-` for standard input, and a record of the file. `series_in` says what it is
    to need a header."""
    table, source = read_table(path, encoding=encoding, on_error=on_error)
    return series_in(table, layout, needs_header=needs_header), source


def read_corpus(
    data: DataFiles,
    layout: SeriesLayout,
    *,
    season: int | None = None,
    horizon: int | None = None,
) -> SeriesCorpus:
    """The series in the one file, of which the last rows are held out (`held_out_rows`). The season is found, and the
    horizon chosen, where they are None.

    Raises UsageError for several files, and CorpusError for what cannot be read and for too few rows.
    """
    for what, every in (("series", data.paths), ("series to validate with", data.validation_paths)):
        if len(every) > 1:
            raise UsageError(
                f"{', '.join(every[:3])}: a forecaster learns one {what}", hint="make them columns of one file"
            )
    series, source = read_series(data.paths[0], layout, encoding=data.encoding, on_error=data.on_error)
    config = SeriesCorpusConfig(source, layout, None, data.encoding, data.on_error, data.holds_out)
    if not data.validation_paths:
        return _split(series, None, config, season, horizon)
    other, other_source = read_series(
        data.validation_paths[0], same_columns(layout, series), encoding=data.encoding, on_error=data.on_error
    )
    return _split(series, other, replace(config, validation_source=other_source), season, horizon)


def read_corpus_again(config: SeriesCorpusConfig, season: int, horizon: int) -> SeriesCorpus:
    """The corpus that `config` records. Raises CorpusError where a file of it is missing or has changed."""
    series = _again(config.source, config.layout, config)
    return _split(series, _other(config, series), config, season, horizon)


def read_named_again(
    paths: Sequence[str], config: SeriesCorpusConfig, season: int, horizon: int
) -> SeriesCorpus | None:
    """The corpus that `config` records, with the series to train on at the path; None where this is another."""
    if len(paths) > 1:
        return None
    table, source = read_table(paths[0], encoding=config.encoding, on_error=config.on_error)
    if source.sha256 != config.source.sha256:
        return None
    series = series_in(table, config.layout)
    return _split(series, _other(config, series), config, season, horizon)


def _other(config: SeriesCorpusConfig, series: Series) -> Series | None:
    """The series to validate with, where it is in a file of its own."""
    if config.validation_source is None:
        return None
    return _again(config.validation_source, same_columns(config.layout, series), config)


def _again(source: SourceFile, layout: SeriesLayout, config: SeriesCorpusConfig) -> Series:
    return series_in(read_table_again(source, encoding=config.encoding, on_error=config.on_error), layout)


def same_columns(layout: SeriesLayout, series: Series) -> SeriesLayout:
    """The layout that finds the columns of another series by their names, or without a header all of them."""
    if layout.columns or all(name.startswith(UNNAMED) for name in series.columns):
        return layout
    return replace(layout, columns=series.columns)


def _split(
    series: Series, other: Series | None, config: SeriesCorpusConfig, season: int | None, horizon: int | None
) -> SeriesCorpus:
    name, count = config.source.path, len(series)
    if count < FEWEST_ROWS:
        raise CorpusError(
            f"{name}: {count:,} row{'s are' if count != 1 else ' is'} too few to learn from",
            hint=f"{FEWEST_ROWS} are the fewest",
        )
    for option, value in (("--horizon", horizon), ("--season", season)):
        if value is not None and 3 * value > count:
            raise UsageError(f"{option} {value}: {count:,} rows are too few for it", hint=f"{count // 3} is the most")
    season = find_season(series) if season is None else season
    horizon = default_horizon(season, count) if horizon is None else horizon
    training, held_out, start = series, series, 0
    if other is not None:
        if other.columns != series.columns:
            raise UsageError(f"--valid: its columns are {', '.join(other.columns)}, not {', '.join(series.columns)}")
        joined = series.joined(other)
        held_out, start = (other, LEAST_CONTEXT) if joined is None else (joined, count)
    elif config.held_out:
        start = count - held_out_rows(count, horizon)
        training = series.rows(0, start)
    if np.isnan(training.values_NC).all(0).any():
        empty = training.columns[int(np.isnan(training.values_NC).all(0).argmax())]
        raise CorpusError(f"{name}: column {empty!r} has no value to learn from", hint="leave it out with --series")
    counted = replace(config, training_rows=len(training), validation_rows=len(held_out) - start, gaps=training.gaps)
    corpus = SeriesCorpus(replace(training, remarks=series.remarks), held_out, start, season, horizon, counted)
    if not len(origins_in(held_out, max(start, 1), horizon, 1)):
        what = "the file to validate with" if other is not None else "the rows held out"
        raise CorpusError(
            f"{name}: {what} have no {horizon} rows with a value to compare a forecast with",
            hint="learn a shorter --horizon, or validate with another file",
        )
    return corpus


def default_horizon(season: int, rows: int) -> int:
    """A season, but at least 12 steps and at most 48, and a tenth of the rows."""
    return max(min(max(season, 12), 48, rows // 10), 1)


def held_out_rows(rows: int, horizon: int) -> int:
    """The last tenth, but at least three times as many rows as are forecast, and at most a third."""
    return min(max(round(HELD_OUT_FRACTION * rows), 3 * horizon), rows // 3)
