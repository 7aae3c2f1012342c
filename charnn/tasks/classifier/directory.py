"""The files that a classifier has in its directory besides those of every model."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial

from charnn.cells import CELLS
from charnn.checkpoint.directory import GRAPH, QUANTIZED_GRAPH
from charnn.checkpoint.files import Array, read_arrays, write_arrays
from charnn.config.as_json import json_text
from charnn.errors import ModelFormatError
from charnn.tasks.classifier.config import ClassifierConfig
from charnn.tasks.classifier.features import Features
from charnn.tasks.directory import GraphMaker, TaskDirectory
from charnn.tokenizers import FILE_NAMES, Tokenizer

LABELS = "labels.json"
FEATURES = "features.safetensors"
TABLE, LIKELIHOODS, BIAS, HELD_OUT = "features.weight", "likelihoods.weight", "bias", "held_out.logits"
"""The names of the direct path's weights, of those of its likelihoods, of what is added to all, and of what the direct
path said of the texts that were held out, before it learned these."""


class ClassifierDirectory(TaskDirectory[ClassifierConfig]):
    name = "classifier"
    config_class = ClassifierConfig
    files = frozenset({*FILE_NAMES.values(), LABELS, FEATURES})

    def check(self) -> None:
        super().check()
        self.tokenizer()
        self.labels()
        self.features()

    other_weights = (TABLE, LIKELIHOODS, BIAS, HELD_OUT)

    def graph_makers(self) -> Mapping[str, GraphMaker]:
        from charnn.tasks.classifier.graph import classifier_graph

        network = self.config().network
        makers: dict[str, GraphMaker] = {GRAPH: partial(classifier_graph, network)}
        if CELLS[network.cell].int8_operator:
            makers[QUANTIZED_GRAPH] = partial(classifier_graph, network, quantized=True)
        return makers

    def tokenizer(self) -> Tokenizer:
        """Raises ModelFormatError where its file is missing or damaged."""
        return self.read_tokenizer(self.config().tokenizer.kind)

    def labels(self) -> dict[str, int]:
        """The labels in the order of their ids, with how many training texts have each. Raises ModelFormatError."""
        try:
            labels = json.loads(self.read(LABELS))
        except (ValueError, RecursionError):
            labels = None
        sound = isinstance(labels, dict) and all(type(count) is int for count in labels.values())
        if not sound or len(labels) != self.config().network.labels:
            raise ModelFormatError(f"{self.path / LABELS}: not the labels of this model")
        return dict(labels)

    def features(self) -> Features:
        """Raises ModelFormatError where their file is missing or damaged, or is not of this network."""
        network = self.config().network
        arrays, metadata = read_arrays(self.path / FEATURES)
        try:
            features = Features(
                arrays["hashes"], arrays["counts"], arrays["is_word"],
                ngrams=network.ngrams, words=network.words, places=network.places, shapes=network.shapes,
                lengths=network.lengths, texts=int(metadata["texts"]),
            )  # fmt: skip
        except (KeyError, ValueError, ModelFormatError):
            features = None
        if features is None or len(features) != network.features:
            raise ModelFormatError(f"{self.path / FEATURES}: not the features of this model")
        return features

    def write_tokenizer(self, tokenizer: Tokenizer) -> None:
        self.write(tokenizer.file_name, tokenizer.to_bytes())

    def write_labels(self, labels: dict[str, int]) -> None:
        self.write(LABELS, labels_bytes(labels))

    def write_features(self, features: Features) -> None:
        arrays: dict[str, Array] = {"hashes": features.hashes, "counts": features.counts, "is_word": features.is_word}
        write_arrays(self.folder / FEATURES, arrays, {"texts": str(features.texts)})


def labels_bytes(labels: dict[str, int]) -> bytes:
    return json_text(labels, indent=0).encode()
