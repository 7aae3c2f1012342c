"""A forecaster's network as ONNX Runtime runs it.

The graph's contract (`charnn.tasks.forecaster.graph` writes it): `x` (T, B, F) fp32 are the inputs of the context and
of the steps ahead (`charnn.tasks.forecaster.windows`); `outputs` (T, B, C Q) fp32 are the quantiles of every column at
every step in spreads, of which those ahead mean something.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from charnn.errors import ModelFormatError
from charnn.runtime.session import graph_name, open_graph
from charnn.tasks.forecaster.config import QUANTILES
from charnn.tasks.forecaster.windows import Float32s

BATCH = 64


class RuntimeForecasterNetwork:
    """The graph of a model. Several threads may call it at once."""

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
