"""A whole task in one file, as small as it can be: whether a line of 0s and 1s has an odd number of 1s."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from torch import Tensor, from_numpy, nn

from charnn.config import Budget, Json, ModelConfig, SourceFile, TrainingConfig, TrainingRecord
from charnn.corpora.sources import read, read_again
from charnn.network.cells import CellWeights
from charnn.network.recurrent import Recurrent
from charnn.tasks.directory import TaskDirectory
from charnn.tasks.model import Model
from charnn.tasks.task import Description, Evaluation, Recognition, Task
from charnn.tasks.training_options import TrainingOptions
from charnn.training.planning import new_record, under_budget
from charnn.training.session import Session

HELD_OUT, BATCH, UNITS = 20, 16, 8


@dataclass(frozen=True)
class ParityValidation(Json):
    loss: float
    summary: str
    step: int
    epoch: float
    seconds: float
    standard_error = 0.0

    def amount(self, loss: float) -> str:
        return f"{loss:.4f} nats"


@dataclass(frozen=True)
class ParityConfig(ModelConfig):
    task: Literal["parity"]
    training: TrainingConfig
    source: SourceFile
    record: TrainingRecord
    scores: ParityValidation | None = None
    quantization: None = None


class ParityDirectory(TaskDirectory[ParityConfig]):
    name, config_class = "parity", ParityConfig


class ParityObjective:
    unit, units_per_target, targets_in_batch, validation_type = "line", 1.0, BATCH, ParityValidation

    def __init__(self, bits_NT: np.ndarray, config: ParityConfig) -> None:
        recurrent = Recurrent("rnn", input_size=1, hidden_size=UNITS, layers=1)
        self.network = nn.ModuleDict({"recurrent": recurrent, "head": nn.Linear(UNITS, 1)})
        self.training, self.held_out = bits_NT[:-HELD_OUT], bits_NT[-HELD_OUT:]
        self.random, self.lines = np.random.default_rng(config.training.seed), 0

    @property
    def epoch(self) -> float:
        return self.lines / len(self.training)

    def nats(self, bits_NT: np.ndarray) -> Tensor:
        bits, recurrent, head = from_numpy(bits_NT), self.network["recurrent"], self.network["head"]
        logits_B1 = head(recurrent(bits[..., None], recurrent.initial_state(len(bits)))[0][:, -1])
        return nn.functional.binary_cross_entropy_with_logits(logits_B1[:, 0], bits.sum(1) % 2, reduction="sum")

    def loss(self) -> tuple[Tensor, int]:
        self.lines += BATCH
        return self.nats(self.random.choice(self.training, BATCH)), BATCH

    def validate(self, report: Any) -> ParityValidation:
        nats = float(self.nats(self.held_out)) / HELD_OUT
        return ParityValidation(nats, f"{nats:.4f} nats", report.step, self.epoch, report.seconds)

    def train_loss(self) -> float:
        return float(self.nats(self.training[:HELD_OUT])) / HELD_OUT

    def position(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        return {}, {"lines": self.lines, "random": self.random.bit_generator.state}

    def restore(self, tensors: dict[str, Tensor], values: dict[str, Any]) -> None:
        self.lines, self.random.bit_generator.state = values["lines"], values["random"]


class ParityModel(Model[ParityDirectory, ParityConfig]):
    directory_class = ParityDirectory

    def is_odd(self, line: str) -> bool:
        weights = self.directory.weights()
        w_ih, w_hh, b_ih, b_hh = (weights[f"recurrent.layers.0.{name}_l0"] for name in CellWeights._fields)
        h = np.zeros(len(b_ih), np.float32)
        for bit in bits_of(line)[0]:
            h = np.tanh(w_ih[:, 0] * bit + w_hh @ h + b_ih + b_hh)
        return bool(weights["head.weight"][0] @ h + weights["head.bias"][0] > 0)


@dataclass
class ParityEvaluation(Evaluation):
    model: ParityModel
    lines: list[str]
    accuracy: float = 0.0

    def run(self) -> Any:
        self.accuracy = sum(self.model.is_odd(line) == line.count("1") % 2 for line in self.lines) / len(self.lines)
        yield from ()

    def to_json(self) -> dict[str, Any]:
        return {"accuracy": self.accuracy}

    def report(self) -> str:
        return f"accuracy  {self.accuracy:.2f}\n"


class ParityTask(Task[ParityConfig]):
    name, title, data, summary, commands = "parity", "judge of parity", "lines of bits", "counts modulo 2", ()
    training_options, directory, model = TrainingOptions, ParityDirectory, ParityModel

    def recognizes(self, sample: str) -> Recognition | None:
        return Recognition("zeros and ones alone", is_sure=True) if set(sample) == set("01\n") else None

    def start(self, run: Any, options: TrainingOptions) -> Session[ParityConfig]:
        (text, source), budget = read(run.corpus[0]), options.budget or Budget(steps=600)
        training = TrainingConfig(budget, patience=0, device="cpu", seed=options.seed, learning_rate=0.02)
        config = ParityConfig("parity", training, source, new_record())
        return Session.begin(config, lambda: run.create(ParityDirectory), None, lambda d: session_of(d, config, text))

    def resume(self, directory: Any, run: Any, budget: Budget | None) -> Session[ParityConfig]:
        config = under_budget(directory.config(), budget)
        session = session_of(directory, config, read_again(config.source))
        session.restore(*directory.training_state())
        return session

    def describe(self, directory: Any) -> Description:
        return Description([("network", "an rnn that reads bits")])

    def evaluate(self, model: ParityModel, files: Any, options: Any, **_: Any) -> ParityEvaluation:
        text = "".join(read(f)[0] for f in files) or read_again(model.config.source)
        return ParityEvaluation(model, text.splitlines())


def session_of(directory: ParityDirectory, config: ParityConfig, text: str) -> Session[ParityConfig]:
    return Session(directory, config, lambda _: ParityObjective(bits_of(text), config), lambda _: None, threads=1)


def bits_of(text: str) -> np.ndarray:
    return np.array([[bit == "1" for bit in line] for line in text.splitlines()], np.float32)
