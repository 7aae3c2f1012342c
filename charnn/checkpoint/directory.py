"""A model directory on disk: named files in, named files out."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from charnn import tokenizers
from charnn.checkpoint import history
from charnn.checkpoint.arrays import Array, places_in_file, read_arrays, write_arrays
from charnn.checkpoint.atomic import write_atomic
from charnn.checkpoint.format import KINDS, AnyModelConfig, LanguageModelConfig, ModelConfig, TaggerConfig
from charnn.config import TokenizerKind
from charnn.errors import ModelError, ModelFormatError, ModelNotFoundError, TokenizerError, UsageError
from charnn.lexicon import Lexicon
from charnn.tokenizers import Tokenizer

C = TypeVar("C", bound=ModelConfig)

CONFIG = "config.json"
TOKENIZER_FILES: Mapping[TokenizerKind, str] = {
    "characters": "tokenizer.json",
    "bytes": "tokenizer.json",
    "unigram": "tokenizer.model",
    "bpe": "tokenizer.model",
}
WEIGHTS = "weights.safetensors"
GRAPH = "model.onnx"
QUANTIZED_GRAPH = "model.int8.onnx"
HISTORY = "history.jsonl"
TRAINING = "training"
TRAINING_STATE = f"{TRAINING}/state.safetensors"
LEXICON = "lexicon.json"
WORD_GRAPH = "words.onnx"
NAMES = {
    CONFIG,
    *TOKENIZER_FILES.values(),
    LEXICON,
    WEIGHTS,
    WORD_GRAPH,
    GRAPH,
    QUANTIZED_GRAPH,
    HISTORY,
    TRAINING,
}


class ModelDirectory:
    """Reads and writes one model. config.json is written last at every save: a directory that has it has the rest."""

    def __init__(self, path: Path, made: tuple[Path, ...] = ()) -> None:
        self.path = path
        self._made = made

    @classmethod
    def create(cls, path: Path, *, overwrite: bool = False) -> ModelDirectory:
        """A new, empty model directory at `path`.

        Raises UsageError where something is in the way; with `overwrite`, where that is anything but a model directory
        or an empty one.
        """
        try:
            if path.exists() or path.is_symlink():
                if not overwrite:
                    raise UsageError(f"{path} exists", hint="give --overwrite to replace it, or another --out")
                if not _may_be_replaced(path):
                    raise UsageError(f"{path} is not a model directory, so --overwrite leaves it alone")
                shutil.rmtree(path)
            made = tuple(directory for directory in (path, *path.parents) if not directory.exists())
            path.mkdir(parents=True)
        except OSError as error:
            raise ModelError(f"{path}: the model directory cannot be made: {error.strerror}") from None
        return cls(path, made)

    @classmethod
    def open(cls, path: Path) -> ModelDirectory:
        """Raises ModelNotFoundError where `path` is no model directory."""
        if not has_config(path):
            raise ModelNotFoundError(
                f"{path}: no model here (no {CONFIG})", hint="name a directory that `charnn train` wrote"
            )
        return cls(path)

    def discard_if_empty(self) -> None:
        """Takes away again what `create` made, where training never saved anything to it."""
        for directory in self._made:
            if directory.is_dir() and not any(directory.iterdir()):
                directory.rmdir()

    # what the model is

    def config(self) -> AnyModelConfig:
        """Raises ModelFormatError where config.json is missing, damaged, or of another format version."""
        data = self._read(CONFIG)
        try:
            return ModelConfig.loads(data.decode("utf-8"))
        except UnicodeDecodeError:
            raise ModelFormatError(f"{self.path / CONFIG}: not UTF-8") from None
        except ModelFormatError as error:
            raise ModelFormatError(f"{self.path}/{error}", hint=error.hint) from None

    def config_of(self, kind: type[C]) -> C:
        """The same, for one who knows the task. Raises ModelError where the model has another."""
        config = self.config()
        if not isinstance(config, kind):
            needed = next(task for task, of in KINDS.items() if of is kind)
            raise ModelError(f"{self.path}: this is a {config.task}, and a {needed} is needed")
        return config

    def write_config(self, config: ModelConfig) -> None:
        write_atomic(self.path / CONFIG, config.dumps().encode("utf-8"))

    def tokenizer(self) -> Tokenizer:
        """Raises ModelFormatError where its file is missing or damaged, or is not that of this network."""
        config = self.config_of(LanguageModelConfig)
        name = TOKENIZER_FILES[config.tokenizer.kind]
        try:
            tokenizer = tokenizers.load(config.tokenizer.kind, self._read(name))
        except TokenizerError as error:
            raise ModelFormatError(f"{self.path / name}: {str(error).removeprefix(f'{name}: ')}") from None
        if tokenizer.size != (size := config.network.vocabulary_size):
            raise ModelFormatError(
                f"{self.path / name}: a vocabulary of {tokenizer.size}, where the network has {size}"
            )
        return tokenizer

    def write_tokenizer(self, tokenizer: Tokenizer) -> None:
        write_atomic(self.path / TOKENIZER_FILES[tokenizer.kind], tokenizer.to_bytes())

    def lexicon(self) -> Lexicon:
        """Of a tagger. Raises ModelFormatError where its file is missing or damaged, or is not that of this network."""
        config, data = self.config_of(TaggerConfig), self._read(LEXICON)
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
        write_atomic(self.path / LEXICON, lexicon.to_bytes())

    # weights and graphs

    def weights(self) -> dict[str, Array]:
        """The best weights by name, fp32."""
        arrays, _ = read_arrays(self.path / WEIGHTS)
        for name, array in arrays.items():
            if array.dtype != np.float32:
                raise ModelFormatError(f"{self.path / WEIGHTS}: {name!r} is {array.dtype}, not float32")
        return arrays

    def weight_places(self) -> tuple[str, str, dict[str, tuple[int, int]]]:
        """The name of the file of weights, then what `places_in_file` says of it."""
        return WEIGHTS, *places_in_file(self.path / WEIGHTS)

    def write_weights(self, weights: Mapping[str, Array]) -> None:
        write_arrays(self.path / WEIGHTS, weights)

    def graph_path(self, *, quantized: bool = False) -> Path:
        return self._existing(QUANTIZED_GRAPH if quantized else GRAPH)

    def word_graph_path(self) -> Path:
        """Of a tagger."""
        return self._existing(WORD_GRAPH)

    def has_quantized_graph(self) -> bool:
        return (self.path / QUANTIZED_GRAPH).is_file()

    def write_graph(self, graph: bytes, *, quantized: bool = False) -> None:
        write_atomic(self.path / (QUANTIZED_GRAPH if quantized else GRAPH), graph)

    def write_word_graph(self, graph: bytes) -> None:
        write_atomic(self.path / WORD_GRAPH, graph)

    # how training went, and what resuming it needs

    def history(self) -> list[dict[str, Any]]:
        return history.read_history(self.path / HISTORY)

    def append_history(self, entry: Mapping[str, Any]) -> None:
        history.append_history(self.path / HISTORY, entry)

    def cut_history(self, step: int) -> None:
        history.cut_history(self.path / HISTORY, step)

    def training_state(self) -> tuple[dict[str, Array], dict[str, Any]]:
        """The arrays and JSON values that `write_training_state` was given. Raises ModelNotFoundError without them."""
        path = self.path / TRAINING_STATE
        if not path.is_file():
            raise ModelNotFoundError(f"{self.path}: nothing to resume (no {TRAINING_STATE})")
        arrays, metadata = read_arrays(path)
        try:
            values = json.loads(metadata["values"])
        except (KeyError, ValueError, RecursionError):
            values = None
        if not isinstance(values, dict):
            raise ModelFormatError(f"{path}: damaged: no object of values in its metadata")
        return arrays, values

    def write_training_state(self, arrays: Mapping[str, Array], values: Mapping[str, Any]) -> None:
        (self.path / TRAINING).mkdir(exist_ok=True)
        write_arrays(self.path / TRAINING_STATE, arrays, {"values": json.dumps(values)})

    def size_on_disk(self) -> tuple[int, int]:
        """Bytes of what using the model takes, and bytes of training/."""
        total = sum(f.stat().st_size for f in self.path.rglob("*") if f.is_file())
        training = sum(f.stat().st_size for f in (self.path / TRAINING).rglob("*") if f.is_file())
        return total - training, training

    def _existing(self, name: str) -> Path:
        path = self.path / name
        if not path.is_file():
            raise ModelFormatError(f"{path}: missing")
        return path

    def _read(self, name: str) -> bytes:
        try:
            return (self.path / name).read_bytes()
        except FileNotFoundError:
            raise ModelFormatError(f"{self.path / name}: missing") from None
        except OSError as error:
            raise ModelError(f"{self.path / name}: {error.strerror}") from None


def has_config(path: Path) -> bool:
    try:
        return (path / CONFIG).is_file()
    except OSError:  # a name longer than names can be
        return False


def _may_be_replaced(path: Path) -> bool:
    """Whether `path` is an empty directory, or one with a model and nothing else; no link to one."""
    if path.is_symlink() or not path.is_dir():
        return False
    names = {entry.name for entry in path.iterdir() if not entry.name.startswith(".")}
    return not any(path.iterdir()) or ({CONFIG, WEIGHTS} <= names <= NAMES)
