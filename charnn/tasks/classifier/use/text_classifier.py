"""Many texts at once to the probabilities of their labels: by the recurrent part and the direct path together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from charnn.tasks.classifier.calibration import Floats, probabilities
from charnn.tasks.classifier.features import Features
from charnn.tasks.classifier.features import Floats as Weights
from charnn.tasks.classifier.use.runtime import RuntimeClassifierNetwork
from charnn.tokenizers.base import STOP_ID, Tokenizer

LONGEST_PIECE = 16
"""The most characters of a symbol, about: so many for each symbol that is read are enough."""


class TextClassifier:
    """Gives probabilities with `threads` of its own. Several threads must not use it at once."""

    def __init__(
        self,
        tokenizer: Tokenizer,
        features: Features,
        table_FK: Weights,
        bias_K: Weights,
        network: RuntimeClassifierNetwork,
        *,
        longest: int,
        multiple: bool,
        threads: int = 1,
    ) -> None:
        """`longest` is how many symbols of a text the network reads; the direct path reads all of it."""
        self._tokenizer, self._features = tokenizer, features
        self._table_FK, self._bias_K, self._network = table_FK, bias_K, network
        self._longest, self._multiple = longest, multiple
        self._threads = threads
        self._pool = ThreadPoolExecutor(threads, "classifier")

    def close(self) -> None:
        """Drops what was begun and is not done."""
        self._pool.shutdown(cancel_futures=True)

    def probabilities(self, texts: Sequence[str]) -> Floats:
        """(N, K). Those of a text do not depend on the others, but for rounding."""
        return self.begin(texts)()

    def begin(self, texts: Sequence[str]) -> Callable[[], Floats]:
        """Begins to read the texts, and returns what waits for their probabilities."""
        return self._pool.submit(self._probabilities, texts).result

    def _probabilities(self, texts: Sequence[str]) -> Floats:
        logits_NK = self._network.logits(self._ids(texts)) + self._bias_K
        if len(self._features):
            logits_NK += self._features.read(texts).times(self._table_FK)
        return probabilities(logits_NK, multiple=self._multiple)

    def _ids(self, texts: Sequence[str]) -> list[np.ndarray]:
        """The first symbols of each text; of one without any, a stop symbol."""
        limit = LONGEST_PIECE * self._longest
        if self._tokenizer.kind == "characters":
            cut = [text[: self._longest] for text in texts]
            every = self._tokenizer.encode("".join(cut))
            ids = np.split(every, np.cumsum(np.fromiter(map(len, cut), np.int64, len(cut)))[:-1]) if cut else []
        else:
            ids = [self._tokenizer.encode(text[:limit])[: self._longest] for text in texts]
        stop = np.array([STOP_ID], np.int32)
        return [one if len(one) else stop for one in ids]
