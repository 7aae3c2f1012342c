"""Model directories as a stranger might send them. Each is a sound model that one thing has been done to.

`python -m tests.hostile.specimens FOLDER` makes them all in a folder, to be looked at or used by hand.
"""

from __future__ import annotations

import json
import os
import shutil
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save_file

from tests.paths import GOLDEN

Spoil = Callable[[Path], None]
MODELS = {"language-model": "format-1"} | {
    task: f"{task}-1" for task in ("tagger", "classifier", "transducer", "forecaster")
}
WEIGHTS = "weights.safetensors"


def config(*keys: str, value: Any) -> Spoil:
    """Sets a value in config.json."""

    def spoil(path: Path) -> None:
        document = json.loads((path / "config.json").read_text())
        inner = document
        for key in keys[:-1]:
            inner = inner[key]
        inner[keys[-1]] = value
        (path / "config.json").write_text(json.dumps(document))

    return spoil


def weights(change: Callable[[dict[str, np.ndarray]], object]) -> Spoil:
    def spoil(path: Path) -> None:
        arrays = {name: array.copy() for name, array in load_file(path / WEIGHTS).items()}
        change(arrays)
        save_file(arrays, path / WEIGHTS)

    return spoil


def data(name: str, content: bytes) -> Spoil:
    return lambda path: Path.write_bytes(path / name, content) and None


def instead(name: str, make: Callable[[Path], object]) -> Spoil:
    """Something else in the place of a file."""

    def spoil(path: Path) -> None:
        (path / name).parent.mkdir(exist_ok=True)
        (path / name).unlink(missing_ok=True)
        make(path / name)

    return spoil


def header(change: Callable[[dict[str, Any]], object]) -> Spoil:
    """Changes the header of the file of weights, and leaves the numbers."""

    def spoil(path: Path) -> None:
        content = (path / WEIGHTS).read_bytes()
        (length,) = struct.unpack("<Q", content[:8])
        entries = json.loads(content[8 : 8 + length])
        change(entries)
        text = json.dumps(entries).encode()
        (path / WEIGHTS).write_bytes(struct.pack("<Q", len(text)) + text + content[8 + length :])

    return spoil


def sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 40)


def to_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def overlapping(entries: dict[str, Any]) -> None:
    first, second = sorted(name for name in entries if name != "__metadata__")[:2]
    entries[second]["data_offsets"] = entries[first]["data_offsets"]


def endless_graph(path: Path) -> None:
    """A graph that loops for ever, under the names of the model's own."""
    from onnx import TensorProto, helper

    body = helper.make_graph(
        [helper.make_node("Identity", ["on"], ["still"])],
        "body",
        [
            helper.make_tensor_value_info("n", TensorProto.INT64, []),
            helper.make_tensor_value_info("on", TensorProto.BOOL, []),
        ],
        [helper.make_tensor_value_info("still", TensorProto.BOOL, [])],
    )
    yes = helper.make_tensor("yes", TensorProto.BOOL, [], [True])
    loop = helper.make_node("Loop", ["", "yes"], [], body=body)
    ids = helper.make_tensor_value_info("ids", TensorProto.INT64, ["B", "T"])
    graph = helper.make_graph([loop], "endless", [ids], [], [yes])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    for file in path.rglob("*.onnx"):
        file.write_bytes(model.SerializeToString())


