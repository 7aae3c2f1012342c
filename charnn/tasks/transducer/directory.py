"""The files that a transducer has in its directory besides those of every model."""

from __future__ import annotations

from pathlib import Path

from charnn.errors import ModelFormatError
from charnn.tasks.directory import TaskDirectory
from charnn.tasks.transducer.config import TransducerConfig
from charnn.tasks.transducer.lookup import Lookup
from charnn.tasks.transducer.symbols import Symbols

SYMBOLS = "symbols.json"
LOOKUP = "lookup.json"
DECODER_GRAPH = "decoder.onnx"


class TransducerDirectory(TaskDirectory[TransducerConfig]):
    name = "transducer"
    config_class = TransducerConfig
    files = frozenset({SYMBOLS, LOOKUP, DECODER_GRAPH})

    def check(self) -> None:
        super().check()
        self.symbols()
        self.lookup()
        self.decoder_graph_path()

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

    def decoder_graph_path(self) -> Path:
        """The graph of one step of the decoder; `graph_path` is that of the encoder."""
        return self.existing(DECODER_GRAPH)

    def write_decoder_graph(self, graph: bytes) -> None:
        self.write(DECODER_GRAPH, graph)
