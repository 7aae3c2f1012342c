"""Commands that do something else without a FILE say so where something waits in standard input."""

from __future__ import annotations

import os
from contextlib import contextmanager

import pytest

SAID = "what is given on standard input is not read"


@contextmanager
def pipe(data: bytes):
    reading, writing = os.pipe()
    os.write(writing, data)
    os.close(writing)
    with open(reading, encoding="utf-8") as stream:
        yield stream


@pytest.mark.parametrize("arguments", [("sample", "--length", "3"), ("eval",)])
def test_what_waits_in_a_pipe_is_not_read_and_a_warning_names_the_dash(charnn, copied, arguments):
    with pipe(b"the cat\n") as stream:
        result = charnn(*arguments, "-m", copied, stdin=stream)
    assert result.code == 0
    assert f"charnn: warning: {SAID}; `charnn {arguments[0]} -` reads it" in result.err
    with pipe(b"the cat\n") as stream:
        assert SAID not in charnn(arguments[0], "-", *arguments[1:], "-m", copied, stdin=stream).err
    with pipe(b"") as stream:
        assert SAID not in charnn(*arguments, "-m", copied, stdin=stream).err


def test_a_file_says_so_at_its_beginning_and_not_in_a_loop_that_reads_it(charnn, copied, text_file):
    with open(text_file("model\nother\n"), encoding="utf-8") as stream:
        assert SAID in charnn("eval", "-m", copied, stdin=stream).err
    with open(text_file("model\nother\n"), "rb", buffering=0) as stream:
        stream.read(6)  # as `while read line` has
        assert SAID not in charnn("eval", "-m", copied, stdin=stream).err


def test_a_forecast_and_a_picture_of_one_say_so(charnn, text_file):
    text_file("day,sales\n" + "".join(f"2024-01-{n:02},{n % 7}\n" for n in range(1, 32)), "sales.csv")
    trained = charnn("train", "sales.csv", "--task", "forecaster", "--steps", "1", "--hidden", "8", "--horizon", "2")
    assert trained.code == 0
    for command in (["forecast"], ["plot", "forecast", "-o", "picture.png"]):
        with open("sales.csv", encoding="utf-8") as stream:
            result = charnn(*command, stdin=stream)
        assert result.code == 0
        assert f"{SAID}; `charnn {' '.join(command[:-2] or command)} -` reads it" in result.err
