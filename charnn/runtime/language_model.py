"""A language model as ONNX Runtime runs it: one step, or a whole sequence.

The graph's contract (`charnn.training.language_model.graph` writes it): input `ids` (B, T) int64, output `logits`
(B, T, V) fp32, and for every array of the state an input `NAME` and an output `NAME.next`, both (1, B, H) fp32. A graph
that counts down has an input `left` (B, T) int64 besides, the length class of what remains of the document after each
id, and an output `log_lengths` (B, T, L) fp32, ln p of each class of the length of the document that an id opens. Its
property `stopping` says how it ends a document, where that is not by a symbol.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import cast, get_args

import numpy as np
import numpy.typing as npt
import onnxruntime

from charnn.config import Stopping
from charnn.errors import ModelFormatError
from charnn.evaluation.lengths import LENGTH_CLASSES, LOG_WIDTHS, class_of
from charnn.evaluation.scorer import Costs
from charnn.runtime.session import graph_name, open_graph
from charnn.tokenizers.base import STOP_ID

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.integer]
State = tuple[Floats, ...]
"""The arrays that the graph carries from step to step, each (1, B, H), in the graph's order."""


class RuntimeLanguageModel:
    """Meets `generation.LanguageModel` and `evaluation.Scorer`.

    Where `stopping` is `length`, each reading but `opening` is told what `remaining` of the document after each id, as
    `evaluation.remaining_tokens` counts, 0 after the last; after the stop that opens a document it makes no difference
    unless it is 0. Other models make no use of it.
    """

    def __init__(self, graph: Path | bytes, *, threads: int = 1) -> None:
        """Raises ModelFormatError where the graph is damaged or not one of charnn's."""
        session = open_graph(graph, threads=threads)
        stopping = session.get_modelmeta().custom_metadata_map.get("stopping", "symbol")
        shapes = {i.name: i.shape for i in session.get_inputs()}
        is_ours = shapes.pop("ids", None) is not None and stopping in get_args(Stopping)
        is_ours &= (shapes.pop("left", None) is not None) == (stopping == "length")
        self._state_names = list(shapes)
        self._outputs = ["logits", *(f"{state}.next" for state in self._state_names)]
        lengths = [o for o in session.get_outputs() if o.name == "log_lengths"] if stopping == "length" else []
        is_ours &= [*self._outputs, *(o.name for o in lengths)] == [o.name for o in session.get_outputs()]
        is_ours &= [o.shape[-1] for o in lengths] == [LENGTH_CLASSES] * (stopping == "length")
        if not is_ours or not all(len(s) == 3 and isinstance(s[2], int) for s in shapes.values()):
            raise ModelFormatError(f"{graph_name(graph)}: not a graph of charnn's")
        self.stopping = cast(Stopping, stopping)
        self._sizes = [shape[2] for shape in shapes.values()]
        self._run = session.run
        # Else the lengths are computed at every step, though nobody asks for them.
        self._options = onnxruntime.RunOptions()
        self._options.only_execute_path_to_fetches = True

    def initial_state(self, batch: int) -> State:
        return tuple(np.zeros((1, batch, size), np.float32) for size in self._sizes)

    def opening(self, batch: int) -> tuple[Floats, Floats, State]:
        """Begins `batch` documents, where `stopping` is `length`: reads the stop that opens each.

        Logits (B, V) of the first token; ln p (B, L) of the class of the document's length, for `draw_length`; and the
        state after it.
        """
        ids_B1 = np.full((batch, 1), STOP_ID, np.int64)
        feed = self._feed(ids_B1, self.initial_state(batch), np.ones_like(ids_B1))
        logits_B1V, *after, log_p_B1L = self._run([*self._outputs, "log_lengths"], feed)
        return logits_B1V[:, 0], log_p_B1L[:, 0], tuple(after)

    def sequence(self, ids_BT: Ints, state: State, remaining_BT: Ints | None = None) -> tuple[Floats, State]:
        """Logits (B, T, V) of the token after each id, and the state after the last. T is at least 1."""
        if self.stopping == "length":
            logits_BTV, *after = self._run(self._outputs, self._feed(ids_BT, state, remaining_BT), self._options)
        else:
            logits_BTV, *after = self._run(self._outputs, self._feed(ids_BT, state, None))
        return logits_BTV, tuple(after)

    def step(self, ids_B: Ints, state: State, remaining_B: Ints | None = None) -> tuple[Floats, State]:
        """Logits (B, V) of the token after each lane's id, and the state after it."""
        remaining_B1 = None if remaining_B is None else remaining_B[:, None]
        logits_B1V, after = self.sequence(ids_B[:, None], state, remaining_B1)
        return logits_B1V[:, 0], after

    def costs(
        self, inputs_BT: Ints, targets_BT: Ints, state: State, remaining_BT: Ints | None = None
    ) -> tuple[Costs, State]:
        """What each place costs given the inputs up to it, and the state after the last."""
        if self.stopping != "length":
            logits_BTV, after = self.sequence(inputs_BT, state)
            return Costs.of_tokens(_nats(logits_BTV, targets_BT), targets_BT, STOP_ID), after
        feed = self._feed(inputs_BT, state, remaining_BT)
        logits_BTV, *after_it, log_p_BTL = self._run([*self._outputs, "log_lengths"], feed)
        nats_BT = _nats(logits_BTV, targets_BT)
        ends_BT, opens_BT = np.zeros_like(nats_BT), inputs_BT == STOP_ID
        left_N = feed["left"][opens_BT]
        ends_BT[opens_BT] = LOG_WIDTHS[left_N] - np.take_along_axis(log_p_BTL[opens_BT], left_N[:, None], -1)[:, 0]
        return Costs(nats_BT, ends_BT), tuple(after_it)

    def select(self, state: State, lanes: Ints) -> State:
        """The state of these lanes, in this order; one may come several times."""
        return tuple(array_1BH[:, lanes] for array_1BH in state)

    def join(self, states: Sequence[State]) -> State:
        """The state of all their lanes, one after the other."""
        return tuple(np.concatenate(arrays, axis=1) for arrays in zip(*states, strict=True))

    def put(self, state: State, lane: int, other: State) -> None:
        """Sets one lane of `state` to the only one of `other`."""
        for array_1BH, other_11H in zip(state, other, strict=True):
            array_1BH[:, lane] = other_11H[:, 0]

    def _feed(self, ids_BT: Ints, state: State, remaining_BT: Ints | None) -> dict[str, npt.NDArray[np.generic]]:
        feed: dict[str, npt.NDArray[np.generic]] = dict(zip(self._state_names, state, strict=True))
        feed["ids"] = ids_BT.astype(np.int64, copy=False)
        if self.stopping == "length":
            assert remaining_BT is not None, "this model counts down"
            feed["left"] = class_of(remaining_BT)
        return feed


def _nats(logits_BTV: Floats, targets_BT: Ints) -> Floats:
    """-ln p (B, T) of each target."""
    top_BT1 = logits_BTV.max(-1, keepdims=True)
    log_total_BT = np.log(np.exp(logits_BTV - top_BT1).sum(-1)) + top_BT1[..., 0]
    chosen_BT = np.take_along_axis(logits_BTV, targets_BT[..., None].astype(np.int64), -1)[..., 0]
    nats_BT: Floats = log_total_BT - chosen_BT
    return nats_BT
