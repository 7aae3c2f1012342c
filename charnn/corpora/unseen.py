"""What to say of characters that a model has never seen: which they are, and how a text is to be written so that it
knows more of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable

from charnn.corpora.normal_forms import LOOKED_AT, known_form, named
from charnn.readable import first_few

SHOWN = 10
"""The most characters that a warning names."""


def shown(unseen: Iterable[str]) -> str:
    """The first of these characters, with how many more there are."""
    return first_few(map(named, unseen), SHOWN)


def known_writing(text: str, unknown: Callable[[str], Collection[str]]) -> str:
    """What to add to such a warning: in which line ends or in which normal form of Unicode the model knows more of the
    text; "" where it does in none. `unknown` gives the characters of a text that it has not seen, and the beginning of
    a long text tells."""
    text = text[:LOOKED_AT]
    return _known_line_ends(text, unknown) + known_form(text, unknown)


def _known_line_ends(text: str, unknown: Callable[[str], Collection[str]]) -> str:
    if "\r" not in text or not unknown("\r") or unknown("\n"):
        return ""
    ends, remedy = (r"\r\n", r"tr -d '\r'") if "\r\n" in text else (r"\r", r"tr '\r' '\n'")
    return rf"; lines here end in {ends}, and in \n where it learned: {remedy}"


class UnseenCharacters:
    """The characters of a text in pieces that a model has never seen."""

    def __init__(self, unknown: Callable[[str], Collection[str]]) -> None:
        """`unknown` gives the characters of a text that the model has not seen, each once."""
        self.counts = Counter[str]()
        """How often each came, the first one first."""
        self._unknown = unknown
        self._looked_at: list[str] = []
        self._room = LOOKED_AT

    def see(self, text: str) -> None:
        """Reads the next piece of the text."""
        if not (found := self._unknown(text)):
            return
        self.counts.update({character: text.count(character) for character in found})
        if self._room > 0:
            self._looked_at.append(text[: self._room])
            self._room -= len(text)

    @property
    def known_writing(self) -> str:
        """What `known_writing` adds for the pieces that have some."""
        return known_writing("".join(self._looked_at), self._unknown)
