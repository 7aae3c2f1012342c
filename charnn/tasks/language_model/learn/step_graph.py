"""A language model's int8 graph: one step of each lane, the same to the last bit whoever its neighbours are.

What a batch holds is never looked at: the hidden state of every cell lies in [-1, 1], so its scale as a byte is a
constant, and products of bytes are summed in integers, exactly. (ONNX Runtime's DynamicQuantizeLSTM takes one scale
from all lanes of a call.) The first layer looks its product up in a table. The head is in fp32, as an error there goes
straight into the logits. The graph's contract is in `charnn.tasks.language_model.use.runtime`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from charnn.cells import Cell
from charnn.export.graph import Array, Graph, quantize
from charnn.tasks.language_model.config import LanguageModelNetworkConfig
from charnn.tasks.language_model.learn.graph_ends import (
    PARAMETERS,
    add_inputs,
    add_integers,
    add_log_lengths,
    add_logits,
    condition_ports,
    input_tables,
    layer_weights,
    serialize,
    state_names,
)

ZERO, LEVELS = 128, 127
"""The byte q stands for (q - ZERO) / LEVELS of the largest value."""
LARGEST_TABLE = 1 << 20
"""Values. The embeddings of a vocabulary that needs more are multiplied at each step, in fp32."""


def step_graph(config: LanguageModelNetworkConfig, weights: Mapping[str, Array]) -> bytes:
    """The serialised ONNX model of a language model with these weights (names as in `network.LanguageModelNetwork`)."""
    graph, x = Graph(), ""
    for depth in range(config.layers):
        state = names = state_names(config, depth)
        for tick in range(config.recurrent_depth):
            terms = _terms(graph, config, weights, depth, tick, x, state[0])
            is_last = tick == config.recurrent_depth - 1
            after = [f"{name}.next" if is_last else f"{name}.tick.{tick}" for name in names]
            CELLS[config.cell](graph, terms, state, after)
            state = after
        x = graph.add("Add", [state[0], x]) if config.residual and depth > 0 else state[0]
    hidden = graph.add("Squeeze", [x, add_integers(graph, "first_axis", 0)])
    add_logits(graph, hidden, weights, config, condition_ports(config), "logits")
    if config.stopping == "length":
        add_log_lengths(graph, hidden, weights, "log_lengths")
    return serialize(graph, config, ["B"])


def _terms(
    graph: Graph,
    config: LanguageModelNetworkConfig,
    weights: Mapping[str, Array],
    depth: int,
    tick: int,
    x: str,
    hidden: str,
) -> list[str]:
    """What a layer's gates are sums of: what follows from its input x, and what from its state; or one product of both.

    A gru needs them apart; and x has a scale of its own where layers add to it, each at most 1.
    """
    layer = layer_weights(weights, depth)
    w_ih, w_hh, b_ih, b_hh = (layer[name] for name in PARAMETERS)
    if tick > 0:  # x is 0
        of_x = graph.constant(f"layer.{depth}.bias_ih", b_ih)
    elif depth == 0:
        of_x = _of_ids(graph, config, weights, w_ih, b_ih)
    elif config.cell == "gru" or config.residual:
        of_x = _product(graph, x, w_ih, b_ih, f"layer.{depth}.x", largest=depth if config.residual else 1)
    else:
        both = graph.add("Concat", [x, hidden], axis=-1)
        return [_product(graph, both, np.concatenate([w_ih, w_hh], 1), b_ih + b_hh, f"layer.{depth}.both")]
    return [of_x, _product(graph, hidden, w_hh, b_hh, f"layer.{depth}.hidden")]


def _of_ids(
    graph: Graph, config: LanguageModelNetworkConfig, weights: Mapping[str, Array], w_ih: Array, b_ih: Array
) -> str:
    """(B, G * H): what follows from the ids, and from their conditions."""
    tables, ports = input_tables(config, weights), condition_ports(config)
    if len(tables["embedding"]) * len(w_ih) > LARGEST_TABLE:
        return graph.linear(add_inputs(graph, config, tables, "ids", ports), w_ih, b_ih, "layer.0.x")
    products = {name: table @ w_ih.T for name, table in tables.items()}
    products["embedding"] = products["embedding"] + b_ih
    return add_inputs(graph, config, products, "ids", ports)


def _product(graph: Graph, x: str, weight: Array, bias: Array, name: str, largest: float = 1) -> str:
    """x @ weight.T + bias, both as bytes; no |x| is above `largest`."""
    scale = graph.constant(f"scale.{largest}", np.array(largest / LEVELS, np.float32))
    zero = graph.constant("zero", np.array(ZERO, np.uint8))
    values, scales = quantize(weight)
    inputs = [
        graph.add("QuantizeLinear", [x, scale, zero]),
        graph.constant(f"{name}.weight", values.T),
        scale,
        graph.constant(f"{name}.scales", scales),
        zero,
        "",
        graph.constant(f"{name}.bias", bias),
    ]
    return graph.add("MatMulIntegerToFloat", inputs, domain="com.microsoft")


def _rnn(graph: Graph, terms: Sequence[str], state: Sequence[str], after: Sequence[str]) -> None:
    graph.add("Tanh", [_sum(graph, terms)], after)


def _lstm(graph: Graph, terms: Sequence[str], state: Sequence[str], after: Sequence[str]) -> None:
    i, f, g, o = graph.split(_sum(graph, terms), 4)
    kept = graph.add("Mul", [graph.add("Sigmoid", [f]), state[1]])
    new = graph.add("Mul", [graph.add("Sigmoid", [i]), graph.add("Tanh", [g])])
    cell = graph.add("Add", [kept, new], after[1:])
    graph.add("Mul", [graph.add("Sigmoid", [o]), graph.add("Tanh", [cell])], after[:1])


def _gru(graph: Graph, terms: Sequence[str], state: Sequence[str], after: Sequence[str]) -> None:
    """As in PyTorch: the reset gate falls on the candidate's product with the state, not on the state."""
    (r_x, z_x, n_x), (r_h, z_h, n_h) = (graph.split(term, 3) for term in terms)
    r, z = (graph.add("Sigmoid", [_sum(graph, pair)]) for pair in ((r_x, r_h), (z_x, z_h)))
    n = graph.add("Tanh", [graph.add("Add", [n_x, graph.add("Mul", [r, n_h])])])
    kept = graph.add("Mul", [z, graph.add("Sub", [state[0], n])])
    graph.add("Add", [n, kept], after)


CELLS: Mapping[Cell, Callable[[Graph, Sequence[str], Sequence[str], Sequence[str]], None]] = {
    "rnn": _rnn,
    "lstm": _lstm,
    "gru": _gru,
}
"""From the terms of the gates, in PyTorch's order, and the state to the state `after`."""


def _sum(graph: Graph, terms: Sequence[str]) -> str:
    return graph.add("Add", terms) if len(terms) == 2 else terms[0]
