"""One run of training, planned or carried out: asked for by JSON on stdin, answered by JSON on stdout.

All that the benchmarks know of how a language model is planned and trained is here.
"""

from __future__ import annotations

import json
import math
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import torch

from charnn.api import SilentObserver
from charnn.config.as_json import Json
from charnn.config.model import TokenizerConfig
from charnn.config.training import Budget, TrainingConfig
from charnn.corpora.data_files import DataFiles
from charnn.errors import TrainingError
from charnn.tasks.language_model.config import LanguageModelNetworkConfig
from charnn.tasks.language_model.corpus import read_corpus
from charnn.tasks.language_model.learn.network import LanguageModelNetwork
from charnn.tasks.language_model.learn.overrides import LanguageModelOverrides
from charnn.tasks.language_model.learn.session import LanguageModelSession
from charnn.training.hardware import keep_freed_memory, thread_counts
from tests.runs import into


@torch.no_grad()
def _closed_forget_gates(network: LanguageModelNetwork) -> None:
    """Forget biases start at 0, as all others do."""
    for name, bias in network.named_parameters():
        if name.endswith("bias_ih_l0") and network.config.cell == "lstm":
            bias.chunk(4)[1].zero_()


@torch.no_grad()
def _small_embeddings(network: LanguageModelNetwork) -> None:
    network.embedding.weight.mul_(0.1)


STARTS: Mapping[str, Callable[[LanguageModelNetwork], object]] = {
    "as charnn starts": lambda network: None,
    "forget bias 0": _closed_forget_gates,
    "embedding x 0.1": _small_embeddings,
}
"""What is done to the weights that training would start from."""


@dataclass(frozen=True)
class Plan(Json):
    """Asks for the run that charnn would make of a text, at its own choice of everything."""

    corpus: str
    budget: Budget
    cell: str = "lstm"
    name: str = "default"


@dataclass(frozen=True)
class Trial(Json):
    """Asks for a run to be carried out."""

    name: str
    corpus: str
    network: LanguageModelNetworkConfig
    training: TrainingConfig
    start: str = "as charnn starts"
    """A key of `STARTS`."""


@dataclass(frozen=True)
class Reached(Json):
    nats_per_character: float
    """The cost of the held-out text, with the state carried, at the best validation, which `charnn train` keeps. It is
    infinite where the loss was before there was one."""
    characters_per_second: float
    """Over the whole of training, with validations and with what choosing the threads took."""
    epochs: float
    parameters: int


def planned(plan: Plan) -> Trial:
    """What `charnn train` would do here and now, but that it never stops early: how fast this machine is, with the
    cores and threads that this process has, is part of the choice."""
    overrides = LanguageModelOverrides(cell=plan.cell, budget=plan.budget, settings={"patience": 0})
    with tempfile.TemporaryDirectory() as scratch:
        session = _session(plan.corpus, overrides, Path(scratch) / "model")
        return Trial(plan.name, plan.corpus, session.config.network, session.config.training)


def session_of(trial: Trial, directory: Path) -> LanguageModelSession:
    """About to begin; it will write into `directory`, which is new. Everything in it was asked for."""
    chosen = {**vars(trial.network), **vars(trial.training)}
    overrides = LanguageModelOverrides(
        **{name: chosen[name] for f in fields(LanguageModelOverrides) if (name := f.name) in chosen}
    )
    settings = {name: value for name, value in vars(trial.training).items() if not hasattr(overrides, name)}
    session = _session(trial.corpus, replace(overrides, settings=settings), directory)
    assert (session.config.network, session.config.training) == (trial.network, trial.training)
    STARTS[trial.start](session.network)
    return session


def _session(corpus: str, overrides: LanguageModelOverrides, directory: Path) -> LanguageModelSession:
    """As `charnn train` begins one: with its allocator, and the numbers of threads that it may try."""
    keep_freed_memory()
    return LanguageModelSession.start(
        into(directory, thread_counts()), read_corpus(DataFiles([corpus])), TokenizerConfig(), overrides
    )


def carry_out(trial: Trial) -> Reached:
    with tempfile.TemporaryDirectory() as scratch:
        session = session_of(trial, Path(scratch) / "model")
        parameters = sum(parameter.numel() for parameter in session.network.parameters())
        try:
            session.run(SilentObserver())
        except TrainingError:  # diverged before its first validation
            return Reached(math.inf, 0.0, 0.0, parameters)
        scores, record = session.config.scores, session.config.record
    assert scores is not None
    return Reached(scores.nats_per_character, record.characters_per_second, record.epochs, parameters)


def with_seed(trial: Trial, seed: int) -> Trial:
    return replace(trial, training=replace(trial.training, seed=seed))


def answer(asked: dict[str, Any]) -> dict[str, Any]:
    """The answer to a `Trial`, which has a network, or to a `Plan`."""
    reply = carry_out(Trial.from_json(asked)) if "network" in asked else planned(Plan.from_json(asked))
    return reply.to_json()


if __name__ == "__main__":
    print(json.dumps(answer(json.load(sys.stdin))))
