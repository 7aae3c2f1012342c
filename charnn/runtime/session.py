"""Opens an ONNX Runtime session on a graph of charnn's.

A graph in a model directory may leave its large tables in the file beside it that has them anyway, weights.safetensors.
ONNX calls that external data: bytes at a place in a file, as a safetensors file has them.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import onnxruntime

from charnn.errors import ModelFormatError

LONGEST_HEADER = 1 << 24
TABLES_FOLDER = "session.model_external_initializers_file_folder_path"


def open_graph(graph: Path | bytes, *, threads: int) -> onnxruntime.InferenceSession:
    """A session with so many threads. Raises ModelFormatError where the graph is damaged or its tables are missing."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    if isinstance(graph, bytes):
        name, source = "model.onnx", graph
    else:
        name, source = str(graph), graph.read_bytes()
        # ONNX Runtime takes no name that is not UTF-8. In such a folder it loads only a graph without tables.
        options.add_session_config_entry(TABLES_FOLDER, os.fsencode(graph.parent).decode("utf-8", "replace"))
    try:
        session = onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's own exceptions share no public base
        raise ModelFormatError(f"{name}: ONNX Runtime cannot load it: {' '.join(str(error).split())}") from None
    properties = session.get_modelmeta().custom_metadata_map
    if isinstance(graph, Path) and "tables" in properties:
        tables = graph.parent / properties["tables"]
        if _header_digest(tables) != properties.get("tables_header"):
            raise ModelFormatError(f"{tables}: not the file that {graph.name} was made for")
    return session


def only_what_is_wanted() -> onnxruntime.RunOptions:
    """The options of a run that computes only the outputs which it asks for, and what they need."""
    options = onnxruntime.RunOptions()
    options.only_execute_path_to_fetches = True
    return options


def _header_digest(path: Path) -> str:
    """The digest that `checkpoint.arrays.places_in_file` gives. The file has been read from, so it is long enough."""
    with path.open("rb") as file:
        before = file.read(8)
        length = min(int.from_bytes(before, "little"), LONGEST_HEADER)
        return hashlib.sha256(before + file.read(length)).hexdigest()


def graph_name(graph: Path | bytes) -> str:
    """The name of a graph in messages."""
    return "model.onnx" if isinstance(graph, bytes) else str(graph)
