"""A line on a terminal says how far what takes long is; it never stands beside what is written, nor in a pipe."""

from __future__ import annotations

import re

import pytest

from charnn.cli import console, notices
from charnn.cli.console import CLEARED

LINES = "the cat sat on the mat.\n" * 9000
"""More than a piece of a file, so that there is something to say."""


@pytest.fixture
def watched(monkeypatch):
    """stderr is taken for a terminal, and what takes no time is shown, too."""
    monkeypatch.setattr(console, "may_redraw", lambda: True)
    monkeypatch.setattr(notices, "PATIENCE", 0.0)
    monkeypatch.setattr(notices, "INTERVAL", 0.0)


def shown(err):
    return [line for line in err.split(CLEARED) if line]


@pytest.mark.parametrize(
    "command", [("score",), ("eval",), ("novelty",), ("plot", "temperature", "--characters", "200", "-o", "t.png")]
)
def test_what_takes_long_says_how_far_it_is_and_takes_the_line_off(charnn, trained, text_file, watched, command):
    text_file(LINES)
    model = (trained.path,) if command[0] == "plot" else ("text.txt", "-m", trained.path)
    options = list(command[2:]) if command[0] == "plot" else list(command[1:])
    first = command[:2] if command[0] == "plot" else command[:1]
    result = charnn(*first, *model, *options)
    assert result.code == 0, result.err
    assert re.search(r": \d+%", result.err)
    assert result.err.endswith(CLEARED)
    percents = [int(found) for found in re.findall(r"(\d+)%", result.err)]
    assert all(0 <= percent <= 100 for percent in percents)


def test_a_warning_takes_the_line_off_before_it_is_written(charnn, trained, text_file, watched):
    text_file(LINES + "µ\n")
    result = charnn("score", "text.txt", "-m", trained.path)
    assert f"{CLEARED}charnn: warning: the model has never seen" in result.err


@pytest.mark.parametrize("command", ["score", "eval", "novelty"])
def test_nothing_of_it_is_in_a_pipe(charnn, trained, text_file, monkeypatch, command):
    monkeypatch.setattr(notices, "PATIENCE", 0.0)
    text_file(LINES)
    result = charnn(command, "text.txt", "-m", trained.path)
    assert result.code == 0
    assert CLEARED not in result.err
    assert "%" not in result.err


def test_a_quiet_command_shows_nothing(charnn, trained, text_file, watched):
    text_file(LINES)
    assert charnn("score", "text.txt", "-m", trained.path, "-q").err == ""


def test_the_time_left_follows_from_the_pace(monkeypatch, capfd):
    now = [100.0]
    monkeypatch.setattr(console, "may_redraw", lambda: True)
    monkeypatch.setattr(notices.time, "monotonic", lambda: now[0])
    from charnn.corpora.progress import tell

    with notices.reading_shown():
        for done in range(5):
            tell("a.txt", done, 10)
            now[0] += 1.0
    lines = shown(capfd.readouterr().err)
    assert lines == ["a.txt: 10%, 9s left", "a.txt: 20%, 8s left", "a.txt: 30%, 7s left", "a.txt: 40%, 6s left"]


@pytest.mark.parametrize("command", [("train",), ("compare",)])
def test_what_learns_says_at_once_that_it_loads(charnn, watched, command):
    """PyTorch takes a second or more, in which a terminal would stay empty."""
    result = charnn(*command, "missing.txt")
    assert result.code == 1
    assert result.err.startswith(f"{CLEARED}loading PyTorch ...{CLEARED}")


@pytest.mark.parametrize("command", [("train",), ("compare",)])
def test_a_pipe_is_told_nothing_of_loading(charnn, command):
    assert "loading" not in charnn(*command, "missing.txt").err
