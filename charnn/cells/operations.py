"""What the equations of cells may compute with: values, and the few functions of them that each backend has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, Self, TypeVar


class Value(Protocol):
    """A value in an equation: the numbers of all units for each row of the batch, (B, H) or (B, G*H).

    Where an equation computes whole windows at once, they are (B, T, H). Matrices, which `@` multiplies, are
    (B, rows, columns).
    """

    def __add__(self, other: Any, /) -> Self: ...
    def __sub__(self, other: Any, /) -> Self: ...
    def __mul__(self, other: Any, /) -> Self: ...
    def __truediv__(self, other: Any, /) -> Self: ...
    def __matmul__(self, other: Any, /) -> Self: ...
    def __radd__(self, other: Any, /) -> Self: ...
    def __rsub__(self, other: Any, /) -> Self: ...
    def __rmul__(self, other: Any, /) -> Self: ...


V = TypeVar("V", bound=Value)


class Operations(Protocol[V]):
    """The functions that an equation may use beside arithmetic."""

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


class LayeredOperations(Operations[V], Protocol):
    """The further functions of an equation that multiplies by weights of its own and looks further back than a step."""

    def linear(self, x: V, weight: Any, bias: Any = None, /, *, largest: float) -> V:
        """The product weight x + bias. No |x| is above `largest`, which is the scale of x where it is held in bytes."""
        ...

    def join(self, *parts: V) -> V:
        """Puts values side by side along the last axis."""
        ...

    def delay(self, x: V, earlier: V, steps: int, /) -> tuple[V, V]:
        """The value of x so many `steps` before, and what follows `earlier`, the values of x in the last `steps`.

        `earlier` is (B, steps * H), the oldest first.
        """
        ...


class MatrixOperations(LayeredOperations[V], Protocol):
    """The further functions of an equation whose state holds matrices, such as a memory with addresses."""

    def cut(self, x: V, sizes: Sequence[int], /) -> Sequence[V]:
        """Cuts the last axis into parts of these sizes."""
        ...

    def matrix(self, x: V, rows: int, columns: int, /) -> V:
        """Folds the last axis into rows that follow each other, (..., rows, columns)."""
        ...

    def vector(self, x: V, size: int, /) -> V:
        """Puts the rows of a matrix one behind the other, (..., size)."""
        ...

    def roll(self, x: V, places: int, /) -> V:
        """Moves what lies along the last axis so many places on, and what leaves its end to its beginning."""
        ...

    def sum(self, x: V, axis: int, /) -> V:
        """Adds up along the last axis, -1, or the one before it, -2, which then has the size 1."""
        ...

    def softmax(self, x: V, /) -> V:
        """The softmax along the last axis."""
        ...

    def softplus(self, x: V, /) -> V:
        """log(1 + exp(x))"""
        ...

    def relu(self, x: V, /) -> V:
        """max(x, 0)"""
        ...

    def log(self, x: V, /) -> V: ...

    def sqrt(self, x: V, /) -> V: ...
