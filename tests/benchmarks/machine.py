"""What was measured on, and how repeated measurements are summed up."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path


def description() -> str:
    information = Path("/proc/cpuinfo")
    names = [
        line.partition(":")[2].strip()
        for line in (information.read_text().splitlines() if information.exists() else [])
        if line.startswith("model name")
    ]
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("torch", "onnxruntime", "numpy"))
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    processor = names[0] if names else platform.processor()
    return f"{processor}, {cores} cores; {platform.system()}, Python {platform.python_version()}, {versions}"


def alternate(sides: dict[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """Each side's measurement, `rounds` times, in turn, after one that does not count."""
    for measure in sides.values():
        measure()
    taken: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, measure in sides.items():
            taken[name].append(measure())
    return taken


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def spread(values: Sequence[float], form: str = ",.0f", unit: str = "") -> str:
    """The median, and the lowest and highest beside it."""
    middle = statistics.median(values)
    return f"{middle:{form}}{unit} ({min(values):{form}} to {max(values):{form}})"


def ratio(above: Sequence[float], below: Sequence[float]) -> str:
    """The median of the ratios round by round, and their range."""
    return spread([a / b for a, b in zip(above, below, strict=True)], ".2f", "x")
