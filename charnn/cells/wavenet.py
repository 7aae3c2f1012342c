"""Causal convolutions with growing dilation, as a cell. They have no recurrence, and so read windows at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from charnn.cells.operations import LayeredOperations, V

DILATIONS = (1, 2, 4, 8, 16, 32)
"""How many steps back the earlier of the two taps of each convolution lies. A layer sees 64 steps: the one that it
reads, and the sum of these before it."""
STATE = ("hidden", *(f"last{steps}" for steps in DILATIONS))
"""The names of the state: the hidden state, and what each convolution saw last."""


def wavenet(op: LayeredOperations[V], state: Sequence[V], from_input: V, weights: Mapping[str, Any]) -> tuple[V, ...]:
    """Gated convolutions with residual connections (van den Oord et al. 2016), the state being what each saw last.

    x_0 = tanh(b + U x)
    f, g = V_d x_k(t) + W_d x_k(t - d) + b_d, for the dilation d of the k-th convolution
    x_(k+1) = x_k + tanh(f) * sigmoid(g)
    h' = tanh(b + W x_K)

    The sum of the skip connections is x_K - x_0. The product that follows each gate in the paper is left out, because
    the next convolution multiplies by its own weights.
    """
    x = op.tanh(from_input)
    after = []
    for number, (steps, earlier) in enumerate(zip(DILATIONS, state[1:], strict=True)):
        then, later = op.delay(x, earlier, steps)
        weight, bias = weights[f"weight_{steps}"], weights[f"bias_{steps}"]
        f, g = op.chunk(op.linear(op.join(x, then), weight, bias, largest=number + 1), 2)
        x = x + op.tanh(f) * op.sigmoid(g)
        after.append(later)
    hidden = op.linear(x, weights["weight_out"], weights["bias_out"], largest=len(DILATIONS) + 1)
    return op.tanh(hidden), *after


def widths(hidden_size: int) -> list[int]:
    """The widths of the hidden state, and of what each convolution saw last."""
    return [steps * hidden_size for steps in (1, *DILATIONS)]


def further_weights(hidden_size: int) -> dict[str, tuple[int, ...]]:
    """The shapes of the weights of the convolutions, tap by tap, and of what follows them."""
    shapes: dict[str, tuple[int, ...]] = {}
    for steps in DILATIONS:
        shapes[f"weight_{steps}"] = (2 * hidden_size, 2 * hidden_size)
        shapes[f"bias_{steps}"] = (2 * hidden_size,)
    return {**shapes, "weight_out": (hidden_size, hidden_size), "bias_out": (hidden_size,)}
