"""The lookup of pairs that are stored, in some 24 bytes a source: no string is made before it is asked for."""

from __future__ import annotations

import json
from collections import Counter
from functools import cached_property

import numpy as np

from charnn.corpora.stored_strings import Places
from charnn.tasks.transducer.lookup import Lookup, lookup_key
from charnn.tasks.transducer.stored_pairs import Groups, StoredPairs


class StoredLookup(Lookup):
    """What `Lookup.of` gives of the pairs."""

    def __init__(self, pairs: StoredPairs) -> None:
        self._pairs = pairs.chosen(_most_frequent(pairs))
        """A pair for each source, in the order in which they first come."""
        keys = self._pairs.given_keys
        self._order = np.argsort(keys)
        self._keys = keys[self._order]

    def find(self, source: str, features: str = "") -> str | None:
        place = int(np.searchsorted(self._keys, hash((source, features))))
        if place == len(self._keys):
            return None
        pair = self._pairs[int(self._order[place])]
        return pair.target if (pair.source, pair.features) == (source, features) else None

    @cached_property
    def targets(self) -> frozenset[str]:
        return frozenset(self._pairs.targets())

    def __len__(self) -> int:
        return len(self._pairs)

    def to_bytes(self) -> bytes:
        return self._data

    @cached_property
    def _data(self) -> bytes:
        written = json.JSONEncoder(ensure_ascii=False).encode
        data = bytearray(b"{")
        for number, pair in enumerate(self._pairs):
            row = f"{',' if number else ''}\n{written(lookup_key(pair.source, pair.features))}: {written(pair.target)}"
            data += row.encode("utf-8", "surrogatepass")
        data += b"\n}\n" if len(self) else b"}\n"
        return bytes(data)


def _most_frequent(pairs: StoredPairs) -> Places:
    """For each source the place of the target that it has most often, and of several the first."""
    groups, keys = Groups.of(pairs.given_keys), pairs.keys
    places = groups.firsts.copy()
    for group in np.flatnonzero(np.diff(groups.starts) > 1).tolist():
        own = groups.places(group)
        each = keys[own].tolist()
        places[group] = own[each.index(Counter(each).most_common(1)[0][0])]
    return places
