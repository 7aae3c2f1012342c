"""Keeps a run in its model directory, which holds a usable model from the first validation on."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt
from torch import Tensor, nn

from charnn.checkpoint.directory import ModelDirectory
from charnn.config import ModelConfig
from charnn.config.model import Validation
from charnn.training.report import Report

C = TypeVar("C", bound=ModelConfig)
Weights = dict[str, npt.NDArray[np.float32]]


class DirectoryKeeper(Generic[C]):
    """Keeps a run in a model directory. It writes config.json last, because with that file the directory is a model."""

    def __init__(
        self,
        directory: ModelDirectory,
        config: C,
        network: nn.Module,
        write_task_files: Callable[[Weights], None],
    ):
        """`write_task_files` writes the files that a model of this task needs besides its configuration and weights,
        such as graphs."""
        self.directory = directory
        self.config = config
        self._network = network
        self._write_task_files = write_task_files

    def best(self, validation: Validation) -> None:
        weights = as_arrays(self._network.state_dict())
        self.directory.write_weights(weights)
        self._write_task_files(weights)
        self.update(scores=validation, quantization=None)

    def validation(self, report: Report, validation: Validation) -> None:
        when = {
            "step": report.step,
            "epoch": round(report.epoch, 4),
            "seconds": round(report.seconds, 2),
            "learning_rate": report.learning_rate,
            "training_nats": report.training_nats,
        }
        speed = {f"{report.unit}s_per_second": round(report.units_per_second)}
        self.directory.append_history({**validation.to_json(), **when, **speed})
        # Whoever looks at the model of a run that goes on, or that was cut off, sees how far it came.
        epochs, seconds = round(report.epoch, 4), round(report.seconds, 2)
        self.update(record=dataclasses.replace(self.config.record, steps=report.step, epochs=epochs, seconds=seconds))

    def state(self, tensors: dict[str, Tensor], values: dict[str, Any]) -> None:
        self.directory.write_training_state(as_arrays(tensors), values)

    def update(self, **changes: Any) -> None:
        """Changes these fields of the configuration, and writes config.json."""
        self.config = dataclasses.replace(self.config, **changes)
        self.directory.write_config(self.config)


def as_arrays(tensors: Mapping[str, Tensor]) -> dict[str, npt.NDArray[Any]]:
    """The tensors as contiguous numpy arrays on the CPU."""
    return {name: np.ascontiguousarray(tensor.detach().cpu().numpy()) for name, tensor in tensors.items()}
