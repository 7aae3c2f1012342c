"""A language model as ONNX Runtime runs it: one step, or a whole sequence.

The graph's contract (`charnn.training.graph` writes it): input `ids` (B, T) int64, output `logits` (B, T, V) fp32, and
for every array of the state an input `NAME` and an output `NAME.next`, both (1, B, H) fp32.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from charnn.errors import ModelFormatError
from charnn.runtime.session import graph_name, open_graph

State = tuple[npt.NDArray[np.float32], ...]
"""The arrays that the graph carries from step to step, each (1, B, H), in the graph's order."""


class RuntimeLanguageModel:
    """Meets `generation.LanguageModel` and `evaluation.Scorer`."""

    def __init__(self, graph: Path | bytes, *, threads: int = 1) -> None:
        """Raises ModelFormatError where the graph is damaged or not one of charnn's."""
        session = open_graph(graph, threads=threads)
        shapes = {i.name: i.shape for i in session.get_inputs()}
        is_ours = shapes.pop("ids", None) is not None
        self._state_names = list(shapes)
        self._outputs = ["logits", *(f"{state}.next" for state in self._state_names)]
        is_ours &= self._outputs == [o.name for o in session.get_outputs()]
        if not is_ours or not all(len(s) == 3 and isinstance(s[2], int) for s in shapes.values()):
            raise ModelFormatError(f"{graph_name(graph)}: not a graph of charnn's")
        self._sizes = [shape[2] for shape in shapes.values()]
        self._run = session.run

    def initial_state(self, batch: int) -> State:
        return tuple(np.zeros((1, batch, size), np.float32) for size in self._sizes)

    def sequence(self, ids_BT: npt.NDArray[np.integer], state: State) -> tuple[npt.NDArray[np.float32], State]:
        """Logits (B, T, V) of the token after each id, and the state after the last. T is at least 1."""
        feed = dict(zip(self._state_names, state, strict=True))
        feed["ids"] = ids_BT.astype(np.int64, copy=False)
        logits_BTV, *after = self._run(self._outputs, feed)
        return logits_BTV, tuple(after)

    def step(self, ids_B: npt.NDArray[np.integer], state: State) -> tuple[npt.NDArray[np.float32], State]:
        """Logits (B, V) of the token after each lane's id, and the state after it."""
        logits_B1V, after = self.sequence(ids_B[:, None], state)
        return logits_B1V[:, 0], after

    def nats(
        self, inputs_BT: npt.NDArray[np.integer], targets_BT: npt.NDArray[np.integer], state: State
    ) -> tuple[npt.NDArray[np.float32], State]:
        """-ln p (B, T) of each target given the inputs up to its place, and the state after the last."""
        logits_BTV, after = self.sequence(inputs_BT, state)
        top_BT1 = logits_BTV.max(-1, keepdims=True)
        log_total_BT = np.log(np.exp(logits_BTV - top_BT1).sum(-1)) + top_BT1[..., 0]
        chosen_BT = np.take_along_axis(logits_BTV, targets_BT[..., None].astype(np.int64), -1)[..., 0]
        return log_total_BT - chosen_BT, after
