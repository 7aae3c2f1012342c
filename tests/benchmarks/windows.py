"""Processor time of one thread for a gru's window, forwards and backwards: charnn's code beside torch's operations."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch
from torch import Tensor, nn

from charnn.network.cells import CellWeights
from charnn.network.gru import gru_window
from charnn.training.hardware import autocast, keep_freed_memory
from tests.benchmarks.machine import alternate, ratio, spread

STEPS, ROUNDS = 64, 9
SIZES = ((64, 192), (16, 192), (64, 64), (64, 512))
"""Lanes, and hidden units, which are as many as the inputs."""


def run() -> None:
    keep_freed_memory()
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    for precision in ("fp32", "bf16"):
        for lanes, hidden in SIZES:
            taken = alternate(_sides(lanes, hidden, precision), ROUNDS)
            figures = "; ".join(f"{name} {spread(values, '.1f', ' ms')}" for name, values in taken.items())
            print(f"{precision}, {lanes} lanes, {hidden} units: {figures}; {ratio(taken['torch'], taken['charnn'])}")
    torch.set_num_threads(threads)


def _sides(lanes: int, hidden: int, precision: str) -> dict[str, Callable[[], float]]:
    layer = nn.GRU(hidden, hidden, batch_first=True)
    x_BTE = torch.randn(lanes, STEPS, hidden, requires_grad=True)
    before_BH, upstream_BTH = torch.zeros(lanes, hidden), torch.randn(lanes, STEPS, hidden)
    weights = CellWeights(*layer.parameters())

    def milliseconds(window: Callable[[], Tensor]) -> float:
        started = time.process_time()
        with autocast("bf16" if precision == "bf16" else "fp32", torch.device("cpu"))():
            outputs_BTH = window()
        torch.autograd.backward(outputs_BTH, upstream_BTH.to(outputs_BTH.dtype))
        return (time.process_time() - started) * 1e3

    return {
        "torch": lambda: milliseconds(lambda: layer(x_BTE, before_BH.unsqueeze(0))[0]),
        "charnn": lambda: milliseconds(lambda: gru_window(x_BTE, before_BH, weights)[0]),
    }
