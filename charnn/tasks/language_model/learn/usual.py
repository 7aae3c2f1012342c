"""How far n-grams are usually believed beside a network: half as much as all that says how probable a symbol is.

It is where powers begin that are learned from held-out text, and what a model is given of which too little is held out
to learn them from. The network has a power of a half whatever the context is, and what was counted has the other half.
Powers that held-out text of many kinds calls for lie around these; where a text's own are far from them, that depends
on how well its network has learned, which only text can tell that it has not learned.
"""

from __future__ import annotations

import numpy as np

from charnn.arrays import Float32s
from charnn.tasks.language_model.contexts import CountedContexts
from charnn.tasks.language_model.labelled_ngrams import LabelledContexts

WITHOUT_WORDS = (0.5, 0.5)
"""The powers of the network and of the n-grams."""
WITH_WORDS = (0.5, 0.25, 0.25)
"""Those of the network, of words and of the n-grams."""
WITH_LABELS = (0.5, 0.25, 0.25)
"""Those of the network, of the n-grams of all texts and of those of the text's label."""


def usual_powers(contexts: CountedContexts) -> Float32s:
    """The weights (E, F) of the usual powers in these contexts."""
    powers_E = WITHOUT_WORDS if contexts.words is None else WITH_WORDS
    return _whatever_the_length(powers_E, contexts.model.longest + 1, contexts.size)


def usual_powers_of_labels(contexts: LabelledContexts) -> Float32s:
    """The weights (3, F) of the usual powers where texts have labels."""
    return _whatever_the_length(WITH_LABELS, contexts.lengths, contexts.size)


def _whatever_the_length(powers_E: tuple[float, ...], lengths: int, size: int) -> Float32s:
    """Weights (E, F) of powers that are the same in all contexts, which have so many lengths: one of the first numbers
    that the powers depend on is 1, and the others are not looked at."""
    weights_EF = np.zeros((len(powers_E), size), np.float32)
    weights_EF[:, :lengths] = np.array(powers_E, np.float32)[:, np.newaxis]
    return weights_EF
