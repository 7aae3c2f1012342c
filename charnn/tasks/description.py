"""The rows of a description that all tasks have: the files of the data, how training went, and what it came to."""

from __future__ import annotations

from collections.abc import Iterable

from charnn.config import ModelConfig
from charnn.config.model import SourceFile
from charnn.readable import counted, duration
from charnn.tasks.task import Rows


def file_rows(name: str, sources: Iterable[SourceFile]) -> Rows:
    return [(name, f"{source.path}: {source.characters:,} characters") for source in sources]


def training_row(config: ModelConfig, batch: str, *further: str) -> tuple[str, str]:
    """How long the run took and how it was made, where `batch` says what a batch has; with `further` remarks."""
    record = config.record
    how = ", ".join([f"{record.precision} on {record.device}", *further])
    return (
        "training",
        f"{duration(record.seconds)}, {counted(record.steps, 'step')}, {record.epochs:.1f} epochs, {batch} a batch, "
        f"{how}; seed {config.training.seed}; {record.ending}",
    )


def score_rows(config: ModelConfig, *, held_out: bool) -> Rows:
    """The scores of the weights that were kept; none where there was no validation."""
    scores = config.scores
    if scores is None:
        return []
    return [("best" if held_out else "own data", f"{scores}, after {duration(scores.seconds)}")]


def int8_row(speed_ratio: float, cost: str, *, used: bool, use: str) -> tuple[str, str]:
    """How fast int8 is and what it costs, and whether it is used for `use`."""
    return ("int8", f"{speed_ratio:.1f} times as fast, {cost}; {'used' if used else 'not used'} for {use}")
