"""A classifier's recurrent part as ONNX Runtime runs it.

The graph's contract (`charnn.tasks.classifier.graph` writes it): `forwards` and `backwards` (T, B) int64 are the
ids of texts in both directions, padded at the end; `lengths` (B,) int32, at least 1; `logits` (B, K) fp32.
"""

from __future__ import annotations

from collections.abc import Sequence
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
BATCH_TEXTS = 256


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

    def logits(self, ids: Sequence[npt.NDArray[np.int32]]) -> Floats:
        """(N, K), for texts of at least one symbol each."""
        lengths = list(map(len, ids))
        logits_NK = np.zeros((len(ids), self._labels), np.float32)
        for chosen in batches_by_length(lengths, rows=BATCH_TEXTS, padded_total=BATCH_SYMBOLS):
            logits_NK[chosen] = self._batch([ids[number] for number in chosen])
        return logits_NK

    def _batch(self, ids: list[npt.NDArray[np.int32]]) -> Floats:
        lengths_B = np.fromiter(map(len, ids), np.int32, len(ids))
        steps_T = np.arange(lengths_B.max())
        is_symbol_BT = steps_T < lengths_B[:, None]
        forwards_BT = np.full(is_symbol_BT.shape, STOP_ID, np.int64)
        forwards_BT[is_symbol_BT] = np.concatenate(ids)
        mirrored_BT = np.where(is_symbol_BT, lengths_B[:, None] - 1 - steps_T, steps_T)
        backwards_BT = np.take_along_axis(forwards_BT, mirrored_BT, 1)
        feed = {
            "forwards": np.ascontiguousarray(forwards_BT.T),
            "backwards": np.ascontiguousarray(backwards_BT.T),
            "lengths": lengths_B,
        }
        logits_BK: Floats = self._run(["logits"], feed)[0]
        return logits_BK
