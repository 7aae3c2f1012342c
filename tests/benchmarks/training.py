"""Training characters a second, beside a plain fp32 `nn.LSTM` loop of the same size: at 2 x 512, 64 lanes of 128 steps,
and at what the default picks for the corpus and a minute."""

from __future__ import annotations

import multiprocessing
import tempfile
from collections.abc import Callable
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from time import perf_counter
from typing import Self

import torch
from torch import Tensor, nn

from charnn.api import SilentObserver
from charnn.config.training import Budget, TrainingConfig
from charnn.tasks.language_model.config import LanguageModelNetworkConfig
from charnn.tasks.language_model.learn.network import LanguageModelNetwork
from charnn.training.hardware import choose_device, choose_precision
from tests.benchmarks import peaks
from tests.benchmarks.machine import alternate, ratio, spread
from tests.benchmarks.trial import Plan, Trial, planned, session_of

SECONDS = 60.0
CHARACTERS, ROUNDS = 2**15, 5
"""About how many characters one measurement has, and how many measurements count."""
KERNELS: dict[str, type[nn.RNN] | type[nn.LSTM] | type[nn.GRU]] = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}


def run(corpus: Path) -> None:
    defaults = [planned(Plan(str(corpus), Budget(seconds=SECONDS), cell)) for cell in KERNELS]
    large = [_large(trial) for trial in defaults]
    peaks.run([peaks.SQUARE, _recurrent_product(large[0]), _recurrent_product(defaults[0])])
    print("\nGFLOP/s of training: 6 operations for each weight of a matrix product and each character")
    for trial in (*large, *defaults):
        compare(trial)


def compare(trial: Trial) -> None:
    network, training = trial.network, trial.training
    print(f"\n{network}; {training.batch_size} windows of {training.window_length} steps a batch ({trial.name})")
    plainly, how = f"plain nn.{network.cell.upper()} loop, fp32", f"charnn, {_precision(training)}"
    with_adamw = replace(trial, training=replace(training, optimizer="adamw"))
    with (
        Worker(train_plainly, trial) as plain,
        Worker(train_with_charnn, with_adamw) as adamw,
        Worker(train_with_charnn, trial) as default,
    ):
        measured = {
            plainly: plain.seconds,
            f"{how}, adamw": adamw.seconds,
            f"{how}, {training.optimizer}": default.seconds,
        }
        taken = alternate(measured, ROUNDS)
    for side, values in taken.items():
        speeds = [_steps(training) * training.batch_size * training.window_length / value for value in values]
        operations = [6 * weights_in_products(network) * speed / 1e9 for speed in speeds]
        figures = f"{spread(speeds, ',.0f', ' char/s'):<36} {spread(operations, ',.0f', ' GFLOP/s')}"
        than_plain = "" if side == plainly else ratio(taken[plainly], values)
        print(f"{side:<28} {figures:<66} {than_plain}".rstrip(), flush=True)


def weights_in_products(network: LanguageModelNetworkConfig) -> int:
    """The embedding is looked up and not multiplied with."""
    named = LanguageModelNetwork(network).named_parameters()
    return sum(p.numel() for name, p in named if p.ndim > 1 and name != "embedding.weight")


def _large(default: Trial) -> Trial:
    network = replace(default.network, layers=2, hidden_size=512, embedding_size=512, dropout=0.1)
    return replace(
        default, name="2 x 512", network=network, training=replace(default.training, batch_size=64, window_length=128)
    )


def _recurrent_product(trial: Trial) -> peaks.Product:
    """What an lstm multiplies at every step."""
    return trial.training.batch_size, trial.network.hidden_size, 4 * trial.network.hidden_size


def _precision(training: TrainingConfig) -> str:
    return choose_precision(training.precision, choose_device(training.device))


def _steps(training: TrainingConfig) -> int:
    return max(1, CHARACTERS // (training.batch_size * training.window_length))


class Turns:
    """Called after each step of a side; times a number of steps whenever it is asked to, and makes it wait otherwise.

    What it returns is what a run of charnn asks at each step: whether it is to end.
    """

    def __init__(self, connection: Connection, steps: int) -> None:
        self._connection, self._steps = connection, steps
        self._left = 0
        self._started: float | None = None

    def __call__(self) -> bool:
        if self._left == 0:
            self._connection.send(perf_counter() - self._started if self._started is not None else None)
            self._connection.recv()
            self._left, self._started = self._steps, perf_counter()
        self._left -= 1
        return False


Side = Callable[[Trial, Path, Turns], None]


class Worker:
    """A side in a process of its own, since charnn sets the memory allocator of its process; it idles between turns."""

    def __init__(self, side: Side, trial: Trial) -> None:
        context = multiprocessing.get_context("spawn")
        self._scratch = tempfile.TemporaryDirectory()
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_work, args=(theirs, side, trial, Path(self._scratch.name)), daemon=True)
        self._process.start()
        theirs.close()  # so that a side that fails is noticed
        self._connection.recv()  # it has begun: how fast it is while another one starts does not count

    def seconds(self) -> float:
        self._connection.send("go")
        taken: float = self._connection.recv()
        return taken

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._process.terminate()
        self._process.join()
        self._scratch.cleanup()


def _work(connection: Connection, side: Side, trial: Trial, scratch: Path) -> None:
    side(trial, scratch, Turns(connection, _steps(trial.training)))


def train_with_charnn(trial: Trial, scratch: Path, turns: Turns) -> None:
    """A run as `charnn train` makes it, without end."""
    endless = replace(trial, training=replace(trial.training, budget=Budget(seconds=1e9)))
    session_of(endless, scratch / "model").run(SilentObserver(), turns)


def train_plainly(trial: Trial, scratch: Path, turns: Turns) -> None:
    """What a textbook has: embedding, `nn.LSTM`, linear, cross entropy, AdamW, clipping; fp32."""
    network, training = trial.network, trial.training
    dropout = network.dropout if network.layers > 1 else 0.0  # torch's falls between layers
    embedding = nn.Embedding(network.vocabulary_size, network.embedding_size)
    recurrent = KERNELS[network.cell](
        network.embedding_size, network.hidden_size, network.layers, batch_first=True, dropout=dropout
    )
    head = nn.Linear(network.hidden_size, network.vocabulary_size)
    parameters = [p for module in (embedding, recurrent, head) for p in module.parameters()]
    optimizer = torch.optim.AdamW(parameters, 1e-3)
    ids = torch.randint(0, network.vocabulary_size, (training.batch_size, training.window_length + 1))
    state: Tensor | tuple[Tensor, ...] | None = None
    while not turns():
        output, state = recurrent(embedding(ids[:, :-1]), state)
        logits = head(output)
        loss = nn.functional.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten())
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(parameters, training.clip_norm or 1.0)
        optimizer.step()
        state = state.detach() if isinstance(state, Tensor) else tuple(part.detach() for part in state)
