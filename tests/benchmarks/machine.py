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
    processor = names[0] if names else platform.processor()
    return f"{processor}, {len(cores())} cores; {platform.system()}, Python {platform.python_version()}, {versions}"


def cores() -> list[int]:
    """The cores that this process may use."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else list(range(os.cpu_count() or 1))


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


def means(values: Sequence[float], form: str = ",.0f", unit: str = "") -> str:
    """The mean, and the lowest and highest beside it where there are several."""
    around = f" ({min(values):{form}} to {max(values):{form}})" if len(values) > 1 else ""
    return f"{statistics.fmean(values):{form}}{unit}{around}"


def ratio(above: Sequence[float], below: Sequence[float]) -> str:
    """The median of the ratios round by round, and their range."""
    return spread([a / b for a, b in zip(above, below, strict=True)], ".2f", "x")
