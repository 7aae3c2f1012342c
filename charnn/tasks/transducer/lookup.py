"""The targets of the sources that training had."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cached_property

from charnn.corpora.pairs import Pair
from charnn.errors import ModelFormatError


class Lookup:
    """Finds the target of a source that training had."""

    def __init__(self, targets: Mapping[str, str]) -> None:
        self._targets = dict(targets)

    @classmethod
    def of(cls, pairs: Iterable[Pair]) -> Lookup:
        """Among the targets of a source that are equally frequent, the first one is found."""
        targets: dict[str, str] = {}
        several: dict[str, Counter[str]] = {}
        for pair in pairs:
            key = lookup_key(pair.source, pair.features)
            if (first := targets.get(key)) is None:
                targets[key] = pair.target
            else:
                several.setdefault(key, Counter([first]))[pair.target] += 1
        targets |= {key: counts.most_common(1)[0][0] for key, counts in several.items()}
        return cls(targets)

    def find(self, source: str, features: str = "") -> str | None:
        """The target, or None for a source that training had not."""
        return self._targets.get(lookup_key(source, features))

    @cached_property
    def targets(self) -> frozenset[str]:
        """The targets that are found."""
        return frozenset(self._targets.values())

    def __len__(self) -> int:
        return len(self._targets)

    def to_bytes(self) -> bytes:
        return (json.dumps(self._targets, ensure_ascii=False, indent=0) + "\n").encode("utf-8", "surrogatepass")

    @classmethod
    def from_bytes(cls, data: bytes) -> Lookup:
        """What `to_bytes` gave. Raises ModelFormatError for anything else."""
        try:
            value = json.loads(data.decode("utf-8", "surrogatepass"))
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, dict) or not all(isinstance(target, str) for target in value.values()):
            raise ModelFormatError("not a table of targets")
        return cls(value)


def lookup_key(source: str, features: str) -> str:
    """What stands for a source with its features in the file."""
    return f"{source}\t{features}" if features else source
