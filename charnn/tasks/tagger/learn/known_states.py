"""What readers say of the words of a treebank, read once before training begins and kept."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from charnn.corpora.progress import tell
from charnn.readers.states import SentenceStates
from charnn.streaming import batches_by_length

Floats = npt.NDArray[np.float32]

KEPT_BYTES = 1 << 30
"""The most memory that is taken for the states of a treebank's training sentences, or of those held out. Where all
would take more, each batch is read when it comes, anew in each epoch."""
ROWS = 32
"""How many sentences are read at once. Twice as many were a fifth slower."""


class KnownStates:
    """The states of the words of sentences, in fp16 where they are kept."""

    def __init__(self, sentences: Sequence[Sequence[str]], states: SentenceStates) -> None:
        self._sentences, self._states = sentences, states
        lengths = list(map(len, sentences))
        self._ends = np.cumsum([0, *lengths])
        self.are_kept = 2 * states.size * sum(lengths) <= KEPT_BYTES
        if not self.are_kept:
            return
        self._kept_NR = np.empty((sum(lengths), states.size), np.float16)
        done, characters = 0, [sum(map(len, words)) for words in sentences]
        for chosen in batches_by_length(characters, rows=ROWS):
            states_TBR = states.of([sentences[i] for i in chosen])
            for row, i in enumerate(chosen):
                self._kept_NR[self._ends[i] : self._ends[i + 1]] = states_TBR[: lengths[i], row]
            done += sum(lengths[i] for i in chosen)
            tell("reading the treebank", done, sum(lengths))

    def of(self, indices: Sequence[int]) -> Floats:
        """The states of the sentences with these numbers, (B, T, R), 0 beyond the end of each."""
        chosen = [self._sentences[i] for i in indices]
        if not self.are_kept:
            return np.ascontiguousarray(self._states.of(chosen).transpose(1, 0, 2))
        states_BTR = np.zeros((len(chosen), max(map(len, chosen)), self._states.size), np.float32)
        for row, i in enumerate(indices):
            states_BTR[row, : len(self._sentences[i])] = self._kept_NR[self._ends[i] : self._ends[i + 1]]
        return states_BTR
