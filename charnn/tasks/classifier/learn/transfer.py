"""Starts a classifier from the weights of another model: a classifier, or a language model that has read raw text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

from charnn import tokenizers
from charnn.checkpoint.locate import find_model
from charnn.checkpoint.members import OwnWeights
from charnn.config.model import TokenizerConfig
from charnn.errors import ConfigError, ModelFormatError, TokenizerError, UsageError
from charnn.tokenizers import join_vocabularies
from charnn.tokenizers.base import Tokenizer
from charnn.training.transfer import Places, shared_places

SHAPE = ("cell", "layers", "hidden_size", "embedding_size", "residual")
"""The settings that weights fix, by the names that language models and classifiers both have for them."""
LEFT_OUT = {"residual": False}
"""What config.json of a language model does not say where it is as it was before there was the setting."""
SOURCES = ("language-model", "classifier")


@dataclass(frozen=True, eq=False)
class InitialWeights:
    arrays: Mapping[str, npt.NDArray[Any]]
    shape: Mapping[str, Any]
    tokenizer: Tokenizer
    tokenizer_config: TokenizerConfig
    members: int = 1
    """The number of networks that the model has."""
    has_labels: bool = True
    """Whether it is a classifier, too."""

    def shape_for(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """What was asked for, with the shape of the weights. Raises UsageError where another was asked for."""
        for name, value in self.shape.items():
            if asked.get(name, value) != value:
                raise UsageError(
                    f"the model to start from has {name.replace('_', ' ')} {value}, not {asked[name]}",
                    hint="leave the option out: the weights keep their shape",
                )
        kept = {"members": self.members} if self.has_labels and self.members > 1 else {}
        return {**kept, **asked, **self.shape}

    def of_member(self, number: int) -> Mapping[str, npt.NDArray[Any]]:
        """The weights that a member of the new model begins with: those of the members of the other one, in turn."""
        return OwnWeights(self.arrays, number % self.members, self.members)

    def tokenizer_for(self, config: TokenizerConfig, texts: Sequence[str]) -> Tokenizer:
        return join_vocabularies(self.tokenizer, config, texts)

    def rows(self, tokenizer: Tokenizer) -> Places:
        """Pairs of ids that stand for the same symbol, of `tokenizer` and of the model to start from."""
        return shared_places(tokenizer.symbols(), self.tokenizer.symbols())


def read_initial_weights(name: str) -> InitialWeights:
    """The weights of the model that `name` means. Raises UsageError where a classifier cannot start from it."""
    model = find_model(name, None)
    document = model.document()
    if document["task"] not in SOURCES:
        raise UsageError(
            f"--from {name}: this is a {document['task']}",
            hint="a classifier starts from a language model or a classifier",
        )
    try:
        network = {**LEFT_OUT, **document["network"]}
        shape = {key: network[key] for key in SHAPE}
        depth = document["network"].get("recurrent_depth", 1)
        members = int(document["network"].get("members", 1))
        config = TokenizerConfig.from_json(document["tokenizer"])
        tokenizer = tokenizers.load(config.kind, model.read(tokenizers.FILE_NAMES[config.kind]))
    except (KeyError, TypeError, AttributeError, ConfigError, TokenizerError) as error:
        raise ModelFormatError(f"{model.path}: not a model that charnn wrote: {error}") from None
    if depth != 1:
        raise UsageError(f"--from {name}: it takes {depth} steps for each symbol, and a classifier takes one")
    return InitialWeights(model.weights(), shape, tokenizer, config, members, document["task"] == "classifier")
