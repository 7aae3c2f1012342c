"""Training as it is seen: a live view on a terminal, a plain line a validation anywhere else."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Self

import numpy as np
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from charnn.cli.console import duration, notice
from charnn.config import SamplingConfig, Scores
from charnn.evaluation import bits
from charnn.generation import generate
from charnn.network import NumpyLanguageModel
from charnn.training import Report, Session

SAMPLE = SamplingConfig(temperature=0.7, length=240)
SAMPLE_INTERVAL = 5.0
"""Seconds between samples, at least."""


def seconds_left(report: Report) -> float:
    """At the pace so far. Infinite before anything is spent."""
    return report.seconds * (1 - report.fraction) / report.fraction if report.fraction else float("inf")


class PlainLines:
    """One line a validation on stderr."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def step(self, report: Report) -> None:
        pass

    def validation(self, report: Report, scores: Scores, *, best: bool) -> None:
        notice(
            f"step {report.step:>6}  epoch {report.epoch:7.2f}  train {report.training_nats:.4f}  "
            f"valid {scores.nats_per_character:.4f} nats {scores.bits_per_character:.4f} bits/char  "
            f"{report.characters_per_second:9,.0f} char/s  {duration(seconds_left(report))} left"
            + ("  *" if best else "")
        )


class LiveView:
    """Everything on one screen that redraws itself, and stays as it was at the end."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._report: Report | None = None
        self._scores: Scores | None = None
        self._best: Scores | None = None
        self._sample = ""
        self._sampled_at = -SAMPLE_INTERVAL
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

    def validation(self, report: Report, scores: Scores, *, best: bool) -> None:
        self._report, self._scores = report, scores
        self._best = scores if best else self._best
        if time.monotonic() - self._sampled_at >= SAMPLE_INTERVAL:
            network, tokenizer = NumpyLanguageModel(self._session.network), self._session.tokenizer
            random = np.random.default_rng(report.step)
            may_stop = self._session.config.corpus.ends_are_learned
            self._sample = "".join(generate(network, tokenizer, "", SAMPLE, random, may_stop=may_stop))
            self._sampled_at = time.monotonic()

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
        table.add_row(
            "step", f"{report.step:,}", f"epoch {report.epoch:.2f}", f"{report.characters_per_second:,.0f} char/s"
        )
        table.add_row("train", *_losses(report.training_nats))
        if self._scores is not None:
            table.add_row("valid", *_losses(self._scores.nats_per_character))
        if self._best is not None:
            table.add_row("best", *_losses(self._best.nats_per_character), f"step {self._best.step:,}")
        parts: list[RenderableType] = [bar, table]
        if self._sample:
            parts.append(Panel(Text(self._sample.strip()), title="a sample, temperature 0.7", title_align="left"))
        return Group(*parts)


def _losses(nats: float) -> tuple[str, str]:
    return f"{nats:.4f} nats/char", f"{bits(nats):.4f} bits/char"
