"""docs/options.md is what the commands say of themselves, and what they say are sentences."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from charnn.cli.reference import reference
from charnn.tasks.options import options_of
from charnn.tasks.table import TASKS
from tests.commands import CHARNN
from tests.paths import ROOT

COMMANDS = {"charnn": CHARNN, **CHARNN.commands}
for _name, _group in CHARNN.commands.items():
    COMMANDS |= {f"{_name} {inner}": command for inner, command in getattr(_group, "commands", {}).items()}


def helps(name: str) -> Iterator[tuple[str, str]]:
    """Each text of help of a command, its options and arguments, or of the options of a task, after a name for it."""
    if name in TASKS:
        for kind in (TASKS[name].training_options, TASKS[name].evaluation_options):
            yield from ((option.flag, option.help) for option in options_of(kind))
        return
    yield name, COMMANDS[name].help or ""
    for parameter in COMMANDS[name].params:
        if text := getattr(parameter, "help", None):
            yield "/".join(parameter.opts), text
        else:
            assert parameter.name == "help" or getattr(parameter, "hidden", False), parameter.name


def test_the_page_of_options_is_what_the_commands_say() -> None:
    page = (ROOT / "docs" / "options.md").read_text(encoding="utf-8")
    assert page == reference(), "docs/options.md is not what the commands say: run `make docs`"


@pytest.mark.parametrize("name", [*COMMANDS, *TASKS])
def test_help_is_made_of_sentences(name: str) -> None:
    """Its first paragraph begins with a capital and ends with a full stop, and no sentence of it begins with "Of"."""
    for what, text in helps(name):
        paragraphs = [" ".join(paragraph.split()) for paragraph in re.split(r"\n\s*\n", text.replace("\b", ""))]
        first = paragraphs[0]
        assert first, f"{what} has no help"
        assert first[0].isupper(), (what, first)
        assert first.endswith("."), (what, first)
        for paragraph in paragraphs:
            assert not re.search(r"(^|[.:!?] )Of ", paragraph), (what, paragraph)
