"""All that charnn knows of a cell, as an entry of the table says it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from charnn.cells.operations import Operations, V


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
    """The number of blocks, H rows each, of the weights `weight_ih` and `bias_ih`, which multiply the input."""
    state: tuple[str, ...] = ("hidden",)
    """The names of what is carried from step to step. The first is the hidden state (B, H), the cell's output."""
    widths: Callable[[int], Sequence[int]] | None = None
    """The width of each part of the state at a hidden size, where not all are (B, H)."""
    further: Callable[[int], Mapping[str, tuple[int, ...]]] | None = None
    """The shapes, at a hidden size, of weights that the equation multiplies by itself. It is then given U x + b_ih, and
    these weights by their names, with `LayeredOperations` and `MatrixOperations`.

    Without it the cell has `weight_hh` and `bias_hh`, which multiply the hidden state before the step.
    """
    reads_windows: bool = False
    """Whether the equation, which then depends on no output of the step before, computes a whole window at once."""
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

    def sizes(self, hidden_size: int) -> tuple[int, ...]:
        """The width of each part of the state."""
        return (hidden_size,) * len(self.state) if self.widths is None else tuple(self.widths(hidden_size))

    def shapes(self, input_size: int, hidden_size: int) -> dict[str, tuple[int, ...]]:
        """The shapes of all weights of a layer, in the order in which a layer has them."""
        rows = self.gates * hidden_size
        if self.further is not None:
            return {"weight_ih": (rows, input_size), "bias_ih": (rows,), **self.further(hidden_size)}
        return {
            "weight_ih": (rows, input_size),
            "weight_hh": (rows, hidden_size),
            "bias_ih": (rows,),
            "bias_hh": (rows,),
        }

    def step(
        self, op: Operations[V], state: Sequence[V], *products: V, weights: Mapping[str, Any] | None = None
    ) -> tuple[V, ...]:
        """The state after a step. `products` are U x + b_ih and W h + b_hh, or their sum where `sums_products`.

        A cell with `further` weights is given them, and the first of the products alone.
        """
        if weights is not None:
            return self.equation(op, state, *products, weights)
        if self.sums_products and len(products) == 2:
            from_input, from_hidden = products
            return self.equation(op, state, from_input + from_hidden)
        return self.equation(op, state, *products)
