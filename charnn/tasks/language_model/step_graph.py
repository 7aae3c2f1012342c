"""Writes a language model's int8 graph, which takes a step of each lane.

The step of a lane is the same to the last bit whatever its neighbours are. The hidden state of every cell lies in
[-1, 1], so its scale as a byte is a constant that does not depend on the batch, and products of bytes are summed
exactly, in integers. (ONNX Runtime's DynamicQuantizeLSTM takes one scale from all lanes of a call.) The first layer
looks its product up in a table. The head is in fp32, because an error there goes straight into the logits. The graph's
contract is in `charnn.tasks.language_model.use.runtime`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from charnn.cells import CELLS
from charnn.export.cells import GraphOperations, GraphValue, GraphWeight, add_step, further_weights
from charnn.export.graph import Array, Graph, layer_weights, state_names
from charnn.export.recurrent import quantize
from charnn.tasks.language_model.config import LanguageModelNetworkConfig
from charnn.tasks.language_model.graph import (
    Members,
    add_inputs,
    add_log_lengths,
    add_logits,
    condition_ports,
    input_tables,
    members_of,
    serialize,
    stacked,
)

ZERO, LEVELS = 128, 127
"""The byte q stands for (q - ZERO) / LEVELS of the largest value."""
LARGEST_TABLE = 1 << 20
"""The most numbers in the table. The embeddings of a larger vocabulary are multiplied at each step, in fp32."""


def step_graph(config: LanguageModelNetworkConfig, weights: Mapping[str, Array]) -> bytes:
    """The serialised ONNX model of a language model with these weights (names as in `network.LanguageModelNetwork`)."""
    each = members_of(config, weights)
    graph, cell, x = Graph(), CELLS[config.cell], ""
    for depth in range(config.layers):
        state = names = state_names(config.cell, depth)
        for tick in range(config.recurrent_depth):
            terms = _terms(graph, config, each, depth, tick, x, state[0])
            is_last = tick == config.recurrent_depth - 1
            after = [f"{name}.next" if is_last else f"{name}.tick.{tick}" for name in names]
            further = further_weights(cell, _layer(config, each, depth), f"layer.{depth}")
            add_step(graph, cell, terms, state, after, further=further, operations=BYTES)
            state = after
        _write_last(graph, names, state, cell.sizes(config.hidden_size))
        x = graph.add("Add", [state[0], x]) if config.residual and depth > 0 else state[0]
    hidden = x if len(each) > 1 else graph.add("Squeeze", [x, graph.integers("first_axis", 0)])
    add_logits(graph, hidden, each, config, condition_ports(config), "logits", axes=1)
    if config.stopping == "length":
        add_log_lengths(graph, hidden, each, "log_lengths", axes=1)
    return serialize(graph, config, ["B"])


def _terms(
    graph: Graph,
    config: LanguageModelNetworkConfig,
    each: Members,
    depth: int,
    tick: int,
    x: str,
    hidden: str,
) -> list[str]:
    """The products that a layer's gates are sums of: that of its input x and that of its state, or one of both.

    Some cells need the two apart, and x has a scale of its own where layers add to it, each at most 1.
    """
    layer, has_further = _layer(config, each, depth), CELLS[config.cell].further is not None
    w_ih, b_ih = layer["weight_ih"], layer["bias_ih"]
    if tick > 0:  # x is 0
        of_x = graph.constant(f"layer.{depth}.bias_ih", b_ih if len(each) == 1 else b_ih[:, np.newaxis])
    elif depth == 0:
        of_x = _of_ids(graph, config, each, w_ih, b_ih)
    elif config.residual or has_further or not CELLS[config.cell].sums_products:
        of_x = _product(graph, x, w_ih, b_ih, f"layer.{depth}.x", largest=depth if config.residual else 1)
    else:
        w_hh, b_hh = layer["weight_hh"], layer["bias_hh"]
        both = graph.add("Concat", [x, hidden], axis=-1)
        return [_product(graph, both, np.concatenate([w_ih, w_hh], -1), b_ih + b_hh, f"layer.{depth}.both")]
    if has_further:  # nothing of the shape (1, B, H) is added, as the product of the hidden state is for other cells
        return [graph.add("Unsqueeze", [of_x, graph.vector(0)])] if depth == 0 and len(each) == 1 else [of_x]
    return [of_x, _product(graph, hidden, layer["weight_hh"], layer["bias_hh"], f"layer.{depth}.hidden")]


def _layer(config: LanguageModelNetworkConfig, each: Members, depth: int) -> dict[str, Array]:
    """The weights of a layer. Those of several members lie one after the other on a first axis."""
    layers = [layer_weights(one, f"recurrent.layers.{depth}", config.cell) for one in each]
    return {name: stacked([layer[name] for layer in layers]) for name in layers[0]}


def _of_ids(graph: Graph, config: LanguageModelNetworkConfig, each: Members, w_ih: Array, b_ih: Array) -> str:
    """The product of the input, (B, G * H), from the ids and their conditions; with members (members, B, G * H)."""
    tables, ports = input_tables(config, each, axes=1), condition_ports(config)
    beside = b_ih if len(each) == 1 else b_ih[:, np.newaxis]
    if config.vocabulary_size * w_ih.shape[-2] > LARGEST_TABLE:
        return graph.linear(add_inputs(graph, config, tables, "ids", ports), w_ih, beside, "layer.0.x")
    products = {name: table @ w_ih.swapaxes(-1, -2) for name, table in tables.items()}
    products["embedding"] = products["embedding"] + beside
    return add_inputs(graph, config, products, "ids", ports)


def _product(graph: Graph, x: str, weight: Array, bias: Array, name: str, largest: float = 1) -> str:
    """Adds x @ weight.T + bias, computed in bytes, where no |x| is above `largest`.

    Members have a matrix each, (members, ...), and their products are nodes of their own, since ONNX Runtime packs a
    weight once only where it is a single matrix.
    """
    scale = graph.constant(f"scale.{largest}", np.array(largest / LEVELS, np.float32))
    zero = graph.constant("zero", np.array(ZERO, np.uint8))
    as_bytes = graph.add("QuantizeLinear", [x, scale, zero])
    if weight.ndim == 2:
        return _product_of_bytes(graph, as_bytes, weight, bias, name, scale, zero)
    parts = [f"{as_bytes}.{number}" for number in range(len(weight))]
    graph.add("Split", [as_bytes], parts, axis=0)
    products = [
        _product_of_bytes(graph, part, weight[number], bias[number], f"{name}.{number}", scale, zero)
        for number, part in enumerate(parts)
    ]
    return graph.add("Concat", products, axis=0)


def _product_of_bytes(graph: Graph, as_bytes: str, weight: Array, bias: Array, name: str, scale: str, zero: str) -> str:
    values, scales = quantize(weight)
    inputs = [
        as_bytes,
        graph.constant(f"{name}.weight", values.T),
        scale,
        graph.constant(f"{name}.scales", scales),
        zero,
        "",
        graph.constant(f"{name}.bias", bias),
    ]
    return graph.add("MatMulIntegerToFloat", inputs, domain="com.microsoft")


class ByteOperations(GraphOperations):
    """The operations of an equation, with products in bytes."""

    def linear(self, x: GraphValue, weight: GraphWeight, bias: GraphWeight, *, largest: float) -> GraphValue:
        return GraphValue(x.graph, _product(x.graph, x.name, weight.value, bias.value, weight.name, largest))


BYTES = ByteOperations()


def _write_last(graph: Graph, state: Sequence[str], after: Sequence[str], sizes: Sequence[int]) -> None:
    """Makes sure that the state may be written over while the graph runs, as `charnn.runtime.session` does.

    No part of the new state may be written before every node that reads the old one has run. Where the equation alone
    does not ensure that, all parts are made first, and are then put out together.
    """
    if all(graph.is_read_before(old, new) for old, new in zip(state, after, strict=True)):
        return
    made = [f"{name}.made" for name in after]
    for name, new_name in zip(after, made, strict=True):
        graph.rename(name, new_name)
    graph.split(graph.add("Concat", made, axis=-1), len(after), after, sizes=sizes)
