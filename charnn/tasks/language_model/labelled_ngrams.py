"""N-grams beside a network of texts with labels: those of all texts, and those of the texts of each label.

The probability of each symbol is in proportion to a product of powers, as in `mixing`, with a factor for either kind.
The powers depend on the contexts that both know, and are the same for all labels: what n-grams of few texts leave to
shorter contexts says how little they know. A text with several labels has the mean of their n-grams, by their weights.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from charnn.arrays import Bools, Float32s, Float64s, Floats, Integers
from charnn.ngrams.model import NgramModel, States
from charnn.ngrams.table import NgramTable
from charnn.tasks.language_model.contexts import LARGEST_POWER, LOGARITHMS, known_of
from charnn.tasks.language_model.mixing import POWER_WEIGHTS, weighted

CONTEXTS, NGRAMS = "labels.contexts", "labels.ngrams"
"""The names of the arrays that say how many contexts and n-grams each label has. Those of all labels stand one after
the other, under the names of `NgramTable` with LABELS before them."""
LABELS = "labels."


LogProbabilities = Callable[[int | None, States], npt.NDArray[np.float32]]
"""`LabelledNgrams.said`, or what gives the same."""


class LabelledContexts:
    """The contexts that texts have among the n-grams of all and of each label. They never change."""

    def __init__(self, common: NgramTable, of_labels: Sequence[NgramTable], vocabulary_size: int) -> None:
        """Raises ValueError where a table is not sound."""
        self.model = NgramModel(common, vocabulary_size)
        self.of_labels = [NgramModel(table, vocabulary_size) for table in of_labels]
        self.lengths = max(model.longest for model in (self.model, *self.of_labels)) + 1
        """The lengths of contexts that there are, from 0 on."""
        self._last = threading.local()

    @property
    def size(self) -> int:
        """F, on how many numbers the powers depend."""
        return 2 * (self.lengths + LOGARITHMS)

    def of_all(self, states_B: States, ids_BT: Integers) -> tuple[States, Float32s]:
        """The states (B, T) among the n-grams of all texts after each id, and ln p of all symbols there (B T, V).

        Texts are read under one label after the other, so what was asked last by a thread is kept. It must not be
        changed.
        """
        asked = states_B.tobytes(), ids_BT.shape, ids_BT.tobytes()
        if getattr(self._last, "asked", None) != asked:
            reached_BT = self.model.states(states_B, ids_BT)
            self._last.found = reached_BT, np.log(self.model.probabilities(reached_BT.reshape(-1)))
            self._last.asked = asked
        found: tuple[States, Float32s] = self._last.found
        return found

    def states(self, states_BK: States, ids_BT: Integers, weights_BTK: Floats) -> States:
        """The states (B, T, K) of the labels' n-grams after each id; only of labels that have a weight in the row."""
        after_BTK = np.repeat(states_BK[:, np.newaxis], ids_BT.shape[1], 1)
        has_BK: Bools = np.any(weights_BTK > 0, axis=1)
        for label in np.flatnonzero(has_BK.any(0)):
            rows = np.flatnonzero(has_BK[:, label])
            after_BTK[rows, :, label] = self.of_labels[label].states(states_BK[rows, label], ids_BT[rows])
        return after_BTK

    def known(self, contexts_N: States, states_NK: States, weights_NK: Floats) -> tuple[Float64s, list[Float32s]]:
        """What the powers depend on (N, F), and ln p of all symbols (N, V) by the n-grams of all texts and by those of
        the labels."""
        common, longest = self.model, self.lengths - 1
        known_NF = known_of(common.facts, contexts_N, longest)
        labels_NF, p_NV = np.zeros_like(known_NF), np.zeros((len(contexts_N), common.vocabulary_size), np.float32)
        for label in np.flatnonzero((weights_NK > 0).any(0)):
            rows, model = np.flatnonzero(weights_NK[:, label]), self.of_labels[label]
            states, weights = states_NK[rows, label], weights_NK[rows, label, np.newaxis].astype(np.float32)
            p_NV[rows] += weights * model.probabilities(states)
            labels_NF[rows] += weights * known_of(model.facts, states, longest)
        return np.column_stack([known_NF, labels_NF]), [np.log(common.probabilities(contexts_N)), np.log(p_NV)]


