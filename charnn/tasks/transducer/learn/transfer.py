"""Starts a run from another transducer's weights. Symbols and features are matched by what they stand for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy.typing as npt
import torch

from charnn.checkpoint.members import each_own
from charnn.config.model import SymbolKind
from charnn.readable import listed
from charnn.tasks.transducer.config import TransducerNetworkConfig
from charnn.tasks.transducer.directory import TransducerDirectory
from charnn.tasks.transducer.learn.networks import AnyNetwork, TransducerEnsemble
from charnn.tasks.transducer.symbols import Symbols
from charnn.training.transfer import copy_rows, shared_places

SHAPE = ("cell", "layers", "hidden_size", "embedding_size", "decoder", "attention", "copies", "members")
"""The fields of TransducerNetworkConfig on which the shapes of weights depend, and that may be asked for."""
BY_SOURCE = ("sources.weight",)
BY_TARGET = ("targets.weight", "output.weight", "output.bias")
"""The parameters that have a row for each symbol."""


@dataclass(frozen=True, eq=False)
class InitialWeights:
    """The weights of another transducer. The two networks differ in shape only by the symbols that they know."""

    name: str
    """The name of its directory."""
    arrays: Mapping[str, npt.NDArray[Any]]
    network: TransducerNetworkConfig
    symbols: Symbols
    source_symbols: SymbolKind
    target_symbols: SymbolKind

    @torch.no_grad()
    def copy_into(self, network: AnyNetwork, symbols: Symbols) -> None:
        """Copies the weights into `network`, whose ids are those of `symbols`. What the other model does not know stays
        as it was initialised. Each member of an ensemble begins with the weights of that member."""
        if isinstance(network, TransducerEnsemble):
            for member, own in zip(network.each, each_own(self.arrays, len(network.each)), strict=True):
                replace(self, arrays=own).copy_into(member, symbols)
            return
        by_source = shared_places(symbols.input_names(), self.symbols.input_names())
        by_target = shared_places(symbols.target.symbols(), self.symbols.target.symbols())
        rows = dict.fromkeys(BY_SOURCE, by_source) | dict.fromkeys(BY_TARGET, by_target)
        rows["features.weight"] = shared_places(symbols.features, self.symbols.features)
        for name, parameter in network.named_parameters():
            if name in rows:
                copy_rows(parameter, self.arrays[name], rows[name])
            else:
                parameter.copy_(torch.from_numpy(self.arrays[name]))

    def found_in(self, symbols: Symbols) -> str:
        """How much of what `symbols` has is known, in words."""
        parts = [
            f"{len(shared_places(ours, theirs)):,} of {len(ours):,} {what}"
            for what, ours, theirs in (
                ("source symbols and features", symbols.input_names(), self.symbols.input_names()),
                ("target symbols", symbols.target.symbols(), self.symbols.target.symbols()),
            )
        ]
        return f"{self.name}, which knows {listed(parts)}"


def read_initial_weights(name: str) -> InitialWeights:
    """The weights of the transducer that `name` means. Raises ModelError where it is of another task."""
    directory = TransducerDirectory.find(name)
    config = directory.config()
    corpus = config.corpus
    return InitialWeights(
        directory.path.name,
        directory.weights(),
        config.network,
        directory.symbols(),
        corpus.source_symbols,
        corpus.target_symbols,
    )
