"""What `charnn train` shows while it trains: a live view on a terminal, elsewhere a plain line for each validation."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
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
from charnn.readable import duration
from charnn.training.report import Report

PREVIEW_INTERVAL = 5.0
"""The least number of seconds between two previews."""
SHORT = {"character": "char"}

Preview = Callable[[Report], str]
"""Makes something to look at with the network as it is now: a sample of text, or a tagged sentence."""


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


class LiveView:
    """Shows the run in a few lines that redraw themselves, and that stay on the terminal when the run has ended."""

    def __init__(self, preview: Preview, title: str, measured: str = "valid") -> None:
        """`title` stands over what `preview` gives; `measured` is that of `PlainLines`."""
        self._preview, self._title, self._measured = preview, title, measured
        self._report: Report | None = None
        self._scores: Validation | None = None
        self._best: Validation | None = None
        self._shown = ""
        self._shown_at = -PREVIEW_INTERVAL
        self._live = Live(console=Console(stderr=True), get_renderable=self._render, refresh_per_second=4)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()
        sys.stderr.flush()

    def step(self, report: Report) -> None:
        self._report = report

    def validation(self, report: Report, scores: Validation, *, best: bool) -> None:
        record_validation(report, scores, best=best)
        self._report, self._scores = report, scores
        self._best = scores if best else self._best
        if time.monotonic() - self._shown_at >= PREVIEW_INTERVAL:
            self._shown = self._preview(report)
            self._shown_at = time.monotonic()

    def _render(self) -> RenderableType:
        report = self._report
        if report is None:
            return Text("starting ...", style="dim")
        bar = Table.grid(padding=(0, 1), expand=True)
        bar.add_column(ratio=1)
        bar.add_column(justify="right")
        done = min(report.fraction, 1.0)
        bar.add_row(ProgressBar(total=1.0, completed=done), f"{done:4.0%}  {duration(seconds_left(report))} left")
        table = Table.grid(padding=(0, 2))
        table.add_row("step", f"{report.step:,}, epoch {report.epoch:.2f}, {_speed(report)}")
        table.add_row("train", f"{report.training_nats:.4f} nats/{SHORT.get(report.unit, report.unit)}")
        if self._scores is not None:
            table.add_row(self._measured, self._scores.summary)
        if self._best is not None:
            table.add_row("best", f"{self._best.summary}, step {self._best.step:,}")
        parts: list[RenderableType] = [bar, table]
        if self._shown:
            parts.append(Panel(Text(for_terminal(self._shown.strip())), title=self._title, title_align="left"))
        return Group(*parts)


def _speed(report: Report) -> str:
    return f"{report.units_per_second:,.0f} {SHORT.get(report.unit, report.unit)}/s"
