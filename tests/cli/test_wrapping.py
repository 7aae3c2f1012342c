"""Long lines are broken between words on a terminal, and nowhere else."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import termios

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charnn.cli.wrapping import wrapped
from charnn.readable import width

LINE = "verses: the 12 lines are short, so what is learned is little; `charnn train verses.txt --time 5m` reads more"


@given(st.text("ab 漢`,;", max_size=80), st.integers(20, 60))
def test_no_word_is_lost_or_broken(text, columns):
    assert wrapped(text, columns).split() == text.split()


@pytest.mark.parametrize("columns", [40, 60, 79])
def test_lines_are_as_wide_as_the_terminal_at_most(columns):
    lines = wrapped(LINE, columns).split("\n")
    assert len(lines) > 1
    assert all(width(line) <= columns for line in lines)
    assert " ".join(lines) == LINE


def test_a_command_that_may_be_copied_stays_on_one_line():
    assert "`charnn train verses.txt --time 5m`" in wrapped(LINE, 36).split("\n")
    resume = "charnn train --resume 'my verses'"
    assert wrapped(f"interrupted: saved. Go on with: {resume}", 34).endswith(f"\n{resume}")


def test_wide_characters_take_two_columns():
    assert wrapped("漢字漢字漢 漢字漢字漢 a", 20) == "漢字漢字漢\n漢字漢字漢 a"


@pytest.mark.parametrize("text", ["name        bits      right", "word " * 50])
def test_rows_of_tables_and_what_is_for_a_terminal_of_few_columns_stay(text):
    assert wrapped(text, 19) == text
    assert wrapped("name        bits      right", 20) == "name        bits      right"


def test_an_error_is_broken_between_words_where_stderr_alone_is_a_terminal(fresh_process):
    terminal, its_side = pty.openpty()
    fcntl.ioctl(its_side, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 50, 0, 0))
    child = fresh_process(
        "classify", "-m", "no such model with a long name", "a file that is not there.txt", stderr=its_side
    )
    child.wait()
    os.close(its_side)
    said = os.read(terminal, 4096).decode()
    os.close(terminal)
    lines = said.splitlines()
    assert len(lines) > 1
    assert all(len(line) <= 50 for line in lines)
    assert "no such model with a long name" in " ".join(lines)
