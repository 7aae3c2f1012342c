"""Takes a run from its beginning to its end. The session of each task says what is trained."""

from __future__ import annotations

import dataclasses
import shlex
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Generic, Self, TypeVar

import torch

from charnn.checkpoint.directory import ModelDirectory
from charnn.config import Budget
from charnn.config.model import Quantization, SourceFile, Validation
from charnn.corpora.moved import at_their_places
from charnn.errors import ConfigError, ModelFormatError, UsageError
from charnn.readable import duration
from charnn.training.distributed.failures import WorkerLost
from charnn.training.distributed.processes import ALONE, ArraysAndJson, Processes
from charnn.training.hardware import ThreadWatch, allowed_threads, choose_precision
from charnn.training.keeper import C, DirectoryKeeper, Weights, as_arrays
from charnn.training.loop import Loop, Outcome
from charnn.training.objective import Objective
from charnn.training.report import Observer, Report
from charnn.training.verdict import HeldOut, expected_gain, verdict

D = TypeVar("D", bound=ModelDirectory)


class Session(Generic[C]):
    """One sitting of a run. A session is made with its `start` or `resume`, and then does its work in `run`.

    Where several processes train together each has a session, and to make or run one is collective. The directory
    belongs to the first process. The others know its name, but neither read nor write it.

    A session seeds torch's random numbers, and `run` draws from them. It leaves torch's number of threads as it was.
    """

    preview_title: ClassVar[str] = ""
    """The title that is shown over `preview`."""
    expects_gain: ClassVar[bool] = False
    """Whether the loss is one whose fall over twice the time can be foretold (`verdict.expected_gain`)."""

    def __init__(
        self,
        directory: ModelDirectory,
        config: C,
        make_objective: Callable[[torch.device], Objective],
        write_task_files: Callable[[Weights], None],
        *,
        threads: int,
        processes: Processes = ALONE,
    ) -> None:
        """`make_objective` is called with the run's seed set, and makes the objective with its network on the device
        that it is given. `write_task_files` is for `DirectoryKeeper`. `run` trains with so many `threads`, or
        under a time budget with one where that is faster by then."""
        self.directory = directory
        self.processes = processes
        self.threads = threads
        self.verdict: str | None = None
        """One line that says how well the run learned; None until it has ended, and where it was interrupted."""
        self.remarks: list[str] = []
        """What else there is to say of a run that has ended, a line each."""
        device = processes.device(config.training.device)
        precision = processes.broadcast(lambda: choose_precision(config.training.precision, device))
        torch.manual_seed(config.training.seed)
        self.objective = make_objective(device)
        self.loop = Loop(self.objective, config.training, device, precision, processes)
        record = dataclasses.replace(
            config.record,
            torch_version=torch.__version__,
            device=device.type,
            precision=precision,
            stopped_by="running",
        )
        config = dataclasses.replace(config, record=record)
        self._keeper = DirectoryKeeper(directory, config, lambda: self.objective.network, write_task_files)

    @classmethod
    def begin(
        cls,
        config: C,
        make_directory: Callable[[], D],
        open_directory: Callable[[Path], D],
        make_session: Callable[[D], Self],
        processes: Processes = ALONE,
    ) -> Self:
        """Begins a new run. The directory is made last, once all else is right, and is removed if the session fails.

        This is collective: the first process makes the directory, and the others open it by its path.
        """
        processes.device(config.training.device)
        processes.meet()
        directory = processes.broadcast(
            make_directory, pack=lambda made: str(made.path), unpack=lambda path: open_directory(Path(path))
        )
        try:
            session = make_session(directory)
            session._begin_alike()
            return session
        except BaseException:
            directory.discard_unsaved()
            raise

    def _begin_alike(self) -> None:
        """Gives all processes the weights and random numbers of the first one."""
        if self.processes.size == 1:
            return

        def state() -> ArraysAndJson:
            tensors, values = self.loop.state()
            return as_arrays(tensors), values

        # To take the state is collective, so all processes take one, and then get that of the first process.
        own = state()
        shared, values = self.processes.broadcast_state(lambda: own)
        # The first process restores it, too, because `restore` computes further values, such as the budget spent.
        self.loop.restore({name: torch.from_numpy(array) for name, array in shared.items()}, values)

    @classmethod
    def resume(
        cls, directory: Any, data: Any, budget: Budget | None = None, thread_counts: Sequence[int] | None = None
    ) -> Self:
        """Goes on with the run in `directory`, with another budget unless `budget` is None. `data` are what it was
        trained on, and `thread_counts` the numbers of threads that training may use, torch's own where they are None.

        Raises UsageError where the budget is spent.
        """
        state = directory.training_state()
        session = cls._as_planned(directory, data, budget, allowed_threads(thread_counts))
        session.restore(*state)
        return session

    @classmethod
    def _as_planned(cls, directory: Any, data: Any, budget: Budget | None, thread_counts: Sequence[int]) -> Self:
        """The session of the run in `directory` as it was planned, before its state is restored."""
        raise NotImplementedError

    def restore(self, arrays: Mapping[str, Any], values: dict[str, Any]) -> None:
        """Goes on from the training state of the directory, which is the same for all processes.

        Where the budget is spent, but what comes after the last step could not be saved, that alone is left to do.
        Raises ModelFormatError where the state is not that of this model, and UsageError where nothing is left to do.
        """
        path = self.directory.path
        try:
            self.loop.restore({name: torch.from_numpy(array) for name, array in arrays.items()}, values)
        except (ConfigError, KeyError, TypeError, ValueError, RuntimeError) as error:
            raise ModelFormatError(f"{path}/training: not the state of this model: {error}") from None
        if self.loop.progress.fraction >= 1 and not self.directory.unfinished():
            raise UsageError(
                f"{path}: the budget of this run is spent", hint="give a larger --time, --epochs or --steps"
            )
        self.processes.meet()
        if self.processes.is_first:
            self.directory.cut_history(self.loop.progress.step)

    @property
    def config(self) -> C:
        """The current configuration. config.json has it once a validation has been kept."""
        return self._keeper.config

    def find_data_at(self, read: Sequence[SourceFile]) -> None:
        """Records that the run's data are where these files were read, though they may have been elsewhere before."""
        self._keeper.config = at_their_places(self.config, read)

    @property
    def holds_out(self) -> bool:
        """Whether validations measure data that the model does not learn from."""
        return self.config.training.keeps == "best"

    def figures_of_end(self) -> Mapping[str, float | None]:
        """Figures of what is held out that are not those of the last validation, which measures the network alone: of
        the weights of the end, as a model that learns all of the data is used."""
        return {}

    @property
    def parameters(self) -> int:
        """How many numbers of the network are learned by gradients."""
        return sum(parameter.numel() for parameter in self.objective.network.parameters())

    @property
    def measured(self) -> str:
        """What validations measure, in a word or two."""
        return "valid" if self.holds_out else "own data"

    def write_card_by(self, write: Callable[[], None]) -> None:
        """Has `write` write the model card, once the model can be read and when the run ends. It may raise OSError."""
        self._keeper.write_card = write

    def description(self) -> list[str]:
        """A few lines that tell a person what is about to be trained, and what was chosen for it."""
        now = self.loop.progress
        lines = [*self._describe(), f"model     {self.directory.path}"]
        if now.step:
            lines.append(f"resumed   at step {now.step:,}, {now.fraction:.0%} of the budget spent")
        return lines

    def preview(self, report: Report) -> str:
        """Something to look at while training goes on, made with the network in eval mode."""
        return ""

    def glimpse(self, report: Report) -> str:
        """`preview` between two steps, with the averaged weights. It leaves the run as it is."""
        with self.loop.as_validated():
            return self.preview(report)

    def _describe(self) -> list[str]:
        """Describes the data, the network and the training, with a line for each."""
        return []

    def _training_row(self, batch: str) -> str:
        """How it is trained, where `batch` says in words what a step learns from."""
        training, record = self.config.training, self.config.record
        rate = f"learning rate {training.learning_rate:g}"
        return f"training  {training.budget}, {batch}, {rate}, {record.precision} on {record.device}"

    def _held_out(self) -> HeldOut | None:
        """How much the run is validated with. None leaves it unsaid."""
        return None

    def _measure_quantization(self) -> Quantization:
        """Measures the cost and gain of int8, once there is a trained model."""
        raise NotImplementedError

    _characters_per_unit = 1.0
    """The average number of characters in a unit of the training data. Records count characters for every task."""

    def run(self, observer: Observer, interrupted: Callable[[], bool] = lambda: False) -> Outcome:
        """Trains and then, unless interrupted, measures the cost and gain of int8. Raises what `Loop.run` raises.

        This is collective. Only the first process tells its observer anything.
        """
        try:
            return self._train(observer, interrupted)
        finally:
            self.directory.discard_unsaved()

    def _train(self, observer: Observer, interrupted: Callable[[], bool]) -> Outcome:
        may_change = self.config.training.budget.seconds is not None and self.processes.size == 1 and self.threads > 1
        change: Callable[[int], None] = torch.set_num_threads
        if self.loop.updates.are_side_by_side:
            change = self.loop.updates.side_by_side.use
        self.loop.watch = ThreadWatch(self.threads, change) if may_change else None
        try:
            with self.loop.updates.using(self.threads):
                outcome = self.loop.run(observer, self._keeper, interrupted)
        except WorkerLost as error:
            error.hint = self._how_to_go_on()
            raise
        self.processes.broadcast(lambda: self._conclude(outcome))
        return outcome

    def _tell_of_a_better_one(self, kept: Validation) -> None:
        """Remarks on a validation that was better than that of the weights which are kept, though by chance alone."""
        best = self.loop.best
        if best is not None and best.loss < kept.loss:
            self.remarks.append(
                f"after {duration(best.seconds)} held-out data were at {best.summary}, which is ahead of the weights "
                "that are kept by no more than chance: those have learned for longer"
            )

    @property
    def characters(self) -> float:
        """How many characters have been learned from, each counted as often as that happened."""
        return self.loop.progress.targets * self.objective.units_per_target * self._characters_per_unit

    def _how_to_go_on(self) -> str:
        saved_at = self.loop.saved_at
        if saved_at is None:
            return "nothing to go on from had been saved yet: start again"
        resume = f"charnn train --resume {shlex.quote(str(self.directory.path))}"
        return f"go on from step {saved_at:,}, the last one saved, with: {resume}"

    def _conclude(self, outcome: Outcome) -> None:
        """Completes config.json, and sets the verdict. What else is to be kept is kept before, so that a run whose
        config.json is complete lacks nothing."""
        if outcome != "interrupt" and self.config.scores is not None:
            if self.holds_out:
                validations = self.loop.progress.validations
                more = expected_gain(validations, epochs=self.objective.epoch) if self.expects_gain else None
                self.verdict = verdict(validations, self.loop.train_loss(), self.config.scores, self._held_out(), more)
                self._tell_of_a_better_one(self.config.scores)
            else:
                self.verdict = "it learned all of its data, so nothing tells how well it does on others"
        now, objective = self.loop.progress, self.objective
        record = dataclasses.replace(
            self.config.record,
            steps=now.step,
            epochs=round(objective.epoch, 4),
            seconds=round(now.seconds, 2),
            characters_per_second=round(self.characters / max(now.seconds, 1e-9), 1),
            stopped_by=outcome,
        )
        quantization = self.config.quantization
        if outcome != "interrupt" and self._keeper.is_saved and self.directory.has_quantized_graph():
            quantization = self._measure_quantization()
        self._keeper.update(has_ended=outcome != "interrupt", record=record, quantization=quantization)
