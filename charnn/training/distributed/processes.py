"""The processes that train one model together, and the messages between them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import timedelta
from types import TracebackType
from typing import Any, Self, TypeVar

import numpy as np
import numpy.typing as npt
import safetensors.numpy
import torch
from torch import Tensor
from torch import distributed as dist

from charnn.config.training import Device
from charnn.errors import TrainingError, UsageError, first_line
from charnn.training.distributed.failures import FailureReport, Store, WorkerLost, worker
from charnn.training.hardware import choose_device

T = TypeVar("T")
ArraysAndJson = tuple[dict[str, npt.NDArray[Any]], dict[str, Any]]
"""Arrays by name, and JSON values by name."""

VARIABLES = ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")
MEETING = timedelta(minutes=5)
"""The processes have this long to find each other."""
STEP_PATIENCE = 600
"""Within a step a process waits so many seconds for the others. A process that has died is noticed at once, so this is
for one that hangs."""
PATIENCE = 24 * 3600
"""Between steps a process waits so many seconds, because the first one validates and saves there, which may take
long."""
SLICE = timedelta(seconds=1)
"""A wait is cut into slices of this length, between which Python handles signals."""


def _unchanged(value: Any) -> Any:
    return value


class Processes:
    """One of the `size` processes that train a model together. `rank` counts them from 0, which is the first process.

    A method is collective if all processes must call it, in the same order. In a single process nothing is sent, and
    what is collective costs nothing.
    """

    def __init__(self, rank: int = 0, size: int = 1, local_rank: int = 0, store: Store | None = None) -> None:
        """`local_rank` counts the processes of one machine; `store` is the one through which all of them met."""
        self.rank, self.size = rank, size
        self._local_rank = local_rank
        self._store = store
        self._has_failed = False

    @classmethod
    def from_environment(cls) -> Processes:
        """The processes that `torchrun` describes in the environment, or this one alone where it describes none.

        It waits until they have met. Raises UsageError for an environment that makes no sense, and TrainingError where
        they do not meet.
        """
        if not all(os.environ.get(name) for name in VARIABLES) or os.environ["WORLD_SIZE"] == "1":
            return cls()
        try:
            rank, size = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
            local_rank = int(os.environ.get("LOCAL_RANK", rank))
            int(os.environ["MASTER_PORT"])
        except ValueError as error:
            raise UsageError(f"RANK, WORLD_SIZE, LOCAL_RANK or MASTER_PORT in the environment: {error}") from None
        if not dist.is_available():
            raise TrainingError("this PyTorch was built without torch.distributed: it trains in one process")
        from torch.distributed.rendezvous import rendezvous

        backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() and dist.is_nccl_available() else "cpu:gloo"
        try:
            store, _, _ = next(rendezvous("env://", timeout=MEETING))
            dist.init_process_group(
                backend, store=store, rank=rank, world_size=size, timeout=timedelta(seconds=PATIENCE)
            )
        except (RuntimeError, ValueError, OSError) as error:
            place = f"{os.environ['MASTER_ADDR']}:{os.environ['MASTER_PORT']}"
            raise TrainingError(
                f"{worker(rank)}: cannot meet the other {size - 1} processes at {place}: {first_line(error)}",
                hint="to train in one process, unset WORLD_SIZE",
            ) from error
        return cls(rank, size, local_rank, store)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave()

    @property
    def is_first(self) -> bool:
        """Whether this is the process that decides, validates, writes and prints."""
        return self.rank == 0

    def part_of(self, count: int) -> slice:
        """The slice of `count` things that belongs to this process. No process has two more than another."""
        return slice(self.rank * count // self.size, (self.rank + 1) * count // self.size)

    def device(self, device: Device) -> torch.device:
        """The device of this process. The first process chooses its kind, and each process has a GPU of its own.

        This is collective. Raises UsageError where there is no such device.
        """
        if self.size == 1:
            return choose_device(device)
        kind = self.broadcast(lambda: choose_device(device).type)
        if kind != "cuda":
            if device == "mps":
                raise UsageError("--device mps: several processes train on cpu or on cuda")
            return torch.device("cpu")
        choose_device("cuda")
        if self._local_rank >= (gpus := torch.cuda.device_count()):
            raise UsageError(f"{gpus} GPUs here, and more processes", hint="give torchrun --nproc-per-node gpu")
        torch.cuda.set_device(self._local_rank)
        return torch.device("cuda", self._local_rank)

    def broadcast(
        self,
        make: Callable[[], T],
        pack: Callable[[T], Any] = _unchanged,
        unpack: Callable[[Any], T] = _unchanged,
    ) -> T:
        """Calls `make` on the first process, and gives its value to all processes. This is collective.

        `pack` turns the value into JSON, and `unpack` turns that JSON into an equal value.
        """
        if self.size == 1:
            return make()
        if self.is_first:
            value = make()
            self._broadcast_bytes(json.dumps(pack(value)).encode("ascii"))
            return value
        return unpack(json.loads(self._broadcast_bytes(b"")))

    def broadcast_state(
        self,
        make: Callable[[], T],
        pack: Callable[[T], ArraysAndJson] = _unchanged,
        unpack: Callable[[ArraysAndJson], T] = _unchanged,
    ) -> T:
        """Does what `broadcast` does, for a value that `pack` turns into arrays and JSON."""
        if self.size == 1:
            return make()
        made = [make()] if self.is_first else []
        arrays, values = pack(made[0]) if made else ({}, {})
        values = self.broadcast(lambda: values)
        packed = safetensors.numpy.save({name: np.ascontiguousarray(array) for name, array in arrays.items()})
        received = self._broadcast_bytes(packed)
        if made:
            return made[0]
        # Copied, because what lies in bytes cannot be written to.
        return unpack(({name: array.copy() for name, array in safetensors.numpy.load(received).items()}, values))

    def join(self, rows: Tensor, count: int) -> Tensor:
        """The `count` rows of all processes, on the CPU, where `rows` are this one's `part_of(count)`. This is
        collective."""
        if self.size == 1:
            return rows
        whole = torch.zeros(count, *rows.shape[1:], dtype=rows.dtype)
        whole[self.part_of(count)] = rows.cpu()
        self.sum(whole, PATIENCE)
        return whole

    def meet(self) -> None:
        """Waits until all processes have called it. This is collective."""
        if self.size > 1:
            self.sum(torch.zeros(1), PATIENCE)

    def sum(self, tensor: Tensor, patience: int = STEP_PATIENCE) -> None:
        """Replaces each number in `tensor` by its sum over all processes, which is the same to the last bit in each.
        This is collective."""
        _wait(lambda: dist.all_reduce(tensor, async_op=True), patience, tensor.device)

    def _broadcast_bytes(self, data: bytes) -> bytes:
        cpu = torch.device("cpu")
        length = torch.tensor([len(data)])
        _wait(lambda: dist.broadcast(length, 0, async_op=True), PATIENCE, cpu)
        received = torch.zeros(int(length), dtype=torch.uint8)
        if self.is_first:
            received.numpy()[:] = np.frombuffer(data, np.uint8)
        _wait(lambda: dist.broadcast(received, 0, async_op=True), PATIENCE, cpu)
        return data if self.is_first else received.numpy().tobytes()

    def error_to_raise(self, error: BaseException) -> BaseException | None:
        """The error that this process has to raise after `error` ended it, or None where another one reports why.

        This is not collective. Nothing that is collective can be called afterwards.
        """
        if self._store is None:
            return error
        self._has_failed = True
        report = FailureReport(self._store, self.rank, self.size)
        if not self.is_first:
            report.send(error)
        self._leave()  # so that whoever waits for this one learns of it
        return report.error_to_raise(error)

    def _leave(self) -> None:
        # After a failure NCCL would wait for what never comes, so it is left to the end of the process.
        if self.size > 1 and dist.is_initialized() and not (self._has_failed and torch.cuda.is_available()):
            dist.destroy_process_group()


ALONE = Processes()


def _wait(begin: Callable[[], Any], patience: int, device: torch.device) -> None:
    """Waits for the operation that `begin` begins among the processes.

    Raises WorkerLost where one of them is gone or does not come in time. `patience` counts slices of waiting and not
    the clock's time, so that a process which was stopped for an hour has not waited for an hour.
    """
    try:
        work = begin()
        if device.type != "cpu":
            work.wait()  # makes the GPU wait, not Python
            return
        for _ in range(patience):
            try:
                work.wait(SLICE)
                return
            except RuntimeError:
                if work.is_completed():
                    work.wait()  # it ended just now, or it failed and says so again
                    return
    except RuntimeError as error:
        raise WorkerLost from error
    raise WorkerLost
