"""Turns frozen dataclasses into JSON and back. Every key must be known, and every value must have the declared type.

`json_text` is how JSON is written, of any value.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import types
import typing
from dataclasses import field
from typing import Any, Literal, Self, TypeVar

from charnn.errors import ConfigError

T = TypeVar("T")
_LATER, _KEY = "later", "key"
"""The keys of a field's metadata under which `later` and `stored_as` leave their marks."""


class Json:
    """A mixin that gives a frozen dataclass the methods `to_json` and `from_json`."""

    def to_json(self) -> dict[str, Any]:
        return typing.cast(dict[str, Any], _plain(self))

    @classmethod
    def from_json(cls, value: object) -> Self:
        """The configuration that `to_json` gave. Raises ConfigError for unknown or missing keys and wrong types."""
        return typing.cast(Self, _convert(cls, value, cls.__name__))


def later(default: T, *, key: str | None = None) -> T:
    """A field that was added after the first models were written. It is written only where it differs from its default.

    An older charnn, which does not know the key, can therefore read every newer model that has the default. `key` is as
    for `stored_as`.
    """
    return field(default=default, metadata={_LATER: True} | ({} if key is None else {_KEY: key}))


def stored_as(key: str, default: T) -> T:
    """A field whose key in JSON is `key`, because the field was renamed after the first models were written."""
    return field(default=default, metadata={_KEY: key})


def _key(declared: dataclasses.Field[Any]) -> str:
    return str(declared.metadata.get(_KEY, declared.name))


def _plain(value: Any) -> Any:
    """`value` as JSON values, at any depth, without the fields that came later and have their default."""
    if isinstance(value, tuple):
        return tuple(map(_plain, value))
    if not dataclasses.is_dataclass(value):
        return value
    values = [(f, getattr(value, f.name)) for f in dataclasses.fields(value)]
    return {_key(f): _plain(v) for f, v in values if not (f.metadata.get(_LATER) and v == f.default)}


def _convert(kind: Any, value: object, where: str) -> object:
    """`value`, read from JSON, as the declared type `kind`; `where` names the place for the error message."""
    if type(value) is kind:
        return value
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (types.UnionType, typing.Union):
        if value is None and type(None) in arguments:
            return None
        (inner,) = (a for a in arguments if a is not type(None))
        return _convert(inner, value, where)
    if origin is Literal and value in arguments:
        return value
    if origin is tuple and isinstance(value, list):
        return tuple(_convert(arguments[0], item, f"{where}[{i}]") for i, item in enumerate(value))
    if dataclasses.is_dataclass(kind) and isinstance(value, dict):
        fields, required, hints = _declared(typing.cast(typing.Hashable, kind))
        if unknown := sorted(set(value) - set(fields)):
            raise ConfigError(f"{where}: unknown key {unknown[0]!r}")
        if missing := sorted(required - set(value)):
            raise ConfigError(f"{where}: missing key {missing[0]!r}")
        converted = {  # most values are of a plain type, and what converts others takes longer
            fields[key]: item if type(item) is hints[key] else _convert(hints[key], item, f"{where}.{key}")
            for key, item in value.items()
        }
        return kind(**converted)  # type: ignore[operator]
    if kind is float and type(value) in (int, float):
        try:
            return float(typing.cast(float, value))
        except OverflowError:
            raise ConfigError(f"{where}: too large a number") from None
    raise ConfigError(f"{where}: {value!r} is not allowed here")


@functools.cache
def _declared(kind: Any) -> tuple[dict[str, str], set[str], dict[str, Any]]:
    """The fields of a dataclass by their keys in JSON: their names, the keys that have no default, and their types.

    Types are written as text (PEP 563), and reading that takes longer than all else here.
    """
    fields, hints = {_key(f): f for f in dataclasses.fields(kind)}, typing.get_type_hints(kind)
    required = {key for key, f in fields.items() if f.default is f.default_factory is dataclasses.MISSING}
    names = {key: f.name for key, f in fields.items()}
    return names, required, {key: hints[name] for key, name in names.items()}


def json_text(value: object, *, indent: int | None = None) -> str:
    """The value as JSON, in which only what must be is an escape, with a line end.

    A byte that is not UTF-8 is half a surrogate pair in a text, such as a path, and becomes JSON's escape for that, so
    that the text can be encoded.
    """
    text = json.dumps(value, ensure_ascii=False, indent=indent) + "\n"
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def require(condition: bool, message: str) -> None:
    """Raises ConfigError with this message unless the condition holds."""
    if not condition:
        raise ConfigError(message)
