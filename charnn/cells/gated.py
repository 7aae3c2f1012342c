"""The equations of one step of the cells whose weights are blocks of gates.

They take the `state` that the table says the cell carries, and return the next one. W h + b_hh and U x + b_ih are
computed for all gates at once, and the b of an equation is b_ih + b_hh. x is the input of the step, h the hidden state
before it and h' the one after it; * is the product element by element.
"""

from __future__ import annotations

from collections.abc import Sequence

from charnn.cells.operations import Operations, V


def rnn(op: Operations[V], state: Sequence[V], gates: V) -> tuple[V, ...]:
    """The plain cell (Goodfellow, Bengio and Courville 2016, equations 10.8 and 10.9).

    h' = tanh(b + W h + U x)
    """
    return (op.tanh(gates),)


def lstm(op: Operations[V], state: Sequence[V], gates: V) -> tuple[V, ...]:
    """Long short-term memory (Hochreiter and Schmidhuber 1997) with a forget gate (Gers et al. 2000), no peepholes.

    i, f, o = sigmoid(b + W h + U x), each with weights of its own    g = tanh(b + W h + U x)
    c' = f * c + i * g                                                h' = o * tanh(c')

    Gate blocks lie in the order i, f, g, o (ONNX: i, o, f, c).
    """
    _, c = state
    i, f, g, o = op.chunk(gates, 4)
    c = op.sigmoid(f) * c + op.sigmoid(i) * op.tanh(g)
    return op.sigmoid(o) * op.tanh(c), c


def gru(op: Operations[V], state: Sequence[V], from_input: V, from_hidden: V) -> tuple[V, ...]:
    """The gated recurrent unit in PyTorch's variant: the reset gate acts after the product with the hidden state.

    r, z = sigmoid(b + W h + U x), each with weights of its own
    n = tanh(U x + b_ih + r * (W h + b_hh))
    h' = (1 - z) * n + z * h

    ONNX calls it `linear_before_reset=1`; in Cho et al. (2014) the reset gate acts on h, before the product.
    Gate blocks lie in the order r, z, n (ONNX: z, r, h).
    """
    (h,) = state
    r_input, z_input, n_input = op.chunk(from_input, 3)
    r_hidden, z_hidden, n_hidden = op.chunk(from_hidden, 3)
    r = op.sigmoid(r_input + r_hidden)
    z = op.sigmoid(z_input + z_hidden)
    n = op.tanh(n_input + r * n_hidden)
    return (op.lerp(n, h, z),)
