"""The command line with all of its commands imported, for tests that look at what each of them says."""

from __future__ import annotations

from typing import Any

import typer

from charnn.cli.commands import application

CHARNN: Any = typer.main.get_command(application())
