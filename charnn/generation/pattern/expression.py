r"""Reads a regular expression as Python's `re` reads it, and turns it into the positions where a matching text may be.

Supported are literals and escapes, `.`, classes with \d \s \w, | and groups of any sort, greedy and lazy repetition,
the flags a, i, s, u and x (and m, which changes nothing here), ^ and \A at the start, $ and \Z at the end. `.` is any
character but the line feed. What cannot be decided one character at a time is refused by name: lookaround, \b and \B,
back references, conditionals, atomic groups and possessive repetition, and anchors in between.
"""

from __future__ import annotations

import re
import re._parser as parser  # type: ignore[import-not-found]  # private; nothing public tells what `re` has read
import warnings
from dataclasses import dataclass, field
from typing import Any

from charnn.errors import UsageError
from charnn.generation.pattern import character_sets
from charnn.generation.pattern.character_sets import CharacterSet

LARGEST = 10_000
"""An expression has so many positions at most. Each character in it is one, and one that is repeated {m,n} is n."""
END = 1
"""The set of positions that has only the end."""

_REFUSED = {
    "ASSERT": "lookahead or lookbehind",
    "ASSERT_NOT": "lookahead or lookbehind",
    "FAILURE": "lookahead or lookbehind",
    "AT_BOUNDARY": r"a word boundary \b",
    "AT_NON_BOUNDARY": r"\B",
    "GROUPREF": "a back reference",
    "GROUPREF_EXISTS": "a conditional group",
    "ATOMIC_GROUP": "an atomic group",
    "POSSESSIVE_REPEAT": "possessive repetition",
}
_STARTS = {"AT_BEGINNING": "^", "AT_BEGINNING_STRING": r"\A"}
_ENDS = {"AT_END": "$", "AT_END_STRING": r"\Z"}
_CATEGORIES = {
    f"CATEGORY_{negated}{name}": escape.upper() if negated else escape
    for negated in ("", "NOT_")
    for name, escape in (("DIGIT", r"\d"), ("SPACE", r"\s"), ("WORD", r"\w"))
}


