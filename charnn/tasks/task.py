"""The base class of tasks. The loop, the command line and the documentation know nothing else about any task."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, TypeVar

from charnn.config import Budget, ModelConfig
from charnn.config.model import InferencePrecision
from charnn.errors import UsageError
from charnn.tasks.options import NoOptions, options_from

if TYPE_CHECKING:
    from pathlib import Path

    from charnn.corpora.data_files import DataFiles
    from charnn.corpora.decoding import OnError
    from charnn.corpora.documents import Fold
    from charnn.pages.page import Html, Maker
    from charnn.readers.reader import Reader
    from charnn.tasks.directory import TaskDirectory
    from charnn.tasks.model import Model
    from charnn.training.distributed.processes import Processes
    from charnn.training.session import Session

C = TypeVar("C", bound=ModelConfig)
T = TypeVar("T")
D = TypeVar("D", bound="TaskDirectory[Any]")


NO_READER = "name a language model of characters, which `charnn train TEXT` makes"
UNMEASURED = "Nothing was held out, so no figure says how it does on "
"""The beginning of the limit of a model that learned all of its data."""
DescriptionRows = Sequence[tuple[str, str]]
"""Labels and their texts, each a line of `charnn info`. A label that is empty goes on with what stands above."""


@dataclass(frozen=True)
class Description:
    """The description of a model that `charnn info` shows and its card has, in four parts."""

    network: DescriptionRows
    """What the model is. The number of parameters is added to the text of the row `network` where it is shown."""
    data: DescriptionRows = ()
    training: DescriptionRows = ()
    scores: DescriptionRows = ()
    learned: Mapping[str, Any] = field(default_factory=dict)
    """Further entries for the JSON that are not in config.json, such as symbols or tags."""
    limits: Sequence[str] = ()
    """What its user should know that the figures do not say, in sentences."""

    @property
    def rows(self) -> DescriptionRows:
        return [*self.network, *self.data, *self.training, *self.scores]


@dataclass(frozen=True)
class Measure:
    """Which figure of a validation a learning curve shows; lower is better."""

    key: str
    """Its key in history.jsonl."""
    unit: str
    is_fraction_right: bool = False
    """Whether the figure is a fraction of what is right. A curve then shows the percentage of what is wrong."""
    has_training: bool = False
    """Whether the training loss is the same figure, of what was learned from."""

    def of(self, entry: Mapping[str, Any]) -> float:
        """The figure of a validation. Raises KeyError, TypeError or ValueError for an entry without it."""
        value = float(entry[self.key])
        return 100 * (1 - value) if self.is_fraction_right else value


@dataclass(frozen=True)
class Recognition:
    """Why data seem to be of a task's kind."""

    reason: str
    """What the data have, as the end of a sentence that begins with "it has"."""
    is_sure: bool
    """Whether other data hardly look like this. What is not sure is said, with the option that says otherwise."""


class Finding(Protocol):
    """One of the things that an evaluation lists, such as a word with a wrong tag in its sentence."""

    def to_json(self) -> dict[str, Any]: ...

    def to_line(self) -> str:
        """The finding as a line of text, with its line end."""


class Evaluation(ABC):
    """Scores a model on data. First `run` must come to its end, and then the result can be asked for."""

    drawn: Sequence[str] = ()
    """The paths of the pictures that were drawn, where they are not simply the one that was asked for."""

    @property
    def lists(self) -> bool:
        """Whether the result is the list of findings that `run` gives, instead of the figures."""
        return False

    @abstractmethod
    def run(self) -> Iterator[Finding]:
        """Reads all of the data. It gives nothing unless the result is a list."""

    def notices(self) -> Iterator[str]:
        """The lines that are shown beside the result, once the data have been read."""
        return iter(())

    @abstractmethod
    def to_json(self) -> dict[str, Any]:
        """The figures."""

    @abstractmethod
    def report(self) -> str:
        """The figures as text, with a line end at its end."""


class Creator(Protocol):
    """Makes a model directory."""

    def __call__(self, kind: type[D]) -> D:
        """A new, empty model directory of that class. Raises UsageError where something is in its way."""


class FileOptions(Protocol):
    """The options for training that say how files are read, which those of every task have."""

    @property
    def encoding(self) -> str: ...
    @property
    def on_error(self) -> OnError: ...
    @property
    def validation_paths(self) -> list[str]: ...
    @property
    def holds_out(self) -> bool: ...


@dataclass(frozen=True)
class Run:
    """What every task is given to start a run."""

    corpus: tuple[str, ...]
    """The paths of the data; `-` is standard input."""
    create: Creator
    """The function that makes the model directory. It is called once all else is right."""
    processes: Processes
    thread_counts: Sequence[int] | None = None
    """The numbers of threads that may be tried; None leaves torch's own number as it is."""
    readers: Sequence[Reader] = ()
    """What the models that --reader names have learned."""
    fold: Fold | None = None
    """The part of the data that is held out, where that is not a tenth or what was given to validate with."""

    def files(self, options: FileOptions) -> DataFiles:
        """The files of the data and those to validate with, which are read as the options say."""
        from charnn.corpora.data_files import DataFiles

        return DataFiles(
            self.corpus, options.validation_paths, options.encoding, options.on_error, options.holds_out, self.fold
        )


