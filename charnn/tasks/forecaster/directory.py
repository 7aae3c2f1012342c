"""The files that a forecaster has in its directory besides those of every model."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from charnn.cells import CELLS
from charnn.checkpoint.directory import GRAPH, QUANTIZED_GRAPH
from charnn.config.as_json import json_text
from charnn.corpora.series import Series
from charnn.corpora.times import TimeAxis
from charnn.errors import ConfigError, ModelFormatError
from charnn.tasks.directory import GraphMaker, TaskDirectory
from charnn.tasks.forecaster.config import ForecasterConfig
from charnn.tasks.forecaster.windows import ColumnStatistics

SERIES = "series.json"


@dataclass(frozen=True)
class LearnedSeries:
    """What is kept of the series that was learned."""

    columns: tuple[ColumnStatistics, ...]
    recent: Series
    """Its last rows, as many as a forecast reads."""

    def to_bytes(self) -> bytes:
        rows = [[None if np.isnan(value) else value for value in row] for row in self.recent.values_NC.tolist()]
        document = {
            "columns": [column.to_json() for column in self.columns],
            "times": self.recent.axis.to_json(),
            "recent": rows,
        }
        return json_text(document).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> LearnedSeries:
        """Raises ValueError, KeyError, TypeError or ConfigError for other bytes."""
        document = json.loads(data)
        columns = tuple(ColumnStatistics.from_json(column) for column in document["columns"])
        axis = TimeAxis.from_json(document["times"])
        axis.text(0)
        rows = [[np.nan if value is None else float(value) for value in row] for row in document["recent"]]
        values_NC = np.array(rows, np.float64).reshape(len(rows), len(columns))
        if not rows or np.isinf(values_NC).any():
            raise ValueError("no rows of numbers")
        return cls(columns, Series(tuple(column.name for column in columns), values_NC, axis))


class ForecasterDirectory(TaskDirectory[ForecasterConfig]):
    name = "forecaster"
    config_class = ForecasterConfig
    files = frozenset({SERIES})

    def check(self) -> None:
        super().check()
        self.series()

    def graph_makers(self) -> Mapping[str, GraphMaker]:
        from charnn.tasks.forecaster.graph import forecaster_graph

        network = self.config().network
        makers: dict[str, GraphMaker] = {GRAPH: partial(forecaster_graph, network)}
        if CELLS[network.cell].int8_operator:
            makers[QUANTIZED_GRAPH] = partial(forecaster_graph, network, quantized=True)
        return makers

    def series(self) -> LearnedSeries:
        """Raises ModelFormatError where the file is missing or damaged, or is not that of this network."""
        data = self.read(SERIES)
        try:
            series = LearnedSeries.from_bytes(data)
        except (ValueError, KeyError, TypeError, ArithmeticError, RecursionError, ConfigError):
            raise ModelFormatError(f"{self.path / SERIES}: not what a forecaster keeps of a series") from None
        if len(series.columns) != self.config().network.columns:
            raise ModelFormatError(f"{self.path / SERIES}: not the columns of this model")
        return series

    def write_series(self, series: LearnedSeries) -> None:
        self.write(SERIES, series.to_bytes())
