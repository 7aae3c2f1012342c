"""Writes the ONNX format: a graph as the bytes of a protocol buffer, the same bytes that the onnx package writes.

Only what charnn's graphs have can be written. The numbers are those of the fields in onnx.proto, and a message has its
fields in ascending order. See https://protobuf.dev/programming-guides/encoding for the encoding.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

TYPES = {"float": 1, "uint8": 2, "int8": 3, "int32": 6, "int64": 7, "bool": 9}
"""ONNX's numbers for the types of tensors that are used here."""
NUMPY_TYPES = {"float32": "float"}
"""The names of types where numpy has another."""
VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5
"""How the value of a field is encoded."""
FLOAT, INT, STRING, GRAPH, INTS, STRINGS = 1, 2, 3, 5, 7, 8
"""ONNX's numbers for the types of attributes."""
IR_VERSION = 8
OPSETS = (("", 17), ("com.microsoft", 1))
PRODUCER = "charnn"

Port = tuple[str, str, list[str | int] | None]
"""An input or output of a graph: its name, its type (one of TYPES), and its shape, with letters for free axes. Where
the shape is None, it is left open."""


@dataclass
class Node:
    """An operator of a graph, with the names of what it reads and puts out."""

    operator: str
    input: list[str]
    output: list[str]
    domain: str
    attributes: Mapping[str, Any]


@dataclass(frozen=True)
class Body:
    """A graph that is an attribute of a node in another one, which has the constants."""

    nodes: Sequence[Node]
    inputs: Sequence[Port]
    outputs: Sequence[Port]


def model_bytes(
    nodes: Sequence[Node],
    inputs: Sequence[Port],
    outputs: Sequence[Port],
    constants: Mapping[str, npt.NDArray[Any]],
    properties: Mapping[str, str] = MappingProxyType({}),
) -> bytes:
    """The ONNX model. `properties` are kept in it, for whoever opens it."""
    graph = _graph(PRODUCER, nodes, inputs, outputs, constants)
    parts = [_number(1, IR_VERSION), _text(2, PRODUCER), _message(7, graph)]
    parts += [_message(8, _text(1, domain) + _number(2, version)) for domain, version in OPSETS]
    parts += [_message(14, _text(1, key) + _text(2, value)) for key, value in properties.items()]
    return b"".join(parts)


def _graph(
    name: str,
    nodes: Sequence[Node],
    inputs: Sequence[Port],
    outputs: Sequence[Port],
    constants: Mapping[str, npt.NDArray[Any]],
) -> bytes:
    parts = [_message(1, _node(node)) for node in nodes]
    parts.append(_text(2, name))
    parts += [_message(5, _tensor(constant, value)) for constant, value in constants.items()]
    parts += [_message(11, _port(*port)) for port in inputs]
    parts += [_message(12, _port(*port)) for port in outputs]
    return b"".join(parts)


def _node(node: Node) -> bytes:
    parts = [_text(1, name) for name in node.input]
    parts += [_text(2, name) for name in node.output]
    parts.append(_text(4, node.operator))
    parts += [_message(5, _attribute(name, value)) for name, value in sorted(node.attributes.items())]
    parts.append(_text(7, node.domain))
    return b"".join(parts)


def _attribute(name: str, value: Any) -> bytes:
    match value:
        case int():
            kind, encoded = INT, _number(3, value)
        case float():
            kind, encoded = FLOAT, _key(2, FIXED32) + struct.pack("<f", value)
        case str():
            kind, encoded = STRING, _text(4, value)
        case Body():
            kind, encoded = GRAPH, _message(6, _graph("body", value.nodes, value.inputs, value.outputs, {}))
        case [int(), *_]:
            kind, encoded = INTS, b"".join(_number(8, number) for number in value)
        case [str(), *_]:
            kind, encoded = STRINGS, b"".join(_text(9, text) for text in value)
        case _:
            raise AssertionError(f"no attribute of a graph here has {value!r}")
    return _text(1, name) + encoded + _number(20, kind)


def _tensor(name: str, value: npt.NDArray[Any]) -> bytes:
    kind = TYPES[NUMPY_TYPES.get(value.dtype.name, value.dtype.name)]
    data = np.ascontiguousarray(value).astype(value.dtype.newbyteorder("<"), copy=False).tobytes()
    return b"".join([*(_number(1, size) for size in value.shape), _number(2, kind), _text(8, name), _message(9, data)])


def _port(name: str, kind: str, shape: Sequence[str | int] | None) -> bytes:
    tensor = _number(1, TYPES[kind])
    if shape is not None:
        axes = (_number(1, axis) if isinstance(axis, int) else _text(2, axis) for axis in shape)
        tensor += _message(2, b"".join(_message(1, axis) for axis in axes))
    return _text(1, name) + _message(2, _message(1, tensor))


def _message(field: int, data: bytes) -> bytes:
    return _key(field, LENGTH) + _varint(len(data)) + data


def _text(field: int, text: str) -> bytes:
    return _message(field, text.encode("utf-8"))


def _number(field: int, number: int) -> bytes:
    return _key(field, VARINT) + _varint(number)


def _key(field: int, encoding: int) -> bytes:
    return _varint(field << 3 | encoding)


def _varint(number: int) -> bytes:
    """The number in bytes of seven bits each, the last ones first. A negative one has 64 bits."""
    number &= (1 << 64) - 1
    parts = bytearray()
    while number >= 0x80:
        parts.append(number & 0x7F | 0x80)
        number >>= 7
    parts.append(number)
    return bytes(parts)
