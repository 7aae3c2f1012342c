"""Answers a name that there is not with those that there are."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

SHOWN = 12
"""So many names are listed; of more, the first."""
NEAR = 3
LIKENESS = 0.5


def nearest_names(name: str, names: Iterable[str]) -> list[str]:
    """The names most like `name`, whatever its capitals, the likest first, and of several as like those
    that come first; none where none is like it."""
    by_folded: dict[str, list[str]] = {}
    for one in names:
        by_folded.setdefault(one.casefold(), []).append(one)
    likeness = {one: difflib.SequenceMatcher(None, name.casefold(), one).ratio() for one in by_folded}
    near = sorted((one for one in by_folded if likeness[one] >= LIKENESS), key=lambda one: -likeness[one])
    return [one for folded in near for one in by_folded[folded]][:NEAR]


def instead_of(name: str, names: Sequence[str], are: str) -> str:
    """A hint for whoever gave `name`: the nearest of the names, and after `are`, as in "its tags are", all of them."""
    near = nearest_names(name, names)
    more = f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else ""
    listed = f"{are} {', '.join(names[:SHOWN])}{more}" if names else f"{are} none"
    return f"did you mean {' or '.join(near)}? {listed}" if near else listed