@dataclass
class Positions:
    """The positions of an expression, at each of which one character is read, and its end (Glushkov 1961).

    A set of positions is an integer, with bit p for position p; position 0 is the end.
    """

    start: int = END
    """The positions that a text may be at before its first character."""
    follow: list[int] = field(default_factory=lambda: [0])
    """The positions that a text may be at after a character has been read at each position."""
    class_of: list[int] = field(default_factory=lambda: [0])
    """The number of the class of characters that can be read at each position; 0, without meaning, for the end."""
    classes: list[CharacterSet] = field(default_factory=list)
    literals: set[str] = field(default_factory=set)
    """The characters that the expression names one by one, case and all."""
    _numbers: dict[tuple[str, str, int], int] = field(default_factory=dict)

    # Expressions are built from the end. `after` has the positions that a text may be at after a part, and what is
    # returned are those before it. `first` and `last` say that no character can stand before the part, or after it.

    def sequence(self, items: Any, flags: int, after: int, *, first: bool, last: bool) -> int:
        # `getwidth` gives the fewest and the most characters of a part.
        solid = [at for at in range(len(items)) if items[at : at + 1].getwidth()[1]]
        for at in reversed(range(len(items))):
            is_first = first and (not solid or at <= solid[0])
            is_last = last and (not solid or at >= solid[-1])
            operator, value = items[at]
            after = self.item(str(operator), value, flags, after, first=is_first, last=is_last)
        return after

    def item(self, operator: str, value: Any, flags: int, after: int, *, first: bool, last: bool) -> int:
        match operator:
            case "BRANCH":
                start = 0
                for branch in value[1]:
                    start |= self.sequence(branch, flags, after, first=first, last=last)
                return start
            case "SUBPATTERN":
                _, added, removed, items = value
                return self.sequence(items, (flags | added) & ~removed, after, first=first, last=last)
            case "MAX_REPEAT" | "MIN_REPEAT":
                fewest, most, items = value
                return self.repetition(fewest, most, items, flags, after, first=first, last=last)
            case "AT":
                _check_anchor(str(value), first=first, last=last)
                return after
            case _ if operator in _REFUSED:
                raise _unsupported(_REFUSED[operator])
            case _:
                return self.position(self.number(operator, value, flags), after)

    def position(self, number: int, after: int) -> int:
        if len(self.follow) > LARGEST:
            raise UsageError(f"the pattern asks for more than {LARGEST:,} characters", hint="lower {m,n}")
        self.follow.append(after)
        self.class_of.append(number)
        return 1 << len(self.follow) - 1

    def repetition(self, fewest: int, most: int, items: Any, flags: int, after: int, *, first: bool, last: bool) -> int:
        if items.getwidth()[1] == 0:  # to repeat what has no characters changes nothing
            fewest, most = min(fewest, 1), min(most, 1)
        first, last = first and most == 1, last and most == 1
        start = after
        if most == parser.MAXREPEAT:
            start = self.loop(items, flags, after)
            fewest -= 1
            if fewest < 0:
                return start | after
        else:
            for _ in range(most - fewest):
                start = after | self.sequence(items, flags, start, first=first, last=last)
        for _ in range(fewest):
            start = self.sequence(items, flags, start, first=first, last=last)
        return start

    def loop(self, items: Any, flags: int, after: int) -> int:
        """Adds a part that comes once or more. Until its first positions are known, a position stands for them."""
        again = self.position(0, 0)
        created_from = len(self.follow)
        start = self.sequence(items, flags, after | again, first=False, last=False) & ~again
        for position in range(created_from, len(self.follow)):
            if self.follow[position] & again:
                self.follow[position] = self.follow[position] & ~again | start
        return start

    def number(self, operator: str, value: Any, flags: int) -> int:
        """The number of the class. It is a new number unless the same class has come before."""
        key = operator, str(value), flags
        if key not in self._numbers:
            self._numbers[key] = len(self.classes)
            self.classes.append(self.character_set(operator, value, flags))
        return self._numbers[key]

    def character_set(self, operator: str, value: Any, flags: int) -> CharacterSet:
        ascii_only = bool(flags & re.ASCII)
        members: list[tuple[str, Any]]
        match operator:
            case "ANY":
                line_feed = [] if flags & re.DOTALL else [character_sets.interval(10, 10)]
                return character_sets.complement(character_sets.either(line_feed))
            case "LITERAL":
                if not flags & re.IGNORECASE:
                    self.literals.add(chr(value))
                negated, members = False, [(operator, value)]
            case "NOT_LITERAL":
                negated, members = True, [("LITERAL", value)]
            case "IN":
                negated = str(value[0][0]) == "NEGATE"
                members = [(str(kind), member) for kind, member in value[negated:]]
            case _:
                raise _unsupported(operator)
        one = character_sets.either([_member_set(*member, ascii_only=ascii_only) for member in members])
        if negated:
            one = character_sets.complement(one)
        if flags & re.IGNORECASE:
            expression = f"[{'^' * negated}{''.join(_member_expression(*member) for member in members)}]"
            one = character_sets.ignoring_case(one, expression, ascii_only=ascii_only)
        return one


def read(expression: str) -> Positions:
    """The positions of `expression`. Raises UsageError where it is not well formed, not supported or too large."""
    positions = Positions()
    try:
        with warnings.catch_warnings():
            # Python warns that a later version may read "[[a]" otherwise. What counts is how this one reads it.
            warnings.simplefilter("ignore")
            items = parser.parse(expression)
        positions.start = positions.sequence(items, items.state.flags, END, first=True, last=True)
    except re.error as error:
        place = "" if error.pos is None else f", at character {error.pos + 1}"
        hint = r"any letter is [^\W\d_]" if error.msg.lower().startswith(r"bad escape \p") else None
        raise UsageError(f"the pattern is no regular expression: {error.msg}{place}", hint=hint) from error
    except OverflowError as error:
        raise UsageError(f"the pattern is no regular expression: {error}") from error
    except RecursionError as error:
        raise UsageError("the pattern has groups too deep within each other") from error
    return positions


def _check_anchor(place: str, *, first: bool, last: bool) -> None:
    if place in _REFUSED:
        raise _unsupported(_REFUSED[place])
    if place in _STARTS and not first:
        raise _unsupported(f"{_STARTS[place]} anywhere but at the start")
    if place in _ENDS and not last:
        raise _unsupported(f"{_ENDS[place]} anywhere but at the end")


def _member_set(kind: str, value: Any, *, ascii_only: bool) -> CharacterSet:
    if kind == "CATEGORY":
        return character_sets.category(_CATEGORIES[str(value)], ascii_only=ascii_only)
    return character_sets.interval(*(value if kind == "RANGE" else (value, value)))


def _member_expression(kind: str, value: Any) -> str:
    if kind == "CATEGORY":
        return _CATEGORIES[str(value)]
    return "-".join(f"\\U{code_point:08x}" for code_point in (value if kind == "RANGE" else (value,)))


def _unsupported(what: str) -> UsageError:
    return UsageError(f"the pattern has {what}, which is not supported")
