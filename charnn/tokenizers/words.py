"""A tokenizer of the words of a text, for models that read texts and write none."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from functools import cache
from typing import Literal, Self

from charnn.errors import TokenizerError
from charnn.tokenizers.spaced import SpacedTokenizer

LEAST_COUNT = 2
"""A word that is there less often has no id of its own, so that the vector of the unknown word is learned, too."""
MOST_WORDS = 1 << 15
"""No more words have an id; the most frequent ones have."""
LONGEST_WORD = 40
"""Words of more characters are known by this many first ones."""
_LAST_MARK = 0xFE2F
"""Nearly all marks that change the letter before them are up to here."""


@cache
def _word() -> re.Pattern[str]:
    """A run of letters, digits and the marks that change them, or one character of any other kind but a space."""
    marks = "".join(chr(code) for code in range(0x300, _LAST_MARK + 1) if unicodedata.category(chr(code))[0] == "M")
    return re.compile(rf"[\w{marks}]+|\S")


class WordTokenizer(SpacedTokenizer):
    """Gives word k of `words`, which ascend, the id k + 2, and every other word the unknown id, 1.

    It is not lossless: capitals, spaces and the words that it does not know are lost.
    """

    kind: Literal["spaces", "words"] = "words"
    listed = "words"

    @classmethod
    def train(cls, documents: Iterable[str], *, min_count: int = LEAST_COUNT) -> Self:
        """The tokenizer of the words that occur at least `min_count` times in all `documents` together, at least twice
        each; of the MOST_WORDS most frequent of them. Raises TokenizerError where no word does."""
        counts = Counter(word for document in documents for word in cls.split(document))
        least = max(min_count, LEAST_COUNT)
        frequent = sorted((-count, word) for word, count in counts.items() if count >= least)
        if not frequent:
            raise TokenizerError(f"no word of these texts is there {least} times", hint="use --tokenizer characters")
        return cls(sorted(word for _, word in frequent[:MOST_WORDS]))

    @staticmethod
    def split(text: str) -> list[str]:
        """The words of a text and its marks of punctuation, in lower case."""
        return [word[:LONGEST_WORD] for word in _word().findall(text.lower())]
