"""What a model has read since it was trained, as n-grams that go on being counted, and how far they are believed.

The probability of each symbol is in proportion to a product of powers, as in `mixing`, with the n-grams of what was
read as a third factor. The powers depend on the contexts that both kinds of n-grams know. They are learned while
reading, from what each symbol has cost: by a step of Newton's after each part of the text, whose curvature is that of
all parts so far (an online Newton step, Hazan, Agarwal and Kale 2007). They begin as those that training found, with
no power for what was read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from charnn.ngrams.model import States
from charnn.ngrams.recent import Known, RecentNgrams
from charnn.softmax import softmax
from charnn.tasks.language_model.halting import going_on, without_end
from charnn.tasks.language_model.mixing import MixedNgrams, known_of, mixed, slopes
from charnn.tokenizers.base import STOP_ID

Floats = npt.NDArray[np.floating]
Ids = npt.NDArray[np.integer]
Packed = npt.NDArray[np.int64]

CAUTION = 100.0
"""Each weight costs so many times half the square of how far it is from where it began, in nats."""
FACTS = 3
"""How many facts of a context the powers depend on, besides its length."""
IDS, WEIGHTS = "recent.ids", "recent.weights"


class Recently:
    """N-grams of what was read, beside those of what was learned. It changes in `learn` alone."""

    def __init__(self, ngrams: MixedNgrams, weights_3F: Floats | None = None) -> None:
        """`weights_3F` are those of the powers of the network, the n-grams learned and those read. Raises ValueError
        where they are not those of these contexts."""
        self._ngrams = ngrams
        self.counts = RecentNgrams(ngrams.model.vocabulary_size)
        learned = ngrams.weights_2F.shape[1]
        size = learned + self.counts.longest + 1 + FACTS
        self._weights_3F = np.zeros((3, size))
        self._weights_3F[:2, :learned] = ngrams.weights_2F
        if weights_3F is not None:
            if weights_3F.shape != self._weights_3F.shape or not np.isfinite(weights_3F).all():
                raise ValueError("its powers are none")
            self._weights_3F[:] = weights_3F
        self._curvature = np.eye(3 * size) * CAUTION

    def logits(
        self, contexts_N: States, before_N: Packed, network_NV: Floats, learned_NV: Floats | None = None
    ) -> npt.NDArray[np.float32]:
        """The logits (N, V) of what follows each context, where `network_NV` are those by the network, and `before_N`
        the ids before each place as `RecentNgrams` packs them. `learned_NV` are ln p by the n-grams of the text, where
        they are known already."""
        found = [self.counts.probabilities(before) for before in before_N.tolist()]
        return self._mixed(contexts_N, network_NV, found, learned_NV)[0]

    def learn(
        self, contexts_N: States, before_N: Packed, network_NV: Floats, ids_N: Ids, *, halts: bool = False
    ) -> npt.NDArray[np.float32]:
        """The logits of `logits` in N places that follow each other, each by all that was before it, of which the ids
        `ids_N` came, where `network_NV` are ln p by the network. Then it learns from these. Beside a network that
        `halts` powers are learned where a text goes on."""
        found = []
        for before, id_ in zip(before_N.tolist(), ids_N.tolist(), strict=True):
            found.append(self.counts.probabilities(before))
            self.counts.read(before, id_)
        logits_NV, known_NF, log_p_3NV = self._mixed(contexts_N, network_NV, found)
        if halts:
            goes_on = ids_N != STOP_ID
            network_NV, learned_NV, recent_NV = (by_NV[goes_on] for by_NV in log_p_3NV)
            log_p_3NV = [going_on(network_NV)[0], without_end(learned_NV), without_end(recent_NV)]
            known_NF, ids_N = known_NF[goes_on], ids_N[goes_on]
        if len(ids_N):
            self._step(known_NF, log_p_3NV, ids_N)
        return logits_NV

    def _mixed(
        self,
        contexts_N: States,
        network_NV: Floats,
        found: list[tuple[npt.NDArray[np.float32], Known]],
        learned_NV: Floats | None = None,
    ) -> tuple[npt.NDArray[np.float32], Floats, list[Floats]]:
        """The logits, what the powers depend on, and ln p by each of the three."""
        model = self._ngrams.model
        if learned_NV is None:
            learned_NV = np.log(model.probabilities(contexts_N))
        recent_NV = np.log(np.stack([probabilities_V for probabilities_V, _ in found]))
        length_N, *facts = np.array([known for _, known in found]).T
        lengths_NL = length_N[:, np.newaxis] == np.arange(self.counts.longest + 1)
        known_NF = np.column_stack([known_of(model.facts, contexts_N, model.longest), lengths_NL, *map(np.log, facts)])
        log_p_3NV = [network_NV, learned_NV, recent_NV]
        return mixed(known_NF, self._weights_3F, log_p_3NV), known_NF, log_p_3NV

    def _step(self, known_NF: Floats, log_p_3NV: list[Floats], ids_N: Ids) -> None:
        p_NV = softmax(mixed(known_NF, self._weights_3F, log_p_3NV))
        gradient_3F, curvature = slopes(known_NF, log_p_3NV, p_NV, ids_N)
        self._curvature += curvature
        self._weights_3F += np.linalg.solve(self._curvature, gradient_3F.reshape(-1)).reshape(gradient_3F.shape)

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """What was read and the weights of the powers, for a file. The curvature is not among them: whoever goes on
        learning begins anew to find out how far to believe what."""
        return {IDS: self.counts.ids, WEIGHTS: self._weights_3F.astype(np.float32)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]], ngrams: MixedNgrams) -> Self:
        """Raises ValueError for anything else than what `arrays` gives."""
        ids_N, weights_3F = (arrays.get(name, np.zeros(0)) for name in (IDS, WEIGHTS))
        size = ngrams.model.vocabulary_size
        if ids_N.dtype != np.int32 or ids_N.ndim != 1 or (ids_N < 0).any() or (ids_N >= size).any():
            raise ValueError("what was read is not of this vocabulary")
        recently = cls(ngrams, weights_3F)
        before = 0
        for id_ in ids_N.tolist():
            recently.counts.read(before, id_)
            before = recently.counts.after(before, id_)
        return recently
