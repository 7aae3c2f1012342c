"""docs/options.md is what the commands say of themselves, and what they say are sentences."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import typer

from charnn.cli.main import app
from charnn.cli.reference import reference
from charnn.tasks import TASKS
from charnn.tasks.options import options_of
from tests.paths import ROOT

CHARNN: Any = typer.main.get_command(app)
COMMANDS = {"charnn": CHARNN, **CHARNN.commands}
for _name, _group in CHARNN.commands.items():
    COMMANDS |= {f"{_name} {inner}": command for inner, command in getattr(_group, "commands", {}).items()}


def helps() -> Iterator[tuple[str, str]]:
    """Each text of help with a name for it: of commands, their options and arguments, and the options of tasks."""
    for name, command in COMMANDS.items():
        yield name, command.help or ""
        for parameter in command.params:
            if text := getattr(parameter, "help", None):
                yield f"{name} {'/'.join(parameter.opts)}", text
            else:
                assert parameter.name == "help" or getattr(parameter, "hidden", False), f"{name} {parameter.name}"
    for name, task in TASKS.items():
        for kind in (task.training_options, task.evaluation_options):
            yield from ((f"{name} {option.flag}", option.help) for option in options_of(kind))


HELPS = dict(helps())


def test_the_page_of_options_is_what_the_commands_say() -> None:
    page = (ROOT / "docs" / "options.md").read_text(encoding="utf-8")
    assert page == reference(), "docs/options.md is not what the commands say: run `make docs`"


@pytest.mark.parametrize("name", HELPS)
def test_help_is_made_of_sentences(name: str) -> None:
    """Its first paragraph begins with a capital and ends with a full stop, and no sentence of it begins with "Of"."""
    paragraphs = [" ".join(paragraph.split()) for paragraph in re.split(r"\n\s*\n", HELPS[name].replace("\b", ""))]
    first = paragraphs[0]
    assert first, "it has no help"
    assert first[0].isupper(), first
    assert first.endswith("."), first
    for paragraph in paragraphs:
        assert not re.search(r"(^|[.:!?] )Of ", paragraph), paragraph
