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
JOINED = (
    "\u0300-\u036f\u0653-\u0655\u093c\u09be\u09d7\u0b3e\u0b56\u0b57\u0bbe\u0bd7\u0c56\u0cc2\u0cd5\u0cd6\u0d3e\u0d57\u0dca\u0dcf"
    "\u0ddf\u102e\u1161-\u1175\u11a8-\u11c2\u1b35\u3099\u309a\U000110ba\U00011127\U0001133e\U00011357\U000114b0\U000114ba\U000114bd"
    "\U000115af\U00011930"
)
"""What may make one character with the one before it, for a class of a regular expression: marks of Latin, Greek and
Cyrillic, of Arabic, of the scripts of India and their neighbours, vowels and finals of Korean, marks of kana."""
_MARK = re.compile(f"[{JOINED}]")
_UNIT = re.compile(rf"[^{JOINED}\s][{JOINED}]*")
_MARKED = re.compile(rf"[^{JOINED}\s][{JOINED}]+")


def named(character: str) -> str:
    """The character in quotation marks, and a mark that would join these by its number and name."""
    if len(character) == 1 and (unicodedata.category(character).startswith("M") or _MARK.match(character)):
        return f"U+{ord(character):04X} ({unicodedata.name(character, 'a mark').lower()})"
    return repr(character)


def in_two_ways(text: str) -> str | None:
    """A character that a text has both as one character and as what it may be written as instead: as several, with a
    mark or a part of a syllable apart, or as another one. None where a text has no such character."""
    text = text[:LOOKED_AT]
    if text.isascii():
        return None
    for marked in sorted(set(_MARKED.findall(text))):
        composed = unicodedata.normalize("NFC", marked)
        if len(composed) == 1 and composed in text:
            return composed
    for character in sorted(set(text)):
        usual = unicodedata.normalize("NFC", character)
        if usual != character and usual in text:
            return character
    return None


def warn_of_two_ways(text: str, name: str) -> None:
    """Warns of a character that a text has in two ways."""
    if (character := in_two_ways(text)) is not None:
        warnings.warn(
            f"{name}: {character!r} stands in it in two ways, {_ways(character)}, and is read as two; "
            "uconv -x any-nfc makes them one",
            CharnnWarning,
            stacklevel=2,
        )


def known_form(text: str, unknown: Callable[[str], Collection[str]]) -> str:
    """What to add where a model has not seen some characters of a text, if it has seen more of them in another normal
    form; "" otherwise. `unknown` gives those that it has not seen.

    What counts are the letters with their marks, the syllables and the words that it knows wholly. (Few marks stand for
    many letters, and a syllable of Korean for three parts, so that fewer unknown characters need not mean more that is
    known.)
    """
    units = {*_UNIT.findall(text), *text.split()}
    before = sum(bool(unknown(unit)) for unit in units)
    for form in FORMS:
        if sum(bool(unknown(unicodedata.normalize(form, unit))) for unit in units) < before:
            return f"; it has seen more of them in Unicode's normal form {form[-1]}: uconv -x any-{form.lower()}"
    return ""


def _ways(character: str) -> str:
    usual = unicodedata.normalize("NFC", character)
    if usual != character and len(usual) == 1:
        return f"as U+{ord(character):04X} and as U+{ord(usual):04X}"
    mark = unicodedata.normalize("NFD", character)[-1]
    return f"as one character and with {named(mark)} apart"
