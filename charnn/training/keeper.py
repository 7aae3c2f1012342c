"""Keeps a run in its model directory, which holds a usable model from the first save on."""

from __future__ import annotations

import dataclasses
import os
import shlex
import warnings
from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt
from torch import Tensor, nn

from charnn.checkpoint.directory import ModelDirectory
from charnn.config import ModelConfig
from charnn.config.model import Validation
from charnn.errors import CharnnWarning, TrainingError
from charnn.training.report import Report

C = TypeVar("C", bound=ModelConfig)
Weights = dict[str, npt.NDArray[np.float32]]


class DirectoryKeeper(Generic[C]):
    """Keeps a run in a model directory. What it is given is written with the next training state, all at once.

    config.json is written after the files that it describes, because with that file the directory is a model. Where a
    save fails, training goes on, and the next save writes what this one did not.
    """

    def __init__(
        self,
        directory: ModelDirectory,
        config: C,
        network: Callable[[], nn.Module],
        write_task_files: Callable[[Weights], None],
    ):
        """`network` gives the network; where it has a `config`, that is the one of the model. `write_task_files` writes
        the files that a model of this task needs besides its configuration and weights, such as graphs."""
        self.directory = directory
        self.config = config
        self._network = network
        self._write_task_files = write_task_files
        self._weights: Weights | None = None
        self._are_written = False
        self.write_card: Callable[[], None] | None = None
        """Writes the model card of what has been saved. It is called after the first save and at the end."""
        self._has_card = False
        self._entries: list[dict[str, Any]] = []
        """The validations that are not in the history yet."""
        self._failure: OSError | None = None
        self.saved_step: int | None = None
        """The step of the last training state that was saved in this sitting."""

    @property
    def is_saved(self) -> bool:
        """Whether the last training state could be saved, and with it all that was given before."""
        return self._failure is None

    @property
    def replaces(self) -> bool:
        return self.directory.folder != self.directory.path and os.path.lexists(self.directory.path)

    def best(self, validation: Validation) -> None:
        self._keep_weights()
        self.config = dataclasses.replace(self.config, scores=validation, quantization=None)

    def unvalidated(self) -> None:
        self._keep_weights()
        self.config = dataclasses.replace(self.config, scores=None, quantization=None)

    def validation(self, report: Report, validation: Validation) -> None:
        when = {
            "step": report.step,
            "epoch": round(report.epoch, 4),
            "seconds": round(report.seconds, 2),
            "learning_rate": report.learning_rate,
            "training_nats": report.training_nats,
            "gradient_norm": report.gradient_norm,
            "largest_gradient_norm": report.largest_gradient_norm,
        }
        speed = {f"{report.unit}s_per_second": round(report.units_per_second)}
        self._entries.append({**validation.to_json(), **when, **speed})
        # Whoever looks at the model of a run that goes on, or that was cut off, sees how far it came.
        epochs, seconds = round(report.epoch, 4), round(report.seconds, 2)
        record = dataclasses.replace(self.config.record, steps=report.step, epochs=epochs, seconds=seconds)
        self.config = dataclasses.replace(self.config, record=record)

    def state(self, tensors: dict[str, Tensor], values: dict[str, Any]) -> bool:
        step = int(values["progress"]["step"])
        try:
            self._write()
            self.directory.write_training_state(as_arrays(tensors), values)
            self.directory.publish()
            if not self._has_card:
                self._write_card()
        except OSError as error:
            self._failed(error)
            warnings.warn(
                f"step {step:,} could not be saved: {self._reason()}; {self._safe()}; training goes on and tries again",
                CharnnWarning,
                stacklevel=2,
            )
            return False
        self._failure, self.saved_step = None, step
        return True

    def update(self, *, has_ended: bool = False, write: Callable[[], None] | None = None, **changes: Any) -> None:
        """Changes these fields of the configuration after training, and writes what has not been written.

        `has_ended` says that the run is over and not only interrupted. `write` writes a file that the changes speak of,
        before them.

        Raises TrainingError where that cannot be, or where the last training state could not be saved.
        """
        self.config = dataclasses.replace(self.config, **changes)
        try:
            if self._failure is not None:
                raise self._failure
            if write is not None:
                write()
            self._write()
            if has_ended:
                self.directory.write_ended()
            self._write_card()
        except OSError as error:
            self._failed(error)
            resume = f"charnn train --resume {shlex.quote(str(self.directory.path))}"
            hint = f"make room, and go on with: {resume}" if self._has_saved() else "make room, and start again"
            raise TrainingError(
                f"the end of the run could not be saved: {self._reason()}; {self._safe()}", hint=hint
            ) from None

    def _keep_weights(self) -> None:
        network = self._network()
        if hasattr(network, "config"):
            self.config = dataclasses.replace(self.config, network=network.config)
        arrays = as_arrays(network.state_dict())
        self._weights = {name: array.copy() for name, array in arrays.items()}
        self._are_written = False

    def _write(self) -> None:
        """Writes all but the training state. Raises OSError."""
        self.directory.restore_folder()
        if self._weights is not None and not self._are_written:
            self.directory.write_weights(self._weights)
            self._write_task_files(self._weights)
            self._are_written = True
        if self._entries:
            self.directory.append_history(*self._entries)
            self._entries.clear()
        self.directory.write_config(self.config)

    def _write_card(self) -> None:
        """Raises OSError."""
        if self.write_card is not None and self.directory.folder == self.directory.path:
            self.write_card()
            self._has_card = True

    def _failed(self, error: OSError) -> None:
        self._failure = error
        self._are_written &= self.directory.folder.is_dir()

    def _reason(self) -> str:
        """The directory, and why it cannot be written."""
        reason = self._failure and (self._failure.strerror or str(self._failure))
        return f"{self.directory.path}: {reason}"

    def _has_saved(self) -> bool:
        return self.directory.folder == self.directory.path and self.directory.has_training_state()

    def _safe(self) -> str:
        """What of the run is safe."""
        if not self._has_saved():
            old = " (the model that is there is the old one)" if os.path.lexists(self.directory.path) else ""
            return f"nothing of this run is saved yet{old}"
        return "the last save is whole" if self.saved_step is None else f"step {self.saved_step:,} is safe"


def as_arrays(tensors: Mapping[str, Tensor]) -> dict[str, npt.NDArray[Any]]:
    """The tensors as contiguous numpy arrays on the CPU."""
    return {name: np.ascontiguousarray(tensor.detach().cpu().numpy()) for name, tensor in tensors.items()}
