"""Runs a language model with ONNX Runtime, one step or a whole sequence at a time.

This is the contract of the graph, which `graph` writes. It has an input `ids` (B, T) int64, an output `logits`
(B, T, V) fp32, and for every array of the state an input `NAME` and an output `NAME.next`, both (M, B, H) fp32, for the
M members of an ensemble or the one network. For every condition of the model (`conditions`) it has an input (B, T)
int64, the row of the condition's embedding for each id; for labels it is (B, T, K) fp32, the weight of each of the K
labels. A graph that foretells lengths also has an output `log_lengths` (B, T, L) fp32, which is ln p of each class of
the length of the document that an id opens. The graph's property `stopping` says how it ends a document, where that is
not by a symbol. A graph of single steps (`step_graph`) is the same without the axis T.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast, get_args

import numpy as np
import numpy.typing as npt

from charnn.arrays import Float32s, Integers
from charnn.errors import ModelFormatError
from charnn.generation.model import NO_CONDITIONS, Conditions, conditions_at
from charnn.runtime.session import BoundSteps, graph_name, only_what_is_wanted, open_graph
from charnn.runtime.state import join, overwrite, put, select
from charnn.tasks.language_model.conditions import (
    COUNTDOWN,
    LABEL_PORT,
    Condition,
    ConditionedLanguageModel,
    conditions_of,
    weights_of_labels,
)
from charnn.tasks.language_model.config import Stopping
from charnn.tasks.language_model.lengths import LENGTH_CLASSES, LOG_WIDTHS
from charnn.tasks.language_model.use.scores import Costs
from charnn.tokenizers.base import STOP_ID

RuntimeState = tuple[Float32s, ...]
"""The arrays that the graph carries from step to step, each (M, B, H), in the graph's order."""
WITH_LENGTHS = ["logits", "log_lengths"]


