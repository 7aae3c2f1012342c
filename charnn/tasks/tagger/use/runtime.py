"""A tagger's network as ONNX Runtime runs it: words to vectors, and sentences of vectors to scores.

The graphs' contracts (`charnn.tasks.tagger.graph` writes them): `words.onnx` has the inputs `words` (N,),
`characters` (N, L), `lengths` (N,), `affixes` (N, A) and `shapes` (N,), all int64, and the output `vectors` (N, D)
fp32; `model.onnx` has the inputs `vectors` (T, B, D + R) fp32, in which the states of the readers (R numbers, 0 without
readers) lie behind the words' vectors, and `lengths` (B,) int32, and for each column an output `scores.N` (T, B, S)
fp32.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from charnn.arrays import Float32s, Integers
from charnn.errors import ModelFormatError
from charnn.runtime.session import graph_name, open_graph
from charnn.tasks.tagger.lexicon import WordFeatures

WORD_INPUTS = {
    "words": "words_N",
    "characters": "characters_NL",
    "lengths": "lengths_N",
    "affixes": "affixes_NA",
    "shapes": "shapes_N",
}


class RuntimeTaggerNetwork:
    """A `SentenceNetwork` whose two graphs ONNX Runtime runs. Several threads may call it at once."""

    def __init__(
        self, word_graph: Path | bytes, sentence_graph: Path | bytes, *, threads: int = 1, states_size: int = 0
    ) -> None:
        """Each call uses `threads` threads. `states_size` is R, the numbers of the readers' states of a word.

        Raises ModelFormatError where a graph is damaged or not one of charnn's, or where the two are not of one model.
        """
        words, sentences = (open_graph(graph, threads=threads) for graph in (word_graph, sentence_graph))
        self._scores = _names(sentences.get_outputs())
        numbered = [f"scores.{column}" for column in range(len(self._scores))]
        given, read = _vector_size(words.get_outputs()), _vector_size(sentences.get_inputs())
        for graph, size, names, contract in (
            (word_graph, given, _names(words.get_inputs()) + _names(words.get_outputs()), [*WORD_INPUTS, "vectors"]),
            (sentence_graph, read, _names(sentences.get_inputs()) + self._scores, ["vectors", "lengths", *numbered]),
        ):
            if not size or names != contract:
                raise ModelFormatError(f"{graph_name(graph)}: not a graph of charnn's")
        if given + states_size != read:
            raise ModelFormatError(
                f"{graph_name(sentence_graph)}: reads vectors of {read}, where words have {given + states_size}"
            )
        self.vector_size = given
        """D, the numbers of a vector."""
        self.score_sizes: list[int] = [output.shape[-1] for output in sentences.get_outputs()]
        """S, the scores that a word has, of each column."""
        self._run_words, self._run_sentences = words.run, sentences.run

    def vectors(self, features: WordFeatures) -> Float32s:
        """The vectors of the words, (N, D)."""
        feed = {name: getattr(features, field) for name, field in WORD_INPUTS.items()}
        vectors_ND: Float32s = self._run_words(["vectors"], feed)[0]
        return vectors_ND

    def scores(self, vectors_TBD: Float32s, lengths_B: Integers) -> list[Float32s]:
        """For each column the scores of the words, (T, B, S), as the column's decoder takes them.

        Where the model has readers, a vector has their states behind it. Vectors are 0 where a sentence has ended.
        """
        feed = {"vectors": vectors_TBD, "lengths": lengths_B.astype(np.int32, copy=False)}
        scores: list[Float32s] = self._run_sentences(self._scores, feed)
        return scores


def _names(ports: Sequence[Any]) -> list[str]:
    """The names of inputs or outputs."""
    return [port.name for port in ports]


def _vector_size(ports: Sequence[Any]) -> int:
    """D; 0 where there are no `vectors`, or where they may have any size."""
    sizes = [port.shape[-1] for port in ports if port.name == "vectors" and port.shape]
    return sizes[0] if sizes and isinstance(sizes[0], int) else 0
