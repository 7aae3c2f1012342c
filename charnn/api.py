"""What Python and the command line share: models are loaded, and runs are started and resumed."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, get_args

from charnn.checkpoint.directory import ModelDirectory
from charnn.checkpoint.locate import find_model, new_model_paths
from charnn.config.model import InferencePrecision
from charnn.corpora.sources import files_read
from charnn.corpora.unpacking import is_pipe
from charnn.errors import CharnnWarning, ModelBusyError, UsageError
from charnn.readable import file_name
from charnn.tasks.choosing import (
    all_files,
    choose_task,
    flag_of,
    naming_the_task,
    task_named,
    task_of,
    tasks_with,
)
from charnn.tasks.description import write_card
from charnn.tasks.directory import TaskDirectory
from charnn.tasks.given import corpus_given, options_given, path_given
from charnn.tasks.options import options_from
from charnn.tasks.table import FALLBACK, TASKS
from charnn.tasks.task import Run, Task
from charnn.tasks.training_options import TrainingOptions

if TYPE_CHECKING:
    from charnn.config.model import Validation
    from charnn.corpora.documents import Fold
    from charnn.readers.reader import Reader
    from charnn.training.distributed.processes import Processes
    from charnn.training.report import Report
    from charnn.training.session import Session

D = TypeVar("D", bound=TaskDirectory[Any])
SHOWN_LABELS = 5
"""So many folders that may be labels are named."""


class SilentObserver:
    """An observer of a run that shows nothing."""

    def step(self, report: Report) -> None:
        pass

    def validation(self, report: Report, scores: Validation, *, best: bool) -> None:
        pass


def load(
    path: str | os.PathLike[str], *, precision: InferencePrecision | None = None, threads: int = 1, adapt: bool = False
) -> Any:
    """Does what `charnn.load` says."""
    if precision is not None and precision not in get_args(InferencePrecision):
        raise UsageError(
            f"load: there is no precision {precision!r}", hint=f"there are {', '.join(get_args(InferencePrecision))}"
        )
    if not isinstance(threads, int) or threads < 1:
        raise UsageError(f"load: {threads!r} threads: give a whole number of at least 1")
    model = find_model(path_given(path, "load"), None)
    task = task_of(model)
    loaded = task.load(task.directory(model.path), precision=precision, threads=threads)
    if adapt:
        task.let_learn(loaded)
    return loaded


def train(
    corpus: Sequence[str | os.PathLike[str]],
    *,
    task: str | None,
    out: str | os.PathLike[str] | None,
    overwrite: bool,
    resume: str | os.PathLike[str] | None,
    options: Mapping[str, Any],
) -> Any:
    """Does what `charnn.train` says."""
    from charnn.training.distributed.processes import ALONE

    paths, values = corpus_given(corpus), options_given(options)
    if resume is None:
        target = None if out is None else Path(out)
        session = start(paths, task, values, out=target, overwrite=overwrite, processes=ALONE)
    else:
        session = go_on(path_given(resume, "train"), paths, values, processes=ALONE)
    session.run(SilentObserver())
    return load(session.directory.path)


def start(
    corpus: Sequence[str],
    task: str | None,
    values: Mapping[str, Any],
    *,
    out: Path | None,
    overwrite: bool,
    processes: Processes,
    thread_counts: Sequence[int] | None = None,
    fold: Fold | None = None,
) -> Session[Any]:
    """A new run; `values` are the options that were given, by their names. A `fold` is the part that is held out.

    Raises UsageError for options that the task does not have or that contradict each other, and whatever reading the
    data and making the directory raise.
    """
    named = [*corpus, *filter(None, [values.get("files_from")])]
    if not named:
        raise UsageError("no corpus to learn from", hint="name a text file, a folder, or - for stdin")
    corpus, values = _files(corpus, values, keeps_folders=task is not None and task_named(task).reads_folders)
    encoding = values.get("encoding") or TrainingOptions.encoding
    chosen = choose_task(task, values, corpus[0], lambda one: one.training_options, encoding=encoding)
    if task is None and chosen.name == FALLBACK and len(tasks_with(values, lambda one: one.training_options)) > 1:
        _warn_of_labels(named)
    validation = TrainingOptions(valid=values.get("valid")).validation_paths
    check_processes(chosen, processes, [*corpus, *validation])
    for path in filter(is_pipe, [*corpus, *validation]):
        warnings.warn(
            f"{path}: a pipe, which cannot be read again: to go on with this run, or to eval it without a FILE, train "
            "on a file",
            CharnnWarning,
            stacklevel=2,
        )

    def create(kind: type[D]) -> D:
        if out is not None:
            return kind.create(out, overwrite=overwrite, names=all_files())
        if overwrite:
            raise UsageError("--overwrite needs --out, the model to replace")
        stem = "stdin" if named[0] == "-" else Path(os.path.abspath(named[0].removesuffix(".gz"))).stem
        for path in new_model_paths(stem):
            with suppress(ModelBusyError, UsageError):  # another run has begun to use the name, or has just taken it
                return kind.create(path)
        raise AssertionError("there is always one more name")

    if (source := values.get("start_from")) is not None:
        processes.broadcast(lambda: _check(find_model(source, None)))
    told_by_content = task is None and len(tasks_with(values, lambda one: one.training_options)) > 1
    with naming_the_task(chosen if told_by_content else None):
        readers = [_reader(name) for name in values.get("reader") or ()]
        run = Run(tuple(corpus), create, processes, thread_counts, readers, fold)
        session = chosen.start(run, options_from(chosen.training_options, values))
    return _with_card(session, chosen)


def go_on(
    name: str,
    corpus: Sequence[str],
    values: Mapping[str, Any],
    *,
    processes: Processes,
    thread_counts: Sequence[int] | None = None,
) -> Session[Any]:
    """Resumes the run in the directory that `name` means. Only its budget can change; its corpus may be named again.

    Where several processes go on, only the first one reads the directory.
    """
    budget = ("time", "epochs", "steps")
    for option in values:
        if option not in (*budget, "files_from"):
            raise UsageError(f"{flag_of(option)} cannot change in a run that is resumed")

    def find() -> tuple[str, str]:
        found = find_model(name, None)
        return str(found.path), task_of(found).name

    path, task_name = processes.broadcast(find)
    task = TASKS[task_name]
    corpus, values = _files(corpus, values, keeps_folders=task.reads_folders)
    check_processes(task, processes, corpus)
    run = Run(tuple(corpus), _no_directory, processes, thread_counts)
    claimed = task.directory(Path(path))
    processes.broadcast(claimed.claim)
    try:
        processes.broadcast(claimed.check_network)
        with files_read() as read:
            session = task.resume(task.directory(Path(path)), run, TrainingOptions(**values).budget)
        session.find_data_at(read)
    except BaseException:
        claimed.release()
        raise
    session.directory.take_over(claimed)
    return _with_card(session, task)


def _with_card(session: Session[Any], task: Task[Any]) -> Session[Any]:
    """The session, which will write the card of its model."""
    session.write_card_by(lambda: write_card(task, task.directory(session.directory.path)))
    return session


def _warn_of_labels(corpus: Sequence[str]) -> None:
    """Warns of folders whose folders may be labels, which are read as text."""
    from charnn.corpora.folders import folders_of_labels

    for path in filter(os.path.isdir, corpus):
        if names := folders_of_labels(path):
            shown = ", ".join(names[:SHOWN_LABELS]) + ", ..." * (len(names) > SHOWN_LABELS)
            warnings.warn(
                f"{path} is read as text, and its folders ({shown}) may be labels; --task classifier learns them",
                CharnnWarning,
                stacklevel=2,
            )


def _files(
    corpus: Sequence[str], values: Mapping[str, Any], *, keeps_folders: bool
) -> tuple[list[str], dict[str, Any]]:
    """The files of the corpus and of `--files-from`, those in folders among them, and the other options.

    Files to validate with may be in folders, too. A task that reads folders itself keeps those that are named.
    """
    from charnn.corpora.folders import corpus_files

    any_bytes = values.get("tokenizer") == "bytes"
    others = {name: value for name, value in values.items() if name != "files_from"}
    if others.get("valid") not in (None, ["none"]):
        others["valid"] = corpus_files(others["valid"], any_bytes=any_bytes, keeps_folders=keeps_folders)
    found = corpus_files(corpus, values.get("files_from"), any_bytes=any_bytes, keeps_folders=keeps_folders)
    return found, others


def _check(model: ModelDirectory) -> None:
    """Raises ModelFormatError where the model is damaged, before anything is made by what its configuration says."""
    task_of(model).directory(model.path).check()


def _reader(name: str) -> Reader:
    """What a model has learned of reading text. Raises UsageError where it cannot read for others."""
    found = find_model(name, None)
    _check(found)
    task = task_of(found)
    return task.reader(task.directory(found.path))


def check_processes(task: Task[Any], processes: Processes, paths: Sequence[str]) -> None:
    """Raises UsageError for what several processes cannot do."""
    if processes.size == 1:
        return
    if not task.several_processes:
        raise UsageError(f"{task.title}s train in one process", hint="start charnn itself, without torchrun")
    for path in paths:
        if path == "-" or (os.path.exists(path) and not os.path.isfile(path)):
            name = file_name(path)
            raise UsageError(f"{name}: several processes cannot read it", hint="name a file, which each of them reads")


def _no_directory(kind: type[D]) -> D:
    raise AssertionError("a run that is resumed has its directory")
