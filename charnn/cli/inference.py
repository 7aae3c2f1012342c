"""From a model directory to a network that runs."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from charnn.checkpoint.directory import ModelDirectory
from charnn.cli.options import InferencePrecision
from charnn.errors import ModelFormatError, UsageError
from charnn.tasks.language_model.config import LanguageModelConfig
from charnn.tasks.language_model.directory import LanguageModelDirectory
from charnn.tasks.tagger.config import TaggerConfig
from charnn.tasks.tagger.directory import TaggerDirectory

if TYPE_CHECKING:
    from charnn.tasks.language_model.use.runtime import RuntimeLanguageModel
    from charnn.tasks.tagger.use.tagger import SentenceTagger

LARGE_GRAPH = 2_000_000
"""Bytes. Weights beyond this do not fit one core's own cache, and single steps gain a fifth to a half from a second."""


def load_language_model(
    directory: LanguageModelDirectory, precision: InferencePrecision, threads: int | None = None
) -> RuntimeLanguageModel:
    """Raises UsageError where int8 is asked for and the model has no int8 graph."""
    from charnn.tasks.language_model.use.runtime import RuntimeLanguageModel

    graph = directory.graph_path(quantized=_is_quantized(directory, directory.config(), precision))
    return RuntimeLanguageModel(graph, threads=threads or threads_for_steps(graph.stat().st_size))


def load_tagger(directory: TaggerDirectory, precision: InferencePrecision, *, beam: int = 1) -> SentenceTagger:
    """Raises UsageError where int8 is asked for and the model has no int8 graph."""
    from charnn.tasks.tagger.decoding.saved import decoder_from, saved_arrays
    from charnn.tasks.tagger.use.runtime import RuntimeTagger
    from charnn.tasks.tagger.use.tagger import SentenceTagger

    config, lexicon = directory.config(), directory.lexicon()
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
    return SentenceTagger(lexicon, network, decoders, threads=processors())


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
