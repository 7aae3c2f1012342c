"""Grapheme clusters: what a reader takes for one character, such as a letter with its marks, an emoji or a flag.

Unicode's own rules (UAX 29, extended grapheme clusters) come from the library regex. It is imported only where a text
has characters that can be part of a larger cluster.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_FIRST_THAT_JOINS = "\u0300"
"""Below this character, every character is a cluster of its own, but for \\r\\n."""
_LONGEST_CLUSTER = 128
"""The most characters of a cluster that are looked back for. Letters with more marks than this are a prank."""


def clusters(text: str) -> Sequence[str]:
    """The grapheme clusters of a text without line ends: joined, they are the text."""
    if text.isascii() or max(text) < _FIRST_THAT_JOINS:
        return text
    found: list[str] = _clusters()(text)
    return found


def is_one(text: str) -> bool:
    """Whether the text is a single cluster."""
    return len(text) == 1 or (bool(text) and len(clusters(text)) == 1)


def with_whole_clusters(text: str, words: list[str]) -> list[str]:
    """The words, which joined are `text`, with those put together that a cluster spans."""
    found = clusters(text)
    if len(found) == len(text) or len(words) < 2:
        return words
    ends = set(accumulate(map(len, found)))
    cuts = [0, *(end for end in accumulate(map(len, words)) if end in ends)]
    return [text[start:end] for start, end in pairwise(cuts)]


def last_cut(text: str, start: int, end: int) -> int:
    """The last place up to `end`, and after `start`, where no cluster is cut; `end` where there is none."""
    before = max(start, end - _LONGEST_CLUSTER)
    around = clusters(text[before : end + _LONGEST_CLUSTER])
    cuts = [cut for cut in accumulate(map(len, around), initial=before) if start < cut <= end]
    return cuts[-1] if cuts else end


@cache
def _clusters() -> Callable[[str], list[Any]]:
    import regex

    find: Callable[[str], list[Any]] = regex.compile(r"\X").findall
    return find
