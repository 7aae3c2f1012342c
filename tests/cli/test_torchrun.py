"""`torchrun -m charnn train`: two processes train as one would, one of them speaks, and they end together."""

from __future__ import annotations

import os
import select
import shutil
import signal
import socket
import subprocess
import threading
from contextlib import suppress

import numpy as np
import pytest

from charnn.tasks.language_model.directory import LanguageModelDirectory
from charnn.training.distributed.processes import Processes
from tests.cli.conftest import PIPES, environment
from tests.cli.warm import TRAINING, Child

BATCH = ("--batch", "5", "--window", "16", "--precision", "fp32", "--patience", "0")
"""Five lanes are two and three."""
SHAPE = ("--hidden", "16", "--layers", "2", *BATCH)
RANDOM = ("--dropout", "0.3", "--weight-drop", "0.2", "--embedding-dropout", "0.1", "--clip", "0.1")
"""What is random in a network, and a norm, which is that of the sum of both gradients."""
OURS = ("charnn:", "text ", "network ", "training ", "model ", "resumed ", "step ", "best ", "interrupted")
"""How lines on stderr begin that are not torchrun's."""
START = """
import os, pathlib
rank = os.environ["RANK"]
pathlib.Path(rank).mkdir(exist_ok=True)
os.chdir(rank)
from charnn.cli.main import main
main()
"""

