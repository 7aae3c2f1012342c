"""A forecaster for its user: a series in, the quantiles of what follows out."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from numbers import Integral
from pathlib import Path
from typing import Any

import numpy as np

from charnn.arrays import Float32s, Float64s
from charnn.corpora.decoding import OnError
from charnn.corpora.series import Series
from charnn.corpora.series_cells import UNNAMED
from charnn.errors import CharnnWarning, CorpusError, ModelFormatError, UsageError
from charnn.readable import file_name, first_few
from charnn.runtime.session import graph_name, open_graph
from charnn.tasks.forecaster.base import Ids
from charnn.tasks.forecaster.config import MEDIAN, QUANTILES, ForecasterConfig
from charnn.tasks.forecaster.dataset import read_series, rows_before, same_columns
from charnn.tasks.forecaster.directory import ForecasterDirectory, LearnedSeries
from charnn.tasks.forecaster.windows import PreparedSeries, WindowBatch
from charnn.tasks.model import Model

BATCH = 64
LEAST_ALIKE = 0.9
"""So large a part of the rows that were learned and come again has the same values. In another series it has not."""
MOST_NAMED = 8
"""The most columns that a message names."""


class RuntimeForecasterNetwork:
    """The graph of a model, as ONNX Runtime runs it. Several threads may call it at once.

    The graph's contract (`charnn.tasks.forecaster.graph` writes it): `x` (T, B, F) fp32 are the inputs of the context
    and of the steps ahead (`charnn.tasks.forecaster.windows`); `outputs` (T, B, C Q) fp32 are the quantiles of every
    column at every step in spreads, of which those ahead mean something.
    """

    def __init__(self, graph: Path | bytes, columns: int, *, threads: int = 1) -> None:
        """Raises ModelFormatError where the graph is damaged or not that of a forecaster of so many columns."""
        session = open_graph(graph, threads=threads)
        inputs, outputs = ([port.name for port in ports] for ports in (session.get_inputs(), session.get_outputs()))
        if (inputs, outputs) != (["x"], ["outputs"]) or session.get_outputs()[0].shape[-1] != columns * len(QUANTILES):
            raise ModelFormatError(f"{graph_name(graph)}: not the graph of this model")
        self._run, self._columns = session.run, columns

    def outputs(self, x_BTF: Float32s, horizon: int) -> Float32s:
        """The outputs of the last `horizon` steps, (B, H, C, Q)."""
        parts = []
        for start in range(0, len(x_BTF), BATCH):
            x_TBF = np.ascontiguousarray(x_BTF[start : start + BATCH].swapaxes(0, 1))
            outputs_TBO = self._run(["outputs"], {"x": x_TBF})[0][-horizon:]
            parts.append(outputs_TBO.swapaxes(0, 1).reshape(-1, horizon, self._columns, len(QUANTILES)))
        return np.concatenate(parts)


LEAST_SHOWN = 1e-4
"""Values are written as exactly as this share of the largest one, or as a hundredth of the usual error needs."""


@dataclass(frozen=True)
class Forecast:
    """What follows the end of a series: H steps of C columns."""

    times: tuple[str, ...]
    """The time of each step, as it would stand in the file; the number of its row where there are no times."""
    columns: tuple[str, ...]
    """The names of the columns."""
    quantiles: tuple[float, ...]
    """Which quantiles there are, such as 0.5 for the median, from the lowest on."""
    values_HCQ: Float64s
    """The values of the quantiles, in the unit of the column."""
    decimals: tuple[int, ...]
    """The decimals of each column's values that are worth writing."""

    def median(self, column: str | None = None) -> list[float]:
        """The middle of what may come of a column, which may be left out where there is one."""
        place = 0 if column is None and len(self.columns) == 1 else self.columns.index(column or "")
        found: list[float] = self.values_HCQ[:, place, MEDIAN].tolist()
        return found

    def rows(self) -> Iterator[dict[str, Any]]:
        """For each step and column its time, the column's name and the quantiles by their names."""
        for step, time in enumerate(self.times):
            for place, column in enumerate(self.columns):
                values = [round(value, self.decimals[place]) for value in self.values_HCQ[step, place].tolist()]
                named = zip(map(str, self.quantiles), values, strict=True)
                yield {"time": time, "column": column, "quantiles": dict(named)}


