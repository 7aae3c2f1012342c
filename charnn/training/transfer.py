"""What tasks share that start from another model's weights: rows matched by what they stand for, and the shape."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from charnn.errors import UsageError
from charnn.training.planning import Overrides

T = TypeVar("T")
AnyOverrides = TypeVar("AnyOverrides", bound=Overrides)
Places = list[tuple[int, int]]


def shared_places(ours: Sequence[T], theirs: Sequence[T]) -> Places:
    """The places of what both sequences have: in `ours`, and in `theirs`."""
    place = {value: index for index, value in enumerate(theirs)}
    return [(index, place[value]) for index, value in enumerate(ours) if value in place]


def copy_rows(parameter: Tensor, source: npt.NDArray[Any] | None, rows: Places) -> None:
    """Copies rows of `source` into those of `parameter`: for each pair, to the first from the second."""
    if source is None or not rows:
        return
    to_rows, from_rows = np.array(rows, np.int64).T
    parameter[torch.from_numpy(to_rows)] = torch.from_numpy(source[from_rows]).to(parameter.device)


def same_shape(overrides: AnyOverrides, source: object, fields: Sequence[str]) -> AnyOverrides:
    """`overrides` with these fields as in `source`. Raises UsageError where other values were asked for.

    A field of `overrides` that is None was not asked for.
    """
    shape = {name: getattr(source, name) for name in fields}
    for name, value in shape.items():
        asked = getattr(overrides, name)
        if asked not in (None, value):
            what = f"{name.replace('_', ' ')} {value}, not {asked}"
            if isinstance(value, bool):
                what = f"{'' if value else 'no '}{name} connections"
            raise UsageError(
                f"the model to start from has {what}",
                hint="leave the option out: the weights keep their shape",
            )
    return dataclasses.replace(overrides, **shape)
