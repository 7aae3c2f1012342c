"""What n-grams say after the contexts that a text has met, kept ready for single steps."""

from __future__ import annotations

import numpy as np

from charnn.arrays import Float32s
from charnn.ngrams.model import FEW, ROOT, NgramModel, States

REMEMBERED = 32768
"""The most contexts whose probabilities are kept ready for single steps, with a vocabulary of 128. Text comes back to
the same ones again and again."""
USUAL_VOCABULARY = 128
TOGETHER = 24
"""So many contexts that are new are looked up faster together than one by one."""


class Remembered:
    """Says what n-grams say, to the last bit, and keeps the probabilities after the contexts that it has met."""

    def __init__(self, model: NgramModel, *, part: int = 1) -> None:
        """It keeps so small a `part` of what one model alone keeps."""
        self._model, self._size = model, model.vocabulary_size
        self._singly, self._left_S = model.singly, model.facts.left_S
        rows = REMEMBERED * USUAL_VOCABULARY // self._size // part
        self._own_RV = np.zeros((rows, self._size), np.float32)
        self._own = self._own_RV.reshape(-1).data
        self._rows: dict[int, int] = {}
        """The row of each context that is remembered."""
        self._nothing_V = np.full(self._size, 1 / self._size, np.float32)

    def log_probabilities(self, contexts_B: States) -> Float32s:
        """ln p (B, V) of each id after each context."""
        return np.log(self.probabilities(contexts_B))

    def probabilities(self, contexts_B: States) -> Float32s:
        """p (B, V) of each id after each context."""
        if not self._has_room(len(contexts_B)):
            return self._model.probabilities(contexts_B)
        new = list({context for context in contexts_B.tolist() if context not in self._rows})
        if len(new) >= TOGETHER:
            first, end = len(self._rows), len(self._rows) + len(new)
            self._own_RV[first:end] = self._model.probabilities(np.array(new, np.int32))
            self._rows.update(zip(new, range(first, end), strict=True))
        return self._own_RV[[self._row(context) for context in contexts_B.tolist()]]

    def of_one(self, context: int) -> Float32s:
        """p (V,) of each id after a context, which must not be changed."""
        row = self._rows.get(context)
        if row is None:
            if not self._has_room(1):
                return self.probabilities(np.array([context], np.int32)).reshape(-1)
            row = self._row(context)
        found: Float32s = self._own_RV[row]
        return found

    def _has_room(self, contexts: int) -> bool:
        """Whether so many contexts and all shorter ones can be remembered. Forgets the others where they must go."""
        most = contexts * (self._model.longest + 1)
        if len(self._rows) + most > len(self._own_RV):
            self._rows.clear()
        return most <= len(self._own_RV)

    def _row(self, context: int) -> int:
        """The row of a context, which it makes of those of shorter ones where it is new: for each what
        `NgramModel.extend` does."""
        rows, singly, new = self._rows, self._singly, list[int]()
        shorter, starts, ids, probabilities = singly.shorter, singly.starts, singly.ids, singly.probabilities
        while (row := rows.get(context)) is None and context != ROOT:
            new.append(context)
            context = shorter[context]
        if row is None:
            row = rows[ROOT] = len(rows)
            self._model.extend(ROOT, self._nothing_V, self._own_RV[row])
        own_RV, own, size, left_S, multiply = self._own_RV, self._own, self._size, self._left_S, np.multiply
        shorter_V = own_RV[row]
        for longer in reversed(new):
            row = len(rows)
            longer_V = own_RV[row]
            multiply(shorter_V, left_S[longer, ...], longer_V)
            start, end = starts[longer], starts[longer + 1]
            if end - start <= FEW:
                first = row * size
                for ngram in range(start, end):
                    own[first + ids[ngram]] += probabilities[ngram]
            else:
                self._model.add(start, end, longer_V)
            rows[longer] = row
            shorter_V = longer_V
        return row
