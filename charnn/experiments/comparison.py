"""Trains the same network of several cells on the same data, under the same budget, and says what each came to."""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from charnn import api
from charnn.cells import CELLS
from charnn.checkpoint.directory import ModelDirectory, has_config
from charnn.checkpoint.locate import ROOT
from charnn.corpora.unpacking import is_pipe
from charnn.errors import CharnnWarning, UsageError
from charnn.tasks.description import parameters_of

if TYPE_CHECKING:
    from charnn.config.model import Result, Validation
    from charnn.training.distributed.processes import Processes
    from charnn.training.loop import Outcome
    from charnn.training.session import Session

Runner = Callable[["Session[Any]", str], "Outcome"]
"""Runs a session to its end; it is told which cell the session is of, in words."""


@dataclass(frozen=True)
class ComparedRun:
    """What a run with one cell came to."""

    cell: str
    model: ModelDirectory
    outcome: Outcome
    parameters: int
    alone: Validation | None
    """What its network reaches by itself, on held-out data."""
    result: Result | None
    """What the model reaches as it is used. It is `alone` where nothing stands beside the network."""
    seconds: float
    """Those of training."""
    processors: float
    """How many processors it kept busy on average: the time of the processor over that of the clock, validations and
    all that came after training counted. Below 1 it had to wait, for another program or for the disk."""
    characters: float
    """How many characters it learned from, each counted as often as that happened."""

    @property
    def has_more_than_network(self) -> bool:
        """Whether something stands beside the network in the model."""
        return self.result != self.alone

    def to_json(self) -> dict[str, Any]:
        """Among the scores of the model as it is used, `network` has those of the network by itself where they are
        others."""
        scores = {} if self.result is None else self.result.to_json()
        if self.alone is not None and self.has_more_than_network:
            scores["network"] = self.alone.to_json()
        own = {
            "model": str(self.model.path), "cell": self.cell, "outcome": self.outcome, "parameters": self.parameters,
            "training_seconds": round(self.seconds, 2), "processors": round(self.processors, 3),
            "characters": round(self.characters),
        }  # fmt: skip
        return {**own, **scores, **own}


def compare(
    corpus: Sequence[str],
    task: str | None,
    values: Mapping[str, Any],
    cells: Sequence[str],
    run: Runner,
    *,
    folder: Path = ROOT,
    overwrite: bool = False,
    processes: Processes,
    thread_counts: Sequence[int] | None = None,
) -> Iterator[ComparedRun]:
    """Trains one model of each cell, one after the other, and gives what each came to once it has.

    Their directories are `folder/<stem of the corpus>-<cell>`. Where one is interrupted it is the last. Raises
    UsageError for cells that there are not and for data that can be read only once, before anything is trained.
    """
    for cell in cells:
        if cell not in CELLS:
            raise UsageError(f"--cells {cell}: no such cell", hint=f"there are {', '.join(CELLS)}")
    if len(set(cells)) < max(len(cells), 2):
        raise UsageError(f"--cells {','.join(cells)}: name two different cells or more")
    if not corpus:
        raise UsageError("no corpus to learn from", hint="name a text file or a folder")
    if path := next((path for path in corpus if path == "-" or is_pipe(path)), None):
        raise UsageError(f"{path}: the data are read several times, and a pipe can be read once", hint="save it")
    stem = Path(os.path.abspath(corpus[0].removesuffix(".gz"))).stem
    paths = {cell: folder / f"{stem}-{cell}" for cell in cells}
    if not overwrite and (there := next((path for path in paths.values() if has_config(path)), None)):
        raise UsageError(f"{there} exists", hint="replace it with --overwrite, or name another folder with --in")
    for number, cell in enumerate(cells):
        with warnings.catch_warnings():
            if number:  # what there is to say of the data has been said
                warnings.simplefilter("ignore", CharnnWarning)
            session = api.start(
                corpus, task, {**values, "cell": cell}, out=paths[cell], overwrite=overwrite, processes=processes,
                thread_counts=thread_counts,
            )  # fmt: skip
        clock, processor = time.perf_counter(), time.process_time()
        outcome = run(session, cell)
        processors = (time.process_time() - processor) / max(time.perf_counter() - clock, 1e-9)
        record = session.config.record
        yield ComparedRun(
            cell, ModelDirectory(paths[cell]), outcome, parameters_of(session.directory), session.config.scores,
            session.config.result, record.seconds, processors, session.characters,
        )  # fmt: skip
        if outcome == "interrupt":
            return
