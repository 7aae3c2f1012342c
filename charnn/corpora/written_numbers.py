"""Reads numbers as people write them in tables: 1234.5, 1,234.5, 1.234,5, 1 234,5, $5, 12 % and (3), which is -3.

Whether commas or points part thousands is told by all cells of a column, since 1.234 and 1,234 do not say it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

_EXPONENT = r"(?:[eE][+-]?\d+)?"
_CURRENCY = (
    r"(?:US\$|[$€£¥₹₽₩₺₴₫฿₪₱₦¢]|"
    r"\b(?:USD|EUR|GBP|JPY|CHF|CNY|INR|RUB|BRL|KRW|AUD|CAD|SEK|NOK|DKK|PLN|CZK|kr|zł)\b)"
)
_BLANK = r"[ \u00a0\u2009\u202f]"
_GROUP = rf"(?:{_BLANK}|['\u2019])"
"""What parts thousands beside commas and points: blanks of several widths, and apostrophes as in Switzerland."""
_WRITTEN = re.compile(
    rf"(?P<open>\()?(?P<sign>[+\u2212-])?{_BLANK}?(?P<before>{_CURRENCY})?{_BLANK}?(?P<second>[+\u2212-])?"
    rf"(?P<digits>[\d.,](?:{_GROUP}?[\d.,])*{_EXPONENT}){_BLANK}?(?P<after>{_CURRENCY}|[%‰])?(?P<close>\))?"
)
_WITH_POINT = re.compile(rf"(?:\d+(?:\.\d*)?|\.\d+){_EXPONENT}|\d{{1,3}}(?:,\d{{3}})+(?:\.\d+)?")
_WITH_COMMA = re.compile(rf"(?:\d+(?:,\d*)?|,\d+){_EXPONENT}|\d{{1,3}}(?:\.\d{{3}})+(?:,\d+)?")
_GROUPED = re.compile(rf"\d{{1,3}}(?:{_GROUP}\d{{3}})+(?:[.,]\d+)?|[^\s'\u2019]+")
_GROUPS = re.compile(_GROUP)


class WrittenNumber(NamedTuple):
    """A number as it stands in a cell."""

    digits: str
    """Its digits with what stands between them, but for blanks and apostrophes."""
    is_negative: bool
    signs: tuple[str, ...]
    """The signs beside it that are no part of a number, such as € and %."""

    @property
    def has_point(self) -> bool:
        """Whether it is a number if a point stands before its decimals, and commas part thousands."""
        return _WITH_POINT.fullmatch(self.digits) is not None

    @property
    def has_comma(self) -> bool:
        """Whether it is a number if a comma stands before its decimals, and points part thousands."""
        return _WITH_COMMA.fullmatch(self.digits) is not None

    def value(self, *, comma: bool) -> float:
        """The number, read in one of the two ways, of which it must be."""
        digits = self.digits.replace(".", "").replace(",", ".") if comma else self.digits.replace(",", "")
        return -float(digits) if self.is_negative else float(digits)


def written_number(cell: str) -> WrittenNumber | None:
    """The number in a cell; None where there is none, or something beside it."""
    found = _WRITTEN.fullmatch(cell)
    if found is None or (found["open"] is None) != (found["close"] is None):
        return None
    if sum(bool(found[part]) for part in ("open", "sign", "second")) > 1 or (found["before"] and found["after"]):
        return None
    if _GROUPED.fullmatch(found["digits"]) is None:
        return None
    signs = tuple(sign for sign in (found["before"], found["after"]) if sign)
    is_negative = bool(found["open"]) or (found["sign"] or found["second"] or "+") != "+"
    number = WrittenNumber(_GROUPS.sub("", found["digits"]), is_negative, signs)
    return number if number.has_point or number.has_comma else None


def has_decimal_commas(numbers: Sequence[WrittenNumber], *, by_default: bool) -> bool | None:
    """Whether commas stand before the decimals of a column of numbers; `by_default` where its cells do not tell. None
    where some tell the one and some the other."""
    can_be_points = all(number.has_point for number in numbers)
    can_be_commas = all(number.has_comma for number in numbers)
    if can_be_points and can_be_commas:
        return by_default
    return can_be_commas if can_be_points or can_be_commas else None
