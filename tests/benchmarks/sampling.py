"""Characters a second at 2 x 512, of one stream and of 64 side by side, beside stepping `torch.nn.LSTM` as the PyTorch
tools do, and beside what the memory allows: a stream reads every weight for each character. At last the processor time
of one thread for a character, of the network's graph and of all else."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from torch import nn

from charnn.config.model import TokenizerConfig
from charnn.generation.config import SamplingConfig
from charnn.generation.generator import TextGenerator, generate
from charnn.generation.text import Request
from charnn.tasks.language_model.config import LanguageModelNetworkConfig
from charnn.tasks.language_model.graph import language_model_graph
from charnn.tasks.language_model.learn.inference import NumpyLanguageModel
from charnn.tasks.language_model.learn.network import LanguageModelNetwork
from charnn.tasks.language_model.step_graph import step_graph
from charnn.tasks.language_model.use.model import LARGE_GRAPH
from charnn.tasks.language_model.use.runtime import RuntimeLanguageModel
from charnn.tokenizers import train
from charnn.tokenizers.base import STOP_ID, Tokenizer
from tests.benchmarks.machine import alternate, ratio, seconds, spread

LENGTH, PLAIN_LENGTH, ROUNDS = 4000, 500, 5
"""Characters of a text, where it is the only one; of 64, an eighth of that each."""
STREAMS = 64
HIDDEN, EMBEDDING = 512, 64  # the shape of `charnn train --hidden 512`
PRODUCTS = 2000


def run(corpus: Path) -> None:
    tokenizer = train(TokenizerConfig(), [corpus.read_text("utf-8")])
    network = LanguageModelNetwork(LanguageModelNetworkConfig(tokenizer.size, "lstm", 2, HIDDEN, EMBEDDING)).eval()
    with torch.no_grad():
        network.head.bias[STOP_ID] = -1e4  # or an untrained network soon ends its text
    weights = {name: tensor.numpy() for name, tensor in network.state_dict().items()}
    models: dict[str, Any] = {}
    read: dict[str, tuple[int, int]] = {}
    for precision, write in (("int8", step_graph), ("fp32", language_model_graph)):
        graph = write(network.config, weights)
        threads = 2 if len(graph) > LARGE_GRAPH else 1
        name = f"charnn, {precision}, {threads} threads"
        models[name] = RuntimeLanguageModel(graph, threads=threads)
        read[name] = bytes_read(graph), threads
    models["the cells in torch, fp32"] = NumpyLanguageModel(network)

    print("one stream")
    stepping = "stepping nn.LSTM, fp32"
    sides = {name: partial(one_text, model, tokenizer) for name, model in models.items()}
    taken = speeds(sides | {stepping: partial(plain_texts, tokenizer.size, 1)})
    plain = taken[stepping]
    for name, values in taken.items():
        print(f"{name:<28} {spread(values, ',.0f', ' char/s')}  {ratio(values, plain)}")

    print(f"\n{STREAMS} streams")
    sides = {name: partial(many_texts, model, tokenizer) for name, model in models.items()}
    taken_together = speeds(sides | {stepping: partial(plain_texts, tokenizer.size, STREAMS)})
    for name, values in taken_together.items():
        print(f"{name:<28} {spread(values, ',.0f', ' char/s')}  {ratio(values, taken_together[stepping])}")

    print("\none stream beside fp32 matrix-vector products that read as many bytes")
    for name, (size, threads) in read.items():
        limit = alternate({name: partial(products_a_second, size, threads)}, ROUNDS)[name]
        ours, theirs = ([size * value / 1e9 for value in values] for values in (taken[name], limit))
        print(f"{name:<28} {size / 1e6:.1f} MB, {spread(ours, '.0f', ' GB/s')} of {spread(theirs, '.0f', ' GB/s')}")

    print("\nint8, microseconds of one processor for a character, and how many of them the graph takes by itself")
    model = RuntimeLanguageModel(step_graph(network.config, weights), threads=1)
    for streams, write in ((1, one_text), (STREAMS, many_texts)):
        sides = {"all": partial(microseconds, partial(write, model, tokenizer))}
        sides["graph"] = partial(microseconds, partial(bare_steps, model, streams))
        each = alternate(sides, ROUNDS)
        print(
            f"{streams:>2} {'streams' if streams > 1 else 'stream ':<25} {spread(each['all'], '.1f')}, "
            f"{spread(each['graph'], '.1f')}"
        )


def speeds(sides: dict[str, Callable[[], int]]) -> dict[str, list[float]]:
    """Characters a second of each, in turn; a side gives how many characters it made."""

    def speed(side: Callable[[], int]) -> float:
        made: list[int] = []
        taken = seconds(lambda: made.append(side()))
        return made[0] / taken

    return alternate({name: partial(speed, side) for name, side in sides.items()}, ROUNDS)


def microseconds(side: Callable[[], int]) -> float:
    """Of processor time for each character, which other work on the machine disturbs less than the clock."""
    started = time.process_time()
    made = side()
    return (time.process_time() - started) / made * 1e6


def bare_steps(model: Any, streams: int) -> int:
    """What the network computes for a text of each stream, whatever its characters are."""
    ids_B, state = np.ones(streams, np.int64), model.initial_state(streams)
    for _ in range(PLAIN_LENGTH):
        model.advance(ids_B, state)
    return streams * PLAIN_LENGTH


def one_text(model: Any, tokenizer: Tokenizer) -> int:
    text = generate(model, tokenizer, "", SamplingConfig(length=LENGTH), np.random.default_rng(0))
    return exactly(LENGTH, sum(map(len, text)))


def many_texts(model: Any, tokenizer: Tokenizer) -> int:
    """Twice as many as there are lanes."""
    length, count = LENGTH // 8, 2 * STREAMS
    generator = TextGenerator(model, tokenizer, SamplingConfig(length=length), batch=STREAMS)
    requests = (Request(number, "", np.random.default_rng(number)) for number in range(count))
    return exactly(count * length, sum(len(piece.shown) for piece in generator.texts(requests)))


def exactly(expected: int, made: int) -> int:
    assert made == expected, f"{made} characters, not {expected}"
    return made


@torch.no_grad()
def plain_texts(vocabulary_size: int, streams: int) -> int:
    """embedding -> nn.LSTM -> linear -> softmax -> multinomial, one character of each stream at a time."""
    torch.manual_seed(0)
    embedding, head = nn.Embedding(vocabulary_size, EMBEDDING), nn.Linear(HIDDEN, vocabulary_size)
    recurrent = nn.LSTM(EMBEDDING, HIDDEN, 2, batch_first=True).eval()
    state, tokens_B1 = None, torch.zeros(streams, 1, dtype=torch.long)
    for _ in range(PLAIN_LENGTH):
        output, state = recurrent(embedding(tokens_B1), state)
        tokens_B1 = torch.multinomial(torch.softmax(head(output[:, -1]) / 0.8, -1), 1)
    return streams * PLAIN_LENGTH


def bytes_read(graph: bytes) -> int:
    """How many bytes one step reads: all constants, but a single row of each table."""
    model = onnx.load_from_string(graph).graph
    tables = {node.input[0] for node in model.node if node.op_type == "Gather"}
    arrays = {constant.name: onnx.numpy_helper.to_array(constant) for constant in model.initializer}
    return sum(array[:1].nbytes if name in tables else array.nbytes for name, array in arrays.items())


def products_a_second(size: int, threads: int) -> float:
    """Matrix-vector products with a matrix of so many bytes, which stays where the caches have it."""
    matrix, vector = torch.ones(size // 4 // HIDDEN, HIDDEN), torch.ones(HIDDEN)
    before = torch.get_num_threads()
    torch.set_num_threads(threads)

    def work() -> None:
        for _ in range(PRODUCTS):
            torch.mv(matrix, vector)

    taken = seconds(work)
    torch.set_num_threads(before)
    return PRODUCTS / taken
