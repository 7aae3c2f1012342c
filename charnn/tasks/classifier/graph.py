"""The inference graph of a classifier's recurrent part, from its weights. Its contract is in
`charnn.tasks.classifier.use.text_classifier`.

The direct path is no graph: a sparse product is faster by numpy, and its table is read from weights.safetensors.
"""

from __future__ import annotations

from collections.abc import Mapping

from charnn.checkpoint.members import each_own, member_prefix
from charnn.export.graph import TYPES, Array, Graph, RecurrentLayer, layer_weights, require_layer, require_shape
from charnn.export.recurrent import add_recurrent
from charnn.tasks.classifier.config import ClassifierNetworkConfig

WAYS = ("forwards", "backwards")


def classifier_graph(
    config: ClassifierNetworkConfig, weights: Mapping[str, Array], *, quantized: bool = False
) -> bytes:
    """The serialised ONNX model from symbols (T, B) in both directions to the logits (B, K) without the biases."""
    graph = Graph()
    inside = _inside(graph)
    logits = [
        _logits(graph, config, own, member_prefix(number, config.members), inside, quantized=quantized)
        for number, own in enumerate(each_own(weights, config.members))
    ]
    graph.add("Sum", logits, ["logits"])
    symbols: list[tuple[str, str, list[str | int] | None]] = [(way, "int64", ["T", "B"]) for way in WAYS]
    return graph.serialize([*symbols, ("lengths", "int32", ["B"])], [("logits", "float", ["B", config.labels])])


def _logits(
    graph: Graph,
    config: ClassifierNetworkConfig,
    weights: Mapping[str, Array],
    prefix: str,
    inside: str,
    *,
    quantized: bool,
) -> str:
    """Adds a network that reads both ways, whose own names in the graph begin with `prefix`, and gives its logits."""
    embedding, hidden = config.embedding_size, config.hidden_size
    require_shape(weights, "embedding.weight", config.vocabulary_size, embedding)
    for way in WAYS:
        for depth in range(config.layers):
            name = f"{way}.recurrent.layers.{depth}"
            require_layer(weights, name, config.cell, hidden if depth else embedding, hidden)
    require_shape(weights, "head.weight", config.labels, 2 * hidden)
    table = graph.constant(f"{prefix}embedding", weights["embedding.weight"])
    vectors = [_direction(graph, config, weights, prefix, way, table, inside, quantized=quantized) for way in WAYS]
    joined = graph.add("Concat", vectors, axis=1)
    return graph.add("MatMul", [joined, graph.constant(f"{prefix}head", weights["head.weight"].T)])


def _direction(
    graph: Graph,
    config: ClassifierNetworkConfig,
    weights: Mapping[str, Array],
    prefix: str,
    way: str,
    table: str,
    inside: str,
    *,
    quantized: bool,
) -> str:
    """Adds what `network.Direction` computes, and gives the name of its vectors, (B, H)."""
    named = f"{prefix}{way}"
    x = graph.add("Gather", [table, way])
    first = graph.integers("directions_axis", 1)
    last_state = ""
    for depth in range(config.layers):
        is_last = depth == config.layers - 1
        last_state = f"{named}.{depth}.last"
        outputs = [f"{named}.{depth}.y", last_state] if is_last and config.pool == "last" else [f"{named}.{depth}.y"]
        layer = RecurrentLayer(
            f"{named}.{depth}", config.cell, [layer_weights(weights, f"{way}.recurrent.layers.{depth}", config.cell)],
            x, outputs, lengths="lengths",
        )  # fmt: skip
        y = add_recurrent(graph, layer, quantized=quantized)
        flat = graph.add("Squeeze", [y, first])
        x = graph.add("Add", [flat, x]) if config.residual and depth else flat
    if config.pool == "last" and not (config.residual and config.layers > 1):
        return graph.add("Squeeze", [last_state, graph.integers("first_axis", 0)])
    return _pooled(graph, config, weights, prefix, way, x, inside)


def _inside(graph: Graph) -> str:
    """(T, B, 1), 1 up to the end of each text and 0 beyond."""
    one, zero = graph.integers("scalar.1", 1), graph.integers("scalar.0", 0)
    steps = graph.add("Gather", [graph.add("Shape", ["forwards"], ["shape"]), zero], ["steps"])
    zero_scalar = graph.add("Squeeze", [zero], ["zero"])
    one_scalar = graph.add("Squeeze", [one], ["one"])
    count = graph.add("Squeeze", [steps], ["count"])
    places = graph.add("Range", [zero_scalar, count, one_scalar], ["places"])
    column = graph.add("Unsqueeze", [places, graph.integers("last_axis", -1)], ["column"])
    lengths = graph.add("Cast", ["lengths"], ["lengths.int64"], to=TYPES["int64"])
    is_inside = graph.add(
        "Cast", [graph.add("Less", [column, lengths], ["is_inside"])], ["inside.flat"], to=TYPES["float"]
    )
    return graph.add("Unsqueeze", [is_inside, graph.integers("last_axis.2", -1)], ["inside"])


def _pooled(
    graph: Graph,
    config: ClassifierNetworkConfig,
    weights: Mapping[str, Array],
    prefix: str,
    way: str,
    y: str,
    inside: str,
) -> str:
    """Adds what `network.pooled` computes over y (T, B, H)."""
    time_axis = graph.integers("time_axis", 0)

    def summed(x: str) -> str:
        return graph.add("ReduceSum", [x, time_axis], keepdims=0)

    def masked(x: str) -> str:
        """x, and a number below all others beyond the end of each text."""
        outside = graph.add("Sub", [inside, graph.number(1.0)])
        return graph.add("Add", [x, graph.add("Mul", [outside, graph.number(1e9)])])

    if config.pool == "max":
        return graph.add("ReduceMax", [masked(y)], axes=[0], keepdims=0)
    if config.pool == "mean":
        counts = graph.add("ReduceSum", [inside, time_axis], keepdims=0)
        return graph.add("Div", [summed(graph.add("Mul", [y, inside])), counts])
    if config.pool == "last":
        # Above the residual connections there is no state to take: the output at the last symbol of each text.
        from_next = graph.add("Pad", [inside, graph.integers("one_later", 0, 0, 0, 1, 0, 0)])
        later = graph.add("Slice", [from_next, graph.vector(1), graph.vector(2**31 - 1), time_axis])
        return summed(graph.add("Mul", [y, graph.add("Sub", [inside, later])]))
    weight, bias = (weights[f"{way}.attention.{part}"] for part in ("weight", "bias"))
    shares = graph.add("Softmax", [masked(graph.linear(y, weight, bias, f"{prefix}{way}.scores"))], axis=0)
    return summed(graph.add("Mul", [y, shares]))
