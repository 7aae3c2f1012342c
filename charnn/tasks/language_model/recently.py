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

from charnn.arrays import Float32s, Floats
from charnn.ngrams.recent import Known, RecentNgrams
from charnn.softmax import softmax
from charnn.tasks.language_model.contexts import Contexts
from charnn.tasks.language_model.halting import going_on, without_end
from charnn.tasks.language_model.mixing import MixedNgrams, mixed, slopes
from charnn.tokenizers.base import STOP_ID

Ids = npt.NDArray[np.integer]
Packed = npt.NDArray[np.int64]

CAUTION = 100.0
"""Each weight costs so many times half the square of how far it is from where it began, in nats."""
FACTS = 3
"""How many facts of a context the powers depend on, besides its length."""
IDS, WEIGHTS = "recent.ids", "recent.weights"


class Recently:
    """N-grams of what was read, beside those of what was learned. It changes in `learn` alone."""

    def __init__(self, ngrams: MixedNgrams, weights_EF: Floats | None = None) -> None:
        """`weights_EF` are those of the powers of the network, of words and n-grams learned as `MixedNgrams` has them,
        and of the n-grams read. Raises ValueError where they are not those of these contexts."""
        self._ngrams = ngrams
        self.counts = RecentNgrams(ngrams.model.vocabulary_size)
        models, learned = ngrams.weights_EF.shape
        size = learned + self.counts.longest + 1 + FACTS
        self._weights_EF = np.zeros((models + 1, size))
        self._weights_EF[:models, :learned] = ngrams.weights_EF
        if weights_EF is not None:
            if weights_EF.shape != self._weights_EF.shape or not np.isfinite(weights_EF).all():
                raise ValueError("its powers are none")
            self._weights_EF[:] = weights_EF
        plain = ngrams.contexts.plain_size
        self._learned = np.flatnonzero(np.tile((np.arange(size) < plain) | (np.arange(size) >= learned), models + 1))
        """The weights that go on being learned, of the rows one after the other. Those of words stay as they are: so
        many weights would cost more nats than they bring."""
        self._curvature = np.eye(len(self._learned)) * CAUTION

    def logits(
        self,
        contexts_N: Contexts,
        before_N: Packed,
        network_NV: Floats,
        learned: list[Float32s] | None = None,
    ) -> Float32s:
        """The logits (N, V) of what follows each context, where `network_NV` are those by the network, and `before_N`
        the ids before each place as `RecentNgrams` packs them. `learned` are ln p by what was counted of the text,
        where they are known already."""
        found = [self.counts.probabilities(before) for before in before_N.tolist()]
        return self._mixed(contexts_N, network_NV, found, learned)[0]

    def learn(
        self, contexts_N: Contexts, before_N: Packed, network_NV: Floats, ids_N: Ids, *, halts: bool = False
    ) -> Float32s:
        """The logits of `logits` in N places that follow each other, each by all that was before it, of which the ids
        `ids_N` came, where `network_NV` are ln p by the network. Then it learns from these. Beside a network that
        `halts` powers are learned where a text goes on."""
        found = []
        for before, id_ in zip(before_N.tolist(), ids_N.tolist(), strict=True):
            found.append(self.counts.probabilities(before))
            self.counts.read(before, id_)
        logits_NV, known_NF, added_EN, log_p_ENV = self._mixed(contexts_N, network_NV, found)
        if halts:
            goes_on = ids_N != STOP_ID
            network_NV, *counted = (by_NV[goes_on] for by_NV in log_p_ENV)
            log_p_ENV = [going_on(network_NV)[0], *map(without_end, counted)]
            known_NF, added_EN, ids_N = known_NF[goes_on], added_EN[:, goes_on], ids_N[goes_on]
        if len(ids_N):
            self._step(known_NF, added_EN, log_p_ENV, ids_N)
        return logits_NV

    def _mixed(
        self,
        contexts_N: Contexts,
        network_NV: Floats,
        found: list[tuple[Float32s, Known]],
        learned: list[Float32s] | None = None,
    ) -> tuple[Float32s, Floats, Floats, list[Floats]]:
        """The logits, what the powers depend on, what the endings of contexts add to them, and ln p by each model."""
        contexts = self._ngrams.contexts
        if learned is None:
            learned = contexts.log_probabilities(contexts_N)
        recent_NV = np.log(np.stack([probabilities_V for probabilities_V, _ in found]))
        length_N, *facts = np.array([known for _, known in found]).T
        lengths_NL = length_N[:, np.newaxis] == np.arange(self.counts.longest + 1)
        known_NF = np.column_stack([contexts.known(contexts_N), lengths_NL, *map(np.log, facts)])
        log_p_ENV = [network_NV, *learned, recent_NV]
        added_EN = np.zeros((len(log_p_ENV), len(contexts_N)))
        added_EN[:-1] = self._ngrams.added(contexts.symbols(contexts_N))
        return mixed(self._weights_EF @ known_NF.T + added_EN, log_p_ENV), known_NF, added_EN, log_p_ENV

    def _step(self, known_NF: Floats, added_EN: Floats, log_p_ENV: list[Floats], ids_N: Ids) -> None:
        p_NV = softmax(mixed(self._weights_EF @ known_NF.T + added_EN, log_p_ENV))
        gradient_EF, curvature = slopes(known_NF, log_p_ENV, p_NV, ids_N)
        self._curvature += curvature[np.ix_(self._learned, self._learned)]
        step = np.zeros(gradient_EF.size)
        step[self._learned] = np.linalg.solve(self._curvature, gradient_EF.reshape(-1)[self._learned])
        self._weights_EF += step.reshape(gradient_EF.shape)

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """What was read and the weights of the powers, for a file. The curvature is not among them: whoever goes on
        learning begins anew to find out how far to believe what."""
        return {IDS: self.counts.ids, WEIGHTS: self._weights_EF.astype(np.float32)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]], ngrams: MixedNgrams) -> Self:
        """Raises ValueError for anything else than what `arrays` gives."""
        ids_N, weights_EF = (arrays.get(name, np.zeros(0)) for name in (IDS, WEIGHTS))
        size = ngrams.model.vocabulary_size
        if ids_N.dtype != np.int32 or ids_N.ndim != 1 or (ids_N < 0).any() or (ids_N >= size).any():
            raise ValueError("what was read is not of this vocabulary")
        recently = cls(ngrams, weights_EF)
        before = 0
        for id_ in ids_N.tolist():
            recently.counts.read(before, id_)
            before = recently.counts.after(before, id_)
        return recently
