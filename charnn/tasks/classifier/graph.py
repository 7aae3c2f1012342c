"""The inference graph of a classifier's recurrent part, from its weights. Its contract is in
`charnn.tasks.classifier.use.text_classifier`.

The direct path is no graph: a sparse product is faster by numpy, and its table is read from weights.safetensors.
"""

from __future__ import annotations

from collections.abc import Mapping

from charnn.export.graph import TYPES, Array, Graph, RecurrentLayer, layer_weights, require_layer, require_shape
from charnn.export.recurrent import add_recurrent
from charnn.tasks.classifier.config import ClassifierNetworkConfig

WAYS = ("forwards", "backwards")


def classifier_graph(
    config: ClassifierNetworkConfig, weights: Mapping[str, Array], *, quantized: bool = False
) -> bytes:
    """The serialised ONNX model from symbols (T, B) in both directions to the logits (B, K) without the biases."""
    embedding, hidden = config.embedding_size, config.hidden_size
    require_shape(weights, "embedding.weight", config.vocabulary_size, embedding)
    for way in WAYS:
        for depth in range(config.layers):
            name = f"{way}.recurrent.layers.{depth}"
            require_layer(weights, name, config.cell, hidden if depth else embedding, hidden)
    require_shape(weights, "head.weight", config.labels, 2 * hidden)
    graph = Graph()
    table = graph.constant("embedding", weights["embedding.weight"])
    inside = _inside(graph)
    vectors = [_direction(graph, config, weights, way, table, inside, quantized=quantized) for way in WAYS]
    joined = graph.add("Concat", vectors, ["vectors"], axis=1)
    graph.add("MatMul", [joined, graph.constant("head", weights["head.weight"].T)], ["logits"])
    symbols: list[tuple[str, str, list[str | int] | None]] = [(way, "int64", ["T", "B"]) for way in WAYS]
    return graph.serialize([*symbols, ("lengths", "int32", ["B"])], [("logits", "float", ["B", config.labels])])


def _direction(
    graph: Graph,
    config: ClassifierNetworkConfig,
    weights: Mapping[str, Array],
    way: str,
    table: str,
    inside: str,
    *,
    quantized: bool,
) -> str:
    """Adds what `network.Direction` computes, and gives the name of its vectors, (B, H)."""
    x = graph.add("Gather", [table, way], [f"{way}.embedded"])
    first = graph.integers("directions_axis", 1)
    last_state = ""
    for depth in range(config.layers):
        is_last = depth == config.layers - 1
        last_state = f"{way}.{depth}.last"
        outputs = [f"{way}.{depth}.y", last_state] if is_last and config.pool == "last" else [f"{way}.{depth}.y"]
        layer = RecurrentLayer(
            f"{way}.{depth}", config.cell, [layer_weights(weights, f"{way}.recurrent.layers.{depth}", config.cell)],
            x, outputs, lengths="lengths",
        )  # fmt: skip
        y = add_recurrent(graph, layer, quantized=quantized)
        flat = graph.add("Squeeze", [y, first], [f"{way}.{depth}.flat"])
        x = graph.add("Add", [flat, x], [f"{way}.{depth}.sum"]) if config.residual and depth else flat
    if config.pool == "last" and not (config.residual and config.layers > 1):
        return graph.add("Squeeze", [last_state, graph.integers("first_axis", 0)], [f"{way}.vector"])
    return _pooled(graph, config, weights, way, x, inside)


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
    graph: Graph, config: ClassifierNetworkConfig, weights: Mapping[str, Array], way: str, y: str, inside: str
) -> str:
    """Adds what `network.pooled` computes over y (T, B, H)."""
    time_axis = graph.integers("time_axis", 0)

    def summed(x: str, name: str) -> str:
        return graph.add("ReduceSum", [x, time_axis], [f"{way}.{name}"], keepdims=0)

    def masked(x: str, name: str) -> str:
        """x, and a number below all others beyond the end of each text."""
        outside = graph.add("Sub", [inside, graph.number(1.0)], [f"{way}.{name}.outside"])
        return graph.add(
            "Add", [x, graph.add("Mul", [outside, graph.number(1e9)], [f"{way}.{name}.low"])], [f"{way}.{name}"]
        )

    if config.pool == "max":
        return graph.add("ReduceMax", [masked(y, "masked")], [f"{way}.vector"], axes=[0], keepdims=0)
    kept = graph.add("Mul", [y, inside], [f"{way}.kept"])
    if config.pool == "mean":
        counts = graph.add("ReduceSum", [inside, time_axis], [f"{way}.counts"], keepdims=0)
        return graph.add("Div", [summed(kept, "total"), counts], [f"{way}.vector"])
    if config.pool == "last":
        # Above the residual connections there is no state to take: the output at the last symbol of each text.
        from_next = graph.add("Pad", [inside, graph.integers("one_later", 0, 0, 0, 1, 0, 0)], [f"{way}.longer"])
        later = graph.add("Slice", [from_next, graph.vector(1), graph.vector(2**31 - 1), time_axis], [f"{way}.later"])
        is_last = graph.add("Sub", [inside, later], [f"{way}.is_last"])
        return summed(graph.add("Mul", [y, is_last], [f"{way}.at_last"]), "vector")
    scores = graph.linear(y, weights[f"{way}.attention.weight"], weights[f"{way}.attention.bias"], f"{way}.scores")
    shares = graph.add("Softmax", [masked(scores, "masked")], [f"{way}.shares"], axis=0)
    return summed(graph.add("Mul", [y, shares], [f"{way}.shared"]), "vector")
