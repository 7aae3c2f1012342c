"""Finds the task that is meant: by its name, by the options that are given, or by what the data look like."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from charnn.checkpoint.directory import CONFIG, ModelDirectory
from charnn.checkpoint.files import of_writer
from charnn.corpora.columns import NAME, header_of, without_its_tabs
from charnn.corpora.foreign import foreign_format, looks_like_table
from charnn.corpora.keys import keys_of_first, lists_of_words
from charnn.corpora.sources import peek
from charnn.corpora.tables import SHOWN, Table
from charnn.errors import CharnnWarning, CorpusError, ModelFormatError, UsageError
from charnn.readable import first_few, listed
from charnn.tasks.options import DATA, Option, options_of
from charnn.tasks.table import FALLBACK, TASKS
from charnn.tasks.task import Task

OptionsOf = Callable[[Task[Any]], type[Any]]
"""The class of a task's options for one command."""


def task_of(model: ModelDirectory) -> Task[Any]:
    """The task of a model. Raises ModelFormatError where config.json is damaged or names one that is not known."""
    name = model.task()
    if name not in TASKS:
        hint = of_writer(model.document())
        raise ModelFormatError(f"{model.path / CONFIG}: the task {name!r:.30} is not known", hint=hint)
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
        _say_what_else_it_is(path, left, given, options_for, encoding)
        return left[0]
    if TASKS[FALLBACK] in left and _say_what_else_it_is(path, left, given, options_for, encoding):
        return TASKS[FALLBACK]
    without_texts = next((name for name in given if TASKS[FALLBACK] not in tasks_having(name, options_for)), None)
    return recognized(path, left, encoding=encoding, option="" if without_texts is None else flag_of(without_texts))


def _say_what_else_it_is(
    path: str, left: Sequence[Task[Any]], given: Collection[str], options_for: OptionsOf, encoding: str
) -> bool:
    """Warns where the file is surely data of another task than those that the given options leave, and none of these
    options says how data are read: whoever asks for a backwards model has not said that a treebank is a text. Says
    whether it did."""
    task = left[0] if len(left) == 1 else TASKS[FALLBACK]
    options = {one.name: one for one in options_of(options_for(task)) if one.name in given}
    if len(left) == len(TASKS) or any(one.panel in DATA for one in options.values()):
        return False
    sample = peek(path, encoding=encoding)
    found = {one: recognition for one in TASKS.values() if (recognition := one.recognizes(sample)) is not None}
    sure = [one for one, recognition in found.items() if recognition.is_sure]
    if not sure or any(one in sure for one in left):
        return False
    own, having = next((flag_of(n), one) for n in options if sure[0] not in (one := tasks_having(n, options_for)))
    article = "" if task.name == FALLBACK else "a "
    _guessed(
        f"{path} has {found[sure[0]].reason}, and is read as {article}{task.data_in_singular}, since {own} is for "
        f"{listed(one.data for one in having)}; without {own} it is read as a {sure[0].data_in_singular}",
        "",
    )
    return True


@contextmanager
def naming_the_task(told_by_content: Task[Any] | None) -> Iterator[None]:
    """Errors within name the option that says otherwise, where the data's look alone told the task.

    A text can look like data of another task, and then what is wrong with these is not what is wrong. What begins with
    an option is about its value, whatever the data are.
    """
    try:
        yield
    except (CorpusError, UsageError) as error:
        is_of_data = told_by_content is not None and not str(error).startswith("--")
        if is_of_data and told_by_content is not TASKS[FALLBACK]:
            otherwise = f"--task {FALLBACK} takes the file for text"
            error.hint = f"{error.hint}; {otherwise}" if error.hint else otherwise
        raise


def task_named(name: str) -> Task[Any]:
    if name not in TASKS:
        raise UsageError(f"--task {name}: no such task", hint=f"there are {', '.join(TASKS)}")
    return TASKS[name]


def tasks_having(name: str, options_for: OptionsOf) -> list[Task[Any]]:
    return [task for task in TASKS.values() if name in names_of(options_for(task))]


def tasks_with(given: Collection[str], options_for: OptionsOf) -> list[Task[Any]]:
    """The tasks that have all of these options. Raises UsageError where there is none."""
    left = list(TASKS.values())
    seen = list[tuple[str, Task[Any]]]()
    for name in given:
        owners = tasks_having(name, options_for)
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


