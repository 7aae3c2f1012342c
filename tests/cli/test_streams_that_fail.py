"""Streams that cannot be written, and terminals, which obey some characters rather than show them."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from contextlib import ExitStack, suppress

import pytest

from tests.cli.conftest import command, environment
from tests.cli.warm import CLOSED
from tests.paths import GOLDEN

SHAPE = ("--hidden", "8", "--layers", "1", "--batch", "4", "--window", "16", "--steps", "8")
HOSTILE = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202etxt"


FULL = "/dev/full"


def redirected(process, *arguments, **streams):
    """The exit code of a command with these streams, CLOSED or a file's path; and what the rest of them were told."""
    with ExitStack() as opened:
        files = {
            name: stream if stream == CLOSED else opened.enter_context(open(stream, "wb"))
            for name, stream in streams.items()
        }
        child = process(*arguments, **files)
    _, said = child.communicate(timeout=60)
    return child.returncode, (said or b"").decode()


@pytest.mark.parametrize(
    ("streams", "code"),
    [
        ({"stderr": FULL}, 0),
        ({"stderr": CLOSED}, 0),
        ({"stdout": CLOSED}, 1),
        ({"stdout": FULL}, 1),
    ],
    ids=str,
)
def test_training_goes_on_whatever_becomes_of_what_it_says(process, text_file, tmp_path, streams, code):
    text_file()
    exit_code, said = redirected(process, "train", "text.txt", *SHAPE, **streams)
    assert "Traceback" not in said
    assert "Exception" not in said
    assert exit_code == code
    assert (tmp_path / "checkpoints" / "text" / "ended.json").is_file()


def test_training_goes_on_when_its_reader_has_had_enough(process, text_file, tmp_path):
    text_file()
    reads, writes = os.pipe()
    child = process("train", "text.txt", *SHAPE, stdout=writes, stderr=writes)
    os.close(writes)
    with open(reads, "rb") as reader:
        assert reader.readline()
    assert child.wait(timeout=60) == 0
    assert (tmp_path / "checkpoints" / "text" / "ended.json").is_file()


def test_a_process_that_begins_without_any_stream_trains(text_file, tmp_path):
    text_file()
    line = " ".join([*command("train", "text.txt", *SHAPE), "<&- >&- 2>&-"])
    assert subprocess.run(["bash", "-c", line], cwd=tmp_path, env=environment()).returncode == 1
    assert (tmp_path / "checkpoints" / "text" / "ended.json").is_file()


@pytest.mark.parametrize(("stream", "said"), [(CLOSED, "closed"), (FULL, "No space left on device")])
@pytest.mark.parametrize("arguments", [("sample", "--length", "5"), ("info",)], ids=" ".join)
def test_a_result_that_cannot_be_written_is_an_error_of_one_line(trained, process, stream, said, arguments):
    code, err = redirected(process, *arguments, "-m", trained.path, stdout=stream)
    assert code == 1
    (line,) = err.splitlines()
    assert line.startswith("charnn: standard output")
    assert said in line


def test_a_file_size_limit_is_said_with_what_is_safe_and_how_to_go_on(process, text_file, tmp_path):
    text_file()
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))"
    child = process("train", "text.txt", *SHAPE, before=limit)
    lines = child.communicate(timeout=60)[1].decode().splitlines()
    assert child.returncode == 1
    assert any("could not be saved" in line and "training goes on" in line for line in lines)
    assert "checkpoints/text" in lines[-1]
    assert "File too large" in lines[-1]
    assert "start again" in lines[-1]
    assert [path.name for path in tmp_path.iterdir()] == ["text.txt"]


@pytest.fixture
def on_a_terminal(process):
    """What a terminal is given by stdout and stderr of a command."""

    def run(*arguments, stdin=b""):
        master, slave = pty.openpty()
        child = process(*arguments, stdin=subprocess.PIPE, stdout=slave, stderr=slave)
        os.close(slave)
        child.stdin.write(stdin)
        child.stdin.close()
        seen = b""
        with suppress(OSError):  # Linux says EIO where the other side of a terminal has been closed
            while part := os.read(master, 65536):
                seen += part
        child.wait(timeout=60)
        os.close(master)
        return seen.decode()

    return run


def assert_harmless(shown):
    assert "owned" in shown
    for character in ("\x1b]", "\x1b[2J", "\x07", "\x9b", "\u202e"):
        assert character not in shown


def test_what_a_terminal_would_obey_is_shown_as_escapes_there_and_stays_as_it_is_in_pipes(
    charnn, on_a_terminal, text_file, tmp_path
):
    text_file(f"a{HOSTILE}b\n" * 200, name=f"{HOSTILE.replace('/', '')}.txt")
    name = f"{HOSTILE}.txt"
    trained = on_a_terminal("train", name, *SHAPE, "--valid", "none")
    assert_harmless(trained)
    (model,) = (tmp_path / "checkpoints").iterdir()
    assert_harmless(on_a_terminal("sample", HOSTILE, "--length", "20", "-m", model))
    assert_harmless(on_a_terminal("info", "-m", model))
    assert_harmless(on_a_terminal("info", HOSTILE))
    assert_harmless(on_a_terminal("score", "-m", model, stdin=HOSTILE.encode()))
    piped = charnn("sample", HOSTILE, "--length", "5", "-m", model)
    assert piped.text.startswith(HOSTILE)


def test_a_carriage_return_before_a_line_end_is_a_line_end_on_a_terminal(tmp_path):
    script = "from charnn.cli import console; console.write('a\\r\\nb\\rc\\td\\n')"
    master, slave = pty.openpty()
    subprocess.run([sys.executable, "-c", script], stdout=slave, check=True)
    os.close(slave)
    shown = os.read(master, 1000)
    os.close(master)
    assert b"b\\rc\td" in shown
    assert b"a\\r" not in shown


def test_help_that_nobody_reads_on_ends_at_once(fresh_process):
    """As after `| head`."""
    reads, writes = os.pipe()
    os.close(reads)
    child = fresh_process("tag", "--help", stdout=writes)
    os.close(writes)
    _, err = child.communicate(timeout=60)
    assert (child.returncode, err) == (0, b"")


def test_a_picture_is_drawn_without_a_word_where_no_home_can_be_written(fresh_process, monkeypatch, tmp_path):
    for name, value in (("HOME", "/proc/nowhere"), ("XDG_CONFIG_HOME", ""), ("XDG_CACHE_HOME", "")):
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("MPLCONFIGDIR", raising=False)
    child = fresh_process("plot", "curves", GOLDEN / "format-1", "-o", "picture.png")
    _, err = child.communicate(timeout=60)
    assert (child.returncode, err) == (0, b"")
    assert (tmp_path / "picture.png").stat().st_size > 1000
