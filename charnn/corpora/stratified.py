"""Holds out a part of the texts of each label."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar

T = TypeVar("T")


def hold_out_labelled(
    texts: Sequence[T], fraction: float, label_of: Callable[[T], Hashable]
) -> tuple[list[T], list[T]]:
    """`(training, held_out)`: about this fraction of the texts of each label is held out, at even distances.

    The order stays. A label with a single text is not held out. Where all labels have so few texts that this holds out
    none, as many are held out in all, each of another label.
    """
    places = defaultdict[Hashable, list[int]](list)
    for place, labelled in enumerate(texts):
        places[label_of(labelled)].append(place)
    numbers = held_out_of([len(of_label) for of_label in places.values()], fraction)
    held_out = {of_label[i] for of_label, own in zip(places.values(), numbers, strict=True) for i in own}
    training = [labelled for place, labelled in enumerate(texts) if place not in held_out]
    return training, [texts[place] for place in sorted(held_out)]


def held_out_of(counts: Sequence[int], fraction: float) -> list[list[int]]:
    """For each label, of which there are so many texts, the numbers of those that are held out."""
    held_out = [_evenly(count, min(round(fraction * count), count - 1)) for count in counts]
    if not any(held_out) and (several := [label for label, count in enumerate(counts) if count > 1]):
        wanted = min(max(round(fraction * sum(counts)), 1), len(several))
        for label in (several[i] for i in _evenly(len(several), wanted)):
            held_out[label] = [counts[label] // 2]
    return held_out


def _evenly(count: int, wanted: int) -> list[int]:
    """So many numbers below `count`, at even distances."""
    return [(2 * i + 1) * count // (2 * wanted) for i in range(wanted)]
