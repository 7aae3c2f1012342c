"""Unicode writes é in two ways: as one character, or as e and a mark that joins it. They look alike, and are not.

A text should keep to one of its normal forms, C (one character where there is one) or D (marks apart).
"""

from __future__ import annotations

import re
import unicodedata
import warnings
from collections.abc import Callable, Collection
from typing import Literal

from charnn.errors import CharnnWarning

Form = Literal["NFC", "NFD"]
FORMS: tuple[Form, ...] = ("NFC", "NFD")
LOOKED_AT = 1 << 22
"""So many characters of a text tell."""
_MARK = re.compile("[\u0300-\u036f]")
_MARKED = re.compile("[^\u0300-\u036f\\s][\u0300-\u036f]+")


def named(character: str) -> str:
    """The character in quotation marks, and a mark that would join these by its number and name."""
    if len(character) == 1 and unicodedata.combining(character):
        return f"U+{ord(character):04X} ({unicodedata.name(character, 'a mark').lower()})"
    return repr(character)


def in_two_ways(text: str) -> str | None:
    """A character that a text has both as one character and with a mark apart; None where it has none."""
    text = text[:LOOKED_AT]
    if text.isascii() or _MARK.search(text) is None:
        return None
    for marked in sorted(set(_MARKED.findall(text))):
        composed = unicodedata.normalize("NFC", marked)
        if len(composed) == 1 and composed in text:
            return composed
    return None


def warn_of_two_ways(text: str, name: str) -> None:
    """Warns of a character that a text has in two ways."""
    if (character := in_two_ways(text)) is not None:
        warnings.warn(
            f"{name}: {character!r} stands in it in two ways, as one character and with {named(_mark_of(character))} "
            "apart, and is read as two; uconv -x any-nfc makes them one",
            CharnnWarning,
            stacklevel=2,
        )


def known_form(text: str, unknown: Callable[[str], Collection[str]]) -> str:
    """What to add where a model has not seen some characters of a text, if it has seen more of them in another normal
    form; "" otherwise. `unknown` gives those that it has not seen."""
    before = len(unknown(text))
    for form in FORMS:
        if len(unknown(unicodedata.normalize(form, text))) < before:
            return f"; it has seen more of them in Unicode's normal form {form[-1]}: uconv -x any-{form.lower()}"
    return ""


def _mark_of(composed: str) -> str:
    return unicodedata.normalize("NFD", composed)[-1]
