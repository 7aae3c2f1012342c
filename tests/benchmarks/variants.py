"""The default recipe of the language model with one thing changed: what `ablation` tries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tests.benchmarks.trial import Trial


@dataclass(frozen=True)
class Variant:
    name: str
    network: Mapping[str, Any] = field(default_factory=dict)
    """Fields of `NetworkConfig` in which it differs from the default."""
    training: Mapping[str, Any] = field(default_factory=dict)
    """The same of `TrainingConfig`."""
    start: str = Trial.start

    def of(self, default: Trial) -> Trial:
        return replace(
            default,
            name=self.name,
            network=replace(default.network, **self.network),
            training=replace(default.training, **self.training),
            start=self.start,
        )


VARIANTS = (
    # what keeps it from learning the text by heart
    Variant("dropout 0", network={"dropout": 0.0}),
    Variant("weight drop 0", network={"weight_drop": 0.0}),
    Variant("weight drop 0.2", network={"weight_drop": 0.2}),
    Variant("embedding dropout 0", network={"embedding_dropout": 0.0}),
    Variant("embedding dropout 0.05", network={"embedding_dropout": 0.05}),
    Variant("weight decay 0", training={"weight_decay": 0.0}),
    Variant("weight decay 0.1", training={"weight_decay": 0.1}),
    # how the weights move
    Variant("adamw", training={"optimizer": "adamw"}),
    Variant("muon", training={"optimizer": "muon"}),
    Variant("no average of the weights", training={"average_decay": 0.0}),
    Variant("no warm-up", training={"warmup_fraction": 0.0}),
    Variant("no annealing", training={"final_rate_fraction": 1.0}),
    Variant("no clipping", training={"clip_norm": None, "clip_value": None}),
    # windows
    Variant("window 32", training={"window_length": 32}),
    Variant("window 64", training={"window_length": 64}),
    Variant("window 128", training={"window_length": 128}),
    Variant("lanes 16", training={"batch_size": 16}),
    Variant("lanes 32", training={"batch_size": 32}),
    Variant("lanes 64", training={"batch_size": 64}),
    # the network
    Variant("one layer", network={"layers": 1}),
    Variant("two layers", network={"layers": 2}),
    Variant("three layers", network={"layers": 3}),
    Variant("residual", network={"residual": True}),
    Variant("not residual", network={"residual": False}),
    Variant("recurrent depth 1", network={"recurrent_depth": 1}),
    Variant("recurrent depth 2", network={"recurrent_depth": 2}),
    Variant("embedding 16", network={"embedding_size": 16}),
    Variant("embedding 64", network={"embedding_size": 64}),
    Variant("embedding 256", network={"embedding_size": 256}),
    Variant("gru", network={"cell": "gru"}),
    Variant("rnn", network={"cell": "rnn"}),
    # where the weights start
    Variant("forget bias 0", start="forget bias 0"),
    Variant("embedding x 0.1", start="embedding x 0.1"),
)


def differing(default: Trial) -> tuple[list[Trial], list[str]]:
    """The default with each variant, but for those that it is already; and the names of these."""
    trials = [variant.of(default) for variant in VARIANTS]
    same = [trial.name for trial in trials if replace(trial, name=default.name) == default]
    return [trial for trial in trials if trial.name not in same], same
