"""Decides what the network of a classifier reads: characters, or whole words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from charnn.tokenizers.words import LEAST_COUNT, WordTokenizer

SEVERAL, KNOWN = 4, 0.7
"""Words are read where a text has so many of them on average, and where of its words this part is in other texts, too.
"""
LOOKED_AT = 2_000_000
"""So many characters of the texts tell that."""


def suits_words(texts: Sequence[str]) -> bool:
    """Whether the texts are of several words each, and most of these come again.

    Names and single words are read by their characters, and so are texts whose language puts no spaces between words.
    """
    counts, seen, characters = Counter[str](), 0, 0
    for text in texts:
        counts.update(WordTokenizer.split(text[:LOOKED_AT]))
        seen, characters = seen + 1, characters + len(text)
        if characters > LOOKED_AT:
            break
    words = counts.total()
    known = sum(count for count in counts.values() if count >= LEAST_COUNT)
    return words >= max(SEVERAL * seen, 1) and known >= KNOWN * words
