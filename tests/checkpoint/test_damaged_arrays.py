"""Files of arrays that are spoilt or hostile are refused in one line that names them."""

from __future__ import annotations

import contextlib
import json
import shutil
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charnn.checkpoint.directory import ModelDirectory
from charnn.errors import ModelFormatError
from tests.paths import GOLDEN

MODEL = GOLDEN / "format-1"
WEIGHTS, STATE = "weights.safetensors", "training/state.safetensors"
READERS = {WEIGHTS: ModelDirectory.weights, STATE: ModelDirectory.training_state}


@pytest.fixture
def model(tmp_path: Path) -> ModelDirectory:
    """A sound model that may be spoilt."""
    shutil.copytree(MODEL, tmp_path / "model")
    return ModelDirectory.open(tmp_path / "model")


def assert_refused(model: ModelDirectory, name: str) -> None:
    with pytest.raises(ModelFormatError) as caught:
        READERS[name](model)
    message = str(caught.value)
    assert message.startswith(str(model.path))
    assert Path(name).name in message
    assert "\n" not in message


def safetensors(header: object, data: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def one_array(dtype: str, shape: list[int], size: int) -> bytes:
    return safetensors({"a": {"dtype": dtype, "shape": shape, "data_offsets": [0, size]}}, bytes(size))


@pytest.mark.parametrize("name", [WEIGHTS, STATE])
@given(at=st.integers(0, 600), byte=st.integers(0, 255))
def test_byte_changed_in_the_head_of_an_array_file_is_refused_or_harmless(
    tmp_path_factory: pytest.TempPathFactory, name: str, at: int, byte: int
) -> None:
    model = ModelDirectory(tmp_path_factory.mktemp("model"))
    (model.path / "training").mkdir()
    data = bytearray((MODEL / name).read_bytes())
    data[at] = byte
    (model.path / name).write_bytes(data)
    with contextlib.suppress(ModelFormatError):
        READERS[name](model)


HOSTILE_ARRAY_FILES = {
    "head longer than any file": struct.pack("<Q", 2**63) + b"{}",
    "head longer than the file": struct.pack("<Q", 100) + b"{}",
    "head cut short": safetensors(b"{"),
    "head not an object": safetensors([]),
    "array not an object": safetensors({"a": 3}),
    "metadata not text": safetensors({"__metadata__": {"values": 3}}),
    "more values than bytes": one_array("F32", [2], 4),
    "data cut short": one_array("F32", [1], 4)[:-1],
    "gap before the data": safetensors({"a": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}}, bytes(8)),
    "data before the data": safetensors({"a": {"dtype": "F32", "shape": [1], "data_offsets": [-4, 0]}}, bytes(4)),
    "size that overflows": one_array("F32", [2**62], 4),
    "line break in a type": one_array("F\n32", [1], 4),
    "bfloat16, unknown to numpy": one_array("BF16", [2], 4),
    "float8, unknown to numpy": one_array("F8_E4M3", [2], 2),
    "float4, unknown to numpy": one_array("F4", [4], 2),
}


@pytest.mark.parametrize("name", [WEIGHTS, STATE])
@pytest.mark.parametrize("data", HOSTILE_ARRAY_FILES.values(), ids=HOSTILE_ARRAY_FILES.keys())
def test_hostile_array_file_is_refused(model: ModelDirectory, name: str, data: bytes) -> None:
    (model.path / name).write_bytes(data)
    assert_refused(model, name)


@pytest.mark.parametrize("values", [None, "", "{", "3", "null", "[]", "[" * 100_000])
def test_training_state_without_its_object_of_values_is_refused(model: ModelDirectory, values: str | None) -> None:
    metadata = {} if values is None else {"values": values}
    (model.path / STATE).write_bytes(safetensors({"__metadata__": metadata}))
    assert_refused(model, STATE)
