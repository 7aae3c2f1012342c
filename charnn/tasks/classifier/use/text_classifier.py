"""Many texts at once to the probabilities of their labels: by the recurrent part and the direct path together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from pathlib import Path

import numpy as np
import numpy.typing as npt

from charnn.arrays import Float32s, Float64s, Int32s, Int64s
from charnn.errors import ModelFormatError
from charnn.linear.mixture import probabilities
from charnn.runtime.session import graph_name, open_graph
from charnn.streaming import batches_by_length
from charnn.tasks.classifier.features import Features, direct_logits
from charnn.tokenizers.base import STOP_ID, Tokenizer

Logits = npt.NDArray[np.float32]
BATCH_SYMBOLS = 2048
"""The most symbols that the network reads at once, padding included."""
BATCH_TEXTS = 128


class RuntimeClassifierNetwork:
    """The graph of a model, as ONNX Runtime runs it. Several threads may call it at once.

    The graph's contract (`charnn.tasks.classifier.graph` writes it): `forwards` and `backwards` (T, B) int64 are the
    ids of texts in both directions, padded at the end; `lengths` (B,) int32, at least 1; `logits` (B, K) fp32.
    """

    def __init__(self, graph: Path | bytes, labels: int) -> None:
        """Raises ModelFormatError where the graph is damaged or not that of a classifier with so many labels."""
        session = open_graph(graph, threads=1)
        inputs, outputs = ([port.name for port in ports] for ports in (session.get_inputs(), session.get_outputs()))
        if (inputs, outputs) != (["forwards", "backwards", "lengths"], ["logits"]):
            raise ModelFormatError(f"{graph_name(graph)}: not a graph of charnn's")
        if session.get_outputs()[0].shape[-1] != labels:
            raise ModelFormatError(f"{graph_name(graph)}: not the graph of this model")
        self._run, self._labels = session.run, labels

    def logits(self, ids: Int32s, lengths_N: Int64s) -> Logits:
        """(N, K), for texts of at least one symbol each. Their `ids` stand one text after the other."""
        logits_NK = np.zeros((len(lengths_N), self._labels), np.float32)
        starts_N = np.cumsum(lengths_N) - lengths_N
        for chosen in batches_by_length(lengths_N, rows=BATCH_TEXTS, padded_total=BATCH_SYMBOLS):
            logits_NK[chosen] = self._batch(ids, starts_N[chosen], lengths_N[chosen])
        return logits_NK

    def _batch(self, ids: Int32s, starts_B: Int64s, lengths_B: Int64s) -> Logits:
        steps_T1 = np.arange(lengths_B.max())[:, None]
        is_outside_TB = steps_T1 >= lengths_B
        ways = []
        for places_TB in (starts_B + steps_T1, starts_B + lengths_B - 1 - steps_T1):
            way_TB = ids.take(places_TB, mode="clip").astype(np.int64)
            way_TB[is_outside_TB] = STOP_ID
            ways.append(way_TB)
        feed = {"forwards": ways[0], "backwards": ways[1], "lengths": lengths_B.astype(np.int32)}
        logits_BK: Logits = self._run(["logits"], feed)[0]
        return logits_BK


LONGEST = 128
"""Only texts of so many characters are remembered."""
MOST_TEXTS, MOST_NUMBERS = 1 << 16, 1 << 20
"""How many texts are remembered at once, and how many probabilities."""

Begin = Callable[[Sequence[str]], Callable[[], Float64s]]
"""Begins to work on texts, and returns what waits for their probabilities, (N, K)."""


class KnownTexts:
    """The probabilities of texts by their characters, in bounded memory: once it is full, all of them are forgotten."""

    def __init__(self, labels: int) -> None:
        self._places: dict[str, int] = {}
        self._p_NK = np.zeros((max(min(MOST_TEXTS, MOST_NUMBERS // labels), 1), labels))
        self._filled = 0

    def complete(self, texts: Sequence[str], begin: Begin) -> Callable[[], Float64s]:
        """Begins to work on those of the texts that are not known, each once, and returns what waits for the
        probabilities of all."""
        distinct = list(dict.fromkeys(texts))
        row_N = None
        if len(distinct) < len(texts):
            rows = dict(zip(distinct, range(len(distinct)), strict=True))
            row_N = [rows[text] for text in texts]
        places_D = np.fromiter(map(self._places.get, distinct, repeat(-1)), np.int64, len(distinct))
        new = np.flatnonzero(places_D < 0)
        p_DK = self._p_NK.take(places_D, axis=0)  # what is known now may be forgotten before the others are done
        new_texts = distinct if len(new) == len(distinct) else [distinct[row] for row in new.tolist()]
        result = begin(new_texts) if new_texts else None

        def wait() -> Float64s:
            if result is not None:
                p_DK[new] = result()
                self._remember(new_texts, p_DK[new])
            return p_DK if row_N is None else p_DK[row_N]

        return wait

    def _remember(self, texts: Sequence[str], p_NK: Float64s) -> None:
        short = [row for row, length in enumerate(map(len, texts)) if length <= LONGEST][: len(self._p_NK)]
        if self._filled + len(short) > len(self._p_NK):
            self._places.clear()
            self._filled = 0
        places = range(self._filled, self._filled + len(short))
        self._p_NK[places.start : places.stop] = p_NK[short]
        self._places.update(zip((texts[row] for row in short), places, strict=True))
        self._filled = places.stop


LONGEST_PIECE = 16
"""The most characters of a symbol, about: so many for each symbol that is read are enough."""


class TextClassifier:
    """Gives probabilities with `threads` of its own. Several threads must not use it at once."""

    def __init__(
        self,
        tokenizer: Tokenizer,
        features: Features,
        table_FK: Float32s,
        likelihoods_FK: Float32s | None,
        bias_K: Float32s,
        network: RuntimeClassifierNetwork,
        *,
        longest: int,
        multiple: bool,
        threads: int = 1,
    ) -> None:
        """`longest` is how many symbols of a text the network reads; the direct path reads LONGEST_READ characters."""
        self._tokenizer, self._features = tokenizer, features
        self._table_FK, self._bias_K, self._network = np.asfortranarray(table_FK), bias_K, network
        self._likelihoods_FK = None if likelihoods_FK is None else np.asfortranarray(likelihoods_FK)
        self._longest, self._multiple = longest, multiple
        self.labels = len(bias_K)
        self._known = KnownTexts(len(bias_K))
        self._threads = threads
        self._pool = ThreadPoolExecutor(threads, "classifier")

    def close(self) -> None:
        """Drops what was begun and is not done."""
        self._pool.shutdown(cancel_futures=True)

    def probabilities(self, texts: Sequence[str]) -> Float64s:
        """(N, K). Those of a text do not depend on the others, but for rounding."""
        return self.begin(texts)()

    def probabilities_beside(self, direct_NK: Logits, texts: Sequence[str]) -> Float64s:
        """(N, K): those by the recurrent part and by what else has said of the texts in place of the direct path."""
        logits_NK = self._network.logits(*self._ids(texts)) + self._bias_K + direct_NK
        return probabilities(logits_NK, multiple=self._multiple)

    def begin(self, texts: Sequence[str]) -> Callable[[], Float64s]:
        """Begins to read the texts, and returns what waits for their probabilities. Equal texts are read once, and not
        again as long as they are remembered."""
        return self._known.complete(texts, lambda new: self._pool.submit(self._probabilities, new).result)

    def _probabilities(self, texts: Sequence[str]) -> Float64s:
        logits_NK = self._network.logits(*self._ids(texts)) + self._bias_K
        if len(self._features):
            logits_NK += direct_logits(self._features.read(texts), self._table_FK, self._likelihoods_FK)
        return probabilities(logits_NK, multiple=self._multiple)

    def _ids(self, texts: Sequence[str]) -> tuple[Int32s, Int64s]:
        """The first symbols of each text, one text after the other, and how many each has. A text without any has a
        stop symbol."""
        if self._tokenizer.kind == "characters":
            cut = [text[: self._longest] for text in texts]
            ids = self._tokenizer.encode("".join(cut))
            lengths_N = np.fromiter(map(len, cut), np.int64, len(cut))
        else:
            limit = LONGEST_PIECE * self._longest
            every = [self._tokenizer.encode(text[:limit])[: self._longest] for text in texts]
            ids = np.concatenate([np.zeros(0, np.int32), *every])
            lengths_N = np.fromiter(map(len, every), np.int64, len(every))
        if len(without := np.flatnonzero(lengths_N == 0)):
            ids = np.insert(ids, (np.cumsum(lengths_N) - lengths_N)[without], STOP_ID)
            lengths_N[without] = 1
        return ids, lengths_N
