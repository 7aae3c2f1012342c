"""Command lines as processes of their own that begin at once, for tests that are not about how a process begins.

`python -m charnn` imports for a third of a second, and for two seconds where it trains. Here that is done once: `Warm`
is a process that has imported nearly everything, and each command line runs in a fork of it, with streams, a folder and
an environment of its own.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

SERVER = "import sys; from tests.cli.warm import serve; serve(int(sys.argv[1]), sys.argv[2:])"
Modules = tuple[str, ...]
USING: Modules = (
    "charnn.tasks.language_model.use.model",
    "charnn.tasks.tagger.use.model",
    "charnn.generation.generator",
)
TRAINING: Modules = ("charnn.api", "charnn.cli.observers", "charnn.tasks.language_model.learn.session")
"""What is imported beside the command line. A fork of a process that has torch takes longer to begin and to end."""
CLOSED = "closed"
"""A stream that the process does not have, as after `>&-`: its descriptor is closed, and Python has None for it."""
STREAMS = ("stdin", "stdout", "stderr")


class Warm:
    """The process that the others are forked from."""

    def __init__(self, modules: Modules, env: dict[str, str]) -> None:
        ours, its = socket.socketpair()
        self._requests, none = ours, subprocess.DEVNULL
        command = [sys.executable, "-c", SERVER, str(its.fileno()), *modules]
        self._process = subprocess.Popen(
            command, env=env, pass_fds=[its.fileno()], stdin=none, stdout=none, stderr=none
        )
        its.close()

    def run(
        self, arguments: list[str], cwd: Path, env: dict[str, str], streams: list[int], closed: list[str], before: str
    ) -> tuple[int, IO[bytes]]:
        """Runs a command line with these three streams, of which some are closed, once the code `before` has run. Gives
        its process id, and where its exit code will come."""
        reads, writes = os.pipe()
        request = json.dumps([arguments, str(cwd), env, closed, before]).encode("ascii")
        socket.send_fds(self._requests, [request], [*streams, writes])
        os.close(writes)
        status = open(reads, "rb", 0)  # noqa: SIM115 - it is open while the process runs
        return int(status.readline()), status

    def close(self) -> None:
        self._requests.close()
        self._process.wait()


class Child:
    """A command line that runs in a fork. It is used as a `subprocess.Popen` is."""

    def __init__(
        self,
        warm: Warm,
        arguments: list[str],
        cwd: Path,
        env: dict[str, str],
        *,
        bufsize: int = -1,
        before: str = "",
        **streams: Any,
    ) -> None:
        theirs, opened, ours = list[int](), list[int](), list[IO[bytes] | None]()
        for name, mode in zip(STREAMS, ("wb", "rb", "rb"), strict=True):
            stream, file = streams[name], None
            if stream == subprocess.PIPE:
                ends = os.pipe()
                its_end, our_end = ends if name == "stdin" else ends[::-1]
                file = open(our_end, mode, bufsize)  # noqa: SIM115
                opened.append(its_end)
            elif stream in (subprocess.DEVNULL, CLOSED):
                its_end = os.open(os.devnull, os.O_RDWR)
                opened.append(its_end)
            else:
                its_end = stream if isinstance(stream, int) else stream.fileno()
            theirs.append(its_end)
            ours.append(file)
        self.stdin, self.stdout, self.stderr = ours
        self.returncode: int | None = None
        closed = [name for name in STREAMS if streams[name] == CLOSED]
        self.pid, self._status = warm.run(arguments, cwd, env, theirs, closed, before)
        for descriptor in opened:
            os.close(descriptor)

    def fileno(self) -> int:
        """What `select` says can be read, once it has ended and before `wait` or `poll` has said so."""
        return self._status.fileno()

    def poll(self) -> int | None:
        with suppress(subprocess.TimeoutExpired):
            self.wait(timeout=0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None:
            if not select.select([self._status], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired("charnn", timeout or 0)
            self.returncode = int(self._status.readline())
            self._status.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def communicate(self, input: bytes = b"", timeout: float | None = None) -> tuple[bytes | None, bytes | None]:
        """What it still writes to stdout and to stderr, once it has been given the input."""
        streams = [stream for stream in (self.stdout, self.stderr) if stream is not None]
        written = dict[IO[bytes], bytes]()
        readers = [
            threading.Thread(target=lambda stream=stream: written.update({stream: stream.read()}), daemon=True)
            for stream in streams
        ]
        for reader in readers:
            reader.start()
        if self.stdin is not None:
            with suppress(BrokenPipeError):
                self.stdin.write(input)
            with suppress(BrokenPipeError):
                self.stdin.close()
        for reader in readers:
            reader.join(timeout)
        self.wait(timeout)
        out, err = (written[stream] if stream is not None else None for stream in (self.stdout, self.stderr))
        return out, err


def serve(number: int, modules: list[str]) -> None:
    """Runs each command line that comes in the socket with this number, until the socket is closed.

    A fork has the thread that forks it and no other. onnxruntime starts none before its first session, as its reports
    to its makers are off.
    """
    from charnn.cli.commands import COMMANDS, GROUPS, command_line, imported
    from charnn.cli.main import main

    for module in modules:
        importlib.import_module(module)
    command_line()
    for name in (*COMMANDS, *GROUPS):
        imported(name)
    gc.freeze()  # so that forks share their memory
    with socket.socket(fileno=number) as requests:
        while True:
            request, descriptors, _, _ = socket.recv_fds(requests, 1 << 20, 4)
            if not request:
                return
            if os.fork() == 0:
                break
            for descriptor in descriptors:
                os.close(descriptor)
            with suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
    keep(json.loads(request), descriptors)
    main()


def keep(request: Any, descriptors: list[int]) -> None:
    """Returns in a process that is as the request says; in the one that waits for it, it does not return."""
    *streams, status = descriptors
    if child := os.fork():
        for descriptor in streams:
            os.close(descriptor)
        os.write(status, b"%d\n" % child)
        _, ended = os.waitpid(child, 0)
        os.write(status, b"%d\n" % os.waitstatus_to_exitcode(ended))
        os._exit(0)
    for number, descriptor in enumerate(streams):
        os.dup2(descriptor, number)
    os.closerange(min(descriptors), max(descriptors) + 1)
    arguments, folder, environment, closed, before = request
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["charnn", *arguments]
    sys.stdout.reconfigure(line_buffering=sys.stdout.isatty())  # type: ignore[union-attr]
    for name in closed:
        os.close(STREAMS.index(name))
        setattr(sys, name, None)
        setattr(sys, f"__{name}__", None)
    exec(before, {})
