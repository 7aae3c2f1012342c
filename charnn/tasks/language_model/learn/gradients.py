"""Measures how large the gradient is that reaches back k steps: |dL_t / dh_(t-k)|."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch.nn import functional

from charnn.arrays import Float64s, Int64s
from charnn.errors import CorpusError, UsageError
from charnn.network.cells import like
from charnn.tasks.language_model.config import LanguageModelConfig
from charnn.tasks.language_model.directory import LanguageModelDirectory
from charnn.tasks.language_model.learn.ensemble import AnyNetwork, make_network
from charnn.tasks.language_model.learned_texts import LearnedText, training_texts
from charnn.tokenizers.base import STOP_ID

PLACES = 64
"""The number of places in the text from which a gradient flows back."""
LONGEST = 100_000_000
"""No more characters of a text are looked at."""
WARM_UP = 32
"""The tokens that are read before, so that the state is one of reading and not the first one."""


def gradient_norms(
    directory: LanguageModelDirectory, text: str | None, *, steps: int, seed: int, fresh: bool
) -> Float64s:
    """The norms (K + 1,) for k from 0 to K = `steps`: how the loss of one token depends on the state k steps before.

    The state is all that is carried from step to step, in all layers of all members: the hidden states, and the cells
    of an lstm; at k = 0 it is the hidden state that the head reads. Each norm is the geometric mean over PLACES places
    of `text`, or of what the model learned from. With `fresh` the network has its first, random weights.

    Raises UsageError for a model whose steps are given more than a token, and for too short a text.
    """
    config = directory.config()
    network = make_network(config.network)
    if network.conditions:
        raise UsageError(
            f"{directory.path}: its steps are given a label or a length besides, and gradients are drawn without them",
            hint="name a model that was trained without --conditioned and --stopping length",
        )
    torch.manual_seed(seed)
    network = make_network(config.network)
    if not fresh:
        network.load_state_dict({name: torch.from_numpy(array) for name, array in directory.weights().items()})
    tokens = _tokens(directory, config, text)
    if len(tokens) < (needed := WARM_UP + steps + 2):
        raise UsageError(f"the text has {len(tokens):,} tokens, and {needed:,} are needed", hint="name a longer --text")
    starts = np.random.default_rng(seed).integers(0, len(tokens) - needed + 1, PLACES)
    ids_BT = torch.from_numpy(tokens[starts[:, None] + np.arange(needed)])
    return _norms(network.eval(), ids_BT)


def _norms(network: AnyNetwork, ids_BT: torch.Tensor) -> Float64s:
    """The norms (K + 1,) of the gradient that flows back from the last of these ids."""
    state, last = network.initial_state(len(ids_BT)), ids_BT.shape[1] - 2
    carried = list[list[torch.Tensor]]()
    for t in range(last + 1):
        with torch.set_grad_enabled(t >= WARM_UP):
            logits_BV, state = network.step(ids_BT[:, t], state)
        if WARM_UP <= t < last:
            # As views, hidden state and cell are apart: the cell's gradient is not also that of the hidden state, which
            # was made from it.
            state = tuple(like(layer, (tensor_BH.view_as(tensor_BH) for tensor_BH in layer)) for layer in state)
            carried.append([tensor_BH for layer in state for tensor_BH in layer])
        elif t == last:
            carried.append(network.tops(state))
        for tensor_BH in carried[-1] if carried else ():
            tensor_BH.retain_grad()
    # A sum over lanes leaves each lane's gradient as it is, since no lane has a part in another's loss.
    functional.cross_entropy(logits_BV, ids_BT[:, -1], reduction="sum").backward()  # type: ignore[no-untyped-call]
    squares_KB = [
        sum(tensor.grad.double().square().sum(-1) for tensor in tensors if tensor.grad is not None)
        for tensors in reversed(carried)
    ]
    norms_KB = torch.stack([torch.as_tensor(square_B) for square_B in squares_KB]).sqrt().numpy()
    result: Float64s = np.exp(np.log(np.maximum(norms_KB, 1e-300)).mean(1))
    return result


def _tokens(directory: LanguageModelDirectory, config: LanguageModelConfig, text: str | None) -> Int64s:
    tokenizer = directory.tokenizer()
    texts: Sequence[LearnedText]
    if text is None:
        try:
            texts = [text for _, text in training_texts(config.corpus, any_bytes=tokenizer.kind == "bytes")]
        except CorpusError as error:
            raise CorpusError(str(error), hint="name a text with --text FILE") from None
    else:
        texts = [text]
    step = -1 if config.corpus.backwards else 1
    ids = [[*tokenizer.encode(one[:LONGEST])[::step], STOP_ID] for one in texts]
    return np.array([token for one in ids for token in one], np.int64)
