"""Starts a run from another model's weights. Symbols that both vocabularies have are matched by what they stand for."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt
import torch

from charnn.checkpoint.members import each_own
from charnn.tasks.language_model.config import CorpusConfig, LanguageModelNetworkConfig
from charnn.tasks.language_model.learn.ensemble import AnyNetwork, LanguageModelEnsemble
from charnn.tasks.language_model.learn.overrides import LanguageModelOverrides
from charnn.tokenizers.base import STOP_ID
from charnn.training import transfer
from charnn.training.transfer import copy_rows, shared_places

Symbol = tuple[str, str]
SHAPE = ("cell", "layers", "hidden_size", "embedding_size", "residual", "recurrent_depth", "members")
"""The fields of LanguageModelNetworkConfig on which the shapes of weights, or what they compute, depend."""
ROWS_OF_SYMBOLS = ("embedding.weight", "head.weight", "head.bias")
"""The parameters with a row for each symbol. All others are copied as they are."""
ROWS_OF_LABELS = "label.weight"
"""The parameter with a row for each label, which only a network that knows labels has."""
ROWS_OF_LENGTHS = ("countdown.weight", "lengths.weight", "lengths.bias")
"""The parameters that only a network which foretells lengths has."""


@dataclass(frozen=True, eq=False)
class InitialWeights:
    """The weights of another model, to begin a run with. The two networks differ in shape only by the vocabulary."""

    arrays: Mapping[str, npt.NDArray[Any]]
    """The weights by the names of their parameters."""
    symbols: Sequence[Symbol]
    """The symbol that each id of that model stands for."""
    stops_alike: bool = True
    """Whether both models end a document in the same way."""
    labels: Sequence[str] = ()
    """The labels of that model."""

    @torch.no_grad()
    def copy_into(self, network: AnyNetwork, symbols: Sequence[Symbol], labels: Sequence[str] = ()) -> list[Symbol]:
        """Copies the weights into `network`, whose ids stand for `symbols`, and gives the symbols that are new.

        The rows of new symbols and labels stay as they were initialised, and so does what decides where a document ends
        unless both models stop alike. Each member of an ensemble begins with the weights of that member.
        """
        if isinstance(network, LanguageModelEnsemble):
            for member, own in zip(network.each, each_own(self.arrays, len(network.each)), strict=True):
                new = dataclasses.replace(self, arrays=own).copy_into(member, symbols, labels)
            return new
        shared, shared_labels = shared_places(symbols, self.symbols), shared_places(labels, self.labels)
        for name, parameter in network.named_parameters():
            if name in ROWS_OF_SYMBOLS:
                is_taken = self.stops_alike or name == "embedding.weight"
                copy_rows(parameter, self.arrays[name], [pair for pair in shared if is_taken or pair[0] != STOP_ID])
            elif name == ROWS_OF_LABELS:
                copy_rows(parameter, self.arrays.get(name), shared_labels)
            elif self.stops_alike or name not in ROWS_OF_LENGTHS:
                parameter.copy_(torch.from_numpy(self.arrays[name]))
        known = set(self.symbols)
        return [symbol for symbol in symbols if symbol not in known]


def same_stopping(
    overrides: LanguageModelOverrides, source: LanguageModelNetworkConfig, corpus: CorpusConfig
) -> LanguageModelOverrides:
    """`overrides`, with the stopping of `source` where no other was asked for and `corpus` has ends to learn."""
    if overrides.stopping is not None or corpus.documents < 2:
        return overrides
    return dataclasses.replace(overrides, stopping=source.stopping)


def same_shape(overrides: LanguageModelOverrides, source: LanguageModelNetworkConfig) -> LanguageModelOverrides:
    """`overrides` with the shape of `source`. Raises UsageError where another shape was asked for."""
    return transfer.same_shape(overrides, source, SHAPE)
