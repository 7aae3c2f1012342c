"""A classifier's recurrent part as ONNX Runtime runs it.

The graph's contract (`charnn.tasks.classifier.graph` writes it): `forwards` and `backwards` (T, B) int64 are the
ids of texts in both directions, padded at the end; `lengths` (B,) int32, at least 1; `logits` (B, K) fp32.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from charnn.errors import ModelFormatError
from charnn.runtime.session import graph_name, open_graph
from charnn.streaming import batches_by_length
from charnn.tokenizers.base import STOP_ID

Floats = npt.NDArray[np.float32]
BATCH_SYMBOLS = 2048
"""The most symbols that the network reads at once, padding included."""
BATCH_TEXTS = 128


class RuntimeClassifierNetwork:
    """The graph of a model. Several threads may call it at once."""

    def __init__(self, graph: Path | bytes, labels: int) -> None:
        """Raises ModelFormatError where the graph is damaged or not that of a classifier with so many labels."""
        session = open_graph(graph, threads=1)
        inputs, outputs = ([port.name for port in ports] for ports in (session.get_inputs(), session.get_outputs()))
        if (inputs, outputs) != (["forwards", "backwards", "lengths"], ["logits"]):
            raise ModelFormatError(f"{graph_name(graph)}: not a graph of charnn's")
        if session.get_outputs()[0].shape[-1] != labels:
            raise ModelFormatError(f"{graph_name(graph)}: not the graph of this model")
        self._run, self._labels = session.run, labels

    def logits(self, ids: npt.NDArray[np.int32], lengths_N: npt.NDArray[np.int64]) -> Floats:
        """(N, K), for texts of at least one symbol each. Their `ids` stand one text after the other."""
        logits_NK = np.zeros((len(lengths_N), self._labels), np.float32)
        starts_N = np.cumsum(lengths_N) - lengths_N
        for chosen in batches_by_length(lengths_N, rows=BATCH_TEXTS, padded_total=BATCH_SYMBOLS):
            logits_NK[chosen] = self._batch(ids, starts_N[chosen], lengths_N[chosen])
        return logits_NK

    def _batch(
        self, ids: npt.NDArray[np.int32], starts_B: npt.NDArray[np.int64], lengths_B: npt.NDArray[np.int64]
    ) -> Floats:
        steps_T1 = np.arange(lengths_B.max())[:, None]
        is_outside_TB = steps_T1 >= lengths_B
        ways = []
        for places_TB in (starts_B + steps_T1, starts_B + lengths_B - 1 - steps_T1):
            way_TB = ids.take(places_TB, mode="clip").astype(np.int64)
            way_TB[is_outside_TB] = STOP_ID
            ways.append(way_TB)
        feed = {"forwards": ways[0], "backwards": ways[1], "lengths": lengths_B.astype(np.int32)}
        logits_BK: Floats = self._run(["logits"], feed)[0]
        return logits_BK
