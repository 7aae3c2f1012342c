"""Rows of a state: arrays of a graph with the batch on axis 1, and tensors of layers with it on axis 0."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch

from charnn.runtime.state import join, overwrite, put, select


class Layer(NamedTuple):
    hidden: torch.Tensor
    cell: torch.Tensor


def graph_state(*rows: int) -> Any:
    return tuple(np.array([[[10 * row + k] for row in rows]], np.float32) for k in range(3))


def layer_state(*rows: int) -> Any:
    return tuple(Layer(*(torch.tensor([[10.0 * row + k + depth] for row in rows]) for k in (1, 2))) for depth in (0, 4))


def join_arrays(arrays: Any) -> Any:
    return np.concatenate(arrays, axis=1)


kinds = pytest.mark.parametrize(
    ("make", "axis", "numbers", "concatenate"),
    [(graph_state, 1, np.array, join_arrays), (layer_state, 0, torch.tensor, torch.cat)],
    ids=["graph", "layers"],
)


def flat(state: Any) -> Any:
    """The types of the tuples, and the numbers in the arrays."""
    return [type(state), *map(flat, state)] if isinstance(state, tuple) else state.tolist()


@kinds
def test_rows_are_selected_in_any_order_and_several_times(
    make: Callable[..., Any], axis: int, numbers: Any, concatenate: Any
) -> None:
    assert flat(select(make(1, 2, 3), numbers([2, 0, 2]), axis=axis)) == flat(make(3, 1, 3))


@kinds
def test_joined_states_have_their_rows_one_after_the_other(
    make: Callable[..., Any], axis: int, numbers: Any, concatenate: Any
) -> None:
    assert flat(join([make(1, 2), make(3), make(4)], concatenate)) == flat(make(1, 2, 3, 4))


@kinds
def test_a_row_is_put_in_place_and_the_others_stay(
    make: Callable[..., Any], axis: int, numbers: Any, concatenate: Any
) -> None:
    state = make(1, 2, 3)
    put(state, 1, make(7), axis=axis)
    assert flat(state) == flat(make(1, 7, 3))


@kinds
def test_a_state_is_overwritten_in_the_arrays_that_it_has(
    make: Callable[..., Any], axis: int, numbers: Any, concatenate: Any
) -> None:
    state = make(1, 2)
    alias = select(state, slice(None), axis=axis)
    overwrite(state, make(5, 6))
    assert flat(state) == flat(alias) == flat(make(5, 6))


def test_states_of_other_layers_are_not_put_together() -> None:
    with pytest.raises(ValueError, match="shorter"):
        join([graph_state(1), graph_state(1)[:2]], join_arrays)
