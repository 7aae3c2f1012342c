"""What Python and the command line share: the task of a model or of data is found, and runs are started and resumed."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from charnn.checkpoint.directory import CONFIG, ModelDirectory
from charnn.checkpoint.locate import find_model, new_model_paths
from charnn.corpora.foreign import foreign_format, looks_like_table
from charnn.corpora.sources import is_pipe
from charnn.errors import CharnnWarning, CorpusError, ModelBusyError, ModelFormatError, UsageError
from charnn.tasks import FALLBACK, TASKS
from charnn.tasks.directory import TaskDirectory
from charnn.tasks.options import Option, options_from, options_of
from charnn.tasks.shared_options import TrainingOptions
from charnn.tasks.task import InferencePrecision, Run, Task

if TYPE_CHECKING:
    from charnn.config.model import Validation
    from charnn.training.distributed.processes import Processes
    from charnn.training.report import Report
    from charnn.training.session import Session

D = TypeVar("D", bound=TaskDirectory[Any])
OptionsOf = Callable[[Task[Any]], type[Any]]
"""The class of a task's options for one command."""


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
    model = find_model(os.fspath(path), None)
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

    paths = tuple(os.fspath(path) for path in corpus)
    values = {name: _listed(name, value) for name, value in options.items()}
    if resume is None:
        target = None if out is None else Path(out)
        session = start(paths, task, values, out=target, overwrite=overwrite, processes=ALONE)
    else:
        session = go_on(os.fspath(resume), paths, values, processes=ALONE)
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
) -> Session[Any]:
    """A new run; `values` are the options that were given, by their names.

    Raises UsageError for options that the task does not have or that contradict each other, and whatever reading the
    data and making the directory raise.
    """
    named = [*corpus, *filter(None, [values.get("files_from")])]
    if not named:
        raise UsageError("no corpus to learn from", hint="name a text file, a folder, or - for stdin")
    corpus, values = _files(corpus, values, keeps_folders=task is not None and task_named(task).reads_folders)
    encoding = values.get("encoding") or TrainingOptions.encoding
    chosen = choose_task(task, values, corpus[0], lambda one: one.training_options, encoding=encoding)
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
        return chosen.start(
            Run(tuple(corpus), create, processes, thread_counts), options_from(chosen.training_options, values)
        )


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
        session = task.resume(task.directory(Path(path)), run, TrainingOptions(**values).budget)
    except BaseException:
        claimed.release()
        raise
    session.directory.take_over(claimed)
    return session


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


def task_of(model: ModelDirectory) -> Task[Any]:
    """The task of a model. Raises ModelFormatError where config.json is damaged or names one that is not known."""
    name = model.task()
    if name not in TASKS:
        raise ModelFormatError(f"{model.path / CONFIG}: the task {name!r:.30} is not known")
    return TASKS[name]


def choose_task(
    name: str | None, given: Collection[str], path: str, options_for: OptionsOf, *, encoding: str
) -> Task[Any]:
    """The task that is meant: the named one; else the one that the given options belong to; else that of the file.

    Raises UsageError where options belong to different tasks, or to another one than the named one, and where several
    tasks recognize the file.
    """
    if name is not None:
        task = task_named(name)
        refuse_others(task, given, options_for, f"this is a {task.title}")
        return task
    left = tasks_with(given, options_for)
    if len(left) == 1:
        return left[0]
    return recognized(path, left, encoding=encoding)


@contextmanager
def naming_the_task(told_by_content: Task[Any] | None) -> Iterator[None]:
    """Errors within name the option that says otherwise, where the data's look alone told the task.

    A text can look like data of another task, and then what is wrong with these is not what is wrong.
    """
    try:
        yield
    except (CorpusError, UsageError) as error:
        if told_by_content is not None and told_by_content.name != FALLBACK:
            otherwise = f"--task {FALLBACK} takes the file for text"
            error.hint = f"{error.hint}; {otherwise}" if error.hint else otherwise
        raise


def task_named(name: str) -> Task[Any]:
    if name not in TASKS:
        raise UsageError(f"--task {name}: no such task", hint=f"there are {', '.join(TASKS)}")
    return TASKS[name]


def tasks_with(given: Collection[str], options_for: OptionsOf) -> list[Task[Any]]:
    """The tasks that have all of these options. Raises UsageError where there is none."""
    left = list(TASKS.values())
    seen = list[tuple[str, Task[Any]]]()
    for name in given:
        owners = [task for task in TASKS.values() if name in names_of(options_for(task))]
        if not owners:
            raise UsageError(f"{flag_of(name)}: no task has this option")
        if not any(task in left for task in owners):
            first, owner = next((name, task) for name, task in seen if task not in owners)
            raise UsageError(
                f"{flag_of(first)} is for {owner.data} and {flag_of(name)} for {owners[0].data}: give one of them"
            )
        if len(owners) < len(TASKS):
            seen.append((name, owners[0]))
        left = [task for task in left if task in owners]
    return left


