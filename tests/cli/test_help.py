"""--help: for every command, whole on a terminal of 80 columns."""

from __future__ import annotations

import os

import pytest

from charnn import __version__
from charnn.cli import commands, this_process
from tests.commands import CHARNN

COMMANDS = ["train", "sample", "tag", "score", "eval", "novelty", "recall", "info"]


@pytest.fixture
def help_of(charnn, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "dumb")
    return lambda *command: charnn(*command, "--help")


@pytest.mark.parametrize("command", [[], *([name] for name in COMMANDS)], ids=["charnn", *COMMANDS])
def test_help_is_a_result_and_fits_80_columns(help_of, command):
    result = help_of(*command)
    assert result.code == 0
    assert result.err == ""
    assert "Usage:" in result.text
    assert max(map(len, result.text.splitlines())) <= 80


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_shown_whole(help_of, name):
    text = help_of(name).text
    words = set(text.replace(",", " ").split())
    command = CHARNN.commands[name]
    for parameter in command.params:
        if parameter.param_type_name == "option":
            assert words.issuperset(parameter.opts)
    assert "…" not in text


def test_every_command_is_in_the_help(help_of):
    words = help_of().text.split()
    assert set(COMMANDS) <= set(words)


def every_command(command, *path):
    yield path, command
    for name, inner in getattr(command, "commands", {}).items():
        yield from every_command(inner, *path, name)


def test_help_shows_every_word_that_a_command_says_of_itself(help_of):
    for path, command in every_command(CHARNN):
        missing = set((command.help or "").split()) - set(help_of(*path).text.split())
        assert not missing, (path, missing)


def test_short_help_is_the_same(charnn):
    assert charnn("sample", "-h").out == charnn("sample", "--help").out


def test_version_is_one_line_on_stdout(charnn):
    result = charnn("--version")
    assert (result.code, result.text, result.err) == (0, f"charnn {__version__}\n", "")


@pytest.mark.parametrize("option", ["--model", "--json"])
@pytest.mark.parametrize("name", ["sample", "eval", "info"])
def test_options_mean_the_same_in_every_command(option, name):
    commands = CHARNN.commands
    found = [p for p in commands[name].params if option in p.opts]
    (reference,) = (p for p in commands["sample"].params if option in p.opts)
    assert [(p.opts, p.help) for p in found] == [(reference.opts, reference.help)]


def test_what_the_help_of_charnn_says_of_a_command_is_how_its_own_help_begins():
    for name, command in {**commands.COMMANDS, **commands.GROUPS}.items():
        assert command.summary == " ".join(CHARNN.commands[name].help.partition("\n\n")[0].split()), name


def test_a_terminal_of_no_columns_is_one_that_does_not_say_how_wide_it_is(monkeypatch):
    for width, kept in (("0", None), ("", None), ("100", "100")):
        monkeypatch.setenv("COLUMNS", width)
        this_process.pass_over_no_width()
        assert os.environ.get("COLUMNS") == kept
