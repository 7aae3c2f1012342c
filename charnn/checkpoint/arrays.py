"""Named arrays in one safetensors file."""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from charnn.checkpoint.atomic import write_atomic
from charnn.errors import ModelFormatError

Array = npt.NDArray[Any]


def read_arrays(path: Path) -> tuple[dict[str, Array], dict[str, str]]:
    """The arrays of the file by name, and its metadata. Raises ModelFormatError for anything else than such a file."""
    from safetensors import SafetensorError, safe_open  # imported here, because it takes 20 ms and sampling needs none

    if not path.is_file():
        raise ModelFormatError(f"{path}: missing")
    try:
        with safe_open(path, framework="numpy") as file:
            return {key: file.get_tensor(key) for key in file.keys()}, file.metadata() or {}  # noqa: SIM118
    except (SafetensorError, AttributeError, TypeError, ValueError) as error:  # the middle two: a type numpy lacks
        raise ModelFormatError(f"{path}: damaged: {' '.join(str(error).split())}") from None


def places_in_file(path: Path) -> tuple[str, dict[str, tuple[int, int]]]:
    """The SHA-256 of the file's header, including the length before it; and for each array the byte where it begins
    and its number of bytes.

    The file must be a sound one. Arrays lie in it in C order.
    """
    with path.open("rb") as file:
        before = file.read(8)
        (length,) = struct.unpack("<Q", before)
        header = file.read(length)
    entries = {name: entry for name, entry in json.loads(header).items() if name != "__metadata__"}
    offsets = {name: entry["data_offsets"] for name, entry in entries.items()}
    places = {name: (8 + length + begin, end - begin) for name, (begin, end) in offsets.items()}
    return hashlib.sha256(before + header).hexdigest(), places


def write_arrays(path: Path, arrays: Mapping[str, Array], metadata: dict[str, str] | None = None) -> None:
    from safetensors.numpy import save

    write_atomic(path, save({key: np.ascontiguousarray(array) for key, array in arrays.items()}, metadata))
