"""The model directory of a task: what charnn.checkpoint reads and writes, with that task's classes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Generic, Self, TypeVar

import numpy as np

from charnn import cache
from charnn.checkpoint.directory import CONFIG, GRAPH, QUANTIZED_GRAPH, WEIGHTS, ModelDirectory
from charnn.checkpoint.files import Array, of_writer
from charnn.checkpoint.locate import find_model, wrong_task
from charnn.checkpoint.members import MEMBER
from charnn.config import Json, ModelConfig
from charnn.errors import ConfigError, ModelFormatError, TokenizerError, first_line
from charnn.version import __version__

if TYPE_CHECKING:
    from charnn.config.model import ReadKind
    from charnn.tokenizers.base import Tokenizer

WRITER = 4
"""A number that rises whenever the graph of some weights becomes another one, so that none is taken from the cache
that was made before."""

GraphMaker = Callable[[Mapping[str, Array]], bytes]
C = TypeVar("C", bound=ModelConfig)


class TaskDirectory(ModelDirectory, Generic[C]):
    """A subclass for each task says which configuration is in config.json, and adds the task's own files."""

    name: ClassVar[str]
    """The task's name, as config.json has it."""
    config_class: type[C]

    @classmethod
    def find(cls, name: str | None) -> Self:
        """The model that `name` means (`find_model`), which must be of this task."""
        return cls(find_model(name, cls.name).path)

    def check(self) -> None:
        """Reads what using the model reads. Raises ModelFormatError where a file is missing or damaged.

        A task whose models have files of their own reads them as well.
        """
        self.config()
        self.weights()
        self.check_network()

    def config(self) -> C:
        """Raises ModelFormatError where config.json is missing or damaged, ModelError where the task is another."""
        document = self.document()
        if document["task"] != self.name:
            raise wrong_task(self, document["task"], self.name)
        try:
            return self.config_class.from_json(document)
        except ConfigError as error:
            raise ModelFormatError(f"{self.path / CONFIG}: {error}", hint=of_writer(document)) from None

    def read_tokenizer(self, kind: ReadKind) -> Tokenizer:
        """The tokenizer of a model that has one. Raises ModelFormatError where its file is missing or damaged."""
        from charnn import tokenizers

        name = tokenizers.FILE_NAMES[kind]
        try:
            return tokenizers.load(kind, self.read(name))
        except TokenizerError as error:
            raise ModelFormatError(f"{self.path / name}: {str(error).removeprefix(f'{name}: ')}") from None

    def graph_makers(self) -> Mapping[str, GraphMaker]:
        """What makes each graph of the model from its weights, by the name of the graph; nothing where none is run.

        A maker raises KeyError or ValueError for weights that are not of this network.
        """
        return {}

    def check_network(self) -> None:
        """Raises ModelFormatError where the weights are damaged, or are not those of the network in config.json.

        Whoever makes room for a network by what config.json says of it checks that first.
        """
        for name in self.graph_makers():
            self.graph_named(name)

    other_weights: ClassVar[tuple[str, ...]] = ()
    """The beginnings of the names of weights, in a network by itself, that are used beside the graphs."""

    def graph(self, *, quantized: bool = False) -> Path | bytes:
        """The graph that inference runs: a file in the user's cache, or its bytes. Raises as `graph_named`."""
        return self.graph_named(QUANTIZED_GRAPH if quantized else GRAPH)

    def has_quantized_graph(self) -> bool:
        return QUANTIZED_GRAPH in self.graph_makers()

    def graph_named(self, name: str) -> Path | bytes:
        """One of the graphs. It is always made from the weights by this charnn: now, or before and kept in the cache.

        A graph that lies in the directory is never run: it may come from anybody. Raises ModelFormatError where the
        weights are missing or damaged, or are not those of this network.
        """
        if (kept := cache.found("graphs", self._graph_key(name, self.weights_digest()))) is not None:
            return kept
        digest, weights = self.weights_and_digest()
        made = self._made_graphs(weights)
        for each, graph in made.items():
            cache.keep("graphs", self._graph_key(each, digest), graph)
        return made[name]

    def _graph_key(self, name: str, weights_digest: str) -> str:
        network: Json = self.config().network  # type: ignore[attr-defined]
        parts = [WRITER, __version__, self.name, name, network.to_json(), weights_digest]
        return hashlib.blake2b(json.dumps(parts).encode(), digest_size=20).hexdigest()

    def _made_graphs(self, weights: Mapping[str, Array]) -> dict[str, bytes]:
        file = self.path / WEIGHTS
        for name, array in weights.items():
            if not np.isfinite(array).all():
                raise ModelFormatError(f"{file}: {name!r:.80} has numbers that are not finite")
        used = _Used(weights)
        try:
            made = {name: make(used) for name, make in self.graph_makers().items()}
        except KeyError as error:
            raise ModelFormatError(f"{file}: there is no {error.args[0]!r}, which this network needs") from None
        except (ValueError, IndexError, TypeError) as error:
            raise ModelFormatError(f"{file}: not the weights of this network: {first_line(error)}") from None
        for name in weights:
            if name not in used.names and not MEMBER.sub("", name).startswith(self.other_weights):
                raise ModelFormatError(f"{file}: {name!r:.80} is no weight of this network")
        return made


class _Used(dict[str, Array]):
    """Weights that remember which of them were asked for."""

    def __init__(self, weights: Mapping[str, Array]) -> None:
        super().__init__(weights)
        self.names: set[str] = set()

    def __getitem__(self, name: str) -> Array:
        self.names.add(name)
        return super().__getitem__(name)
