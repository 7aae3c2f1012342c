"""How people write dates and periods: which form a text has, what time it is, and how a later one is written alike.

A form is one of strptime's, with three additions: %q is the quarter of a year, %h its half, and a minus sign, as in
%-m, says that a number below ten has no zero before it. A period is the time at which it begins.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from itertools import zip_longest
from typing import NamedTuple

_CLOCK = (
    r"(?:(?P<between>[ T])(?P<clock>\d\d?:\d\d(?P<seconds>:\d\d(?P<fraction>\.\d{1,6})?)?)(?P<half> ?[AaPp][Mm])?)?"
    r"(?P<zone>Z|[+-]\d\d:?\d\d)?"
)
_NAME = r"[A-Za-z]{3,9}"
_DATES = (
    (r"\d{4}-\d\d?-\d\d?", ("%Y-%m-%d",)),
    (r"\d{4}-\d\d?", ("%Y-%m",)),
    (r"\d{4}/\d\d?/\d\d?", ("%Y/%m/%d",)),
    (r"\d{4}\.\d\d?\.\d\d?", ("%Y.%m.%d",)),
    (r"\d\d?\.\d\d?\.\d{4}", ("%d.%m.%Y",)),
    (r"\d\d?\.\d\d?\.\d\d", ("%d.%m.%y",)),
    (r"\d\d?/\d\d?/\d{4}", ("%d/%m/%Y", "%m/%d/%Y")),
    (r"\d\d?/\d\d?/\d\d", ("%d/%m/%y", "%m/%d/%y")),
    (r"\d\d?-\d\d?-\d{4}", ("%d-%m-%Y", "%m-%d-%Y")),
    (rf"\d\d? {_NAME} \d{{4}}", ("%d %b %Y", "%d %B %Y")),
    (rf"\d\d?-{_NAME}-\d{{4}}", ("%d-%b-%Y", "%d-%B-%Y")),
    (rf"\d\d?-{_NAME}-\d\d", ("%d-%b-%y",)),
    (rf"{_NAME} \d\d?, \d{{4}}", ("%b %d, %Y", "%B %d, %Y")),
    (rf"{_NAME} \d{{4}}", ("%b %Y", "%B %Y")),
    (rf"{_NAME}-\d{{4}}", ("%b-%Y", "%B-%Y")),
    (rf"{_NAME}-\d\d", ("%b-%y",)),
    (r"\d{4}年\d\d?月\d\d?日", ("%Y年%m月%d日",)),
    (r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])", ("%Y%m%d",)),
)
_PATTERNS = tuple((re.compile(date + _CLOCK), forms) for date, forms in _DATES)
_PARTS = {"q": ("[QqTtKk]", "[1-4]"), "h": ("[HhSs]", "[12]"), "m": ("[Mm]", r"1[0-2]|0?[1-9]")}
"""The letters of quarters, halves and months, also in other languages, and their numbers."""
_PERIODS = tuple(
    (re.compile(pattern), part)
    for part, (letter, number) in _PARTS.items()
    for pattern in (
        rf"(?P<Y>\d{{4}})(?P<a>[- ./:]?{letter})(?P<n>{number})",
        rf"(?P<a>{letter})(?P<n>{number})(?P<b>[- ./:])(?P<Y>\d{{4}})",
        rf"(?P<n>{number})(?P<a>{letter}[- ./:]?)(?P<Y>\d{{4}})",
        rf"(?P<a>{letter})(?P<n>{number})(?P<b>[- '\u2019])(?P<y>\d\d)",
        rf"(?P<n>{number})(?P<a>{letter}[ '\u2019]?)(?P<y>\d\d)",
    )
)
_WEEKS = (
    (re.compile(r"\d{4}(?P<a>[- ]?[Ww])\d\d?"), "%G{a}%V"),
    (re.compile(r"(?P<a>[Ww])\d\d?(?P<b>[- /])\d{4}"), "{a}%V{b}%G"),
    (re.compile(r"\d{4}(?P<a>-?[Ww])\d\d?(?P<b>-?)[1-7]"), "%G{a}%V{b}%u"),
)
_VALUES = {"Y": r"\d{4}", "y": r"\d\d", "G": r"\d{4}", "q": r"[1-4]", "h": "[12]", "u": "[1-7]"} | dict.fromkeys(
    "bBp", r"[^\W\d]+"
)
_ONE_OR_TWO = r"\d\d?"
_COUNTED = re.compile(r"(1[5-9]\d\d|20\d\d|21\d\d)([-./:]?)(\d\d?)")
_OF_A_YEAR = {2: "%h", 4: "%q", 12: "%m", 52: "%V", 53: "%V"}
"""What numbers of a year count, by the largest of them."""
_MONTH_OF = {"q": 3, "h": 6}
LOOKED_AT = 50
"""So many rows tell whether a column has dates."""


def forms_of(text: str) -> list[str]:
    """The forms in which a text can be a date or a period; none for another text."""
    text = text.strip()
    for pattern, forms in _PATTERNS:
        if found := pattern.fullmatch(text):
            clock = ""
            if found["clock"]:
                clock = found["between"] + ("%I" if found["half"] else "%H") + ":%M"
                clock += (":%S" if found["seconds"] else "") + (".%f" if found["fraction"] else "")
                clock += "" if not found["half"] else " %p" if found["half"].startswith(" ") else "%p"
            whole = [form + clock + ("%z" if found["zone"] else "") for form in forms]
            return [form for form in whole if parsed(text, form) is not None]
    for pattern, part in _PERIODS:
        if found := pattern.fullmatch(text):
            names = sorted(found.groupdict(), key=found.start)
            form = "".join({"Y": "%Y", "y": "%y", "n": f"%{part}"}.get(name, found[name]) for name in names)
            return [form] if parsed(text, form) is not None else []
    for pattern, form in _WEEKS:
        if found := pattern.fullmatch(text):
            form = form.format(**found.groupdict())
            return [form] if parsed(text, form) is not None else []
    return []


def are_dates(cells: Sequence[str]) -> bool:
    """Whether most of the first cells of a column can be dates or periods."""
    first = cells[:LOOKED_AT]
    return 2 * sum(bool(forms_of(cell)) for cell in first) > len(first)


def forms_of_all(texts: Sequence[str]) -> tuple[list[str], int]:
    """The forms that all texts have, one of those in which they are the same times, and how many texts have any of
    these, counted from the first one: all of them, unless one is no time like those before it."""
    left: list[str] = []
    for number, text in enumerate(texts):
        found = forms_of(text)
        left = [form for form in left if form in found] if number else found
        if not left:
            return [], number
    if all(len({parsed(text, form) for form in left}) == 1 for text in texts):
        left = left[:1]
    return left, len(texts)


def parsed(text: str, form: str) -> datetime | None:
    """The time that a text has in a form; None where it has none."""
    try:
        return time_of(text, form)
    except ValueError:
        return None


def time_of(text: str, form: str) -> datetime:
    """The same; raises ValueError where it has none."""
    text, form = text.strip(), bare(form)
    for part, months in _MONTH_OF.items():
        if f"%{part}" in form:
            found = _expression(form).fullmatch(text)
            if found is None:
                raise ValueError(f"{text} is not written as {form}")
            year = next(f"%{name}" for name in "Yy" if f"%{name}" in form)
            start = datetime.strptime(found[year[1]], year)
            return start.replace(month=months * (int(found[part]) - 1) + 1)
    if "%V" in form and "%u" not in form:
        text, form = f"{text} 1", f"{form} %u"  # the week's Monday
    return datetime.strptime(text, form)


def written(time: datetime, form: str) -> str:
    """A time as it is written in a form, but for its zone."""

    def part(found: re.Match[str]) -> str:
        name = found[2]
        if name in _MONTH_OF:
            return str((time.month - 1) // _MONTH_OF[name] + 1)
        value = f"{time.year:04d}" if name == "Y" else time.strftime(f"%{name}")
        return value[:-1].lstrip("0") + value[-1:] if found[1] else value

    return re.sub(r"%(-?)([A-Za-z])", part, form.removesuffix("%z"))


def bare(form: str) -> str:
    """The form without what it says about zeros: forms that are one but for these are read alike."""
    return form.replace("%-", "%")


def as_written(form: str, texts: Sequence[str]) -> str:
    """The form with what these texts, which have it, say about zeros before numbers below ten."""
    expression, short = _expression(form), set[str]()
    for text in texts:
        if found := expression.match(text.strip()):
            short.update(name for name, value in found.groupdict().items() if len(value or "--") == 1)
    return re.sub(r"%([dmHIV])", lambda found: f"%-{found[1]}" if found[1] in short else found[0], form)


def _expression(form: str) -> re.Pattern[str]:
    """A form as an expression with a group for each of its numbers and names."""
    literals = re.split(r"%[A-Za-z]", form)
    names = re.findall(r"%([A-Za-z])", form)
    groups = [f"(?P<{name}>{_VALUES.get(name, _ONE_OR_TWO)})" for name in names if name not in "fz"]
    return re.compile("".join(map("".join, zip_longest(map(re.escape, literals), groups, fillvalue=""))))


class CountedPeriods(NamedTuple):
    """Periods that are counted within years."""

    form: str
    texts: list[str]
    """The periods, each written in that form."""


def counted_periods(texts: Sequence[str]) -> CountedPeriods | None:
    """What texts such as 1980.1, 1980.2, 1980.3, 1980.4, 1981.1 are, or 198001 to 198012 and 198101: quarters, halves,
    months or weeks, where each number of a year comes, in two years at least. None for other texts."""
    found = [_COUNTED.fullmatch(text.strip()) for text in texts]
    first = found[0] if found else None
    if first is None or len({one and one[2] for one in found}) > 1:
        return None
    places = [(one[1], one[3]) for one in found if one is not None]
    if first[2] == "." and any(len(number) == 2 for _, number in places):
        places = [(year, number.ljust(2, "0")) for year, number in places]  # October, where a number ends in no zero
    numbers = {int(number) for _, number in places}
    directive = _OF_A_YEAR.get(max(numbers))
    if directive is None or numbers != set(range(1, max(numbers) + 1)) or len({year for year, _ in places}) < 2:
        return None
    if max(numbers) < 10 and any(len(number) > 1 for _, number in places):
        return None  # months of which only the first ones are there
    form = ("%G" if directive == "%V" else "%Y") + first[2] + directive
    return CountedPeriods(form, [f"{year}{first[2]}{number}" for year, number in places])
