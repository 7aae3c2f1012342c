"""The files that a tagger has in its directory besides those of every model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from charnn.cells import CELLS
from charnn.checkpoint.directory import GRAPH, QUANTIZED_GRAPH
from charnn.checkpoint.files import read_arrays, write_arrays
from charnn.errors import ModelFormatError, TokenizerError
from charnn.readers.reader import VOCABULARY_FILES, Direction, Reader, ReaderConfig, vocabulary_file, weight_names
from charnn.tasks.directory import GraphMaker, TaskDirectory
from charnn.tasks.tagger.config import TaggerConfig
from charnn.tasks.tagger.lexicon import Lexicon

if TYPE_CHECKING:
    from charnn.tasks.tagger.linear_model import LinearModel
    from charnn.tokenizers.characters import CharacterTokenizer

LEXICON = "lexicon.json"
WORD_GRAPH = "words.onnx"
LINEAR = "linear.safetensors"
LARGEST_LINEAR = 1 << 26
"""The most bytes of its file. Training writes some megabytes."""
SEGMENTER = "segmenter"
"""The folder of a segmenter, which is a tagger of characters."""


class TaggerDirectory(TaskDirectory[TaggerConfig]):
    name = "tagger"
    config_class = TaggerConfig
    files = frozenset({LEXICON, WORD_GRAPH, LINEAR, SEGMENTER}) | VOCABULARY_FILES

    def check(self) -> None:
        super().check()
        self.lexicon()
        self.linear()
        for reader in self.config().network.readers:
            self.reader_tokenizer(reader.direction)
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

    def linear(self) -> LinearModel | None:
        """The linear model that stands beside the network; None for a model without one.

        Raises ModelFormatError where its file is missing or damaged, or is not of these tags.
        """
        from charnn.tasks.tagger.linear_model import LinearModel

        config = self.config()
        if config.linear is None:
            return None
        path = self.path / LINEAR
        if config.network.decoder != "independent":
            raise ModelFormatError(f"{path}: a linear model is for taggers that choose each tag by itself")
        arrays, _ = read_arrays(path, largest=LARGEST_LINEAR)
        try:
            return LinearModel.from_arrays(arrays, config.network.tags)
        except ValueError as error:
            raise ModelFormatError(f"{path}: damaged: {error}") from None

    def write_linear(self, model: LinearModel) -> None:
        write_arrays(self.folder / LINEAR, model.arrays())

    def readers(self) -> tuple[Reader, ...]:
        """Raises ModelFormatError where their files are missing or damaged, or are not those of this network."""
        configs = self.config().network.readers
        weights = self.weights() if configs else {}
        return tuple(
            Reader(
                config,
                self.reader_tokenizer(config.direction),
                {name: array for name, array in weights.items() if name.startswith(weight_names(config.direction))},
            )
            for config in configs
        )

    def write_readers(self, readers: Iterable[Reader]) -> None:
        """Writes what is not among the weights."""
        for reader in readers:
            self.write(vocabulary_file(reader.config.direction), reader.tokenizer.to_bytes())

    def reader_tokenizer(self, direction: Direction) -> CharacterTokenizer:
        """Raises ModelFormatError where its file is missing or damaged, or is not that of this network."""
        from charnn.tokenizers.characters import CharacterTokenizer

        name = vocabulary_file(direction)
        (size,) = (r.vocabulary_size for r in self.config().network.readers if r.direction == direction)
        try:
            tokenizer = CharacterTokenizer.from_bytes(self.read(name))
        except TokenizerError as error:
            raise ModelFormatError(f"{self.path / name}: {error}") from None
        if tokenizer.size != size:
            raise ModelFormatError(f"{self.path / name}: a vocabulary of {tokenizer.size}, where the reader has {size}")
        return tokenizer

    def reader_graph(self, reader: ReaderConfig, *, quantized: bool = False) -> Path | bytes:
        return self.graph_named(_reader_graph(reader.direction, quantized=quantized))

    def segmenter(self) -> TaggerDirectory:
        """The directory of the segmenter that is learned with this tagger, whether it is there or not."""
        return TaggerDirectory(self.path / SEGMENTER)

    other_weights = ("heads.",)

    def graph_makers(self) -> Mapping[str, GraphMaker]:
        """`words.onnx` makes the vectors of words, which the other graphs read."""
        from charnn.readers.graph import reader_graph
        from charnn.tasks.tagger.graph import sentence_graph, word_graph

        network = self.config().network
        makers = {WORD_GRAPH: partial(word_graph, network), GRAPH: partial(sentence_graph, network)}
        if CELLS[network.cell].int8_operator:
            makers[QUANTIZED_GRAPH] = partial(sentence_graph, network, quantized=True)
        for reader in network.readers:
            for quantized in (False, True):
                name = _reader_graph(reader.direction, quantized=quantized)
                makers[name] = partial(reader_graph, reader, quantized=quantized)
        return makers

    def word_graph(self) -> Path | bytes:
        return self.graph_named(WORD_GRAPH)


def _reader_graph(direction: Direction, *, quantized: bool) -> str:
    return f"reader-{direction}{'.int8' * quantized}.onnx"
