"""Characters a second of one stream at 2 x 512, beside stepping `torch.nn.LSTM` as the PyTorch tools do."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import nn

from charnn.cli.inference import threads_for_steps
from charnn.config import NetworkConfig, SamplingConfig, TokenizerConfig
from charnn.generation import generate
from charnn.network import LanguageModel, NumpyLanguageModel
from charnn.runtime import RuntimeLanguageModel
from charnn.tokenizers import STOP_ID, train
from charnn.training.language_model.graph import language_model_graph
from tests.benchmarks.machine import alternate, ratio, seconds, spread

LENGTH, PLAIN_LENGTH, ROUNDS = 4000, 500, 5
HIDDEN, EMBEDDING = 512, 64  # the shape of `charnn train --hidden 512`


def run(corpus: Path) -> None:
    tokenizer = train(TokenizerConfig(), [corpus.read_text("utf-8")])
    sampling = SamplingConfig(length=LENGTH)
    network = LanguageModel(NetworkConfig(tokenizer.size, "lstm", 2, HIDDEN, EMBEDDING)).eval()
    with torch.no_grad():
        network.head.bias[STOP_ID] = -1e4  # or an untrained network soon ends its text
    weights = {name: tensor.numpy() for name, tensor in network.state_dict().items()}
    models: dict[str, object] = {}
    for quantized in (True, False):
        graph = language_model_graph(network.config, weights, quantized=quantized)
        threads = threads_for_steps(len(graph))
        name = f"charnn, {'int8' if quantized else 'fp32'}, {threads} threads"
        models[name] = RuntimeLanguageModel(graph, threads=threads)
    models["the cells in torch, fp32"] = NumpyLanguageModel(network)

    def text(model: object) -> None:
        assert len("".join(generate(model, tokenizer, "", sampling, np.random.default_rng(0)))) == LENGTH

    sides = {name: partial(seconds, partial(text, model)) for name, model in models.items()}
    sides["stepping nn.LSTM, fp32"] = partial(seconds, partial(plain_text, tokenizer.size))
    taken = alternate(sides, ROUNDS)
    per_character = {
        name: [v / (PLAIN_LENGTH if "stepping" in name else LENGTH) for v in values] for name, values in taken.items()
    }
    plain = per_character["stepping nn.LSTM, fp32"]
    for name, values in per_character.items():
        print(f"{name:<28} {spread([1 / v for v in values], ',.0f', ' char/s')}  {ratio(plain, values)}")


@torch.no_grad()
def plain_text(vocabulary_size: int) -> None:
    """embedding -> nn.LSTM -> linear -> softmax -> multinomial, one character at a time."""
    torch.manual_seed(0)
    embedding, head = nn.Embedding(vocabulary_size, EMBEDDING), nn.Linear(HIDDEN, vocabulary_size)
    recurrent = nn.LSTM(EMBEDDING, HIDDEN, 2, batch_first=True).eval()
    state, token = None, torch.zeros(1, 1, dtype=torch.long)
    for _ in range(PLAIN_LENGTH):
        output, state = recurrent(embedding(token), state)
        token = torch.multinomial(torch.softmax(head(output[:, -1]) / 0.8, -1), 1)
