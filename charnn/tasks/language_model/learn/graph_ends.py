"""Both ends of a language model's graphs, whether they read sequences or single steps: from ids to what the first layer
reads, from what the last layer gives to logits; and the names, types and shapes of the ports.

Shapes begin with the axes of `ids` as the layers read them, written as dots: (T, B), or (B,).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from charnn.export.graph import Array, Graph, Port
from charnn.tasks.language_model.config import LanguageModelNetworkConfig
from charnn.tasks.language_model.lengths import LENGTH_CLASSES
from charnn.tokenizers.base import STOP_ID

PARAMETERS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


def layer_weights(weights: Mapping[str, Array], depth: int) -> dict[str, Array]:
    """The PARAMETERS of a layer, as PyTorch stores them."""
    return {name: weights[f"recurrent.layers.{depth}.{name}_l0"] for name in PARAMETERS}


def state_names(config: LanguageModelNetworkConfig, depth: int) -> list[str]:
    """Of what a layer carries from step to step."""
    return [f"{part}.{depth}" for part in (("hidden", "cell") if config.cell == "lstm" else ("hidden",))]


def add_inputs(graph: Graph, embedding: Array, countdown: Array | None, ids: str, left: str) -> str:
    """(..., E): the rows of `embedding` (V, E) that `ids` name, with those of `countdown` (L, E) that `left` names
    added, except to stops."""
    x = graph.add("Gather", [graph.constant("embedding", embedding), ids])
    if countdown is None:
        return x
    added = graph.add("Gather", [graph.constant("countdown", countdown), left])
    is_stop = _column(graph, graph.add("Equal", [ids, add_integers(graph, "stop", STOP_ID)]))
    nothing = graph.constant("nothing", np.zeros(1, np.float32))
    return graph.add("Add", [x, graph.add("Where", [is_stop, nothing, added])])


def add_logits(
    graph: Graph, hidden: str, weights: Mapping[str, Array], config: LanguageModelNetworkConfig, left: str, output: str
) -> str:
    """(..., V) from (..., H), as `network.LanguageModel.logits`."""
    head = weights["head.weight"], weights["head.bias"]
    if config.stopping == "symbol":
        return graph.linear(hidden, *head, output)
    scores = graph.linear(hidden, *head, "scores")
    impossible = graph.constant("impossible", np.full(1, -np.inf, np.float32))
    is_stop = graph.constant("is_stop_symbol", np.arange(config.vocabulary_size) == STOP_ID)
    if config.stopping == "halt":
        others = graph.add("LogSoftmax", [graph.add("Where", [is_stop, impossible, scores])], axis=-1)
        return graph.add("Where", [is_stop, scores, others], [output])
    is_last = _column(graph, graph.add("Equal", [left, add_integers(graph, "no_token", 0)]))
    can_be = graph.add("Equal", [is_last, is_stop])
    return graph.add("Where", [can_be, scores, impossible], [output])


def add_log_lengths(graph: Graph, hidden: str, weights: Mapping[str, Array], output: str) -> str:
    """(..., L) from (..., H), as `network.LanguageModel.log_lengths`."""
    scores = graph.linear(hidden, weights["lengths.weight"], weights["lengths.bias"], "lengths")
    return graph.add("LogSoftmax", [scores], [output], axis=-1)


def add_integers(graph: Graph, name: str, *values: int) -> str:
    return graph.constant(name, np.array(values, np.int64))


def serialize(graph: Graph, config: LanguageModelNetworkConfig, axes: Sequence[str | int]) -> bytes:
    """The graph with the ports of `charnn.tasks.language_model.use.runtime`; `axes` are those of `ids`."""
    states = [name for depth in range(config.layers) for name in state_names(config, depth)]
    state: list[str | int] = [1, "B", config.hidden_size]
    given: list[Port] = [("ids", "int64", [*axes]), *((name, "float", state) for name in states)]
    wanted: list[Port] = [
        ("logits", "float", [*axes, config.vocabulary_size]),
        *((f"{name}.next", "float", state) for name in states),
    ]
    if config.stopping == "length":
        given.append(("left", "int64", [*axes]))
        wanted.append(("log_lengths", "float", [*axes, LENGTH_CLASSES]))
    return graph.serialize(given, wanted, {} if config.stopping == "symbol" else {"stopping": config.stopping})


def _column(graph: Graph, x: str) -> str:
    """(..., 1)"""
    return graph.add("Unsqueeze", [x, add_integers(graph, "last_axis", -1)])