TORCHRUN = """
import sys
from torch.distributed.run import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture(autouse=True, scope="module")
def quick_runs():
    """Runs of this process are compared with those of others, so they validate as often."""


SLOW_READER = """
import time, charnn.tasks.language_model.corpus as corpus_module
read = corpus_module.read_corpus
corpus_module.read_corpus = lambda *given, **named: (time.sleep(2), read(*given, **named))[1]
"""


class Workers:
    """Two processes that torchrun might have started, and that are ended as it does: where it is asked to, and where
    one has failed. They write to the same streams."""

    def __init__(self, start):
        """`start` is called with the rank and the streams of each."""
        ends = {name: os.pipe() for name in ("stdout", "stderr")}
        self.stdout, self.stderr = (open(reads) for reads, _ in ends.values())  # noqa: SIM115 - until the end
        writes = {name: end for name, (_, end) in ends.items()}
        self.workers = [start(rank, writes) for rank in range(2)]
        for end in writes.values():
            os.close(end)
        self.returncode = None
        self._watch = threading.Thread(target=self._wait, daemon=True)
        self._watch.start()

    def _wait(self):
        waiting, asked = list(self.workers), False
        while waiting:
            for worker in select.select(waiting, [], [])[0]:
                waiting.remove(worker)
                if worker.wait() and not asked:
                    asked = True
                    self.send_signal(signal.SIGTERM)
        self.returncode = max(worker.returncode for worker in self.workers)

    def send_signal(self, number):
        for worker in self.workers:
            with suppress(ProcessLookupError):
                os.kill(worker.pid, number)

    def communicate(self, timeout):
        """What they still write to stdout and to stderr."""
        self._watch.join(timeout)
        assert not self._watch.is_alive()
        return self.stdout.read(), self.stderr.read()

    def end(self):
        self.send_signal(signal.SIGKILL)
        self._watch.join()
        self.stdout.close()
        self.stderr.close()


@pytest.fixture
def two_processes(warm, tmp_path):
    """Starts a command line in two processes, in `tmp_path`, or each in a folder of its own that is named after its
    rank, where the second one reads more slowly than the first. torchrun itself would take its time."""
    started = []

    def start(*arguments, apart=False):
        with socket.create_server(("localhost", 0)) as free:
            port = free.getsockname()[1]
        rendezvous = {"WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2", "MASTER_ADDR": "localhost", "MASTER_PORT": str(port)}

        def worker(rank, streams):
            folder = tmp_path / str(rank) if apart else tmp_path
            folder.mkdir(exist_ok=True)
            variables = {**environment(), **rendezvous, "RANK": str(rank), "LOCAL_RANK": str(rank)}
            before = SLOW_READER if apart and rank else ""
            line = [os.fspath(argument) for argument in arguments]
            return Child(warm(TRAINING), line, folder, variables, stdin=subprocess.DEVNULL, before=before, **streams)

        started.append(Workers(worker))
        return started[-1]

    yield start
    for one in started:
        one.end()


@pytest.fixture
def torchrun(warm, tmp_path):
    """Starts a command line by torchrun in two processes, each in a folder of its own that is named after its rank.
    torchrun itself is a fork, which has imported PyTorch; the two import it."""
    started = []
    (tmp_path / "start.py").write_text(START)

    def start(*arguments):
        line = ["--standalone", "--nproc-per-node", "2", "start.py", *map(str, arguments)]
        started.append(Child(warm(TRAINING), line, tmp_path, environment(), before=TORCHRUN, **PIPES))
        return started[-1]

    yield start
    for child in started:
        if child.poll() is None:
            child.terminate()  # which ends the two as well
            try:
                child.wait(timeout=60)
            except subprocess.TimeoutExpired:
                child.kill()
        child.stdout.close()
        child.stderr.close()


def until_validated(child, times):
    """What is said up to that validation; what the one before it left is saved by then."""
    said = ""
    for line in child.stderr:
        said += line
        if said.count("\nstep ") == times:
            break
    return said


def ours(said):
    return [line for line in said.splitlines() if line.startswith(OURS)]


def beginnings(said):
    """The first word of each line that is said once."""
    return [line.split()[0] for line in ours(said) if not line.startswith("step ")]


def assert_alike(left, right, *, keys=("nats_per_character",), within=1e-5):
    """Two runs up to rounding: history, best weights, and the state that the next sitting would go on from."""
    left, right = LanguageModelDirectory.open(left), LanguageModelDirectory.open(right)
    assert [entry["step"] for entry in left.history()] == [entry["step"] for entry in right.history()]
    for key in keys:
        values = [[entry[key] for entry in directory.history()] for directory in (left, right)]
        np.testing.assert_allclose(*values, rtol=0, atol=within)
    assert left.config().scores.step == right.config().scores.step
    (left_arrays, left_values), (right_arrays, right_values) = left.training_state(), right.training_state()
    for name, array in {**left.weights(), **left_arrays}.items():
        other = right_arrays[name] if name in right_arrays else right.weights()[name]
        if name.startswith("random."):
            assert np.array_equal(array, other)
        else:
            np.testing.assert_allclose(array, other, rtol=0, atol=100 * within, err_msg=name)
    for key in ("step", "targets", "since_best"):
        assert left_values["progress"][key] == right_values["progress"][key]
    assert left_values["task"] == right_values["task"]


def test_two_processes_train_as_one_does_and_one_of_them_speaks(charnn, two_processes, text_file, tmp_path):
    """Every step is validated, so the losses of training are those of single steps."""
    text_file()
    options = ("train", "text.txt", *SHAPE, *RANDOM, "--steps", "12")
    child = two_processes(*options, "--out", "two")
    assert charnn(*options, "--out", "one").code == 0
    out, err = child.communicate(timeout=120)
    assert child.returncode == 0, err
    assert out == "two\n"
    assert beginnings(err) == ["text", "network", "training", "model", "best"]
    assert sum(line.startswith("step ") for line in err.splitlines()) == 12
    assert ", 2 processes\n" in err
    assert_alike(tmp_path / "one", tmp_path / "two", keys=("nats_per_character", "training_nats", "learning_rate"))
    one, two = (LanguageModelDirectory.open(tmp_path / name).config() for name in ("one", "two"))
    assert (two.network, two.training, two.corpus) == (one.network, one.training, one.corpus)
    assert (two.record.steps, two.record.epochs, two.record.stopped_by) == (12, one.record.epochs, "budget")
    characters = two.record.characters_per_second * two.record.seconds
    assert characters == pytest.approx(12 * 5 * 16, rel=0.1), "the speed is that of both"
    assert two.quantization is not None


def test_two_processes_count_down_as_one_does(charnn, two_processes, text_file, tmp_path):
    """In windows so short that many have no document's beginning, for either process or for both."""
    text_file("a\nlonger line\nab\n" * 40)
    options = ("train", "text.txt", *BATCH[:2], "--window", "3", *BATCH[4:], "--hidden", "16", *RANDOM, "--steps", "9")
    options += ("--documents", "line", "--stopping", "length")
    child = two_processes(*options, "--out", "two")
    assert charnn(*options, "--out", "one").code == 0
    assert child.communicate(timeout=120)[0] == "two\n"
    assert_alike(tmp_path / "one", tmp_path / "two", keys=("nats_per_character", "training_nats", "learning_rate"))


def test_two_processes_train_members_with_a_teacher_as_one_does(charnn, two_processes, text_file, tmp_path):
    """The teacher is another model of the same vocabulary, and the first one alone reads it."""
    text_file()
    assert charnn("train", "text.txt", "--hidden", "12", "--steps", "4", "--out", "teacher").code == 0
    options = ("train", "text.txt", *SHAPE, *RANDOM, "--steps", "12", "--members", "2", "--teacher", "teacher")
    child = two_processes(*options, "--out", "two")
    assert charnn(*options, "--out", "one").code == 0
    assert child.communicate(timeout=120)[0] == "two\n"
    assert_alike(tmp_path / "one", tmp_path / "two", keys=("nats_per_character", "training_nats", "learning_rate"))


