"""What becomes of a result that is not sure enough: --min-confidence and --unsure, which mean the same everywhere."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import typer

from charnn.errors import UsageError

UNSURE = "_"
"""What is written in the place of what is not sure enough, unless --unsure says otherwise. JSON has null there."""


def min_confidence(help: str) -> Any:
    return typer.Option("--min-confidence", metavar="P", min=0, max=1, help=help, show_default=False)


def unsure(help: str, metavar: str = "TEXT") -> Any:
    return typer.Option("--unsure", metavar=metavar, help=help, show_default=f"{UNSURE}, and null in JSON")


class Threshold(NamedTuple):
    """How probable a result must be, and what is written in the place of one that is not."""

    least: float | None
    """Every result will do where this is None."""
    named: str | None
    """What --unsure was given."""

    @classmethod
    def of(cls, least: float | None, named: str | None, what: str) -> Threshold:
        """What the two options ask for. Raises UsageError for a text that takes the place of `what` is not sure enough,
        where nothing says what that is, and for one that lines and columns have no room for."""
        if named is not None and least is None:
            raise UsageError(
                f"--unsure {named}: takes the place of {what} below --min-confidence P", hint="give that too"
            )
        if named is not None and re.search(r"[\t\r\n]", named):
            raise UsageError(
                f"--unsure {named!r}: a result stands on a line, between tabs", hint="give it without them"
            )
        return cls(least, named)

    @property
    def replacement(self) -> str:
        """What stands in lines for what is not sure enough."""
        return UNSURE if self.named is None else self.named

    def rules_out(self, probability: float) -> bool:
        return self.least is not None and probability < self.least

    def in_line(self, result: str, probability: float) -> str:
        """How a line has a result."""
        return self.replacement if self.rules_out(probability) else result

    def in_json(self, result: str, probability: float) -> str | None:
        """How JSON has a result."""
        return self.named if self.rules_out(probability) else result
