"""Streams that cannot be written, and terminals, which obey some characters rather than show them."""

from __future__ import annotations

import os
import pty
import resource
import subprocess
import sys

import pytest

from tests.cli.conftest import command, environment

SHAPE = ("--hidden", "8", "--layers", "1", "--batch", "4", "--window", "16", "--steps", "8")
HOSTILE = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202etxt"


def shell(line, folder):
    charnn = " ".join(command())
    return subprocess.run(
        ["bash", "-c", line.replace("charnn", charnn)], cwd=folder, capture_output=True, env=environment()
    )


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("charnn train text.txt SHAPE 2>/dev/full", 0),
        ("charnn train text.txt SHAPE 2>&-", 0),
        ("charnn train text.txt SHAPE 2>&1 | head -n 1; exit ${PIPESTATUS[0]}", 0),
        ("charnn train text.txt SHAPE >&-", 1),
        ("charnn train text.txt SHAPE >/dev/full", 1),
        ("charnn train text.txt SHAPE <&- >&- 2>&-", 1),
    ],
)
def test_training_goes_on_whatever_becomes_of_what_it_says(text_file, tmp_path, line, code):
    text_file()
    result = shell(line.replace("SHAPE", " ".join(SHAPE)), tmp_path)
    assert b"Traceback" not in result.stderr
    assert b"Exception" not in result.stderr
    assert result.returncode == code
    assert (tmp_path / "checkpoints" / "text" / "ended.json").is_file()


@pytest.mark.parametrize(("redirect", "said"), [(">&-", "closed"), (">/dev/full", "No space left on device")])
@pytest.mark.parametrize("arguments", ["sample --length 5", "info"])
def test_a_result_that_cannot_be_written_is_an_error_of_one_line(trained, tmp_path, redirect, said, arguments):
    result = shell(f"charnn {arguments} -m {trained.path} {redirect}", tmp_path)
    assert result.returncode == 1
    (line,) = result.stderr.decode().splitlines()
    assert line.startswith("charnn: standard output")
    assert said in line


def test_a_file_size_limit_is_said_with_what_is_safe_and_how_to_go_on(text_file, tmp_path):
    text_file()
    result = subprocess.run(
        command("train", "text.txt", *SHAPE),
        cwd=tmp_path,
        capture_output=True,
        env=environment(),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000)),
    )
    lines = result.stderr.decode().splitlines()
    assert result.returncode == 1
    assert any("could not be saved" in line and "training goes on" in line for line in lines)
    assert "checkpoints/text" in lines[-1]
    assert "File too large" in lines[-1]
    assert "start again" in lines[-1]
    assert [path.name for path in tmp_path.iterdir()] == ["text.txt"]


def on_a_terminal(*arguments, folder, stdin=b""):
    """What a terminal is given by stdout and stderr."""
    master, slave = pty.openpty()
    child = subprocess.Popen(
        command(*arguments), cwd=folder, stdin=subprocess.PIPE, stdout=slave, stderr=slave, env=environment()
    )
    os.close(slave)
    child.stdin.write(stdin)
    child.stdin.close()
    seen = b""
    while True:
        try:
            part = os.read(master, 65536)
        except OSError:
            break
        if not part:
            break
        seen += part
    child.wait()
    os.close(master)
    return seen.decode()


def assert_harmless(shown):
    assert "owned" in shown
    for character in ("\x1b]", "\x1b[2J", "\x07", "\x9b", "\u202e"):
        assert character not in shown


def test_what_a_terminal_would_obey_is_shown_as_escapes_there_and_stays_as_it_is_in_pipes(charnn, text_file, tmp_path):
    text_file(f"a{HOSTILE}b\n" * 200, name=f"{HOSTILE.replace('/', '')}.txt")
    name = f"{HOSTILE}.txt"
    trained = on_a_terminal("train", name, *SHAPE, "--valid", "none", folder=tmp_path)
    assert_harmless(trained)
    (model,) = (tmp_path / "checkpoints").iterdir()
    assert_harmless(on_a_terminal("sample", HOSTILE, "--length", "20", "-m", model, folder=tmp_path))
    assert_harmless(on_a_terminal("info", "-m", model, folder=tmp_path))
    assert_harmless(on_a_terminal("info", HOSTILE, folder=tmp_path))
    assert_harmless(on_a_terminal("score", "-m", model, folder=tmp_path, stdin=HOSTILE.encode()))
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
