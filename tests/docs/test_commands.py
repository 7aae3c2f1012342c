"""Every command that a page of the documentation names is there, with the options that it is given."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.commands import CHARNN
from tests.paths import ROOT

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), ROOT / "data" / "README.md"]
PROGRAM = (ROOT / "tests" / "benchmarks" / "__main__.py").read_text("utf-8")
each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def commands(page: Path) -> Iterator[str]:
    """What stands between backquotes, on one line; and the lines of blocks, of which some are output or Python."""
    text = page.read_text("utf-8")
    yield from re.findall(r"^(?: {4})(?:\$ )?(.*)$", text, re.MULTILINE)
    fence = re.compile(r"^```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
    for block in fence.findall(text):
        yield from block.splitlines()
    yield from (" ".join(code.split()).replace("\\|", "|") for code in re.findall(r"`([^`]+)`", fence.sub("", text)))


def calls(page: Path, program: str) -> Iterator[list[str]]:
    """The words after the program in each command line that begins with it, alone or in a pipeline."""
    before = r"(?:[\w.]+=\S+ |\S*python -m |time )*"
    for line in commands(page):
        for stage in re.split(r" \|\|? | && |; ", line):
            if found := re.fullmatch(rf"{before}{re.escape(program)} (.+)", stage):
                with suppress(ValueError):  # a sentence, with an apostrophe in it
                    yield shlex.split(found[1], comments=True)


@each_page
def test_each_option_of_a_command_is_one_that_it_has(page: Path) -> None:
    for words in calls(page, "charnn"):
        command = CHARNN
        rest = list(words)
        while rest and rest[0] in getattr(command, "commands", {}):
            command = command.commands[rest.pop(0)]
        if rest == words:  # charnn itself, or any command
            assert words[0] in ("COMMAND", "--debug", "--help"), words
            continue
        known = {flag for one in command.params for flag in (*one.opts, *one.secondary_opts)} | {"--help", "-h"}
        given = {word.partition("=")[0] for word in rest if re.match(r"--?[a-zA-Z]", word)}
        assert given <= known, (words, given - known)


@each_page
def test_each_part_of_the_benchmarks_is_there_with_its_options(page: Path) -> None:
    parts = set(re.findall(r'^        "([a-z-]+)": ', PROGRAM, re.MULTILINE))
    known = set(re.findall(r'"(--[a-z-]+)"', PROGRAM))
    for corpus, *words in calls(page, "tests.benchmarks"):
        assert corpus
        assert not words or words[0] in {*parts, "PART"}, words
        assert {word for word in words if word.startswith("--")} <= known, words


def test_pages_name_many_commands() -> None:
    """Otherwise the tests above would ask nothing."""
    assert sum(1 for page in PAGES for _ in calls(page, "charnn")) > 150
    assert sum(1 for page in PAGES for _ in calls(page, "tests.benchmarks")) > 30
