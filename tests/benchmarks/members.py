"""What networks that are used side by side reach, and a network that they teach, beside one network; and how fast
members write.

Without --time each of two members reads the text as often as is said, so that together they read as many characters as
one network does that reads it twice as often. With --time all have that time, and sizes are chosen.
"""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import torch

import charnn
from charnn.config.tokenizer import TokenizerConfig
from charnn.tasks.language_model.config import LanguageModelNetworkConfig
from charnn.tasks.language_model.graph import language_model_graph
from charnn.tasks.language_model.learn.ensemble import make_network
from charnn.tasks.language_model.step_graph import step_graph
from charnn.tasks.language_model.use.model import LARGE_GRAPH
from charnn.tasks.language_model.use.runtime import RuntimeLanguageModel
from charnn.tokenizers import train
from charnn.tokenizers.base import STOP_ID
from tests.benchmarks.machine import means, ratio, spread
from tests.benchmarks.sampling import STREAMS, many_texts, one_text, speeds

MEMBERS, HIDDEN, EPOCHS, SEEDS = 2, 96, 12.0, 1
WRITERS = ((2, 256), (4, 256))
"""Members and hidden units of the ensembles whose speed is measured."""


def run(corpus: Path, *, time: str | None, epochs: float | None, seeds: int | None) -> None:
    once: dict[str, Any] = {"time": time} if time else {"epochs": epochs or EPOCHS, "hidden": HIDDEN}
    twice = once if time else {**once, "epochs": MEMBERS * once["epochs"]}
    reached: dict[str, list[float]] = {}
    taken: dict[str, list[float]] = {}
    for seed in range(1, (seeds or SEEDS) + 1):
        with tempfile.TemporaryDirectory() as scratch:
            members = Path(scratch) / "members"
            runs: dict[str, dict[str, Any]] = {
                "one network": twice,
                f"{MEMBERS} members": {**once, "members": MEMBERS, "out": members},
                "a network that they teach": {**once, "teacher": [str(members)]},
            }
            if not time:
                runs["one network, half as long"] = once
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
    write(corpus)


def write(corpus: Path) -> None:
    """Characters a second of members, and of one network that has as many weights."""
    tokenizer = train(TokenizerConfig(), [corpus.read_text("utf-8")])
    for number, hidden in WRITERS:
        side_by_side = LanguageModelNetworkConfig(tokenizer.size, hidden_size=hidden, members=number)
        sizes = range(hidden, number * hidden, 8)
        alike = min(
            sizes, key=lambda size: abs(_weights(tokenizer.size, size) - number * _weights(tokenizer.size, hidden))
        )
        models: dict[str, Any] = {}
        for config in (side_by_side, LanguageModelNetworkConfig(tokenizer.size, hidden_size=alike)):
            network = make_network(config).eval()
            with torch.no_grad():
                for name, parameter in network.named_parameters():
                    if name.endswith("head.bias"):
                        parameter[STOP_ID] = -1e4  # or an untrained network soon ends its text
            weights = {name: tensor.numpy() for name, tensor in network.state_dict().items()}
            for precision, graph_of in (("int8", step_graph), ("fp32", language_model_graph)):
                graph = graph_of(config, weights)
                threads = 2 if len(graph) > LARGE_GRAPH else 1
                several = f"{config.members} members of " if config.members > 1 else ""
                models[f"{several}2 x {config.hidden_size}, {precision}"] = RuntimeLanguageModel(graph, threads=threads)
        for streams, text in ((1, one_text), (STREAMS, many_texts)):
            print(f"{streams} stream{'s' * (streams > 1)}: {number} members beside one network with as many weights")
            found = speeds({name: partial(text, model, tokenizer) for name, model in models.items()})
            names = list(found)
            for ours, theirs in zip(names[:2], names[2:], strict=True):
                for name in (ours, theirs):
                    print(f"  {name:<30} {spread(found[name], ',.0f', ' char/s')}")
                print(f"  {'members take':<30} {ratio(found[theirs], found[ours])} the time")


def _weights(vocabulary_size: int, hidden: int) -> int:
    network = make_network(LanguageModelNetworkConfig(vocabulary_size, hidden_size=hidden))
    return sum(parameter.numel() for parameter in network.parameters())
