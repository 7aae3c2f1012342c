"""Cuts data into parts of which each is held out in turn, for a cross-validation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Fold:
    """One part of `count`, by its `number` from 0: it is held out, and the other parts are learned."""

    number: int
    count: int

    def of_blocks(self, items: Sequence[T]) -> tuple[list[T], list[T]]:
        """`(training, held_out)` where each part is a run of neighbours, which are often alike."""
        start, end = (place * len(items) // self.count for place in (self.number, self.number + 1))
        return [*items[:start], *items[end:]], list(items[start:end])

    def of_kinds(self, items: Sequence[T], kind_of: Callable[[T], Hashable]) -> tuple[list[T], list[T]]:
        """`(training, held_out)` where the items of each kind, such as a label, are dealt out to the parts."""
        seen = Counter[Hashable]()
        parts: tuple[list[T], list[T]] = [], []
        for item in items:
            kind = kind_of(item)
            parts[seen[kind] % self.count == self.number].append(item)
            seen[kind] += 1
        return parts

    def of_groups(self, items: Sequence[T], group_of: Callable[[T], Hashable]) -> tuple[list[T], list[T]]:
        """`(training, held_out)` where no group, such as the pairs of one source, is in two parts."""
        numbers: dict[Hashable, int] = {}
        parts: tuple[list[T], list[T]] = [], []
        for item in items:
            number = numbers.setdefault(group_of(item), len(numbers))
            parts[number % self.count == self.number].append(item)
        return parts
