"""What `charnn train` shows while it trains: a line for each validation, or, on a terminal, a view that changes."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from itertools import pairwise
from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from charnn.cli.console import for_terminal, is_quiet, record, say
from charnn.config.model import Validation
from charnn.corpora.progress import watched_by
from charnn.readable import duration
from charnn.training.report import Report

SHORT = {"character": "char"}


def seconds_left(report: Report) -> float:
    """The seconds that the rest of the budget takes at the pace so far, infinite before any of it is spent."""
    return report.seconds * (1 - report.fraction) / report.fraction if report.fraction else float("inf")


def record_validation(report: Report, scores: Validation, *, best: bool) -> None:
    """Keeps the figures of a validation in the log, if there is one."""
    figures = {"training_nats": report.training_nats, "fraction": round(report.fraction, 4)}
    record("validation", {**scores.to_json(), **figures, "best": best})


class PlainLines:
    """Prints a line on stderr for each validation."""

    def __init__(self, measured: str = "valid") -> None:
        """`measured` says in a word or two what a validation measures."""
        self._measured = measured

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def step(self, report: Report) -> None:
        pass

    def validation(self, report: Report, scores: Validation, *, best: bool) -> None:
        record_validation(report, scores, best=best)
        if is_quiet():
            return
        say(
            f"step {report.step:>6}  epoch {report.epoch:7.2f}  train {report.training_nats:.4f}  "
            f"{self._measured} {scores.summary}  {_speed(report):>16}  {duration(seconds_left(report))} left"
            + ("  *" if best else "")
        )


def short_unit(report: Report) -> str:
    """The unit of losses and speeds in a few letters."""
    return SHORT.get(report.unit, report.unit)


def _speed(report: Report) -> str:
    return f"{report.units_per_second:,.0f} {short_unit(report)}/s"


SAMPLE_INTERVAL = 4.0
"""The least number of seconds between two samples."""
SAMPLE_COST = 0.05
"""Samples may take this fraction of the time. They come less often where they would take more."""
SPARKS = "▁▂▃▄▅▆▇█"
SPARKLINE = 32
"""The most characters of the sparkline."""
MOST_LOSSES = 8192
"""Where there are more losses, every other one is forgotten."""
LINES_BESIDE = 10
"""The lines of the terminal that are not the sample's."""

Preview = Callable[[Report], str]
"""Makes something to look at with the network as it is now: a sample of text, or a tagged sentence."""


class LiveView:
    """Shows how a run goes. The last lines stay on the terminal when it has ended."""

    def __init__(self, preview: Preview, title: str, measured: str = "valid") -> None:
        """`title` says what `preview` gives; `measured` says in a word or two what a validation measures."""
        self._preview, self._title, self._measured = preview, title, measured
        self._report: Report | None = None
        self._losses = list[float]()
        self._scores: Validation | None = None
        self._best: Validation | None = None
        self._sample, self._sample_step, self._sample_due = "", 0, 0.0
        self._before = "starting ..."
        self._watching = ExitStack()
        self._console = Console(stderr=True)
        self._live = Live(console=self._console, get_renderable=self._render, refresh_per_second=4)

    def __enter__(self) -> Self:
        self._watching.enter_context(watched_by(self._prepares))
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._watching.close()
        self._live.stop()
        sys.stderr.flush()

    def step(self, report: Report) -> None:
        self._report = report
        if math.isfinite(report.training_nats):
            self._losses.append(report.training_nats)
        if len(self._losses) > MOST_LOSSES:
            del self._losses[::2]
        began = time.monotonic()
        if began >= self._sample_due:
            self._sample, self._sample_step = self._preview(report), report.step
            took = time.monotonic() - began
            self._sample_due = began + max(SAMPLE_INTERVAL, took / SAMPLE_COST)

    def validation(self, report: Report, scores: Validation, *, best: bool) -> None:
        record_validation(report, scores, best=best)
        self._report, self._scores = report, scores
        self._best = scores if best else self._best

    def _prepares(self, what: str, done: float) -> None:
        self._before = f"{what}: {done:.0%}"

    def _render(self) -> RenderableType:
        report = self._report
        if report is None:
            return Text(self._before, style="dim")
        bar = Table.grid(padding=(0, 1), expand=True)
        bar.add_column(ratio=1)
        bar.add_column(justify="right")
        done = min(report.fraction, 1.0)
        bar.add_row(ProgressBar(total=1.0, completed=done), f"{done:4.0%}  {duration(seconds_left(report))} left")
        table = Table.grid(padding=(0, 2))
        unit = short_unit(report)
        passes = f"{report.epoch:.2f} times through the data"
        table.add_row("read", f"{passes}, {report.units_per_second:,.0f} {unit}/s, step {report.step:,}")
        line = sparkline(self._losses, SPARKLINE) if self._can_show_sparks() else ""
        table.add_row("loss", f"{line} {report.training_nats:.4f} nats/{unit}".strip())
        if self._scores is not None:
            table.add_row(self._measured, self._scores.summary)
        if self._best is not None and self._best is not self._scores:
            table.add_row("best", f"{self._best.summary}, step {self._best.step:,}")
        parts: list[RenderableType] = [bar, table, Text(_explained(report), style="dim")]
        if self._sample:
            parts.append(self._panel())
        return Group(*parts)

    def _panel(self) -> Panel:
        width = max(self._console.width - 4, 1)
        lines = Text(for_terminal(self._sample.strip())).wrap(self._console, width)
        most = max(self._console.height - LINES_BESIDE, 1)
        shown = Text("\n").join(lines[:most])
        return Panel(shown, title=f"{self._title}, at step {self._sample_step:,}", title_align="left")

    def _can_show_sparks(self) -> bool:
        try:
            SPARKS.encode(self._console.encoding)
        except (UnicodeEncodeError, LookupError):
            return False
        return True


def sparkline(values: Sequence[float], width: int) -> str:
    """The values as a row of at most so many bars, the highest for the largest; each bar is a mean of neighbours."""
    bars = min(len(values), width)
    bounds = [len(values) * bar // bars for bar in range(bars + 1)] if bars else []
    means = [sum(values[a:b]) / (b - a) for a, b in pairwise(bounds)]
    if not means:
        return ""
    low, high = min(means), max(means)
    scale = (len(SPARKS) - 1) / (high - low) if high > low else 0.0
    return "".join(SPARKS[round((mean - low) * scale)] for mean in means)


def _explained(report: Report) -> str:
    answer = "the next character" if report.unit == "character" else "the right answer"
    return f"nats say how much {answer} surprises it: 0 is not at all"
