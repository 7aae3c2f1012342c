"""The model directory of a language model, which has a tokenizer besides the files of every model."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from charnn.checkpoint.directory import GRAPH, QUANTIZED_GRAPH
from charnn.checkpoint.files import read_arrays, write_arrays
from charnn.corpora.runs import RunLengths
from charnn.errors import ModelFormatError, UsageError
from charnn.tasks.directory import GraphMaker, TaskDirectory
from charnn.tasks.language_model.config import LanguageModelConfig
from charnn.tokenizers import FILE_NAMES, Tokenizer

if TYPE_CHECKING:
    from charnn.tasks.language_model.labelled_ngrams import LabelledNgrams
    from charnn.tasks.language_model.mixing import MixedNgrams
    from charnn.tasks.language_model.recently import Recently

RUNS = "runs.json"
NGRAMS = "ngrams.safetensors"
RECENT = "recent.safetensors"
LARGEST_NGRAMS = 1 << 26
"""The most bytes of their file. Training writes some megabytes."""


class LanguageModelDirectory(TaskDirectory[LanguageModelConfig]):
    name = "language-model"
    config_class = LanguageModelConfig
    files = frozenset({*FILE_NAMES.values(), RUNS, NGRAMS, RECENT})

    def check(self) -> None:
        super().check()
        self.tokenizer()
        self.runs()
        self.recently(self.ngrams())

    def graph_makers(self) -> Mapping[str, GraphMaker]:
        """`model.onnx` reads sequences, and `model.int8.onnx` takes steps."""
        from charnn.tasks.language_model.graph import language_model_graph
        from charnn.tasks.language_model.step_graph import step_graph

        network = self.config().network
        return {GRAPH: partial(language_model_graph, network), QUANTIZED_GRAPH: partial(step_graph, network)}

    def require_forwards(self) -> None:
        """Raises UsageError for a model that reads backwards, which neither writes nor scores lines."""
        if self.config().corpus.backwards:
            raise UsageError(
                f"{self.path} reads backwards: it neither writes nor scores lines",
                hint="it is for `charnn train TREEBANK --reader`, and `charnn eval` says how well it reads",
            )

    def tokenizer(self) -> Tokenizer:
        """Raises ModelFormatError where its file is missing or damaged, or is not that of this network."""
        config = self.config()
        tokenizer = self.read_tokenizer(config.tokenizer.kind)
        if tokenizer.size != (size := config.network.vocabulary_size):
            raise ModelFormatError(
                f"{self.path / tokenizer.file_name}: a vocabulary of {tokenizer.size}, where the network has {size}"
            )
        return tokenizer

    def write_tokenizer(self, tokenizer: Tokenizer) -> None:
        self.write(tokenizer.file_name, tokenizer.to_bytes())

    def runs(self) -> dict[str, RunLengths] | None:
        """How long the runs of each character are in the text that was learned, for those that follow themselves there;
        None for a model of an early version, which has no record of them.

        Raises ModelFormatError where the record is damaged.
        """
        if not (self.path / RUNS).exists():
            return None
        try:
            found = {
                character: RunLengths(**lengths) for character, lengths in json.loads(self.read(RUNS))["runs"].items()
            }
            sound = all(len(character) == 1 and _is_sound(lengths) for character, lengths in found.items())
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            sound = False
        if not sound:
            raise ModelFormatError(f"{self.path / RUNS}: damaged: no runs of characters")
        return found

    def ngrams(self) -> MixedNgrams | LabelledNgrams | None:
        """The n-grams that stand beside the network; None for a model without them.

        Raises ModelFormatError where their file is missing or damaged, or is not of this vocabulary.
        """
        from charnn.tasks.language_model.labelled_ngrams import LabelledNgrams
        from charnn.tasks.language_model.mixing import MixedNgrams

        config = self.config()
        if config.ngrams is None:
            return None
        path = self.path / NGRAMS
        if config.network.stopping == "length" and config.network.labels:
            raise ModelFormatError(f"{path}: n-grams are for models of texts with labels that foretell no lengths")
        arrays, _ = read_arrays(path, largest=LARGEST_NGRAMS)
        try:
            if config.network.labels:
                return LabelledNgrams.from_arrays(arrays, config.network.vocabulary_size, config.network.labels)
            return MixedNgrams.from_arrays(arrays, config.network.vocabulary_size)
        except ValueError as error:
            raise ModelFormatError(f"{path}: damaged: {error}") from None

    def write_ngrams(self, ngrams: MixedNgrams | LabelledNgrams) -> None:
        write_arrays(self.folder / NGRAMS, ngrams.arrays())

    def recently(self, ngrams: MixedNgrams | LabelledNgrams | None = None) -> Recently | None:
        """The n-grams of what the model has read since it was trained, beside its `ngrams`, which are read where they
        are not given; None where nothing was, and for models of texts with labels.

        Raises ModelFormatError where their file is damaged, or is not of this vocabulary.
        """
        from charnn.tasks.language_model.mixing import MixedNgrams
        from charnn.tasks.language_model.recently import Recently

        path = self.path / RECENT
        if not path.exists():
            return None
        ngrams = ngrams or self.ngrams()
        if not isinstance(ngrams, MixedNgrams):
            return None
        arrays, _ = read_arrays(path, largest=LARGEST_NGRAMS)
        try:
            return Recently.from_arrays(arrays, ngrams)
        except ValueError as error:
            raise ModelFormatError(f"{path}: damaged: {error}") from None

    def write_recently(self, recently: Recently) -> None:
        write_arrays(self.folder / RECENT, recently.arrays())

    def write_runs(self, runs: Mapping[str, RunLengths]) -> None:
        value = {"runs": {character: lengths._asdict() for character, lengths in runs.items()}}
        self.write(RUNS, (json.dumps(value) + "\n").encode())


def _is_sound(lengths: RunLengths) -> bool:
    return all(type(length) is int for length in lengths) and 1 < lengths.usual <= lengths.longest