class RuntimeLanguageModel(ConditionedLanguageModel):
    """A language model that ONNX Runtime runs. It meets `generation.model.NextTokenModel` and `use.scores.Scorer`."""

    def __init__(self, graph: Path | bytes, *, threads: int = 1) -> None:
        """Raises ModelFormatError where the graph is damaged or not one of charnn's."""
        session = open_graph(graph, threads=threads)
        stopping = session.get_modelmeta().custom_metadata_map.get("stopping", "symbol")
        self.stopping = cast(Stopping, stopping)
        shapes = {i.name: i.shape for i in session.get_inputs()}
        labels = shapes.get(LABEL_PORT, [0])[-1]
        self.labels = labels if isinstance(labels, int) else 0
        self._conditions = conditions_of(self.stopping, self.labels)
        outputs = {o.name: o.shape for o in session.get_outputs()}
        # If the graph has an input for a condition that its `stopping` does not have, it stays among the states here,
        # and is found out because it does not have their shape.
        ports = {"ids": 0, **{condition.port: int(condition.is_mixed) for condition in self._conditions}}
        axes, *others = {len(shapes.pop(port, ())) - further for port, further in ports.items()}
        is_ours = axes in (1, 2) and not others and stopping in get_args(Stopping)
        self._state_names = list(shapes)
        self._after = [f"{state}.next" for state in self._state_names]
        is_ours &= list(outputs) == ["logits", *self._after, *["log_lengths"] * (stopping == "length")]
        is_ours = is_ours and len(outputs["logits"]) == axes + 1 and isinstance(outputs["logits"][-1], int)
        is_ours &= outputs.get("log_lengths", [LENGTH_CLASSES])[-1] == LENGTH_CLASSES
        fixed = (isinstance(size, int) for s in shapes.values() for size in s[::2])
        if not is_ours or not all(len(s) == 3 for s in shapes.values()) or not all(fixed):
            raise ModelFormatError(f"{graph_name(graph)}: not a graph of charnn's")
        self._sizes = [(shape[0], shape[2]) for shape in shapes.values()]
        self._takes_steps = axes == 1
        self._vocabulary_size: int = outputs["logits"][-1]
        self._session = session
        self._bound: tuple[RuntimeState, BoundSteps] | None = None
        # Without these options the lengths would be computed at every step, although nobody asks for them.
        self._options = only_what_is_wanted() if "log_lengths" in outputs else None

    @property
    def state_names(self) -> list[str]:
        """The names of the state's arrays, in their order: `hidden.0` and so on, with an lstm `cell.0` as well."""
        return list(self._state_names)

    def initial_state(self, batch: int) -> RuntimeState:
        return tuple(np.zeros((members, batch, size), np.float32) for members, size in self._sizes)

    def open_documents(
        self, batch: int, conditions: Conditions = NO_CONDITIONS
    ) -> tuple[Float32s, Float32s, RuntimeState]:
        ids_B1 = np.full((batch, 1), STOP_ID, np.int64)
        # The countdown is not added to a stop; it only has to say that this is not the end of the document.
        all_conditions = {COUNTDOWN.name: np.ones_like(ids_B1), **conditions_at(conditions, np.s_[:, np.newaxis])}
        (logits_B1V, log_p_B1L), after = self._read(WITH_LENGTHS, ids_B1, self.initial_state(batch), all_conditions)
        return logits_B1V[:, 0], log_p_B1L[:, 0], after

    def sequence(
        self, ids_BT: Integers, state: RuntimeState, conditions: Conditions = NO_CONDITIONS
    ) -> tuple[Float32s, RuntimeState]:
        """Logits (B, T, V) of the token after each id, and the state after the last. T is at least 1."""
        (logits_BTV,), after = self._read(["logits"], ids_BT, state, conditions)
        return logits_BTV, after

    def step(
        self, ids_B: Integers, state: RuntimeState, conditions: Conditions = NO_CONDITIONS
    ) -> tuple[Float32s, RuntimeState]:
        """Logits (B, V) of the token after each lane's id, and the state after it."""
        if self._takes_steps:
            (logits_BV,), after = self._call(["logits"], ids_B, state, conditions)
            return logits_BV, after
        column = np.s_[:, np.newaxis]
        logits_B1V, after = self.sequence(ids_B[column], state, conditions_at(conditions, column))
        return logits_B1V[:, 0], after

    def advance(self, ids_B: Integers, state: RuntimeState, conditions: Conditions = NO_CONDITIONS) -> Float32s:
        """Does what `step` does, but changes `state` itself. Several threads must not call it at once.

        The logits are valid until the next call.
        """
        if not self._takes_steps:
            logits_BV, after = self.step(ids_B, state, conditions)
            overwrite(state, after)
            return logits_BV
        if self._bound is None or self._bound[0] is not state:
            arrays = dict(zip(self._state_names, state, strict=True))
            self._bound = state, BoundSteps(self._session, self._options, arrays, self._vocabulary_size)
        inputs = {"ids": ids_B, **self._rows(conditions)} if self._conditions else {"ids": ids_B}
        return self._bound[1].step(inputs)

    def costs(
        self, inputs_BT: Integers, targets_BT: Integers, state: RuntimeState, conditions: Conditions = NO_CONDITIONS
    ) -> tuple[Costs, RuntimeState]:
        """The cost of each place given the inputs up to it, and the state after the last place."""
        if self.stopping != "length":
            logits_BTV, after = self.sequence(inputs_BT, state, conditions)
            return Costs.of_tokens(_nats(logits_BTV, targets_BT), targets_BT, STOP_ID), after
        (logits_BTV, log_p_BTL), after = self._read(WITH_LENGTHS, inputs_BT, state, conditions)
        nats_BT = _nats(logits_BTV, targets_BT)
        ends_BT, opens_BT = np.zeros_like(nats_BT), inputs_BT == STOP_ID
        class_N = COUNTDOWN.row_of(conditions[COUNTDOWN.name][opens_BT])
        ends_BT[opens_BT] = LOG_WIDTHS[class_N] - np.take_along_axis(log_p_BTL[opens_BT], class_N[:, None], -1)[:, 0]
        return Costs(nats_BT, ends_BT), after

    def select(self, state: RuntimeState, lanes: Integers) -> RuntimeState:
        """The state of these lanes, in this order; one may come several times."""
        return select(state, lanes, axis=1)

    def join(self, states: Sequence[RuntimeState]) -> RuntimeState:
        """The state of all their lanes, one after the other."""
        return join(states, lambda arrays_1BH: np.concatenate(arrays_1BH, axis=1))

    def put(self, state: RuntimeState, lane: int, other: RuntimeState) -> None:
        """Sets one lane of `state` to the only one of `other`."""
        put(state, lane, other, axis=1)

    def _read(
        self, wanted: Sequence[str], ids_BT: Integers, state: RuntimeState, conditions: Conditions
    ) -> tuple[list[Float32s], RuntimeState]:
        """The outputs `wanted` at each place, (B, T, ...), and the state after the last."""
        if not self._takes_steps:
            return self._call(wanted, ids_BT, state, conditions)
        steps = []
        for t in range(ids_BT.shape[1]):
            step, state = self._call(wanted, ids_BT[:, t], state, conditions_at(conditions, np.s_[:, t]))
            steps.append(step)
        return [np.stack(arrays, 1) for arrays in zip(*steps, strict=True)], state

    def _call(
        self, wanted: Sequence[str], ids: Integers, state: RuntimeState, conditions: Conditions
    ) -> tuple[list[Float32s], RuntimeState]:
        """Runs the graph, with `ids` and the values of their conditions in the shape that it takes."""
        feed: dict[str, npt.NDArray[np.generic]] = dict(zip(self._state_names, state, strict=True))
        feed |= {"ids": ids.astype(np.int64, copy=False), **self._rows(conditions)}
        outputs = self._session.run([*wanted, *self._after], feed, self._options)
        return outputs[: len(wanted)], tuple(outputs[len(wanted) :])

    def _rows(self, conditions: Conditions) -> dict[str, npt.NDArray[Any]]:
        """The rows of the conditions' embeddings or their weights, by the names of the graph's inputs."""
        return {c.port: _input_of(c, conditions[c.name]) for c in self._conditions}


def _input_of(condition: Condition, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The values of a condition as the graph takes them."""
    if not condition.is_mixed:
        rows: Integers = condition.row_of(values).astype(np.int64, copy=False)
        return rows
    is_number = np.issubdtype(values.dtype, np.integer)
    return weights_of_labels(values, condition.size) if is_number else values.astype(np.float32)


def _nats(logits_BTV: Float32s, targets_BT: Integers) -> Float32s:
    """-ln p (B, T) of each target."""
    top_BT1 = logits_BTV.max(-1, keepdims=True)
    log_total_BT = np.log(np.exp(logits_BTV - top_BT1).sum(-1)) + top_BT1[..., 0]
    chosen_BT = np.take_along_axis(logits_BTV, targets_BT[..., None].astype(np.int64), -1)[..., 0]
    nats_BT: Float32s = log_total_BT - chosen_BT
    return nats_BT
