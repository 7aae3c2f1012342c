"""Runs that a test starts from data that it has read itself."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from charnn.tasks.task import Run
from charnn.training.distributed.processes import ALONE

PLAIN: dict[str, Any] = {"device": "cpu", "precision": "fp32", "patience": 0}
"""Settings of runs that repeat, and that end with their budget."""


def into(path: Path, thread_counts: Sequence[int] | None = None) -> Run:
    """A run of this process alone, which makes its directory at that path."""
    return Run((), lambda kind: kind.create(path), ALONE, thread_counts)
