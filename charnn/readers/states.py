"""The states of readers at the boundaries of words, from ONNX Runtime: numpy in and out.

A graph's contract (`charnn.readers.graph` writes it): the inputs are `ids` (T, B) int64, `places` (N,) int64, each
t * B + b for a step t of a row b, and for each array of each layer's state `NAME` (1, B, H) fp32; the outputs are
`states` (N, H) fp32, those at the places, and `NAME.next`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple

import numpy as np

from charnn.arrays import Float32s, Int32s, Int64s
from charnn.cells import CELLS
from charnn.export.graph import state_names
from charnn.readable import both_ends
from charnn.readers.reader import Reader, ReaderConfig
from charnn.runtime.session import only_what_is_wanted, open_graph
from charnn.tokenizers.base import first_ids
from charnn.tokenizers.characters import CharacterTokenizer

WINDOW = 32
"""How many characters of each sentence are read in one go; the state is carried on. With 256, what a layer of 256 units
makes of its inputs did not stay in a processor's own cache: fp32 was a sixth slower, and int8 a quarter."""
LONGEST_WORD = 48
"""How many characters of a word are read: of a longer one, half as many from its beginning and from its end."""


class _Text(NamedTuple):
    """A sentence as the characters that a reader reads, one after the other."""

    ids: Int32s
    places: Int64s
    """For each word the step at which it has been read: its last character, or backwards its first."""


class _Reader:
    """One reader and its graph."""

    def __init__(
        self, config: ReaderConfig, tokenizer: CharacterTokenizer, graph: Path | bytes, *, spaced: bool, threads: int
    ) -> None:
        self.config = config
        self._tokenizer = tokenizer
        self._opening = first_ids(tokenizer, ends_are_learned=config.opens_with_stop)
        self._joint = " " if spaced and not tokenizer.unknown_characters(" ") else ""
        self._session = open_graph(graph, threads=threads)
        self._options = only_what_is_wanted()
        sizes = CELLS[self.config.cell].sizes(self.config.hidden_size)
        self._state_sizes = {
            name: size
            for depth in range(self.config.layers)
            for name, size in zip(state_names(self.config.cell, depth), sizes, strict=True)
        }

    def text(self, words: Sequence[str]) -> _Text:
        read = [both_ends(word, LONGEST_WORD) for word in words]
        ids = self._tokenizer.encode(self._joint.join(read))
        lengths = np.fromiter(map(len, read), np.int64, len(read))
        ends = np.cumsum(lengths) + len(self._joint) * np.arange(len(read))
        first = len(self._opening)
        if self.config.direction == "forwards":
            return _Text(np.concatenate([self._opening, ids]), ends - 1 + first)
        return _Text(np.concatenate([self._opening, ids[::-1]]), len(ids) - 1 - (ends - lengths) + first)

    def states(self, sentences: Sequence[Sequence[str]], out_TBH: Float32s) -> None:
        """Writes the states of the words to `out_TBH`."""
        texts = list(map(self.text, sentences))
        rows = len(texts)
        lengths = [len(text.ids) for text in texts]
        ids_TB = np.zeros((max(lengths), rows), np.int64)
        for column, text in enumerate(texts):
            ids_TB[: len(text.ids), column] = text.ids
        step_N = np.concatenate([text.places for text in texts])
        row_N = np.repeat(np.arange(rows), list(map(len, sentences)))
        word_N = np.concatenate([np.arange(len(sentence)) for sentence in sentences])
        state = {name: np.zeros((1, rows, size), np.float32) for name, size in self._state_sizes.items()}
        for start in range(0, len(ids_TB), WINDOW):
            here_N = (step_N >= start) & (step_N < start + WINDOW)
            feed = {
                "ids": ids_TB[start : start + WINDOW],
                "places": (step_N[here_N] - start) * rows + row_N[here_N],
                **state,
            }
            goes_on = start + WINDOW < len(ids_TB)
            wanted = ["states", *(f"{name}.next" for name in state if goes_on)]
            read_NH, *after = self._session.run(wanted, feed, self._options)
            out_TBH[word_N[here_N], row_N[here_N]] = read_NH
            state = dict(zip(state, after, strict=False))


class SentenceStates:
    """The states of all readers of a model, side by side. Several threads may ask at once."""

    def __init__(
        self,
        readers: Iterable[tuple[ReaderConfig, CharacterTokenizer, Path | bytes]],
        *,
        spaced: bool,
        threads: int = 1,
    ) -> None:
        """The readers with their graphs. A space stands between words where they are `spaced` and the reader knows one.

        Raises ModelFormatError where a graph is damaged.
        """
        self._readers = [_Reader(*reader, spaced=spaced, threads=threads) for reader in readers]
        self._sizes = [reader.config.hidden_size for reader in self._readers]
        self.size = sum(self._sizes)
        """R, the numbers of a word's state."""

    @classmethod
    def made_from(cls, readers: Iterable[Reader], *, spaced: bool, quantized: bool = False) -> SentenceStates:
        """Those of readers whose graphs are made of their weights now."""
        from charnn.readers.graph import reader_graph

        return cls(
            ((r.config, r.tokenizer, reader_graph(r.config, r.weights, quantized=quantized)) for r in readers),
            spaced=spaced,
        )

    def of(self, sentences: Sequence[Sequence[str]]) -> Float32s:
        """The states of the words, (T, B, R), 0 beyond the end of a sentence. No sentence is empty.

        Each sentence is read by itself, as its words with a space between them, whatever stood there in its text. So
        they depend on the words alone.
        """
        states_TBR = np.zeros((max(map(len, sentences)), len(sentences), self.size), np.float32)
        for reader, end, size in zip(self._readers, accumulate(self._sizes), self._sizes, strict=True):
            reader.states(sentences, states_TBR[..., end - size : end])
        return states_TBR
