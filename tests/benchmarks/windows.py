"""Processor time of one thread for a window, forwards and backwards: charnn's code for a gru beside torch's operations,
and oneDNN's lstm, which charnn uses as it is, beside nothing but the products that it is made of."""

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
            taken = alternate(_gru(lanes, hidden, precision), ROUNDS)
            figures = "; ".join(f"{name} {spread(values, '.1f', ' ms')}" for name, values in taken.items())
            print(
                f"gru, {precision}, {lanes} lanes, {hidden} units: {figures}; {ratio(taken['torch'], taken['charnn'])}"
            )
    for lanes, hidden in SIZES:
        taken = alternate(_lstm(lanes, hidden), ROUNDS)
        figures = "; ".join(f"{name} {spread(values, '.1f', ' ms')}" for name, values in taken.items())
        print(f"lstm, fp32, {lanes} lanes, {hidden} units: {figures}; {ratio(taken['oneDNN'], taken['its products'])}")
    torch.set_num_threads(threads)


def _gru(lanes: int, hidden: int, precision: str) -> dict[str, Callable[[], float]]:
    layer = nn.GRU(hidden, hidden, batch_first=True)
    x_BTE = torch.randn(lanes, STEPS, hidden, requires_grad=True)
    before_BH, upstream_BTH = torch.zeros(lanes, hidden), torch.randn(lanes, STEPS, hidden)
    weights = CellWeights(*layer.parameters())

    def both_ways(window: Callable[[], Tensor]) -> None:
        with autocast("bf16" if precision == "bf16" else "fp32", torch.device("cpu"))():
            outputs_BTH = window()
        torch.autograd.backward(outputs_BTH, upstream_BTH.to(outputs_BTH.dtype))

    return {
        "torch": lambda: milliseconds(lambda: both_ways(lambda: layer(x_BTE, before_BH.unsqueeze(0))[0])),
        "charnn": lambda: milliseconds(lambda: both_ways(lambda: gru_window(x_BTE, before_BH, weights)[0])),
    }


def _lstm(lanes: int, hidden: int) -> dict[str, Callable[[], float]]:
    """Products forwards and for the gradients of inputs and weights, those of the recurrence step by step."""
    layer = nn.LSTM(hidden, hidden, batch_first=True)
    x_BTE = torch.randn(lanes, STEPS, hidden, requires_grad=True)
    upstream_BTH = torch.randn(lanes, STEPS, hidden)
    weight_GH = torch.randn(4 * hidden, hidden)
    weight_HG = weight_GH.T.contiguous()
    x_TBH, gradients_TBG = torch.randn(STEPS, lanes, hidden), torch.randn(STEPS, lanes, 4 * hidden)
    x_NH, gradients_NG = x_TBH.flatten(0, 1), gradients_TBG.flatten(0, 1)

    def products() -> None:
        torch.mm(x_NH, weight_HG)
        torch.mm(gradients_NG, weight_GH)
        for x_BH, gradients_BG in zip(x_TBH, gradients_TBG, strict=True):
            torch.mm(x_BH, weight_HG)
            torch.mm(gradients_BG, weight_GH)
        for _ in range(2):
            torch.mm(gradients_NG.T, x_NH)

    return {
        "oneDNN": lambda: milliseconds(lambda: torch.autograd.backward(layer(x_BTE)[0], upstream_BTH)),
        "its products": lambda: milliseconds(products),
    }


def milliseconds(work: Callable[[], None]) -> float:
    """Of processor time."""
    started = time.process_time()
    work()
    return (time.process_time() - started) * 1e3
