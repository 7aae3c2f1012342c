"""Records of files that have been moved since: the same bytes, found at other places."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from typing import Any, TypeVar

from charnn.config.model import SourceFile

T = TypeVar("T")


def at_their_places(record: T, read: Sequence[SourceFile]) -> T:
    """The record with each of its files at a place where the same bytes have been read, if there is one."""
    there = {source.path for source in read}
    moved: T = _moved(record, {source.sha256: source.path for source in read}, there)
    return moved


def _moved(value: Any, places: Mapping[str, str], there: Collection[str]) -> Any:
    if isinstance(value, SourceFile):
        is_there = value.path in there
        return value if is_there else dataclasses.replace(value, path=places.get(value.sha256, value.path))
    if isinstance(value, tuple):
        return tuple(_moved(one, places, there) for one in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
        found = {name: _moved(one, places, there) for name, one in fields.items()}
        return dataclasses.replace(value, **{name: one for name, one in found.items() if one is not fields[name]})
    return value