def resumed_data(run: Run, path: Path, kind: str, *, named: Callable[[], T | None], recorded: Callable[[], T]) -> T:
    """The data of the run in the directory `path`, which goes on: those that `run` names or else those of its record.

    `named` reads the first, and gives None for other data than the run had, which raises UsageError; `recorded` reads
    the second. `kind` is what the data are called.
    """
    if not run.corpus:
        return recorded()
    found = named()
    if found is None:
        raise UsageError(f"{', '.join(run.corpus)}: not the {kind} that {path} was trained on")
    return found


class Task(ABC, Generic[C]):
    """A task: a kind of model, and how it is trained and used. There is one object for each, in `charnn.tasks.TASKS`.

    Every command begins by reading all tasks' options, so a task imports what it needs only in its methods.
    """

    name: ClassVar[str]
    """The name of the task in config.json and for `--task`."""
    title: ClassVar[str]
    """The name in words, such as language model."""
    data: ClassVar[str]
    """The kind of data that it learns from, in the plural, such as texts."""
    summary: ClassVar[str]
    """One line that says what it learns and what it is used for."""
    commands: ClassVar[tuple[str, ...]]
    """The commands that use its models, apart from eval and info; the first one is what most people want."""
    reads_input: ClassVar[bool] = True
    """Whether that first command has to be given something to read."""
    measure: ClassVar[Measure] = Measure("training_nats", "nats, of what was learned from")
    """What a learning curve of its runs shows."""
    training_options: ClassVar[type[Any]]
    """The class of the options for training (`charnn.tasks.options`)."""
    evaluation_options: ClassVar[type[Any]] = NoOptions
    several_processes: ClassVar[bool] = False
    """Whether `torchrun` can train it."""
    reads_folders: ClassVar[bool] = False
    """Whether a folder says something to it, such as the label of its texts, besides which files are there."""

    @property
    def data_in_singular(self) -> str:
        """`data` in the singular, such as text."""
        return self.data.removesuffix("s")

    def uses(self, config: C, named: str, path: str) -> list[str]:
        """The command lines that use a model, first the one that most people want. `named` is the option that names the
        model, or nothing where it need not be named, and `path` is its directory."""
        return [f"charnn {command}{named}" for command in self.commands]

    @property
    @abstractmethod
    def directory(self) -> type[TaskDirectory[C]]:
        """The class of its model directories."""

    @property
    @abstractmethod
    def model(self) -> type[Model[Any, C]]:
        """The class of its models, which works without PyTorch."""

    def recognizes(self, sample: str) -> Recognition | None:
        """Why data that begin with this sample are of this task's kind, or None. A task that reads any text says so of
        none."""
        return None

    def resembles(self, sample: str) -> str | None:
        """What data look like that could be this task's, although it does not recognize them; None for other data."""
        return None

    @abstractmethod
    def start(self, run: Run, options: Any) -> Session[C]:
        """Starts a new run; `options` are of the class `training_options`."""

    @abstractmethod
    def resume(self, directory: TaskDirectory[C], run: Run, budget: Budget | None) -> Session[C]:
        """Goes on with the run in `directory`. If `run` names a corpus, it must be the same as before."""

    def load(
        self, directory: TaskDirectory[C], *, precision: InferencePrecision | None = None, threads: int = 1
    ) -> Any:
        """The model with the methods of its task. A precision of None leaves it to each method."""
        return self.model(self.directory(directory.path), precision=precision, threads=threads)

    def reader(self, directory: TaskDirectory[C]) -> Reader:
        """What the model in `directory` has learned of reading text, for a model of another task to read with.

        Raises UsageError where it is not a model that can read for others.
        """
        raise UsageError(f"--reader: {directory.path} is a {self.title}", hint=NO_READER)

    def let_learn(self, model: Any) -> None:
        """Makes `model`, as `load` gives it, go on learning from what it scores. The model on the disk stays as it is.

        Raises UsageError where that is not meant for it. It needs what training needs.
        """
        raise UsageError(f"{model.path}: a {self.title} does not go on learning from what it reads")

    @abstractmethod
    def describe(self, directory: TaskDirectory[C]) -> Description: ...

    def sections(self, model: Any, files: Sequence[str], *, encoding: str, seed: int) -> Mapping[str, Maker]:
        """What a report shows of `model`, as `load` gives it, besides what it shows of every model: the title of each
        section, and what makes its parts. `files` are as for `evaluate`."""
        from charnn.pages.page import prose

        def scores() -> Iterator[Html]:
            options = options_from(self.evaluation_options, {})
            evaluation = self.evaluate(model, files, options, encoding=encoding, threads=1)
            for _ in evaluation.run():
                pass
            yield prose(evaluation.report())

        return {"How well it does": scores}

    @abstractmethod
    def evaluate(self, model: Any, files: Sequence[str], options: Any, *, encoding: str, threads: int) -> Evaluation:
        """Scores `model`, as `load` gives it, on the files, or without any on what was held out when it was trained.

        `options` are of the class `evaluation_options`.
        """
