"""From a model directory to a network that runs."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from charnn.checkpoint import LanguageModelConfig, ModelDirectory, TaggerConfig
from charnn.cli.options import InferencePrecision
from charnn.errors import ModelFormatError, UsageError

if TYPE_CHECKING:
    from charnn.runtime import RuntimeLanguageModel
    from charnn.tagging import Tagger

LARGE_GRAPH = 2_000_000
"""Bytes. Weights beyond this do not fit one core's own cache, and single steps gain a fifth to a half from a second."""


def load_language_model(
    directory: ModelDirectory, precision: InferencePrecision, threads: int | None = None
) -> RuntimeLanguageModel:
    """Raises UsageError where int8 is asked for and the model has no int8 graph."""
    from charnn.runtime import RuntimeLanguageModel

    graph = directory.graph_path(
        quantized=_is_quantized(directory, directory.config_of(LanguageModelConfig), precision)
    )
    return RuntimeLanguageModel(graph, threads=threads or threads_for_steps(graph.stat().st_size))


def load_tagger(directory: ModelDirectory, precision: InferencePrecision, *, beam: int = 1) -> Tagger:
    """Raises UsageError where int8 is asked for and the model has no int8 graph."""
    from charnn.decoding import decoder_from, saved_arrays
    from charnn.runtime import RuntimeTagger
    from charnn.tagging import Tagger

    config, lexicon = directory.config_of(TaggerConfig), directory.lexicon()
    graph = directory.graph_path(quantized=_is_quantized(directory, config, precision))
    kind = config.network.decoder
    weights = {} if kind == "independent" else directory.weights()
    decoders = [
        decoder_from(kind, saved_arrays(kind, weights, f"heads.{column}"), tags=tags, beam=beam)
        for column, tags in enumerate(config.network.tags)
    ]
    network = RuntimeTagger(directory.word_graph_path(), graph)
    if network.score_sizes != [decoder.score_size for decoder in decoders]:
        raise ModelFormatError(f"{graph}: not the graph of this model")
    return Tagger(lexicon, network, decoders, threads=processors())


def _is_quantized(
    directory: ModelDirectory, config: LanguageModelConfig | TaggerConfig, precision: InferencePrecision
) -> bool:
    if precision == "int8" and not directory.has_quantized_graph():
        raise UsageError(f"{directory.path}: it has no int8 graph", hint="leave --precision out, or use fp32")
    if precision == "auto":
        return config.quantization is not None and config.quantization.used
    return precision == "int8"


def threads_for_steps(graph_bytes: int) -> int:
    """For sampling, one step at a time."""
    return min(2, processors()) if graph_bytes > LARGE_GRAPH else 1


def processors() -> int:
    """That this process may use; reading whole sequences uses them all."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
