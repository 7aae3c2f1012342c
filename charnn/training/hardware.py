"""Chooses the device, the precision and the number of threads for training, and keeps memory from step to step.

`auto` becomes what the hardware does fast. Two of these functions set something for the whole process. Only commands
call `keep_freed_memory`; `threads_set` restores the former number at its end.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext

import torch

from charnn.config.training import Device, Precision
from charnn.errors import UsageError

M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_MAX = -1, -2, -4
"""These parameters of `mallopt` are from glibc's malloc.h."""


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
    """The precision that is meant. `auto` is bf16 where the device has instructions for it, and otherwise fp32, because
    bf16 that is emulated is slower than fp32."""
    if precision != "auto":
        return precision
    if device.type == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp32"
    if device.type == "cpu":
        has = torch.cpu.get_capabilities()
        return "bf16" if has.get("amx_bf16") or has.get("avx512_bf16") else "fp32"
    return "fp32"


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
    if precision == "bf16":
        return lambda: torch.autocast(device.type, torch.bfloat16)
    return nullcontext
