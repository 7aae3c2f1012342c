"""Says which parts of a text spoke for its label, by leaving each part out (occlusion, Zeiler and Fergus 2014).

The weight of a part is the log-odds of the label for the whole text, less its log-odds for the text without that part,
in nats: where it is above 0, removing the part lowers the probability of the label, and by how much is what it says.
This holds for all of the model at once, and needs no gradients. Parts are the characters of a short text and the words
of a longer one; of a very long text they are runs of words.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from charnn.errors import UsageError

if TYPE_CHECKING:
    from charnn.tasks.classifier.use.model import Classifier

LONGEST_BY_CHARACTER = 40
"""The most characters of a text whose parts are single characters."""
MOST_PARTS = 400
_WORD = re.compile(r"\w+|[^\w\s]")
_SMALLEST = 1e-12


class WeightedPart(NamedTuple):
    """A part of a text: `text[start:end]`."""

    start: int
    end: int
    weight: float
    """How much it speaks for the label, in nats of its log-odds; below 0 it speaks against it."""


def explain(model: Classifier, text: str, label: str | None) -> list[WeightedPart]:
    """The parts of `text` in their order. A text without any has none."""
    names = model.labels
    if label is not None and label not in names:
        raise UsageError(f"{label!r}: the model has no such label", hint=f"there are {', '.join(names[:8])}")
    parts = parts_of(text)
    without = [text[:start] + text[end:] for start, end in parts]
    p_NK = model.text_classifier.probabilities([text, *without])
    column = int(p_NK[0].argmax()) if label is None else names.index(label)
    p_N = np.clip(p_NK[:, column], _SMALLEST, 1 - _SMALLEST)
    log_odds_N = np.log(p_N) - np.log1p(-p_N)
    return [
        WeightedPart(start, end, float(log_odds_N[0] - odds))
        for (start, end), odds in zip(parts, log_odds_N[1:].tolist(), strict=True)
    ]


def parts_of(text: str) -> list[tuple[int, int]]:
    if len(text) <= LONGEST_BY_CHARACTER:
        return [(place, place + 1) for place, character in enumerate(text) if not character.isspace()]
    words = [match.span() for match in _WORD.finditer(text)]
    if len(words) <= MOST_PARTS:
        return words
    each = -(-len(words) // MOST_PARTS)
    return [(run[0][0], run[-1][1]) for run in (words[i : i + each] for i in range(0, len(words), each))]
