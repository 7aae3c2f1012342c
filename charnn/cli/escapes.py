"""Characters that are hard to type or to see, as most languages write them."""

from __future__ import annotations

import re


def unescaped(text: str) -> str:
    r"""A string option in which \n, \r, \t, \0 and \\ stand for what they stand for in most languages."""
    meaning = {"n": "\n", "r": "\r", "t": "\t", "0": "\0", "\\": "\\"}
    return re.sub(r"\\([nrt0\\])", lambda match: meaning[match[1]], text)


def escaped(text: str, *, but: str = "") -> str:
    r"""Backslashes, tabs, line ends and all else that does not print as \\, \t, \n, \r, \x1b, \u200e, \U000e0001."""
    if text.isprintable() and "\\" not in text:
        return text
    return "".join(
        c if c in but or (c.isprintable() and c != "\\") else c.encode("unicode_escape").decode() for c in text
    )
