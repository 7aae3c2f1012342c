"""What `charnn train` says while it trains: a line for each validation, where there is no terminal to redraw."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from charnn.cli.console import is_quiet, record, say
from charnn.config.model import Validation
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
