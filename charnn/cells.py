"""The recurrent cells: the equations of one step, and the one table that says all there is to know of each cell.

An equation is written once. PyTorch's tensors go through it in training (`charnn.network.cells`), and values of an ONNX
graph when the graph is written (`charnn.export.cells`), so it uses nothing but `+`, `-`, `*` and the four `Operations`.

A cell with G gates has G blocks of weights that lie one under the other, as `torch.nn.RNN`, `LSTM` and `GRU` store
them. W h + b_hh and U x + b_ih are computed for all gates at once, and the b of an equation is b_ih + b_hh. x is the
input of the step, h the hidden state before it and h' the one after it; * is the product element by element.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, Self, TypeVar

from charnn.errors import ConfigError


class Value(Protocol):
    """A value in an equation: the numbers of all units for each row of the batch, (B, H) or (B, G*H)."""

    def __add__(self, other: Any, /) -> Self: ...
    def __sub__(self, other: Any, /) -> Self: ...
    def __mul__(self, other: Any, /) -> Self: ...
    def __radd__(self, other: Any, /) -> Self: ...
    def __rsub__(self, other: Any, /) -> Self: ...
    def __rmul__(self, other: Any, /) -> Self: ...


V = TypeVar("V", bound=Value)


class Operations(Protocol[V]):
    """The functions that an equation may use beside `+`, `-` and `*`."""

    def sigmoid(self, x: V, /) -> V: ...

    def tanh(self, x: V, /) -> V: ...

    def chunk(self, x: V, parts: int, /) -> Sequence[V]:
        """Cuts the last axis into equal parts, which are the gates."""
        ...

    def lerp(self, start: V, end: V, weight: V, /) -> V:
        """Interpolates linearly from `start`, where `weight` is 0, to `end`, where it is 1.

        Each backend rounds it in its own way, and keeps that way, so that models stay what they were to the last bit:
        PyTorch computes (1 - weight) * start + weight * end, and a graph computes start + weight * (end - start).
        """
        ...


# These are the equations. They take the `state` that the table says the cell carries, and return the next one.


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


# What follows is the table of cells.


@dataclass(frozen=True)
class TorchKernel:
    """PyTorch's own code, which runs a cell over a whole window."""

    module: str
    """The class in `torch.nn`."""
    function: str
    """The function in `torch` that the module calls with its weights."""


@dataclass(frozen=True)
class OnnxOperator:
    """ONNX's own operator, which runs a cell over a whole sequence."""

    name: str
    gate_order: tuple[int, ...]
    """The operator's gate blocks, each as the number of the same block of the cell."""
    attributes: Mapping[str, int] = field(default_factory=dict)
    activations: tuple[str, ...] = ()
    """The activation functions of one direction, where the operator is told them."""
    int8_operator: str | None = None
    """The operator of ONNX Runtime (domain `com.microsoft`) that does the same with weights of 8 bits."""


@dataclass(frozen=True)
class Cell:
    """All that charnn knows of a cell; docs/adding-a-cell.md tells how to add one."""

    equation: Callable[..., tuple[Any, ...]]
    """The function of one step, from the operations, the state and the products to the state after the step.

    It must keep the hidden state within [-1, 1], because the int8 graph of a language model relies on that.
    """
    gates: int
    state: tuple[str, ...] = ("hidden",)
    """The names of what is carried from step to step, each (B, H). The first is the hidden state, the cell's output."""
    sums_products: bool = True
    """Whether the equation is given the sum U x + W h + b. Otherwise it is given U x + b_ih and W h + b_hh apart."""
    open_gate: int | None = None
    """The gate whose bias starts at 1; all other biases start at 0."""
    has_gradient_flow: bool = False
    """Whether `--gradient-flow` works with the cell. Its code has the derivative of this very equation."""
    torch: TorchKernel | None = None
    """PyTorch's kernel. Without one, PyTorch computes the equation step by step."""
    onnx: OnnxOperator | None = None
    """ONNX's operator. Without one, graphs compute the equation step by step."""

    @property
    def int8_operator(self) -> str | None:
        """ONNX Runtime's operator for whole sequences with weights of 8 bits, where there is one."""
        return None if self.onnx is None else self.onnx.int8_operator

    def step(self, op: Operations[V], state: Sequence[V], *products: V) -> tuple[V, ...]:
        """The state after a step. `products` are U x + b_ih and W h + b_hh, or their sum where `sums_products`."""
        if self.sums_products and len(products) == 2:
            from_input, from_hidden = products
            return self.equation(op, state, from_input + from_hidden)
        return self.equation(op, state, *products)


CELLS: dict[str, Cell] = {
    "rnn": Cell(
        rnn,
        gates=1,
        has_gradient_flow=True,
        torch=TorchKernel("RNN", "rnn_tanh"),
        onnx=OnnxOperator("RNN", gate_order=(0,), activations=("Tanh",)),
    ),
    "lstm": Cell(
        lstm,
        gates=4,
        state=("hidden", "cell"),
        open_gate=1,  # the forget gate (Jozefowicz et al. 2015)
        torch=TorchKernel("LSTM", "lstm"),
        onnx=OnnxOperator("LSTM", gate_order=(0, 3, 1, 2), int8_operator="DynamicQuantizeLSTM"),
    ),
    "gru": Cell(
        gru,
        gates=3,
        sums_products=False,  # the reset gate multiplies one of them
        torch=TorchKernel("GRU", "gru"),
        onnx=OnnxOperator("GRU", gate_order=(1, 0, 2), attributes={"linear_before_reset": 1}),
    ),
}
"""The cells by the names that `--cell` and config.json have. An entry here is all that a new cell needs."""


def require_known(name: str) -> None:
    """Raises ConfigError where the table has no cell of that name."""
    if name not in CELLS:
        raise ConfigError(f"there is no cell {name!r}; there are {', '.join(CELLS)}")
