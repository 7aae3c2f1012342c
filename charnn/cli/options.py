"""Options that mean the same in every command."""

from __future__ import annotations

import re
from typing import Annotated, Literal

import typer

from charnn.errors import UsageError

InferencePrecision = Literal["auto", "fp32", "int8"]

Model = Annotated[
    str | None,
    typer.Option(
        "--model",
        "-m",
        metavar="NAME|PATH",
        help="A model directory, or its name under checkpoints/. Default: $CHARNN_MODEL, else the newest one there.",
        show_default=False,
    ),
]
Seed = Annotated[
    int | None,
    typer.Option(
        "--seed", min=0, help="Makes the run repeatable. Default: another one every time.", show_default=False
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line on stdout.")]

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def seconds(text: str) -> float:
    """The seconds in `90`, `90s`, `3m`, `1.5h`, `1h30m`. Raises UsageError."""
    parts = re.findall(r"(\d+(?:\.\d+)?)([smhd]?)", text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise UsageError(f"--time {text}: not a duration", hint="write it like 90s, 3m, 1.5h or 1h30m")
    return sum(float(number) * _UNITS[unit or "s"] for number, unit in parts)