def test_two_processes_that_are_interrupted_save_what_one_goes_on_with(
    charnn, two_processes, trained, text_file, tmp_path
):
    """They start from the weights of a model, which the first one alone reads."""
    text_file()
    options = ("train", "text.txt", *BATCH, *RANDOM, "--steps", "30", "--from", trained.path)
    child = two_processes(*options, "--out", "halves")
    said = until_validated(child, times=1)
    child.send_signal(signal.SIGTERM)
    out, err = child.communicate(timeout=120)
    said += err
    assert child.returncode != 0
    assert out == ""
    assert beginnings(said) == ["text", "network", "training", "model", *["interrupted:"] * 2, "best"]
    config = LanguageModelDirectory.open(tmp_path / "halves").config()
    assert config.record.stopped_by == "interrupt"
    assert 0 < config.record.steps < 30
    assert charnn("train", "--resume", "halves").code == 0
    assert charnn(*options, "--out", "whole").code == 0
    assert_alike(tmp_path / "whole", tmp_path / "halves", within=1e-4)


def test_two_processes_go_on_with_what_one_saved(charnn, two_processes, copied, tmp_path):
    """Four lanes, in the middle of an epoch. The first process alone has the directory."""
    assert charnn("train", "--resume", copied, "--steps", "35").code == 0
    theirs = shutil.copytree(copied, tmp_path / "0" / "copied")
    child = two_processes("train", "--resume", "copied", "--steps", "40", apart=True)
    out, err = child.communicate(timeout=120)
    assert child.returncode == 0, err
    assert out == "copied\n"
    assert beginnings(err) == ["text", "network", "training", "model", "resumed", "best"]
    assert charnn("train", "--resume", copied, "--steps", "40").code == 0
    assert_alike(copied, theirs)
    assert list((tmp_path / "1").iterdir()) == []


def test_a_worker_that_is_killed_ends_the_run_with_the_last_save_intact(charnn, two_processes, text_file, tmp_path):
    text_file()
    child = two_processes("train", "text.txt", *SHAPE, "--steps", "400")
    said = until_validated(child, times=2)
    os.kill(child.workers[1].pid, signal.SIGKILL)
    out, err = child.communicate(timeout=120)
    said += err
    assert child.returncode == 1
    assert out == ""
    (line,) = [line for line in ours(said) if line.startswith("charnn:")]
    assert "lost" in line
    assert "charnn train --resume checkpoints/text" in line
    info = charnn("info", "text", "--json")
    assert info.code == 0
    assert info.json["record"]["stopped_by"] == "running"
    assert charnn("sample", "-m", "text", "--length", "5").code == 0
    state = LanguageModelDirectory.open(tmp_path / "checkpoints" / "text").training_state()[1]
    assert f"step {state['progress']['step']:,}," in line


def test_what_one_worker_alone_lacks_is_said_once_with_who_lacks_it(torchrun, trained, text_file, tmp_path):
    """Nor is a model replaced by one that cannot be trained."""
    shutil.copytree(trained.path, tmp_path / "0" / "model")
    text_file(name="0/text.txt")
    child = torchrun("train", "text.txt", *SHAPE, "--steps", "5", "--out", "model", "--overwrite")
    out, err = child.communicate(timeout=120)
    assert child.returncode == 1
    assert out == b""
    (line,) = ours(err.decode())
    assert line.startswith("charnn: worker 1 on ")
    assert line.endswith(": text.txt: no such file or directory")
    assert (
        LanguageModelDirectory.open(tmp_path / "0" / "model").config()
        == LanguageModelDirectory.open(trained.path).config()
    )


# What is refused, by one of two that have not met: nothing is exchanged before.


@pytest.fixture
def as_one_of_two(monkeypatch):
    monkeypatch.setattr(Processes, "from_environment", lambda: Processes(0, 2))
    monkeypatch.setattr("charnn.cli.processes.SIGNALS", ())


@pytest.mark.usefixtures("as_one_of_two")
def test_taggers_train_in_one_process(charnn, said_once, text_file):
    text_file("the_DET cat_NOUN sleeps_VERB\n" * 5)
    result = charnn("train", "text.txt", "--task", "tagger")
    assert result.code == 2
    assert "one process" in said_once(result)


@pytest.mark.usefixtures("as_one_of_two")
def test_what_can_be_read_only_once_is_refused(charnn, said_once, text_file, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    text_file()
    for paths in (("-",), ("pipe",), ("text.txt", "--valid", "-")):
        result = charnn("train", *paths, stdin=b"to be or not to be\n" * 30)
        assert result.code == 2
        assert "several processes" in said_once(result)


@pytest.mark.parametrize(("rank", "lines"), [("0", 1), ("1", 0)])
def test_a_wrong_option_is_said_by_the_first_alone(charnn, monkeypatch, rank, lines):
    for name, value in {"RANK": rank, "WORLD_SIZE": "2", "MASTER_ADDR": "localhost", "MASTER_PORT": "1"}.items():
        monkeypatch.setenv(name, value)
    result = charnn("train", "--no-such-option")
    assert (result.code, result.out, result.err.count("\n")) == (2, b"", lines)
    assert charnn("info", "--no-such-option").err.count("\n") == 1
