"""Keeps a run in its model directory: a usable model from the first validation on."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt
from torch import Tensor

from charnn.checkpoint import ModelConfig, ModelDirectory
from charnn.config import Scores
from charnn.network import LanguageModel
from charnn.tokenizers import Tokenizer
from charnn.training.graph import can_quantize, language_model_graph
from charnn.training.report import Report


class DirectoryKeeper:
    """Writes config.json last, so that the directory is a model only once the rest of it is there."""

    def __init__(self, directory: ModelDirectory, config: ModelConfig, network: LanguageModel, tokenizer: Tokenizer):
        self.directory = directory
        self.config = config
        self._network = network
        self._tokenizer = tokenizer

    def best(self, scores: Scores) -> None:
        weights = {name: _array(tensor) for name, tensor in self._network.state_dict().items()}
        network = self.config.network
        self.directory.write_tokenizer(self._tokenizer)
        self.directory.write_weights(weights)
        self.directory.write_graph(language_model_graph(network, weights))
        if can_quantize(network.cell):
            self.directory.write_graph(language_model_graph(network, weights, quantized=True), quantized=True)
        self.update(scores=scores, quantization=None)

    def validation(self, report: Report, scores: Scores) -> None:
        entry = {
            "step": report.step,
            "epoch": round(report.epoch, 4),
            "seconds": round(report.seconds, 2),
            "learning_rate": report.learning_rate,
            "training_nats": report.training_nats,
            "nats_per_character": scores.nats_per_character,
            "bits_per_character": scores.bits_per_character,
            "characters_per_second": round(report.characters_per_second),
        }
        self.directory.append_history(entry)

    def state(self, tensors: dict[str, Tensor], values: dict[str, Any]) -> None:
        self.directory.write_training_state({name: _array(tensor) for name, tensor in tensors.items()}, values)

    def update(self, **changes: Any) -> None:
        """Changes fields of config.json."""
        self.config = dataclasses.replace(self.config, **changes)
        self.directory.write_config(self.config)


def _array(tensor: Tensor) -> npt.NDArray[Any]:
    array: npt.NDArray[Any] = tensor.detach().cpu().numpy()
    return np.ascontiguousarray(array)
