"""Training characters a second at 2 x 512, 64 lanes of 128 steps, beside a plain fp32 `nn.LSTM` loop."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Self

import numpy as np
import torch
from torch import nn

from charnn.config import Budget, Cell, NetworkConfig, TrainingConfig
from charnn.network import LanguageModel
from charnn.training.allocator import keep_freed_memory
from charnn.training.language_model import LanguageModelTask
from charnn.training.language_model.encoded import EncodedCorpus
from charnn.training.loop import Loop
from charnn.training.precision import choose_precision
from tests.benchmarks.machine import alternate, ratio, seconds, spread

VOCABULARY, HIDDEN, LAYERS, LANES, WINDOW = 67, 512, 2, 64, 128
STEPS, ROUNDS = 4, 5
KERNELS: dict[Cell, type[nn.RNNBase]] = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}


def run(corpus: Path) -> None:
    precision = choose_precision("auto", torch.device("cpu"))
    for cell in KERNELS:
        with Worker(plain_steps, cell) as plain, Worker(charnn_steps, cell) as charnn:
            taken = alternate({"plain": plain.seconds, "charnn": charnn.seconds}, ROUNDS)
        for name, values in taken.items():
            what = f"{cell}, " + (f"charnn, {precision}" if name == "charnn" else f"plain nn.{cell.upper()} loop, fp32")
            speeds = [STEPS * LANES * WINDOW / value for value in values]
            print(f"{what:<32} {spread(speeds, ',.0f', ' char/s')}")
        print(f"{'':<32} {ratio(taken['plain'], taken['charnn'])}")


class Worker:
    """A side in a process of its own, since charnn sets the memory allocator of its process; it idles between turns."""

    def __init__(self, make_steps: Callable[[Cell], Callable[[], object]], cell: Cell) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_work, args=(theirs, make_steps, cell), daemon=True)
        self._process.start()

    def seconds(self) -> float:
        self._connection.send("go")
        taken: float = self._connection.recv()
        return taken

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._process.terminate()
        self._process.join()


def _work(connection: Connection, make_steps: Callable[[Cell], Callable[[], object]], cell: Cell) -> None:
    steps = make_steps(cell)
    while connection.recv():
        connection.send(seconds(steps))


def plain_steps(cell: Cell) -> Callable[[], object]:
    return PlainLoop(cell).steps


def charnn_steps(cell: Cell) -> Callable[[], object]:
    """Steps of the real loop, on random text: dropout, clipping, schedule and averaging included."""
    keep_freed_memory()  # as a session does
    device = torch.device("cpu")
    config = TrainingConfig(Budget(steps=10**6), lanes=LANES, window_length=WINDOW)
    text = np.random.default_rng(0).integers(2, VOCABULARY, 10**6).astype(np.int32)
    network = LanguageModel(NetworkConfig(VOCABULARY, cell, LAYERS, HIDDEN, HIDDEN, dropout=0.1))
    task = LanguageModelTask(network, EncodedCorpus(text, len(text), [text[:10]], 10), config)
    loop = Loop(task, config, device, choose_precision("auto", device))
    return lambda: [loop._step() for _ in range(STEPS)]


class PlainLoop:
    """What a textbook has: embedding, `nn.LSTM`, linear, cross entropy, AdamW, clipping; fp32."""

    def __init__(self, cell: Cell) -> None:
        self.embedding = nn.Embedding(VOCABULARY, HIDDEN)
        self.recurrent = KERNELS[cell](HIDDEN, HIDDEN, LAYERS, batch_first=True, dropout=0.1)
        self.head = nn.Linear(HIDDEN, VOCABULARY)
        self.parameters = [p for module in (self.embedding, self.recurrent, self.head) for p in module.parameters()]
        self.optimizer = torch.optim.AdamW(self.parameters, 1e-3)
        self.ids = torch.randint(0, VOCABULARY, (LANES, WINDOW + 1))
        self.state = None

    def steps(self) -> None:
        for _ in range(STEPS):
            output, state = self.recurrent(self.embedding(self.ids[:, :-1]), self.state)
            logits = self.head(output)
            loss = nn.functional.cross_entropy(logits.flatten(0, 1), self.ids[:, 1:].flatten())
            self.optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(self.parameters, 1.0)
            self.optimizer.step()
            self.state = tuple(s.detach() for s in state) if isinstance(state, tuple) else state.detach()