def recognized(path: str, tasks: Collection[Task[Any]], *, encoding: str, option: str = "") -> Task[Any]:
    """The task whose kind of data the file is. Where that is a guess, a warning says so, and which option says
    otherwise. Raises UsageError where the file looks like data of several, or of none of the `tasks`, which may be
    those that have an `option`."""
    sample = peek(path, encoding=encoding)
    if (foreign := foreign_format(sample.encode("utf-8", "surrogateescape"))) is not None and not foreign.is_text:
        return TASKS[FALLBACK] if TASKS[FALLBACK] in tasks else next(iter(tasks))  # reading it will say what it is
    found = {task: recognition for task in tasks if (recognition := task.recognizes(sample)) is not None}
    sure = [task for task, recognition in found.items() if recognition.is_sure]
    left = sure or list(found)
    if len(left) > 1:
        names = " or ".join(f"--task {task.name}" for task in left)
        raise UsageError(f"{path}: this may be {_kinds(left)}", hint=f"say which with {names}")
    if left:
        if not sure:
            others = " or ".join(f"--task {task.name}" for task in tasks if task is not left[0])
            reads = f"{others} reads it otherwise" if others else ""
            _guessed(f"{path} is read as a {left[0].data_in_singular}: it has {found[left[0]].reason}", reads)
        return left[0]
    fallback = TASKS[FALLBACK]
    if fallback not in tasks:
        names = " or ".join(f"--task {task.name}" for task in tasks)
        why = f", which {option} is for" if option else ""
        raise UsageError(f"{path}: looks like none of {_kinds(list(tasks))}{why}", hint=f"say what it is with {names}")
    if warning := _not_prose(path, sample):
        warnings.warn(f"{path} {warning}", CharnnWarning, stacklevel=2)
        return fallback
    if without_tabs := without_its_tabs(sample, path):
        _guessed(f"{path} is read as {fallback.data_in_singular}: {without_tabs}", "")
        return fallback
    for looks_like, readers in _resemblances(sample, tasks):
        _guessed(f"{path} is read as {fallback.data_in_singular}: it has {looks_like}", _readings(readers))
    return fallback


def _resemblances(sample: str, tasks: Collection[Task[Any]]) -> list[tuple[str, list[Task[Any]]]]:
    """What the text looks like, though no task recognizes it, and the tasks that could read it. What is said more
    exactly, after a comma, is the same look."""
    found = dict[str, tuple[str, list[Task[Any]]]]()
    for task in tasks:
        if looks_like := task.resembles(sample):
            found.setdefault(looks_like.partition(",")[0], (looks_like, []))[1].append(task)
    return list(found.values())


def _not_prose(path: str, sample: str) -> str | None:
    """What to say of a text that is markup or a table, which a language model learns with all that is in it."""
    table = looks_like_table(sample) or ("a list of JSON objects" if Table(sample, path).is_list_of_objects else None)
    found = foreign_format(sample.encode("utf-8", "surrogateescape"))
    if found is not None and found.is_text and (table is None or found.what != "JSON"):
        return f"looks like {found.what}, and is read as text; {found.hint}"
    if table is None and Table(sample, path).is_csv:
        table = "CSV by its name"
    if table is not None:
        names = keys_of_first(sample) if "JSON" in table else header_of(Table(sample, path).start())
        if "JSON" in table and len(lists := lists_of_words(sample)) > 1:
            columns = ", ".join(f".{key}" for key in lists)
            return (
                f"looks like {table} with words and their tags, and is read as text; a tagger reads columns, which "
                f"jq -r '([{columns}] | transpose[] | @tsv), \"\"' makes of objects on lines"
            )
        are = f" ({first_few(names, SHOWN)})" if names and all(map(NAME.fullmatch, names)) else ""
        name = "NAME" if are or "JSON" in table else "NUMBER"
        return (
            f"looks like {table}, and is read as text; --text {name} and --label {name} read its columns{are}, with "
            f"--task classifier to learn the labels or with --conditioned to write texts of a label, and --source "
            f"{name} and --target {name} learn one column from another"
        )
    return None


def _kinds(tasks: Sequence[Task[Any]]) -> str:
    return " or ".join(task.data for task in tasks)


def _readings(tasks: Sequence[Task[Any]]) -> str:
    """Which option reads the file as what."""
    each = [
        f"--task {task.name}{' reads it' if task is tasks[0] else ''} as a {task.data_in_singular}" for task in tasks
    ]
    return listed(each)


def _guessed(what: str, otherwise: str) -> None:
    """Says what was guessed, and which options say otherwise, if there are any."""
    warnings.warn(f"{what}{f'; {otherwise}' if otherwise else ''}", CharnnWarning, stacklevel=3)


def refuse_others(
    task: Task[Any], given: Collection[str], options_for: OptionsOf, who: str, hint: str | None = None
) -> None:
    """Raises UsageError for an option that the task does not have; `who` says whose it would have to be."""
    own = names_of(options_for(task))
    for name in given:
        if name not in own:
            owners = [other.data for other in tasks_having(name, options_for)]
            what = f"is for {listed(owners)}" if owners else "is no option here"
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
