"""Which keys objects of JSON have, as columns have names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from charnn.corpora.tables import Table
from charnn.errors import CorpusError


def keys_of(record: Mapping[str, Any]) -> list[str]:
    """The keys of an object, and behind them those of the objects in it, such as `data.text`."""
    nested = (f"{key}.{inner}" for key, value in record.items() if isinstance(value, dict) for inner in keys_of(value))
    return [*record, *nested]


def keys_of_first(sample: str) -> list[str] | None:
    """The keys of the first object of a text that begins like this; None where it does not begin with a whole one."""
    record = _first(sample)
    return None if record is None else list(record)


def lists_of_words(sample: str) -> list[str]:
    """The keys under which that object has lists of as many texts or numbers, as words and their tags are, if any."""
    lists = {key: value for key, value in (_first(sample) or {}).items() if isinstance(value, list) and value[1:]}
    words = {k: v for k, v in lists.items() if k.isidentifier() and all(isinstance(one, str | int) for one in v)}
    return list(words) if len({len(value) for value in words.values()}) == 1 else []


def _first(sample: str) -> dict[str, Any] | None:
    try:
        return next(Table(sample, "").objects())[1]
    except (CorpusError, StopIteration):
        return None