REFUSED: dict[str, Spoil] = {
    "config is a pipe": instead("config.json", os.mkfifo),
    "config has a terabyte": instead("config.json", sparse),
    "config is nested deep": data("config.json", b"[" * 200_000),
    "config is no object": data("config.json", b"[]"),
    "config of another version": config("format_version", value=2),
    "config of an unknown task": config("task", value="x" * 1000),
    "config with an unknown key": config("surprise", value=1),
    "a billion members": config("network", "members", value=10**9),
    "config with an unknown network key": config("network", "surprise", value=1),
    "a million layers": config("network", "layers", value=1_000_000),
    "a billion units": config("network", "hidden_size", value=10**9),
    "more units than numbers can be": config("network", "hidden_size", value=10**30),
    "a billion sequences at once": config("training", "lanes", value=10**9),
    "a billion steps in a window": config("training", "window_length", value=10**9),
    "a seed beyond all numbers": config("training", "seed", value=10**40),
    "another cell": config("network", "cell", value="gru"),
    "a cell that is not known": config("network", "cell", value="\x1b[2J"),
    "weights are missing": instead(WEIGHTS, lambda path: None),
    "weights are empty": data(WEIGHTS, b""),
    "weights are a pipe": instead(WEIGHTS, os.mkfifo),
    "weights are a device": instead(WEIGHTS, to_device),
    "weights are cut": lambda path: os.truncate(path / WEIGHTS, (path / WEIGHTS).stat().st_size // 2),
    "weights are longer": lambda path: data(WEIGHTS, (path / WEIGHTS).read_bytes() + b"more")(path),
    "weights whose header lies of its length": data(WEIGHTS, struct.pack("<Q", 1 << 62) + b"{}"),
    "weights nested deep": data(WEIGHTS, struct.pack("<Q", 90_000) + b"[" * 90_000),
    "weights that overlap": header(overlapping),
    "weights of another type": weights(lambda w: w.update({min(w): w[min(w)].astype(np.float16)})),
    "weights with NaN": weights(lambda w: w[max(w)].flat.__setitem__(0, np.nan)),
    "weights with infinity": weights(lambda w: w[max(w)].flat.__setitem__(0, np.inf)),
    "a weight is missing": weights(lambda w: w.pop(max(w))),
    "a weight of another shape": weights(lambda w: w.update({max(w): w[max(w)][..., None].copy()})),
}
"""What no command takes for a model, by what has been done."""

SYMBOLS = {"language-model": "tokenizer.json", "tagger": "lexicon.json", "classifier": "labels.json",
           "transducer": "symbols.json", "forecaster": "series.json"}  # fmt: skip
SPOILT_SYMBOLS: dict[str, Callable[[str], Spoil]] = {
    "symbols are a pipe": lambda name: instead(name, os.mkfifo),
    "symbols are a device": lambda name: instead(name, to_device),
    "symbols have a terabyte": lambda name: instead(name, sparse),
    "symbols are missing": lambda name: instead(name, lambda path: None),
    "symbols are nested deep": lambda name: data(name, b"[" * 200_000),
    "symbols are random": lambda name: data(name, np.random.default_rng(0).bytes(1000)),
}
"""The same, of the file that says what ids stand for."""

HARMLESS: dict[str, Spoil] = {
    "graphs that loop for ever": endless_graph,
    "graphs are pipes": lambda path: [instead(f.name, os.mkfifo)(path) for f in path.glob("*.onnx")] and None,
    "graphs are missing": lambda path: [f.unlink() for f in path.rglob("*.onnx")] and None,
    "a history that is a pipe": instead("history.jsonl", os.mkfifo),
    "a history that never ends": instead("history.jsonl", sparse),
    "folds that are no numbers": data("folds.json", b'{"folds": [{"a": NaN}, {"a": 1e999}]}'),
    "folds beyond all numbers": data("folds.json", b'{"folds": [{"a": 1%s}, {"a": 1}]}' % (b"0" * 400)),
    "an end that is a pipe": instead("ended.json", os.mkfifo),
    "a card that is a pipe": instead("README.md", os.mkfifo),
    "a card that never ends": instead("README.md", sparse),
}
"""What changes nothing: using the model gives what it gave."""


def make(folder: Path, task: str, spoil: Spoil) -> Path:
    path = Path(shutil.copytree(GOLDEN / MODELS[task], folder))
    spoil(path)
    return path


if __name__ == "__main__":
    for task in MODELS:
        every = REFUSED | {name: of(SYMBOLS[task]) for name, of in SPOILT_SYMBOLS.items()} | HARMLESS
        for name, spoil in every.items():
            make(Path(sys.argv[1]) / task / name.replace(" ", "-"), task, spoil)
