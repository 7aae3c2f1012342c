"""Keeps targets to a regular expression, with the machinery of generation."""

from __future__ import annotations

from collections.abc import Sequence

from charnn.arrays import Bools
from charnn.generation.pattern.pattern import Pattern, PatternState
from charnn.tasks.transducer.symbols import Side


class TargetPattern:
    """An expression that every target matches as a whole."""

    def __init__(self, expression: str, target: Side) -> None:
        """Raises UsageError where `expression` is not well formed, or where nothing that can be written matches."""
        self.expression = expression
        # Between spaces every symbol is spelt with a space before it, the first one, too.
        self._is_spaced = target.kind == "spaces"
        self._pattern = Pattern(f" (?:{expression})" if self._is_spaced else expression, target)

    def constraint(self) -> PatternConstraint:
        """A new constraint, for one search at a time."""
        return PatternConstraint(self._pattern, is_spaced=self._is_spaced)


class PatternConstraint:
    """Says which symbols may come next in each of many targets; it keeps the state of each beginning."""

    def __init__(self, pattern: Pattern, *, is_spaced: bool) -> None:
        self._pattern, self._is_spaced = pattern, is_spaced
        self._states: dict[tuple[int, ...], PatternState] = {(): pattern.start}
        self.shortest = pattern.shortest
        """The number of characters of the shortest target that matches."""

    def allowed(self, ids: Sequence[int], left: int | None) -> Bools:
        """The symbols (V,) that may follow `ids` where `left` more may be written, the stop counted."""
        beginning = tuple(ids)
        if beginning not in self._states:
            before = self._states[beginning[:-1]]
            self._states[beginning] = self._pattern.advance(before, beginning[-1])
        # A symbol has a character at least; between spaces, a target may have as many characters as it likes.
        characters = None if self._is_spaced or left is None else max(left - 1, 0)
        return self._pattern.allowed(self._states[beginning], characters)
