"""The state of a recurrent network by the rows of its batch: rows are selected, joined, put one by one.

A state is an array or a tuple of states, such as the arrays of a graph or the named tuples of a network's layers. Its
arrays may be those of numpy or of PyTorch, and all have the batch on the same axis.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

State = TypeVar("State")


def select(state: State, rows: Any, *, axis: int) -> State:
    """The state of these rows, an array of numbers, in this order; one may come several times."""
    index = (*[slice(None)] * axis, rows)
    selected: State = _mapped(lambda array: array[index], state)
    return selected


def join(states: Sequence[State], concatenate: Callable[[tuple[Any, ...]], Any]) -> State:
    """The state of all rows of the states, one state after the other; `concatenate` does it for arrays."""
    joined: State = _mapped(lambda *arrays: concatenate(arrays), *states)
    return joined


def put(state: State, row: int, other: State, *, axis: int) -> None:
    """Sets one row of `state` to the only one of `other`."""
    before = (slice(None),) * axis
    for array, only in zip(_arrays(state), _arrays(other), strict=True):
        array[(*before, row)] = only[(*before, 0)]


def overwrite(state: State, other: State) -> None:
    """Sets all rows of `state` to those of `other`."""
    for array, new in zip(_arrays(state), _arrays(other), strict=True):
        array[:] = new


def _mapped(function: Callable[..., Any], *states: Any) -> Any:
    """The state whose every array is what `function` makes of those in the same place of `states`."""
    first = states[0]
    if not isinstance(first, tuple):
        return function(*states)
    parts = (_mapped(function, *parts) for parts in zip(*states, strict=True))
    return type(first)(*parts) if hasattr(first, "_fields") else type(first)(parts)


def _arrays(state: Any) -> Iterator[Any]:
    if isinstance(state, tuple):
        for part in state:
            yield from _arrays(part)
    else:
        yield state
