"""Starting from another model's weights: what the two vocabularies share is matched by what it is, never by index."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from charnn.errors import UsageError
from charnn.tasks.language_model.config import CorpusConfig, LanguageModelNetworkConfig
from charnn.tasks.language_model.learn.network import LanguageModelNetwork
from charnn.tasks.language_model.learn.plan import LanguageModelOverrides
from charnn.tokenizers import train
from charnn.tokenizers.base import STOP_ID, Tokenizer
from charnn.tokenizers.characters import CharacterTokenizer
from charnn.tokenizers.config import TokenizerConfig

Symbol = tuple[str, str]
SHAPE = ("cell", "layers", "hidden_size", "embedding_size", "residual", "recurrent_depth")
"""Fields of a LanguageModelNetworkConfig that weights were learned for."""
ROWS_OF_SYMBOLS = ("embedding.weight", "head.weight", "head.bias")
"""The parameters with a row for each symbol; all others are the network's own."""
ROWS_OF_LENGTHS = ("countdown.weight", "lengths.weight", "lengths.bias")
"""Those that only a network has that foretells lengths."""


@torch.no_grad()
def transfer(
    weights: Mapping[str, npt.NDArray[Any]],
    theirs: Sequence[Symbol],
    network: LanguageModelNetwork,
    ours: Sequence[Symbol],
    *,
    stops_alike: bool = True,
) -> list[Symbol]:
    """Copies `weights` into `network`; the symbols that are new to it, whose rows stay as they were initialised.

    The two networks have the same shape but for the vocabulary: `theirs` and `ours` say what each id stands for.
    Unless they `stops_alike`, what decides where a document ends stays as it was initialised.
    """
    place = {symbol: index for index, symbol in enumerate(theirs)}
    shared = [(index, place[symbol]) for index, symbol in enumerate(ours) if symbol in place]
    for name, parameter in network.named_parameters():
        if name in ROWS_OF_SYMBOLS:
            is_taken = stops_alike or name == "embedding.weight"
            rows = [(to, of) for to, of in shared if is_taken or to != STOP_ID]
            to_rows, from_rows = np.array(rows, np.int64).reshape(-1, 2).T
            parameter[torch.from_numpy(to_rows)] = torch.from_numpy(weights[name][from_rows]).to(parameter.device)
        elif stops_alike or name not in ROWS_OF_LENGTHS:
            parameter.copy_(torch.from_numpy(weights[name]))
    return [symbol for symbol in ours if symbol not in place]


def join_vocabularies(source: Tokenizer, config: TokenizerConfig, documents: Sequence[str]) -> Tokenizer:
    """The tokenizer of a model that starts from another's weights: it knows all that `source` knew.

    Characters are joined by those of `documents`; bytes, and pieces of the same kind, are taken over as they are. A
    tokenizer of another kind is learnt from `documents`.
    """
    if config.kind != source.kind:
        return train(config, documents)
    if isinstance(source, CharacterTokenizer):
        ours = CharacterTokenizer.train(documents, min_count=config.min_count)
        characters = {text for tokenizer in (source, ours) for kind, text in tokenizer.symbols() if kind == "text"}
        return CharacterTokenizer("".join(sorted(characters)))
    return source


def same_stopping(
    wishes: LanguageModelOverrides, source: LanguageModelNetworkConfig, corpus: CorpusConfig
) -> LanguageModelOverrides:
    """`wishes`, with the ends of `source` where nothing else was asked for and `corpus` has ends to learn."""
    if wishes.stopping is not None or corpus.documents < 2:
        return wishes
    return dataclasses.replace(wishes, stopping=source.stopping)


def same_shape(wishes: LanguageModelOverrides, source: LanguageModelNetworkConfig) -> LanguageModelOverrides:
    """`wishes` with the shape of `source`. Raises UsageError where another shape was asked for."""
    shape = {name: getattr(source, name) for name in SHAPE}
    for name, value in shape.items():
        wish = getattr(wishes, name)
        if wish not in (None, value) and (name != "cell" or "cell" in wishes.given):
            what = f"{name.replace('_', ' ')} {value}, not {wish}"
            if name == "residual":
                what = f"{'' if value else 'no '}residual connections"
            raise UsageError(
                f"the model to start from has {what}",
                hint="leave the option out: the weights keep their shape",
            )
    return dataclasses.replace(wishes, **shape)
