"""The files that a tagger has in its directory besides those of every model."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from charnn.cells import CELLS
from charnn.checkpoint.directory import GRAPH, QUANTIZED_GRAPH
from charnn.errors import ModelFormatError
from charnn.tasks.directory import GraphMaker, TaskDirectory
from charnn.tasks.tagger.config import TaggerConfig
from charnn.tasks.tagger.lexicon import Lexicon

LEXICON = "lexicon.json"
WORD_GRAPH = "words.onnx"
SEGMENTER = "segmenter"
"""The folder of a segmenter, which is a tagger of characters."""


class TaggerDirectory(TaskDirectory[TaggerConfig]):
    name = "tagger"
    config_class = TaggerConfig
    files = frozenset({LEXICON, WORD_GRAPH, SEGMENTER})

    def check(self) -> None:
        super().check()
        self.lexicon()
        if self.segmenter().path.is_dir():
            self.segmenter().check()

    def lexicon(self) -> Lexicon:
        """Raises ModelFormatError where its file is missing or damaged, or is not that of this network."""
        config, data = self.config(), self.read(LEXICON)
        try:
            lexicon = Lexicon.from_bytes(data)
        except ModelFormatError as error:
            raise ModelFormatError(f"{self.path / LEXICON}: {error}") from None
        network = config.network
        ours = lexicon.word_ids, lexicon.character_ids, tuple(map(len, lexicon.tags.values()))
        if ours != (network.words, network.characters, network.tags) or tuple(lexicon.tags) != config.corpus.columns:
            raise ModelFormatError(f"{self.path / LEXICON}: not that of this network")
        return lexicon

    def write_lexicon(self, lexicon: Lexicon) -> None:
        self.write(LEXICON, lexicon.to_bytes())

    def segmenter(self) -> TaggerDirectory:
        """The directory of the segmenter that is learned with this tagger, whether it is there or not."""
        return TaggerDirectory(self.path / SEGMENTER)

    other_weights = ("heads.",)

    def graph_makers(self) -> Mapping[str, GraphMaker]:
        """`words.onnx` makes the vectors of words, which the other graphs read."""
        from charnn.tasks.tagger.graph import sentence_graph, word_graph

        network = self.config().network
        makers = {WORD_GRAPH: partial(word_graph, network), GRAPH: partial(sentence_graph, network)}
        if CELLS[network.cell].int8_operator:
            makers[QUANTIZED_GRAPH] = partial(sentence_graph, network, quantized=True)
        return makers

    def word_graph(self) -> Path | bytes:
        return self.graph_named(WORD_GRAPH)