def recognized(path: str, tasks: Collection[Task[Any]], *, encoding: str) -> Task[Any]:
    """The task whose kind of data the file is. Where that is a guess, a warning says so, and which option says
    otherwise. Raises UsageError where the file looks like data of several."""
    from charnn.corpora.sources import peek

    sample = peek(path, encoding=encoding)
    found = {task: recognition for task in tasks if (recognition := task.recognizes(sample)) is not None}
    sure = [task for task, recognition in found.items() if recognition.is_sure]
    left = sure or list(found)
    if len(left) > 1:
        names = " or ".join(f"--task {task.name}" for task in left)
        raise UsageError(f"{path}: this may be {_kinds(left)}", hint=f"say which with {names}")
    if left:
        if not sure:
            others = " or ".join(f"--task {task.name}" for task in tasks if task is not left[0])
            _guessed(f"{path} is read as a {left[0].data_in_singular}: it has {found[left[0]].reason}", others)
        return left[0]
    fallback = TASKS[FALLBACK]
    if fallback not in tasks:
        names = " or ".join(f"--task {task.name}" for task in tasks)
        raise UsageError(f"{path}: looks like none of {_kinds(list(tasks))}", hint=f"say what it is with {names}")
    if warning := _not_prose(sample):
        warnings.warn(f"{path} {warning}", CharnnWarning, stacklevel=2)
        return fallback
    for task in tasks:
        if looks_like := task.resembles(sample):
            _guessed(f"{path} is read as {fallback.data_in_singular}: it has {looks_like}", f"--task {task.name}")
    return fallback


def _not_prose(sample: str) -> str | None:
    """What to say of a text that is markup or a table, which a language model learns with all that is in it."""
    if (found := foreign_format(sample.encode("utf-8", "surrogateescape"))) is not None and found.is_text:
        return f"looks like {found.what}, and is read as text; {found.hint}"
    if (table := looks_like_table(sample)) is not None:
        return (
            f"looks like {table}, and is read as text; --text NAME and --label NAME read its columns, with --task "
            f"classifier to learn the labels or with --conditioned to write texts of a label"
        )
    return None


def _kinds(tasks: Sequence[Task[Any]]) -> str:
    return " or ".join(task.data for task in tasks)


def _guessed(what: str, otherwise: str) -> None:
    """Says what was guessed, and the option that says otherwise, if there is one."""
    warnings.warn(f"{what}{f'; {otherwise} reads it otherwise' if otherwise else ''}", CharnnWarning, stacklevel=3)


def refuse_others(
    task: Task[Any], given: Collection[str], options_for: OptionsOf, who: str, hint: str | None = None
) -> None:
    """Raises UsageError for an option that the task does not have; `who` says whose it would have to be."""
    own = names_of(options_for(task))
    for name in given:
        if name not in own:
            owner = next((other for other in TASKS.values() if name in names_of(options_for(other))), None)
            what = f"is for {owner.data}" if owner is not None else "is no option here"
            raise UsageError(f"{flag_of(name)} {what}, and {who}", hint=hint)


def names_of(kind: type[Any]) -> set[str]:
    return {option.name for option in options_of(kind)}


def every_option(options_for: OptionsOf) -> dict[str, Option]:
    """The options of all tasks by name."""
    return {option.name: option for task in TASKS.values() for option in options_of(options_for(task))}


def flag_of(name: str) -> str:
    """The option as it is written on the command line."""
    for options_for in (lambda task: task.training_options, lambda task: task.evaluation_options):
        if option := every_option(options_for).get(name):
            return option.flag.partition("/")[0]
    return f"--{name.replace('_', '-')}"


def all_files() -> frozenset[str]:
    """The names of the files that the tasks' models have."""
    return frozenset(name for task in TASKS.values() for name in task.directory.files)


def check_processes(task: Task[Any], processes: Processes, paths: Sequence[str]) -> None:
    """Raises UsageError for what several processes cannot do."""
    if processes.size == 1:
        return
    if not task.several_processes:
        raise UsageError(f"{task.title}s train in one process", hint="start charnn itself, without torchrun")
    for path in paths:
        if path == "-" or (os.path.exists(path) and not os.path.isfile(path)):
            name = "standard input" if path == "-" else path
            raise UsageError(f"{name}: several processes cannot read it", hint="name a file, which each of them reads")


def _no_directory(kind: type[D]) -> D:
    raise AssertionError("a run that is resumed has its directory")


def _listed(name: str, value: Any) -> Any:
    """A single path where several may be named is a list of one; other paths are text."""
    option = every_option(lambda task: task.training_options).get(name)
    if option is not None and option.type == (list[str] | None):
        value = [value] if isinstance(value, str | os.PathLike) else value
        return [os.fspath(path) for path in value]
    return os.fspath(value) if isinstance(value, os.PathLike) else value
