"""The scripts that are written without spaces between words."""

from __future__ import annotations

import re
from functools import cache

_SHORT_WORDS = "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_SCRIPTS = {
    "Thai": "\u0e01-\u0e3a\u0e40-\u0e4e",
    "Lao": "\u0e81-\u0ebd\u0ec0-\u0ecd\u0edc-\u0edf",
    "Tibetan": "\u0f40-\u0fbc\u0f0b",
    "Burmese": "\u1000-\u1049\u1050-\u109f\uaa60-\uaa7f",
    "Khmer": "\u1780-\u17d3\u17d7-\u17dd",
    "Tai Tham": "\u1a20-\u1a7f",
    "Javanese": "\ua980-\ua9c0",
}


@cache
def _run() -> re.Pattern[str]:
    """Matches what is hardly a single word: five letters of Chinese or Japanese, thirteen of another such script.

    It is compiled where a text first needs it, which costs milliseconds.
    """
    return re.compile(
        f"(?P<Chinese_or_Japanese>[{_SHORT_WORDS}]{{5,}})"
        + "".join(f"|(?P<{name.replace(' ', '_')}>[{letters}]{{13,}})" for name, letters in _SCRIPTS.items())
    )


def unspaced_script(word: str) -> str | None:
    """The script that keeps a word from being one, since it is written without spaces and the word is long for it.

    None stands for a word that may well be one.
    """
    if word.isascii():
        return None
    found = _run().search(word)
    return found.lastgroup.replace("_", " ") if found and found.lastgroup else None
