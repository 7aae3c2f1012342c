"""Text that a person reads and types: durations, sizes, percentages, tables whose columns line up on a terminal,
escapes for characters that are hard to see or to type, and names like one that does not exist.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from rich.cells import cell_len


def duration(seconds: float) -> str:
    """The seconds as 42s, 3m05s or 2h10m."""
    whole = max(round(seconds), 0)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02d}s"
    return f"{whole // 3600}h{whole % 3600 // 60:02d}m"


def size(count: int) -> str:
    """So many bytes in kB, MB or GB, which are powers of 1,000."""
    for unit, scale in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= scale:
            return f"{count / scale:.1f} {unit}"
    return f"{count} B"


def counted(count: int, noun: str) -> str:
    """The number with its noun, such as `1 line` and `2,000 lines`."""
    return f"{count:,} {noun}{'s' * (count != 1)}"


def both_ends(text: str, most: int) -> str:
    """At most so many characters of the text, half of them from its start and half from its end; `most` is even."""
    half = most // 2
    return text if len(text) <= most else text[:half] + text[-half:]


def file_name(path: str) -> str:
    """What a file is called in messages and results: `-` is standard input."""
    return "standard input" if path == "-" else path


def listed(names: Iterable[str]) -> str:
    """The names in one phrase, such as `a`, `a and b`, and `a, b and c`."""
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def first_few(names: Iterable[str], most: int) -> str:
    """At most so many of the names with commas between them, and how many more there are: `a, b and 3 more`."""
    every = list(names)
    more = f" and {len(every) - most:,} more" if len(every) > most else ""
    return f"{', '.join(every[:most])}{more}"


def as_many_as_fit(names: Sequence[str], columns: int) -> str:
    """What `first_few` gives, with as many names as fit in so many columns of a terminal, and at least one."""
    shown, length = 1, len(names[0])
    while shown < len(names) and (length := length + 2 + len(names[shown])) <= columns:
        shown += 1
    return first_few(names, shown)


def percent(fraction: float | None) -> str:
    """The fraction in percent, with two decimals, or a dash for None."""
    return "-" if fraction is None else f"{100 * fraction:.2f}"


def width(text: str) -> int:
    """The columns that a terminal shows the text in."""
    return cell_len(text)


def aligned(rows: Sequence[Sequence[str]], gap: str = "  ", *, left: bool = False) -> list[str]:
    """The rows as lines: the first cell of each to the left, and the others to the right unless `left` says so."""
    widths = [max(map(width, column)) for column in zip(*rows, strict=True)]
    if left:
        return [gap.join(cell + " " * (w - width(cell)) for cell, w in zip(row, widths, strict=True)) for row in rows]
    return [gap.join(_padded(row, widths)) for row in rows]


def _padded(row: Sequence[str], widths: Iterable[int]) -> list[str]:
    gaps = [" " * (wide - width(cell)) for cell, wide in zip(row, widths, strict=True)]
    return [row[0] + gaps[0], *(gap + cell for cell, gap in zip(row[1:], gaps[1:], strict=True))]


def unescaped(text: str) -> str:
    r"""The text with \n, \r, \t, \0 and \\ replaced by the characters that they stand for in most languages."""
    meaning = {"n": "\n", "r": "\r", "t": "\t", "0": "\0", "\\": "\\"}
    return re.sub(r"\\([nrt0\\])", lambda match: meaning[match[1]], text)


def escaped(text: str, *, but: str = "") -> str:
    r"""The text with everything that does not print written as an escape: \\, \t, \n, \r, \x1b, \u200e, \U000e0001.

    The characters in `but` stay as they are.
    """
    if text.isprintable() and "\\" not in text:
        return text
    return "".join(
        c if c in but or (c.isprintable() and c != "\\") else c.encode("unicode_escape").decode() for c in text
    )


SHOWN = 12
"""So many names are listed; of more, the first."""
NEAR = 3
LIKENESS = 0.6
SHORTENED, FEWEST = 0.85, 3
"""The likeness of a name of FEWEST characters or more and of a longer one that begins with it, such as temp and
temperature, at least."""


def nearest_names(name: str, names: Iterable[str]) -> list[str]:
    """The names most like `name`, whatever its capitals, the likest first, and of several as like those
    that come first; none where none is like it."""
    by_folded: dict[str, list[str]] = {}
    for one in names:
        by_folded.setdefault(one.casefold(), []).append(one)
    likeness = {one: _likeness(name.casefold(), one) for one in by_folded}
    near = sorted((one for one in by_folded if likeness[one] >= LIKENESS), key=lambda one: -likeness[one])
    return [one for folded in near for one in by_folded[folded]][:NEAR]


def _likeness(name: str, other: str) -> float:
    """From 0 to 1, where the two are the same."""
    import difflib  # imported here, since only mistakes need it

    ratio = difflib.SequenceMatcher(None, name, other).ratio()
    short, long = sorted((name, other), key=len)
    return max(ratio, SHORTENED) if len(short) >= FEWEST and long.startswith(short) else ratio


def instead_of(name: str, names: Sequence[str], are: str) -> str:
    """A hint for whoever gave `name`: the nearest of the names, and after `are`, as in "its tags are", the first."""
    near = nearest_names(name, names)
    all_of_them = f"{are} {first_few(names, SHOWN) or 'none'}"
    return f"did you mean {' or '.join(near)}? {all_of_them}" if near else all_of_them
