"""Ctrl-C, SIGTERM and a terminal that closes: the work is saved, the exit code is 130, and --resume goes on."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time

import pytest

from charnn.cli.main import main, run
from charnn.cli.processes import Interruption, listen
from charnn.tasks.language_model.learn.session import LanguageModelSession

SHAPE = ("--hidden", "16", "--layers", "1", "--batch", "4", "--window", "16")


SIGNALS = {"Ctrl-C": signal.SIGINT, "SIGTERM": signal.SIGTERM, "closed terminal": signal.SIGHUP}


def test_an_interrupted_run_is_saved_and_goes_on(charnn, process, text_file):
    text_file()
    started = {
        name: process("train", "text.txt", *SHAPE, "--steps", "4000", "--patience", "0", "--out", f"its {name}")
        for name in SIGNALS
    }
    beginnings = {}
    for name, child in started.items():
        lines = iter(child.stderr.readline, b"")
        beginnings[name] = b""
        while b"\nstep " not in beginnings[name]:
            beginnings[name] += next(lines)
        child.send_signal(SIGNALS[name])
    for name, child in started.items():
        out, err = child.communicate(timeout=20)
        said = (beginnings[name] + err).decode()
        assert child.returncode == 130
        assert out == b""
        assert "Traceback" not in said
        name = f"its {name}"
        assert f"train --resume '{name}'\n" in said, "it can be pasted into a shell"
        assert said.count("Ctrl-C again ends it at once\n") == 1

        steps = charnn("info", name, "--json").json["record"]["steps"]
        assert 0 < steps < 4000
        assert charnn("sample", "--model", name, "--length", "5").code == 0
        result = charnn("train", "--resume", name, "--steps", str(steps + 20))
        assert result.code == 0
        assert result.text == f"{name}\n"
        assert int(re.search(r"at step ([\d,]+)", result.err)[1].replace(",", "")) == steps
        assert charnn("info", name, "--json").json["record"]["steps"] == steps + 20


def test_a_terminal_that_closes_is_nothing_to_what_nohup_has_started():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with Interruption() as interruption:
            os.kill(os.getpid(), signal.SIGHUP)
        assert not interruption.requested()
        listen()
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def test_a_second_interruption_ends_a_run_at_once_and_says_how_to_go_on(monkeypatch, charnn, text_file):
    text_file()
    asked = 0

    def requested(self):
        nonlocal asked
        asked += 1
        return asked > 5

    def interrupted_again(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(Interruption, "requested", requested)
    with monkeypatch.context() as within:
        within.setattr(LanguageModelSession, "_conclude", interrupted_again)
        result = charnn("train", "text.txt", *SHAPE, "--steps", "4000", "--out", "a model")
    assert result.code == 130
    assert "what was saved is whole. Go on with: charnn train --resume 'a model'\n" in result.err
    assert charnn("sample", "--model", "a model", "--length", "5").code == 0


def test_an_interruption_before_the_first_validation_leaves_a_model_too(process, charnn, text_file):
    text_file()
    child = process("train", "text.txt", *SHAPE, "--steps", "1000000")
    next(line for line in child.stderr if line.startswith(b"model "))
    time.sleep(0.5)
    child.send_signal(signal.SIGINT)
    _, err = child.communicate(timeout=20)
    assert child.returncode == 130
    assert b"Traceback" not in err
    assert charnn("info", "text", "--json").json["record"]["stopped_by"] == "interrupt"


def test_an_interruption_at_the_very_beginning_leaves_a_model_or_nothing(process, text_file, tmp_path):
    text_file()
    started = {
        tmp_path / name: process("train", "text.txt", *SHAPE, "--steps", "1000000", "--out", name) for name in SIGNALS
    }
    waiting = dict(started)
    while waiting:
        for directory, child in list(waiting.items()):
            if directory.exists():
                waiting.pop(directory).send_signal(SIGNALS[directory.name])
            else:
                assert child.poll() is None
        time.sleep(0.001)
    for directory, child in started.items():
        _, err = child.communicate(timeout=20)
        assert b"Traceback" not in err
        assert child.returncode == 130
        assert (directory / "config.json").is_file() or not directory.exists()


def test_ctrl_c_while_the_text_is_being_read_is_no_traceback_and_leaves_nothing(process, tmp_path):
    os.mkfifo(tmp_path / "text.txt")
    child = process("train", "text.txt", *SHAPE, "--steps", "4000")
    deadline = time.monotonic() + 20
    writer = None
    while writer is None and time.monotonic() < deadline:
        try:
            writer = os.open(tmp_path / "text.txt", os.O_WRONLY | os.O_NONBLOCK)
        except OSError:  # nobody reads yet
            time.sleep(0.02)
    child.send_signal(signal.SIGINT)
    try:
        child.wait(timeout=8)
    except subprocess.TimeoutExpired:  # it fell between opening and reading, where Python cannot act on it
        child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=20)
    os.close(writer)
    assert child.returncode == 130
    assert out == b""
    assert b"Traceback" not in err
    assert [path.name for path in tmp_path.iterdir()] == ["text.txt"]


AT_THE_END = """
import atexit, os, sys
from charnn.cli.main import main
atexit.register(lambda: os.kill(os.getpid(), int(number)))
number = sys.argv.pop()
sys.argv.append("--version")
main()
"""


@pytest.mark.parametrize("name", SIGNALS)
def test_a_signal_when_all_is_done_shows_no_traceback_of_what_libraries_do_last(name):
    number = str(int(SIGNALS[name]))
    ended = subprocess.run([sys.executable, "-c", AT_THE_END, number], capture_output=True, check=False, timeout=60)
    assert (ended.returncode, ended.stderr) == (0, b"")


@pytest.mark.parametrize(
    ("given", "spins"),
    [({}, "3000"), ({"GOMP_SPINCOUNT": "7"}, "7"), ({"OMP_WAIT_POLICY": "ACTIVE"}, None)],
    ids=["nothing", "a number", "a policy"],
)
def test_threads_that_wait_soon_sleep_unless_the_user_says_otherwise(monkeypatch, given, spins):
    """Otherwise two threads beside a busy process hardly train at all."""
    others = {name: value for name, value in os.environ.items() if name not in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")}
    monkeypatch.setattr(os, "environ", {**others, **given})
    monkeypatch.setattr(signal, "signal", lambda *handler: None)
    monkeypatch.setattr("sys.argv", ["charnn", "--version"])
    monkeypatch.setattr("charnn.cli.processes.end", lambda code: None)
    main()
    assert os.environ.get("GOMP_SPINCOUNT") == spins


@pytest.mark.parametrize(("asked", "taken"), [("100000", os.cpu_count()), ("3", 3), ("many", "many"), ("", "")])
def test_threads_beyond_any_machine_are_as_many_as_it_has_processors(monkeypatch, asked, taken):
    """So many overflow the stack of the library that would start them."""
    monkeypatch.setattr(os, "environ", {**os.environ, "OMP_NUM_THREADS": asked})
    monkeypatch.setattr(signal, "signal", lambda *handler: None)
    monkeypatch.setattr("sys.argv", ["charnn", "--version"])
    monkeypatch.setattr("charnn.cli.processes.end", lambda code: None)
    main()
    assert os.environ["OMP_NUM_THREADS"] == str(taken)


@pytest.mark.parametrize(
    ("arguments", "seldom"),
    [(["classify", "--help"], True), (["train", "--help"], False), (["--version"], False)],
    ids=str,
)
def test_circles_of_unused_objects_are_looked_for_less_often_where_nothing_is_trained(monkeypatch, arguments, seldom):
    thresholds = []
    monkeypatch.setattr("gc.set_threshold", thresholds.append)
    monkeypatch.setattr(signal, "signal", lambda *handler: None)
    monkeypatch.setattr("sys.argv", ["charnn", *arguments])
    monkeypatch.setattr("charnn.cli.processes.end", lambda code: None)
    main()
    assert bool(thresholds) is seldom


def test_ctrl_c_ends_sampling_with_130_and_no_traceback(process, trained):
    child = process("sample", "--temp", "0", "--length", "100000000", "--model", trained.path)
    child.stdout.read(10)
    child.send_signal(signal.SIGINT)
    _, err = child.communicate(timeout=20)
    assert child.returncode == 130
    assert b"Traceback" not in err


def test_ctrl_c_shows_no_traceback_while_the_command_line_is_imported(tmp_path):
    (tmp_path / "typer.py").write_text("raise KeyboardInterrupt\n")
    command = "import sys; sys.path.insert(0, sys.argv.pop()); import runpy; runpy.run_module('charnn', run_name='m')"
    ended = subprocess.run([sys.executable, "-c", command, "info", str(tmp_path)], capture_output=True, timeout=60)
    assert (ended.returncode, ended.stderr) == (130, b"")


def test_ctrl_c_shows_no_error_where_a_library_makes_one_of_it(monkeypatch, capsys):
    def interrupted(*names):
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt as interrupt:
            raise ImportError("initialization failed") from interrupt

    monkeypatch.setattr("charnn.cli.main.command_line", interrupted)
    assert run(["info"]) == 130
    assert capsys.readouterr().err == ""
