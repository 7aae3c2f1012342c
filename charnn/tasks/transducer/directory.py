"""The files that a transducer has in its directory besides those of every model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

from charnn.cells import CELLS
from charnn.checkpoint.directory import GRAPH, QUANTIZED_GRAPH
from charnn.checkpoint.files import read_arrays, write_arrays
from charnn.checkpoint.members import OwnWeights
from charnn.errors import ModelFormatError
from charnn.tasks.directory import GraphMaker, TaskDirectory
from charnn.tasks.transducer.config import TransducerConfig
from charnn.tasks.transducer.edit_rules import EditRules
from charnn.tasks.transducer.line_words import LineWords
from charnn.tasks.transducer.lookup import Lookup
from charnn.tasks.transducer.pair_model import PairModel
from charnn.tasks.transducer.pair_ngrams import GRAPHONES, PairNgrams
from charnn.tasks.transducer.symbols import Symbols
from charnn.tasks.transducer.token_tables import LINES


def member_graph(name: str, number: int) -> str:
    """The name of a graph of the member with this number: the first one has the names of a single network's."""
    return name if number == 0 else f"members.{number}.{name}"


SYMBOLS = "symbols.json"
LOOKUP = "lookup.json"
NGRAMS = "ngrams.safetensors"
DECODER_GRAPH = "decoder.onnx"


class TransducerDirectory(TaskDirectory[TransducerConfig]):
    name = "transducer"
    config_class = TransducerConfig
    files = frozenset({SYMBOLS, LOOKUP, NGRAMS, DECODER_GRAPH})

    def check(self) -> None:
        super().check()
        self.symbols()
        self.lookup()
        self.ngrams()

    def symbols(self) -> Symbols:
        """Raises ModelFormatError where the file is missing or damaged, or is not that of this network."""
        network, data = self.config().network, self.read(SYMBOLS)
        try:
            symbols = Symbols.from_bytes(data)
        except ModelFormatError as error:
            raise ModelFormatError(f"{self.path / SYMBOLS}: {error}") from None
        if (symbols.inputs, symbols.outputs) != (network.inputs, network.outputs):
            raise ModelFormatError(f"{self.path / SYMBOLS}: not that of this network")
        return symbols

    def write_symbols(self, symbols: Symbols) -> None:
        self.write(SYMBOLS, symbols.to_bytes())

    def lookup(self) -> Lookup:
        """Raises ModelFormatError where the file is missing or damaged."""
        data = self.read(LOOKUP)
        try:
            return Lookup.from_bytes(data)
        except ModelFormatError as error:
            raise ModelFormatError(f"{self.path / LOOKUP}: {error}") from None

    def write_lookup(self, lookup: Lookup) -> None:
        self.write(LOOKUP, lookup.to_bytes())

    def ngrams(self) -> PairModel | None:
        """The n-grams of aligned pairs, the edits or the words in lines that stand beside the network; None for a model
        without them.

        Raises ModelFormatError where their file is missing or damaged, or is not of these symbols.
        """
        config = self.config()
        if config.ngrams is None:
            return None
        path = self.path / NGRAMS
        arrays, _ = read_arrays(path)
        try:
            if config.corpus.has_features:
                return EditRules.from_arrays(arrays, config.network.outputs)
            ngrams = None
            if GRAPHONES in arrays or LINES not in arrays:
                ngrams = PairNgrams.from_arrays(arrays, config.network.inputs, config.network.outputs)
            return LineWords.from_arrays(arrays, ngrams, self.symbols()) if LINES in arrays else ngrams
        except ValueError as error:
            raise ModelFormatError(f"{path}: damaged: {error}") from None

    def write_ngrams(self, ngrams: PairModel | None) -> None:
        """Writes the n-grams, or removes those of an earlier run where there are none. Raises OSError."""
        if ngrams is None:
            (self.folder / NGRAMS).unlink(missing_ok=True)
        else:
            write_arrays(self.folder / NGRAMS, ngrams.arrays())

    def graph_makers(self) -> Mapping[str, GraphMaker]:
        """`model.onnx` is the encoder, or all of a network that writes frames; `decoder.onnx` takes steps. Each member
        has graphs of its own."""
        from charnn.tasks.transducer.graph import decoder_graph, encoder_graph, frames_graph

        network = self.config().network
        graph = frames_graph if network.decoder == "ctc" else encoder_graph
        makers: dict[str, GraphMaker] = {GRAPH: partial(graph, network)}
        if network.decoder == "attention":
            makers[DECODER_GRAPH] = partial(decoder_graph, network)
        if CELLS[network.cell].int8_operator:
            makers[QUANTIZED_GRAPH] = partial(graph, network, quantized=True)

        def of_member(make: GraphMaker, number: int) -> GraphMaker:
            return lambda weights: make(OwnWeights(weights, number, network.members))

        return {
            member_graph(name, number): of_member(make, number)
            for number in range(network.members)
            for name, make in makers.items()
        }

    def member_graphs(self, *, quantized: bool = False) -> Iterator[tuple[Path | bytes, Path | bytes]]:
        """The graphs of each member of a network that takes steps: that of the encoder, and that of a step."""
        for number in range(self.config().network.members):
            names = QUANTIZED_GRAPH if quantized else GRAPH, DECODER_GRAPH
            encoder, step = (self.graph_named(member_graph(name, number)) for name in names)
            yield encoder, step
