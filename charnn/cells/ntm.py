"""A neural Turing machine as a cell: a network with a memory that has addresses, and heads that write to it and read.

A place of the memory is found by what it holds, or by its distance from where the head was before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from charnn.cells.gated import lstm
from charnn.cells.operations import MatrixOperations, V

PLACES, WIDTH = 64, 16
"""N and M: the number of places in the memory, and how many numbers each holds."""
STATE = ("hidden", "controller", "cell", "read", "memory", "heads")
"""The names of the state: what the cell puts out, z and c of the controller, tanh(r), M, and w of both heads."""
HEADS = (2 * WIDTH, 2, 2, 2 * 3, 2, WIDTH, WIDTH)
"""How many numbers the heads are told: for the writing head and then the reading one k, beta, g, s and gamma, and for
the writing head e and a."""
LEAST = 1e-6
"""Added where a length of 0 would be divided by, or its logarithm taken."""


def neural_turing_machine(
    op: MatrixOperations[V], state: Sequence[V], from_input: V, weights: Mapping[str, Any]
) -> tuple[V, ...]:
    """A neural Turing machine with one writing and one reading head (Graves, Wayne and Danihelka 2014).

    The controller is an LSTM, whose state is (z, c). It reads the input and what the reading head found before, and
    tells the heads what to do. With r what was found a step before, and each b and W with values of its own:

    z', c' = lstm(b + U x + W (z, tanh(r)))                     h' = tanh(b + W (z', tanh(r')))
    k, a = b + W z'       e, g = sigmoid(b + W z')              beta = softplus(b + W z')
    s = softmax(b + W z') over the three shifts -1, 0 and 1     gamma = 1 + softplus(b + W z')

    Both heads have k, beta, g, s and gamma. From these, the memory before the step and where it was, each finds its
    weighting w of the places n, which lie in a circle. Then the writing head writes with e and a, and what the reading
    head reads has that in it:

    w_c = softmax_n(beta k . M_n / |k| |M_n|)                   w_g = g w_c + (1 - g) w(t-1)
    w_s(n) = s(-1) w_g(n+1) + s(0) w_g(n) + s(1) w_g(n-1)       w = w_s^gamma / sum_n w_s^gamma
    M' = M (1 - w e) + w a                                      r' = sum_n w(n) M'_n

    What is carried of r is tanh(r), which is bounded as bytes are, and of a weighting how it differs from that of the
    first place alone. So a state of zeros is an empty memory with both heads at its first place.
    """
    _, z, c, read, memory, heads = state
    from_state = op.linear(op.join(z, read), weights["weight_controller"], weights["bias_controller"], largest=1)
    z, c = lstm(op, (z, c), from_input + from_state)
    told = op.linear(z, weights["weight_heads"], weights["bias_heads"], largest=1)
    keys, strengths, gates, shifts, sharpness, erased, added = op.cut(told, HEADS)

    memory_MN, k_2M = op.matrix(memory, WIDTH, PLACES), op.matrix(keys, 2, WIDTH)
    lengths_2N = op.sqrt(op.sum(k_2M * k_2M, -1) * op.sum(memory_MN * memory_MN, -2) + LEAST)
    w_2N = op.softmax(op.softplus(op.matrix(strengths, 2, 1)) * (k_2M @ memory_MN / lengths_2N))
    before_2N = _moved(op, op.matrix(heads, 2, PLACES), 1)
    w_2N = op.lerp(before_2N, w_2N, op.sigmoid(op.matrix(gates, 2, 1)))
    back_21, stay_21, on_21 = op.chunk(op.softmax(op.matrix(shifts, 2, 3)), 3)
    w_2N = back_21 * op.roll(w_2N, -1) + stay_21 * w_2N + on_21 * op.roll(w_2N, 1)
    gamma_21 = op.softplus(op.matrix(sharpness, 2, 1)) + 1
    # This softmax is w^gamma / sum w^gamma. No weight is below 0, unless the first state was given, as that of a
    # transducer's decoder is.
    w_2N = op.softmax(gamma_21 * op.log(op.relu(w_2N) + LEAST))

    writing, reading = op.cut(op.vector(w_2N, 2 * PLACES), (PLACES, PLACES))
    writing_1N, reading_1N = op.matrix(writing, 1, PLACES), op.matrix(reading, 1, PLACES)
    e_M1, a_M1 = op.matrix(op.sigmoid(erased), WIDTH, 1), op.matrix(added, WIDTH, 1)
    memory_MN = memory_MN + writing_1N * (a_M1 - e_M1 * memory_MN)
    read = op.tanh(op.vector(op.sum(memory_MN * reading_1N, -1), WIDTH))
    hidden = op.tanh(op.linear(op.join(z, read), weights["weight_out"], weights["bias_out"], largest=1))
    after = op.vector(_moved(op, w_2N, -1), 2 * PLACES)
    return hidden, z, c, read, op.vector(memory_MN, WIDTH * PLACES), after


def _moved(op: MatrixOperations[V], w_2N: V, by: float) -> V:
    """Weightings with so much more at the first place."""
    first, others = op.cut(w_2N, (1, PLACES - 1))
    return op.join(first + by, others)


def widths(hidden_size: int) -> list[int]:
    """The widths of the parts of the state."""
    return [hidden_size, hidden_size, hidden_size, WIDTH, WIDTH * PLACES, 2 * PLACES]


def further_weights(hidden_size: int) -> dict[str, tuple[int, ...]]:
    """The shapes of the weights of the controller, of what it tells the heads, and of what it puts out."""
    shapes: dict[str, tuple[int, ...]] = {}
    for name, rows, columns in (
        ("controller", 4 * hidden_size, hidden_size + WIDTH),
        ("heads", sum(HEADS), hidden_size),
        ("out", hidden_size, hidden_size + WIDTH),
    ):
        shapes |= {f"weight_{name}": (rows, columns), f"bias_{name}": (rows,)}
    return shapes
