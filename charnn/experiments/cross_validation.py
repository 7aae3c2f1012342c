"""Cross-validation: each part of the data is held out in turn, and then one model learns all of them."""

from __future__ import annotations

import os
import tempfile
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from charnn import api
from charnn.corpora.documents import Fold
from charnn.corpora.unpacking import is_pipe
from charnn.errors import CharnnWarning, TrainingError, UsageError
from charnn.tasks.choosing import task_of
from charnn.tasks.description import write_card
from charnn.tasks.folds import FoldFigures
from charnn.tasks.given import corpus_given, options_given

if TYPE_CHECKING:
    from charnn.training.distributed.processes import Processes
    from charnn.training.loop import Outcome
    from charnn.training.session import Session

Runner = Callable[["Session[Any]", str], "Outcome"]
"""Runs a session to its end; it is told what the session is for, in words."""


def cross_validate(
    corpus: Sequence[str],
    task: str | None,
    values: Mapping[str, Any],
    run: Runner,
    *,
    out: Path | None,
    overwrite: bool,
    processes: Processes,
    thread_counts: Sequence[int] | None = None,
) -> tuple[Session[Any], Outcome, FoldFigures | None]:
    """Trains a model for each of `values["folds"]` parts of the data, without that part, measures it there, and throws
    it away; then trains one of all of the data, which is what is kept. Gives that one's session.

    Each runs under the same budget, and is measured with the weights of its end: to choose its best ones by the part
    that it is measured on would flatter it. Where a run is interrupted, no other begins, and there are no figures.
    Raises UsageError for options that do not go with it, and all that `api.start` and `Session.run` raise.
    """
    count = int(values["folds"])
    _check(count, corpus, values, processes)

    def start(fold: Fold | None, values: Mapping[str, Any], target: Path | None) -> Session[Any]:
        return api.start(
            corpus, task, values, out=target, overwrite=overwrite and fold is None, processes=processes,
            thread_counts=thread_counts, fold=fold,
        )  # fmt: skip

    ends = []
    with tempfile.TemporaryDirectory(prefix="charnn-folds-") as folder:
        for number in range(count):
            with warnings.catch_warnings():
                if number:  # what there is to say of the data has been said
                    warnings.simplefilter("ignore", CharnnWarning)
                session = start(Fold(number, count), values, Path(folder) / str(number))
            outcome = run(session, f"fold {number + 1} of {count}")
            if outcome == "interrupt":
                return session, outcome, None
            history = session.directory.history()
            if outcome == "diverged" or not history:
                raise TrainingError(f"fold {number + 1} of {count} came to no end", hint="lower --learning-rate")
            own = set(session.config.scores.to_json()) if session.config.scores is not None else set()
            last = {key: value for key, value in history[-1].items() if key in own}
            ends.append({**last, **session.figures_of_end()})
        figures = FoldFigures.of_validations(ends)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CharnnWarning)
        session = start(None, {**values, "valid": ["none"]}, out)
    outcome = run(session, "all data")
    session.verdict = f"it learned all of its data; models that lacked the fold that they were measured on: {figures}"
    directory = session.directory
    try:
        figures.write(directory)
        final = task_of(directory)
        write_card(final, final.directory(directory.path))
    except OSError as error:
        why = f"the figures of the folds could not be saved: {error.strerror}"
        raise TrainingError(f"{directory.path}: {why}") from None
    return session, outcome, figures


def _check(count: int, corpus: Sequence[str], values: Mapping[str, Any], processes: Processes) -> None:
    """Raises UsageError for what does not go with a cross-validation."""
    if count < 2:
        raise UsageError(f"--folds {count}: a cross-validation has at least 2 folds")
    if values.get("valid") is not None:
        raise UsageError("--folds holds out each part of the data in turn, and --valid says what is: give one of them")
    if processes.size > 1:
        raise UsageError("--folds trains in one process", hint="start charnn itself, without torchrun")
    if path := next((path for path in corpus if path == "-" or is_pipe(path)), None):
        raise UsageError(f"{path}: --folds reads the data several times, and a pipe can be read once", hint="save it")


def train(
    corpus: Sequence[str | os.PathLike[str]],
    *,
    task: str | None,
    out: str | os.PathLike[str] | None,
    overwrite: bool,
    options: Mapping[str, Any],
) -> Any:
    """Does what `charnn.train` does with `folds`."""
    from charnn.training.distributed.processes import ALONE

    session, _, _ = cross_validate(
        corpus_given(corpus), task, options_given(options),
        lambda session, _: session.run(api.SilentObserver()),
        out=None if out is None else Path(out), overwrite=overwrite, processes=ALONE,
    )  # fmt: skip
    return api.load(session.directory.path)
