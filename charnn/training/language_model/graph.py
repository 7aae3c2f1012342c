"""A language model's inference graph, from its weights.

One graph has a free batch and a free time axis, so it serves single steps and whole sequences. Its contract is in
`charnn.runtime.language_model`.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from charnn.config import NetworkConfig
from charnn.evaluation.lengths import LENGTH_CLASSES
from charnn.tokenizers import STOP_ID
from charnn.training.graph import Array, Graph, Port, RecurrentLayer, add_recurrent


def language_model_graph(config: NetworkConfig, weights: Mapping[str, Array], *, quantized: bool = False) -> bytes:
    """The serialised ONNX model of a language model with these weights (names as in `network.LanguageModel`)."""
    graph, all_states, counts_down = Graph(), [], config.stopping == "length"
    graph.add("Transpose", ["ids"], ["ids.time_first"], perm=[1, 0])
    hidden = graph.add("Gather", [graph.constant("embedding", weights["embedding.weight"]), "ids.time_first"], ["x.0"])
    if counts_down:
        hidden = _counted(graph, hidden, weights["countdown.weight"])
    direction_axis = graph.constant("direction_axis", np.array([1], np.int64))
    for depth in range(config.layers):
        parameters = {
            name: weights[f"recurrent.layers.{depth}.{name}_l0"]
            for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        }
        states = [f"{part}.{depth}" for part in (("hidden", "cell") if config.cell == "lstm" else ("hidden",))]
        outputs = [f"y.{depth}", *(f"{state}.next" for state in states)]
        x = _with_ticks(graph, hidden, config.recurrent_depth)
        layer = RecurrentLayer(f"layer.{depth}", config.cell, [parameters], x, outputs, states=states)
        y = _last_ticks(graph, add_recurrent(graph, layer, quantized=quantized), config.recurrent_depth)
        squeezed = graph.add("Squeeze", [y, direction_axis], [f"h.{depth}"])
        is_added = config.residual and depth > 0
        hidden = graph.add("Add", [squeezed, hidden], [f"x.{depth + 1}"]) if is_added else squeezed
        all_states += states
    graph.add("Transpose", [_logits(graph, hidden, weights, config)], ["logits"], perm=[1, 0, 2])
    if counts_down:
        lengths = graph.linear(hidden, weights["lengths.weight"], weights["lengths.bias"], "lengths")
        log_p = graph.add("LogSoftmax", [lengths], ["log_lengths.time_first"], axis=-1)
        graph.add("Transpose", [log_p], ["log_lengths"], perm=[1, 0, 2])
    steps: list[str | int] = ["B", "T"]
    shape: list[str | int] = [1, "B", config.hidden_size]
    given: list[Port] = [("ids", "int64", steps), *((state, "float", shape) for state in all_states)]
    wanted: list[Port] = [
        ("logits", "float", [*steps, config.vocabulary_size]),
        *((f"{state}.next", "float", shape) for state in all_states),
    ]
    if counts_down:
        given.append(("left", "int64", steps))
        wanted.append(("log_lengths", "float", [*steps, LENGTH_CLASSES]))
    return graph.serialize(given, wanted, {} if config.stopping == "symbol" else {"stopping": config.stopping})


def _counted(graph: Graph, x: str, countdown: Array) -> str:
    """(T, B, E): `x` with the countdown added, except to stops."""
    graph.add("Transpose", ["left"], ["left.time_first"], perm=[1, 0])
    added = graph.add("Gather", [graph.constant("countdown", countdown), "left.time_first"], ["countdown.all"])
    is_stop = graph.add("Equal", ["ids.time_first", _constant(graph, "stop", STOP_ID)], ["is_stop"])
    is_stop = graph.add("Unsqueeze", [is_stop, _constant(graph, "last_axis", -1)], ["is_stop.column"])
    nothing = graph.constant("nothing", np.zeros(1, np.float32))
    added = graph.add("Where", [is_stop, nothing, added], ["countdown.added"])
    return graph.add("Add", [x, added], ["x.counted"])


def _logits(graph: Graph, hidden: str, weights: Mapping[str, Array], config: NetworkConfig) -> str:
    """(T, B, V), as `network.LanguageModel.logits`."""
    name, head = "logits.time_first", (weights["head.weight"], weights["head.bias"])
    if config.stopping == "symbol":
        return graph.linear(hidden, *head, name)
    scores = graph.linear(hidden, *head, "scores")
    impossible = graph.constant("impossible", np.full(1, -np.inf, np.float32))
    is_stop = graph.constant("is_stop_symbol", np.arange(config.vocabulary_size) == STOP_ID)
    if config.stopping == "halt":
        others = graph.add("Where", [is_stop, impossible, scores], ["scores.others"])
        others = graph.add("LogSoftmax", [others], ["log_p.others"], axis=-1)
        return graph.add("Where", [is_stop, scores, others], [name])
    is_last = graph.add("Equal", ["left.time_first", _constant(graph, "no_token", 0)], ["is_last"])
    is_last = graph.add("Unsqueeze", [is_last, _constant(graph, "last_axis", -1)], ["is_last.column"])
    can_be = graph.add("Equal", [is_last, is_stop], ["can_be"])
    return graph.add("Where", [can_be, scores, impossible], [name])


def _with_ticks(graph: Graph, x: str, ticks: int) -> str:
    """As in `network.recurrent`, but time first: of (T, B, E), (T * ticks, B, E)."""
    if ticks == 1:
        return x
    apart = graph.add("Unsqueeze", [x, _constant(graph, "tick_axis", 1)], [f"{x}.apart"])  # (T, 1, B, E)
    pads = _constant(graph, "tick_pads", 0, 0, 0, 0, 0, ticks - 1, 0, 0)
    padded = graph.add("Pad", [apart, pads], [f"{x}.padded"])
    longer = _constant(graph, "ticks_of_an_axis", ticks, 1, 1)
    shape = graph.add("Mul", [graph.add("Shape", [x], [f"{x}.shape"]), longer], [f"{x}.ticks.shape"])
    return graph.add("Reshape", [padded, shape], [f"{x}.ticks"])


def _last_ticks(graph: Graph, y: str, ticks: int) -> str:
    """Of (T * ticks, 1, B, H), (T, 1, B, H)."""
    if ticks == 1:
        return y
    start, end = _constant(graph, "first_last_tick", ticks - 1), _constant(graph, "no_end", np.iinfo(np.int64).max)
    axis, step = _constant(graph, "time_axis", 0), _constant(graph, "ticks", ticks)
    return graph.add("Slice", [y, start, end, axis, step], [f"{y}.last_ticks"])


def _constant(graph: Graph, name: str, *values: int) -> str:
    return graph.constant(name, np.array(values, np.int64))
