"""Remembers the probabilities of short texts, which in lists of names, logs and columns of tables come again."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from charnn.tasks.classifier.calibration import Floats

LONGEST = 128
"""Only texts of so many characters are remembered."""
MOST_TEXTS, MOST_NUMBERS = 1 << 16, 1 << 20
"""How many texts are remembered at once, and how many probabilities."""

Begin = Callable[[Sequence[str]], Callable[[], Floats]]
"""Begins to work on texts, and returns what waits for their probabilities, (N, K)."""


class KnownTexts:
    """The probabilities of texts by their characters, in bounded memory: once it is full, all of them are forgotten."""

    def __init__(self, labels: int) -> None:
        self._places: dict[str, int] = {}
        self._p_NK = np.zeros((max(min(MOST_TEXTS, MOST_NUMBERS // labels), 1), labels))
        self._filled = 0

    def complete(self, texts: Sequence[str], begin: Begin) -> Callable[[], Floats]:
        """Begins to work on those of the texts that are not known, each once, and returns what waits for the
        probabilities of all."""
        rows: dict[str, int] = {}
        row_N = [rows.setdefault(text, len(rows)) for text in texts]
        distinct = list(rows)
        places_D = np.array([self._places.get(text, -1) for text in distinct], np.int64)
        new = np.flatnonzero(places_D < 0)
        p_DK = self._p_NK.take(places_D, axis=0)  # what is known now may be forgotten before the others are done
        new_texts = [distinct[row] for row in new.tolist()]
        result = begin(new_texts) if new_texts else None

        def wait() -> Floats:
            if result is not None:
                p_DK[new] = result()
                self._remember(new_texts, p_DK[new])
            return p_DK[row_N]

        return wait

    def _remember(self, texts: Sequence[str], p_NK: Floats) -> None:
        short = [row for row, text in enumerate(texts) if len(text) <= LONGEST][: len(self._p_NK)]
        if self._filled + len(short) > len(self._p_NK):
            self._places.clear()
            self._filled = 0
        places = range(self._filled, self._filled + len(short))
        self._p_NK[places.start : places.stop] = p_NK[short]
        self._places.update(zip((texts[row] for row in short), places, strict=True))
        self._filled = places.stop