class LabelledNgrams:
    """N-grams that know how far they are to be believed in each context. They never change."""

    def __init__(
        self,
        common: NgramTable,
        of_labels: Sequence[NgramTable],
        weights_3F: Float32s,
        vocabulary_size: int,
    ) -> None:
        """`weights_3F` are those of the powers of the network, the n-grams of all texts and those of a label. Raises
        ValueError where a table is not sound, or the weights are not those of its contexts."""
        self.table, self._tables, self.weights_3F = common, of_labels, weights_3F
        self.contexts = LabelledContexts(common, of_labels, vocabulary_size)
        shape = 3, self.contexts.size
        if weights_3F.dtype != np.float32 or weights_3F.shape != shape or not np.isfinite(weights_3F).all():
            raise ValueError("its powers are none")
        lengths = self.contexts.lengths
        halves = np.split(weights_3F, 2, axis=1)
        self._powers_3S = weighted(halves[0], self.contexts.model.facts, lengths)
        self._powers_of_labels = [weighted(halves[1], model.facts, lengths) for model in self.contexts.of_labels]
        """What the context of either kind adds to the three powers."""

    def said(self, label: int | None, states_N: States) -> Float32s:
        """ln p (N, V) of all symbols after each context, by the n-grams of a label, or without one by those of all."""
        model = self.contexts.model if label is None else self.contexts.of_labels[label]
        return np.log(model.probabilities(states_N))

    def logits(
        self,
        contexts_N: States,
        states_NK: States,
        weights_NK: Floats,
        network_NV: Floats,
        said: LogProbabilities | None = None,
    ) -> Float32s:
        """The logits (N, V) of what follows, where `network_NV` are those by the network. `said` is called in place of
        the method."""
        said = said or self.said
        powers_3N, own_NV = self._powers_3S[:, contexts_N], np.zeros(network_NV.shape, np.float32)
        is_alone_N = weights_NK.max(1) == 1
        for label in np.flatnonzero((weights_NK > 0).any(0)).tolist():
            rows = np.flatnonzero(weights_NK[:, label])
            states, weights = states_NK[rows, label], weights_NK[rows, label].astype(np.float32)
            powers_3N[:, rows] += weights * self._powers_of_labels[label][:, states]
            log_p = said(label, states)
            own_NV[rows] += np.where(is_alone_N[rows, np.newaxis], log_p, weights[:, np.newaxis] * np.exp(log_p))
        several = np.flatnonzero(~is_alone_N)
        if len(several):
            own_NV[several] = np.log(own_NV[several])
        powers_3N = powers_3N.clip(0, LARGEST_POWER)[..., np.newaxis]
        logits_NV: Float32s = powers_3N[0] * network_NV
        logits_NV += powers_3N[1] * said(None, contexts_N)
        logits_NV += powers_3N[2] * own_NV
        return logits_NV

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        each = [table.arrays() for table in self._tables]
        joined = {LABELS + name: np.concatenate([arrays[name] for arrays in each]) for name in each[0]}
        sizes = {
            CONTEXTS: np.array([len(table.followers_S) for table in self._tables]),
            NGRAMS: np.array([len(table.ids_E) for table in self._tables]),
        }
        return {**self.table.arrays(), **joined, **sizes, POWER_WEIGHTS: self.weights_3F}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]], vocabulary_size: int, labels: int) -> Self:
        """Raises ValueError for anything else than what `arrays` gives for so many labels."""
        contexts_K, ngrams_K = (arrays.get(name, np.zeros(0)) for name in (CONTEXTS, NGRAMS))
        sizes = (contexts_K, ngrams_K)
        if any(size.shape != (labels,) or size.dtype != np.int64 or (size < 1).any() for size in sizes):
            raise ValueError("it has not the n-grams of all labels")
        flags_K = -(-ngrams_K // 8)
        ends = {name: np.cumsum(ngrams_K) for name in NgramTable.__dataclass_fields__}
        ends |= {
            "followers_S": np.cumsum(contexts_K),
            "left_S": np.cumsum(contexts_K),
            "is_context_E": np.cumsum(flags_K),
        }
        parts = {}
        for name, ends_K in ends.items():
            joined = arrays.get(LABELS + name, np.zeros(0))
            if joined.shape != (ends_K[-1],):
                raise ValueError("it has not the n-grams of all labels")
            parts[name] = np.split(joined, ends_K[:-1])
        tables = [
            NgramTable.from_arrays({name: of_labels[label] for name, of_labels in parts.items()})
            for label in range(labels)
        ]
        weights_3F = arrays.get(POWER_WEIGHTS, np.zeros(0))
        return cls(NgramTable.from_arrays(arrays), tables, weights_3F, vocabulary_size)
