"""Opens an ONNX Runtime session on a graph of charnn's, and runs single steps of one in place."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from onnxruntime import InferenceSession, OrtValue, RunOptions, SessionOptions

from charnn.arrays import Float32s
from charnn.errors import ModelFormatError


def open_graph(graph: Path | bytes, *, threads: int) -> InferenceSession:
    """A session with so many threads, on a graph that this charnn has made. Raises ModelFormatError where ONNX Runtime
    cannot load it."""
    options = SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    source = graph if isinstance(graph, bytes) else graph.read_bytes()
    try:
        return InferenceSession(source, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's own exceptions share no public base
        what = " ".join(str(error).split())
        raise ModelFormatError(f"{graph_name(graph)}: ONNX Runtime cannot load it: {what:.300}") from None


def only_what_is_wanted() -> RunOptions:
    """The options of a run that computes only the outputs which it asks for, and what they need."""
    options = RunOptions()
    options.only_execute_path_to_fetches = True
    return options


def graph_name(graph: Path | bytes) -> str:
    """The name of a graph in messages."""
    return "model.onnx" if isinstance(graph, bytes) else str(graph)


class BoundSteps:
    """Binds the arrays of a graph once, so that no step makes or copies any: a sixth less time for a single text.

    Each array of the state is both an input and an output of the graph. That is sound for a graph of charnn's, because
    every node that reads a layer's old state is needed to compute the new one, and so has run before it is written.
    """

    def __init__(
        self, session: InferenceSession, options: RunOptions | None, state: Mapping[str, Float32s], vocabulary_size: int
    ) -> None:
        """`state` has the arrays (M, B, H) by the names of the graph's inputs. The others begin with the axis B."""
        self._session, self._options, self._binding = session, options, session.io_binding()
        batch = next(iter(state.values())).shape[1]
        others = [port for port in session.get_inputs() if port.name not in state]
        self._inputs: dict[str, npt.NDArray[Any]] = {
            port.name: np.zeros((batch, *port.shape[1:]), np.float32 if port.type == "tensor(float)" else np.int64)
            for port in others
        }
        for name, array in {**state, **self._inputs}.items():
            self._binding.bind_cpu_input(name, array)
        self._logits_BV = np.empty((batch, vocabulary_size), np.float32)
        outputs = {"logits": self._logits_BV, **{f"{name}.next": array for name, array in state.items()}}
        for name, array in outputs.items():
            self._binding.bind_ortvalue_output(name, OrtValue.ortvalue_from_numpy(array))

    def step(self, inputs: Mapping[str, npt.NDArray[Any]]) -> Float32s:
        """Takes a step, which changes the state, and gives the logits (B, V). They are valid until the next step.

        `inputs` are all inputs of the graph but the state, (B, ...) each.
        """
        for name, values in inputs.items():
            self._inputs[name][:] = values
        self._session.run_with_iobinding(self._binding, self._options)
        return self._logits_BV
