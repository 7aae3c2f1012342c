"""Where training runs, on how many threads, in what precision: what the hardware does fast, unless told otherwise; and
how the memory of one step is kept for the next."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import torch

from charnn.config.training import Device, Precision
from charnn.errors import UsageError

M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_MAX = -1, -2, -4
"""From glibc's malloc.h."""


def keep_freed_memory() -> None:
    """For the rest of the process, glibc gives no memory back to the system.

    By default it maps every large tensor anew and unmaps it when it is freed, so that each step of training pays for
    having its pages zeroed: a third of the time at 2 x 512. Other C libraries are left alone.
    """
    if not sys.platform.startswith("linux"):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none
    if mallopt is not None:
        mallopt(M_MMAP_MAX, 0)
        mallopt(M_TRIM_THRESHOLD, -1)
        mallopt(M_TOP_PAD, 64 * 1024 * 1024)


def choose_device(device: Device) -> torch.device:
    """`auto` is CUDA, else Apple's GPU, else the CPU. Raises UsageError where the named one is not there."""
    present = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if device == "auto":
        return torch.device(next(name for name, is_there in present.items() if is_there))
    if not present[device]:
        raise UsageError(f"--device {device}: PyTorch finds no such device here", hint="leave --device out, or use cpu")
    return torch.device(device)


def choose_precision(precision: Precision, device: torch.device) -> Precision:
    """`auto` is bf16 where the device has instructions for it (emulated bf16 is slower than fp32), else fp32."""
    if precision != "auto":
        return precision
    if device.type == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp32"
    if device.type == "cpu":
        has = torch.cpu.get_capabilities()
        return "bf16" if has.get("amx_bf16") or has.get("avx512_bf16") else "fp32"
    return "fp32"


def thread_counts(device: torch.device) -> list[int]:
    """How many threads may be the best for training: one, or one for each core. Small steps gain nothing from a second
    thread, and where another process has a core, threads that wait for each other wait very long."""
    return sorted({1, torch.get_num_threads()}) if device.type == "cpu" else [torch.get_num_threads()]


def threads_for(work: int, small: int) -> int:
    """Where nothing was measured: one for a step of at most `small` units of work."""
    return 1 if work <= small else torch.get_num_threads()


@contextmanager
def threads_set(count: int) -> Iterator[None]:
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
