"""Chooses the device, the precision and the number of threads for training, and keeps memory from step to step.

`auto` becomes what the hardware does fast. Two of these functions set something for the whole process. Only commands
call `keep_freed_memory`; `threads_set` restores the former number at its end.
"""

from __future__ import annotations

import ctypes
import functools
import statistics
import sys
import timeit
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial

import torch
from torch.nn.functional import linear

from charnn.config.training import Device, Precision
from charnn.errors import UsageError

M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_MAX = -1, -2, -4
"""These parameters of `mallopt` are from glibc's malloc.h."""

CLEARLY_FASTER = 0.8
"""bf16 is preferred where it takes less than this share of the time of fp32, so that noise does not choose it."""


def keep_freed_memory() -> None:
    """For the rest of the process, glibc gives no memory back to the system.

    By default it maps every large tensor anew and unmaps it when it is freed, so that each step of training pays for
    having its pages zeroed: a third of the time at 2 x 512. Other C libraries are left alone. This is for a command
    that trains and ends; a program that goes on afterwards would keep the memory that training took.
    """
    if not sys.platform.startswith("linux"):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none
    if mallopt is not None:
        mallopt(M_MMAP_MAX, 0)
        mallopt(M_TRIM_THRESHOLD, -1)
        mallopt(M_TOP_PAD, 64 * 1024 * 1024)


def choose_device(device: Device) -> torch.device:
    """The device that is meant. `auto` is CUDA, or else Apple's GPU, or else the CPU.

    Raises UsageError where this machine does not have the device that is named.
    """
    present = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if device == "auto":
        return torch.device(next(name for name, is_there in present.items() if is_there))
    if not present[device]:
        raise UsageError(f"--device {device}: PyTorch finds no such device here", hint="leave --device out, or use cpu")
    return torch.device(device)


def choose_precision(precision: Precision, device: torch.device) -> Precision:
    """The precision that is meant. `auto` is bf16 where the device multiplies it faster, and otherwise fp32.

    Emulated bf16 is slower than fp32, and the instructions do not settle it on every CPU. With AMX, bf16 is several
    times as fast. AVX-512's dot product of bf16 is twice as fast as fp32 on some CPUs, while others that have it (those
    whose AMX is hidden by a virtual machine) take twice as long: there a product is timed.
    """
    if precision != "auto":
        return precision
    if device.type == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp32"
    if device.type == "cpu":
        has = torch.cpu.get_capabilities()
        is_fast = has.get("amx_bf16") or (has.get("avx512_bf16") and bf16_share_of_time() < CLEARLY_FASTER)
        return "bf16" if is_fast else "fp32"
    return "fp32"


@functools.cache
def bf16_share_of_time() -> float:
    """The time that a product takes in bf16 on this CPU, divided by its time in fp32.

    The product is as large as those in a step of 2 x 256. Each time is the least of twenty, all of it some 20 ms. It is
    measured once a process, so all who ask there are told the same.
    """
    seconds = []
    for dtype in (torch.bfloat16, torch.float32):
        inputs, weights = torch.ones(64, 256, dtype=dtype), torch.ones(1024, 256, dtype=dtype)
        seconds.append(min(timeit.repeat(partial(linear, inputs, weights), number=1, repeat=20)))
    return seconds[0] / seconds[1]


def thread_counts() -> tuple[int, ...]:
    """The numbers of threads that a command lets training try: one, and as many as torch has (one for each core).

    Small steps gain nothing from a second thread, and where another process has a core, threads that wait for each
    other wait very long.
    """
    return tuple(sorted({1, torch.get_num_threads()}))


def allowed_threads(thread_counts: Sequence[int] | None) -> Sequence[int]:
    """The numbers of threads that were allowed, and otherwise the one that torch has now."""
    return thread_counts or (torch.get_num_threads(),)


def threads_for(work: int, small: int, allowed: Sequence[int]) -> int:
    """The number of threads for a step that was not measured: the fewest that are allowed where it has at most `small`
    units of work, else the most."""
    return min(allowed) if work <= small else max(allowed)


def nearest_allowed(threads: int, allowed: Sequence[int]) -> int:
    """The largest number that is allowed here and not above `threads`, which may be what another machine chose."""
    return max((count for count in allowed if count <= threads), default=min(allowed))


def speed_ratio(plain: Callable[[], object], quantized: Callable[[], object], rounds: int) -> float:
    """How many times as fast `quantized` is, as the median of so many rounds in which the two take turns."""
    found = [timeit.timeit(plain, number=1) / timeit.timeit(quantized, number=1) for _ in range(rounds)]
    return round(statistics.median(found), 3)


@contextmanager
def threads_set(count: int) -> Iterator[None]:
    """Within, torch computes with so many threads; afterwards with as many as before."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def autocast(precision: Precision, device: torch.device) -> Callable[[], AbstractContextManager[object]]:
    """Makes the context in which the forward pass runs; weights, loss and optimizer stay fp32."""
    if precision != "bf16":
        return nullcontext
    if device.type == "cpu" and not torch.ops.mkldnn._is_mkldnn_bf16_supported():
        return _bf16_without_onednn
    return lambda: torch.autocast(device.type, torch.bfloat16)


@contextmanager
def _bf16_without_onednn() -> Iterator[None]:
    """bf16 on a CPU without AVX-512, where oneDNN refuses an LSTM of bf16 and PyTorch's own computes it, slowly."""
    without_onednn = torch.backends.mkldnn.flags(enabled=False, allow_tf32=None, fp32_precision=None)
    with without_onednn, torch.autocast("cpu", torch.bfloat16):
        yield


WINDOW = 0.5
"""A speed is measured over so many seconds at least."""
SLOW = 0.6
"""A speed below this part of the best one since the last trial is a reason to try the other number at once."""
INTERVAL = 30.0
"""The other number is tried at the beginning, and again after so many seconds, since what was busy may have ended."""


class ThreadWatch:
    """Sets the number of threads to `threads` or to 1, whichever is faster by now, by `change`.

    Threads that share a step wait for one another. Where another process has one of the cores, each step waits until
    that core is free again, and two threads may be many times slower than one.

    `step` is told of each step of training. At times it tries the other number for a WINDOW, and stays with the faster.
    """

    def __init__(self, threads: int, change: Callable[[int], None] = torch.set_num_threads) -> None:
        self._threads, self._change = threads, change
        self._current = threads
        self._best = 0.0
        """The best speed since the last trial, in targets a second."""
        self._usual: float | None = None
        """The speed with the other number, while one is on trial."""
        self._tried_at = -INTERVAL
        self._began: float | None = None
        self._targets = 0

    def restart(self) -> None:
        """Forgets the window that has begun, because something else took some of its time."""
        self._began = None

    def step(self, seconds: float, targets: int) -> None:
        """A step has ended `seconds` after the beginning of training, in which so many targets were learned."""
        if self._began is None:
            self._began, self._targets = seconds, 0
            return
        self._targets += targets
        passed = seconds - self._began
        if passed < WINDOW:
            return
        speed, self._began = self._targets / passed, None
        if self._usual is not None:
            if speed <= self._usual:
                self._switch()
            self._best = max(speed, self._usual)
            self._usual, self._tried_at = None, seconds
            return
        self._best = max(self._best, speed)
        if speed < SLOW * self._best or seconds - self._tried_at >= INTERVAL:
            self._usual = speed
            self._switch()

    def _switch(self) -> None:
        self._current = 1 if self._current == self._threads else self._threads
        self._change(self._current)
