"""A run from beginning to end, whatever the task: a session of `language_model` or `tagger` says what is trained."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, Generic

import torch

from charnn import __version__
from charnn.checkpoint.directory import ModelDirectory
from charnn.config.model import Quantization, TrainingRecord
from charnn.errors import ConfigError, ModelFormatError, UsageError
from charnn.training.distributed.failures import WorkerLost
from charnn.training.distributed.processes import ALONE, Processes
from charnn.training.hardware import choose_precision, keep_freed_memory, threads_set
from charnn.training.keeper import C, DirectoryKeeper, Weights, as_arrays
from charnn.training.loop import Loop, Outcome
from charnn.training.objective import Objective
from charnn.training.report import Observer
from charnn.training.verdict import verdict


def new_record() -> TrainingRecord:
    """Of a run that is about to begin; device and precision are known once it is set up."""
    return TrainingRecord(__version__, torch.__version__, device="", precision="")


class Session(Generic[C]):
    """One sitting of a run. Sessions of a task are made with their `start` or `resume`; then `run` one.

    Where several processes train together each has a session, and what makes or runs one is collective. The directory
    is the first one's: the others know its name, and neither read nor write it.
    """

    def __init__(
        self,
        directory: ModelDirectory,
        config: C,
        make_task: Callable[[torch.device], Objective],
        write_rest: Callable[[Weights], None],
        processes: Processes = ALONE,
    ) -> None:
        """`make_task` makes the task, its network on the device that it is given; it is called with the run's seed set.
        `write_rest` is for `DirectoryKeeper`."""
        self.directory = directory
        self.processes = processes
        self.verdict: str | None = None
        """What the run came to, once it has ended; not of one that was interrupted."""
        device = processes.device(config.training.device)
        precision = processes.share(lambda: choose_precision(config.training.precision, device))
        torch.manual_seed(config.training.seed)
        self._task = make_task(device)
        self._loop = Loop(self._task, config.training, device, precision, processes)
        record = dataclasses.replace(
            config.record,
            torch_version=torch.__version__,
            device=device.type,
            precision=precision,
            stopped_by="running",
        )
        config = dataclasses.replace(config, record=record)
        self._keeper = DirectoryKeeper(directory, config, self._task.network, write_rest)

    def begin_alike(self) -> None:
        """All processes begin with the weights and the random numbers of the first, whatever it made of them so far."""
        if self.processes.size == 1:
            return
        tensors, values = self._loop.state()
        shared, values = self.processes.share_state(lambda: (as_arrays(tensors), values))
        # The first one too: `restore` may see more in the values than it did, such as how far the budget is spent.
        self._loop.restore({name: torch.from_numpy(array) for name, array in shared.items()}, values)

    def restore(self, arrays: Mapping[str, Any], values: dict[str, Any]) -> None:
        """Goes on from the training state that the directory had; all processes are given the same.

        Raises ModelFormatError where that is not of this model, UsageError where the budget is spent.
        """
        path = self.directory.path
        try:
            self._loop.restore({name: torch.from_numpy(array) for name, array in arrays.items()}, values)
        except (ConfigError, KeyError, TypeError, ValueError, RuntimeError) as error:
            raise ModelFormatError(f"{path}/training: not the state of this model: {error}") from None
        if self._loop.progress.fraction >= 1:
            raise UsageError(
                f"{path}: the budget of this run is spent", hint="give a larger --time, --epochs or --steps"
            )
        self.processes.meet()
        if self.processes.is_first:
            self.directory.cut_history(self._loop.progress.step)

    @property
    def config(self) -> C:
        """As it stands, and as config.json has it once a validation has been kept."""
        return self._keeper.config

    def description(self) -> list[str]:
        """What is about to be done, and what was chosen for it: a few lines for a person."""
        now = self._loop.progress
        lines = [*self._describe(), f"model     {self.directory.path}"]
        if now.step:
            lines.append(f"resumed   at step {now.step:,}, {now.fraction:.0%} of the budget spent")
        return lines

    def _describe(self) -> list[str]:
        """The data, the network, the training: a line each."""
        raise NotImplementedError

    def _measure_quantization(self) -> Quantization:
        """What int8 costs and gains, once there is a trained model."""
        raise NotImplementedError

    @property
    def _threads(self) -> int:
        """That a step of this process is worth."""
        raise NotImplementedError

    _characters_per_unit = 1.0
    """Of the training data; a record counts in characters, whatever the task."""

    def run(self, observer: Observer, interrupted: Callable[[], bool] = lambda: False) -> Outcome:
        """Trains; then, unless interrupted, measures what int8 costs and gains. Raises what `Loop.run` raises.

        Collective; the observer is the first process's alone.
        """
        keep_freed_memory()
        try:
            with threads_set(self._threads):
                outcome = self._loop.run(observer, self._keeper, interrupted)
        except BaseException as error:
            self.directory.discard_if_empty()
            if isinstance(error, WorkerLost):
                error.hint = self._how_to_go_on()
            raise
        self.processes.share(lambda: self._conclude(outcome))
        return outcome

    def _how_to_go_on(self) -> str:
        saved_at = self._loop.saved_at
        if saved_at is None:
            return "nothing to go on from had been saved yet: start again"
        return f"go on from step {saved_at:,}, the last one saved, with: charnn train --resume {self.directory.path}"

    def _conclude(self, outcome: Outcome) -> None:
        if outcome != "interrupt" and self.config.scores is not None:
            self.verdict = verdict(self._loop.progress.validations, self._loop.fit(), self.config.scores)
        now, task = self._loop.progress, self._task
        characters = now.targets * task.units_per_target * self._characters_per_unit
        record = dataclasses.replace(
            self.config.record,
            steps=now.step,
            epochs=round(task.epoch, 4),
            seconds=round(now.seconds, 2),
            characters_per_second=round(characters / max(now.seconds, 1e-9), 1),
            stopped_by=outcome,
        )
        quantization = self.config.quantization
        if outcome != "interrupt" and self.directory.has_quantized_graph():
            quantization = self._measure_quantization()
        self._keeper.update(record=record, quantization=quantization)
