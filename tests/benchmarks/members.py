"""What networks that are used side by side reach, and a network that they teach, beside one network; and how fast
members learn and write.

Without --time each of two members reads the text as often as is said, so that together they read as many characters as
one network does that reads it twice as often. With --time all have that time, and sizes are chosen.
"""

from __future__ import annotations

import tempfile
import time as clock
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

import charnn
from charnn.config.model import TokenizerConfig
from charnn.config.training import Budget
from charnn.generation.config import SamplingConfig
from charnn.generation.generator import generate
from charnn.tasks.language_model.config import LanguageModelNetworkConfig
from charnn.tasks.language_model.graph import language_model_graph
from charnn.tasks.language_model.learn.ensemble import make_network
from charnn.tasks.language_model.learn.overrides import LanguageModelOverrides
from charnn.tasks.language_model.learn.pace import Pace
from charnn.tasks.language_model.step_graph import step_graph
from charnn.tasks.language_model.use.runtime import RuntimeLanguageModel
from charnn.tokenizers import train
from charnn.tokenizers.base import STOP_ID, Tokenizer
from tests.benchmarks.machine import alternate, means, ratio, spread

MEMBERS, HIDDEN, EPOCHS, SEEDS = 2, 96, 12.0, 1
LEARNERS, SECONDS = (64, 192, 384), 120.0
"""The hidden units of networks whose speed of learning is measured, as it is for a run of so many seconds."""
WRITERS, LENGTH, ROUNDS = ((2, 96), (2, 256), (2, 384), (4, 256)), 400, 5
"""Members and hidden units of the ensembles whose speed is measured, and how many characters they write, how often."""


def run(corpus: Path, *, time: str | None, epochs: float | None, seeds: int | None) -> None:
    once: dict[str, Any] = {"time": time} if time else {"epochs": epochs or EPOCHS, "hidden": HIDDEN}
    twice = once if time else {**once, "epochs": MEMBERS * once["epochs"]}
    reached: dict[str, list[float]] = {}
    taken: dict[str, list[float]] = {}
    for seed in range(1, (seeds or SEEDS) + 1):
        with tempfile.TemporaryDirectory() as scratch:
            members = Path(scratch) / "members"
            runs: dict[str, dict[str, Any]] = {
                "one network": {**twice, "members": 1},
                f"{MEMBERS} members": {**once, "members": MEMBERS, "out": members},
                "a network that they teach": {**once, "teacher": [str(members)]},
            }
            if not time:
                runs["one network, half as long"] = {**once, "members": 1}
            for name, options in runs.items():
                config = charnn.train(corpus, **{"out": Path(scratch) / name, "seed": seed, **options}).config
                reached.setdefault(name, []).append(config.scores.nats_per_character)
                taken.setdefault(name, []).append(config.record.seconds)
                print(f"seed {seed}, {name}: {reached[name][-1]:.4f} nats, {config.network}", flush=True)
    budget = time or f"{once['epochs']:g} epochs of each network, 2 x {HIDDEN}"
    print(f"\n{corpus.name}, {budget}, {seeds or SEEDS} seeds, nats per character of the held-out text, and seconds")
    for name, nats in reached.items():
        print(f"{name:<28} {means(nats, '.4f')}  {means(taken[name], ',.0f', ' s')}")
    print()
    learn()
    write(corpus)


def learn() -> None:
    """Characters a second that one network learns with one thread and with two, and two members with a thread each, all
    of whose characters are counted once."""
    print("learning, characters of the text a second")
    for hidden in LEARNERS:
        sides = {
            name: partial(_learned, hidden, members, threads)
            for name, members, threads in (
                ("one thread", 1, 1),
                ("two threads", 1, MEMBERS),
                ("members at once", MEMBERS, MEMBERS),
                ("members in turn", MEMBERS, 1),
            )
        }
        taken = alternate(sides, ROUNDS)
        for name, speeds in taken.items():
            print(f"2 x {hidden}, {name:<16} {spread(speeds)}; {ratio(speeds, taken['one thread'])}", flush=True)


def _learned(hidden: int, members: int, threads: int) -> float:
    """The speed of so many networks of a size that learn with so many threads, in characters of the text a second."""
    overrides = LanguageModelOverrides(members=members, budget=Budget(seconds=SECONDS))
    text = {"characters": 10**6, "vocabulary_size": 67}
    return Pace(overrides, **text, ends_are_learned=False, thread_counts=(threads,))(hidden)


def write(corpus: Path) -> None:
    """The time that members take to write a character, beside one network that has as many weights: processor time of
    one thread, which other work on the machine disturbs less than the clock."""
    tokenizer = train(TokenizerConfig(), [corpus.read_text("utf-8")])
    print("one stream, microseconds of one processor for a character")
    for number, hidden in WRITERS:
        wanted = number * _weights(tokenizer.size, hidden)
        alike = min(range(hidden, number * hidden, 8), key=lambda size: abs(_weights(tokenizer.size, size) - wanted))
        for precision, graph_of in (("int8", step_graph), ("fp32", language_model_graph)):
            sides = {
                name: partial(_microseconds, _writer(tokenizer.size, size, members, graph_of), tokenizer)
                for name, size, members in (("members", hidden, number), ("one", alike, 1))
            }
            taken = alternate(sides, ROUNDS)
            print(
                f"{number} members of 2 x {hidden}, {precision}: {spread(taken['members'])}; 2 x {alike}: "
                f"{spread(taken['one'])}; {ratio(taken['members'], taken['one'])} the time",
                flush=True,
            )


def _writer(vocabulary_size: int, hidden: int, members: int, graph_of: Callable[..., bytes]) -> RuntimeLanguageModel:
    config = LanguageModelNetworkConfig(vocabulary_size, hidden_size=hidden, members=members)
    network = make_network(config).eval()
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if name.endswith("head.bias"):
                parameter[STOP_ID] = -1e4  # or an untrained network soon ends its text
    return RuntimeLanguageModel(graph_of(config, {n: tensor.numpy() for n, tensor in network.state_dict().items()}))


def _microseconds(model: RuntimeLanguageModel, tokenizer: Tokenizer) -> float:
    started = clock.process_time()
    text = "".join(generate(model, tokenizer, "", SamplingConfig(length=LENGTH), np.random.default_rng(0)))
    return (clock.process_time() - started) / len(text) * 1e6


def _weights(vocabulary_size: int, hidden: int) -> int:
    network = make_network(LanguageModelNetworkConfig(vocabulary_size, hidden_size=hidden))
    return sum(parameter.numel() for parameter in network.parameters())
