"""From a model directory to a network that runs."""

from __future__ import annotations

import os

from charnn.checkpoint import LanguageModelConfig, ModelDirectory
from charnn.cli.options import InferencePrecision
from charnn.errors import UsageError
from charnn.runtime import RuntimeLanguageModel

LARGE_GRAPH = 2_000_000
"""Bytes. Weights beyond this do not fit one core's own cache, and single steps gain a fifth to a half from a second."""


def load_language_model(
    directory: ModelDirectory, precision: InferencePrecision, threads: int | None = None
) -> RuntimeLanguageModel:
    """Raises UsageError where int8 is asked for and the model has no int8 graph."""
    if precision == "int8" and not directory.has_quantized_graph():
        raise UsageError(
            f"{directory.path}: no int8 graph; only LSTMs have one", hint="leave --precision out, or use fp32"
        )
    if precision == "auto":
        measured = directory.config_of(LanguageModelConfig).quantization
        quantized = measured is not None and measured.used
    else:
        quantized = precision == "int8"
    graph = directory.graph_path(quantized=quantized)
    return RuntimeLanguageModel(graph, threads=threads or threads_for_steps(graph.stat().st_size))


def threads_for_steps(graph_bytes: int) -> int:
    """For sampling, one step at a time."""
    return min(2, processors()) if graph_bytes > LARGE_GRAPH else 1


def processors() -> int:
    """That this process may use; reading whole sequences uses them all."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