class Forecaster(Model[ForecasterDirectory, ForecasterConfig]):
    """A forecaster, as `charnn.load` gives it: it says how a series of numbers goes on, with quantiles.

    forecaster = charnn.Forecaster.load("sales")
    forecast = forecaster.forecast(horizon=12)
    rows = list(forecast.rows())
    after_others = forecaster.forecast([[12.0], [14.5], [13.0]])
    """

    directory_class = ForecasterDirectory

    @cached_property
    def learned(self) -> LearnedSeries:
        return self.directory.series()

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns that it forecasts."""
        return self.learned.recent.columns

    def forecast(
        self, series: str | os.PathLike[str] | Sequence[float] | Series | None = None, *, horizon: int | None = None
    ) -> Forecast:
        """The quantiles of the `horizon` steps that follow a series, or as many as were learned.

        The series is the one that was learned where it is None; a path is that of a file, and numbers are the values of
        the one column. The precision is what `charnn forecast` takes (`auto`) unless another was asked for.
        """
        horizon = self.config.network.horizon if horizon is None else horizon
        if not isinstance(horizon, Integral) or isinstance(horizon, bool) or horizon < 1:
            raise UsageError(f"a horizon of {horizon!r} steps: it is a whole number, 1 at least")
        found = self._series(series)
        rows = self.rows(found)
        values_BHCQ, _ = self.forecasts(rows, np.array([len(found)]), horizon)
        times = tuple(found.axis.text(len(found) + step) for step in range(horizon))
        sizes_C = np.nan_to_num(abs(values_BHCQ[0]).max((0, 2)))
        scales = [max(c.base_scale, size * LEAST_SHOWN) for c, size in zip(self.learned.columns, sizes_C, strict=True)]
        decimals = tuple(map(_decimals, scales))
        return Forecast(times, self.columns, QUANTILES, values_BHCQ[0], decimals)

    def _series(self, series: Any) -> Series:
        if series is None:
            return self.learned.recent
        if isinstance(series, str | os.PathLike):
            return self.read_on(os.fspath(series))
        if isinstance(series, Series):
            found = series
        else:
            try:
                values_NC = np.asarray(series, np.float64)
            except (TypeError, ValueError):
                raise UsageError("a series is a list of numbers, with a list of them for each row of several") from None
            if values_NC.ndim < 2:
                values_NC = values_NC.reshape(-1, 1)
            found = Series(self.columns, values_NC, self.learned.recent.axis.moved(len(self.learned.recent)))
        if found.values_NC.ndim != 2 or found.values_NC.shape[1] != len(self.columns):
            raise UsageError(f"a series of {found.values_NC.shape[-1]} columns, and the model has {len(self.columns)}")
        if not len(found) or np.isinf(found.values_NC).any():
            raise UsageError("a series has a row at least, and finite numbers, or NaN in a gap")
        return found

    def read(
        self,
        path: str,
        *,
        layout: Any = None,
        encoding: str = "utf-8",
        on_error: OnError = "fail",
    ) -> Series:
        """The series in a file that has the columns of the model, by their names, or without a header in their order,
        which a warning says. Raises CorpusError and UsageError as reading does."""
        wanted = same_columns(layout or self.config.corpus.layout, self.learned.recent)
        learned = first_few(self.columns, MOST_NAMED)
        try:
            series, _ = read_series(path, wanted, encoding=encoding, on_error=on_error, needs_header=layout is not None)
        except UsageError as error:
            if layout is None and error.hint is not None:  # no option says here which columns are meant
                error.hint = error.hint.replace("name it with --series", f"the model learned {learned}")
            raise
        name = file_name(path)
        if len(series.columns) != len(self.columns):
            raise CorpusError(
                f"{name}: {len(series.columns)} columns of numbers, and the model learned {len(self.columns)}",
                hint=f"it learned {learned}",
            )
        if not (~np.isnan(series.values_NC)).any(0).all():
            raise CorpusError(f"{name}: a column has no value")
        if series.columns != self.columns and all(one.startswith(UNNAMED) for one in series.columns):
            warnings.warn(
                f"{name} has no header: its columns of numbers are taken for {learned}", CharnnWarning, stacklevel=2
            )
        return replace(series, columns=self.columns)

    def read_on(self, path: str, *, encoding: str = "utf-8", on_error: OnError = "fail") -> Series:
        """What `read` gives, to go on with. Where its rows are fewer than a forecast looks back on, and go on from the
        learned ones, these stand before them, which a warning says. They do not where rows that both have differ, since
        then it is another series."""
        newer, recent = self.read(path, encoding=encoding, on_error=on_error), self.learned.recent
        if len(newer) >= self.config.training.window_length + rows_before(self.learned.columns):
            return newer
        if (joined := recent.joined(newer)) is None or len(joined) - len(newer) < 1:
            return newer
        before = len(recent.values_NC[: round(recent.axis.row_of(newer.axis.first))])
        learned_NC, read_NC = recent.values_NC[before:], newer.values_NC[: len(recent) - before]
        known_NC = ~np.isnan(learned_NC[: len(read_NC)] + read_NC[: len(learned_NC)])
        alike_NC = np.isclose(learned_NC[: len(read_NC)], read_NC[: len(learned_NC)])
        if known_NC.any() and alike_NC[known_NC].mean() < LEAST_ALIKE:
            return newer
        warnings.warn(
            f"{file_name(path)} has few rows, which go on from those that were learned: {before:,} of these are read "
            "before them",
            CharnnWarning,
            stacklevel=2,
        )
        return joined

    def rows(self, series: Series) -> PreparedSeries:
        """The series made ready for windows."""
        if self.config.network.cycles and not series.axis.form:
            raise UsageError(
                "the model knows the calendar, and this series has no dates", hint="give it a column of dates"
            )
        return PreparedSeries(series, self.config.network, self.learned.columns, self.config.training.window_length)

    def forecasts(self, rows: PreparedSeries, origins: Ids, horizon: int) -> tuple[Float64s, WindowBatch]:
        """The quantiles of the steps from each origin on, (B, H, C, Q), and the windows."""
        windows = rows.windows(origins, horizon)
        outputs_BHCQ = self._network.outputs(windows.x_BTF, horizon)
        return windows.values(outputs_BHCQ, self.learned.columns, adds=self.config.network.adds), windows

    @cached_property
    def _network(self) -> RuntimeForecasterNetwork:
        """Raises UsageError where int8 is asked for and the model has no int8 graph."""
        graph = self.directory.graph(quantized=self.is_quantized(self.precision or "auto"))
        return RuntimeForecasterNetwork(graph, len(self.learned.columns), threads=self.threads)


def _decimals(scale: float) -> int:
    """How many decimals it takes to tell a hundredth of the usual error."""
    return int(np.clip(2 - np.floor(np.log10(scale)), 0, 15))
