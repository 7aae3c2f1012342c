"""How fast lines are turned into others, beside the same search with the same network stepped by PyTorch."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch

from charnn.tasks.transducer.directory import TransducerDirectory
from charnn.tasks.transducer.learn.networks import decoder_of, network_of
from charnn.tasks.transducer.use.line_transducer import LineTransducer, Source, TransduceOptions
from tests.benchmarks.machine import alternate, ratio, seconds, spread

CHARNN = [sys.executable, "-m", "charnn"]
SET = "g2p/dut"
LINES = 5_000
ROUNDS = 5
BEAMS = (1, 5)


def run(directory: Path, *, epochs: float | None = None) -> None:
    folder = directory / SET
    if not (folder / "train.tsv").is_file():
        print(f"{SET}: not in {directory}")
        return
    rows = [
        line.split("\t")[0]
        for name in ("train", "test")
        for line in (folder / f"{name}.tsv").read_text("utf-8").splitlines()
    ]
    sources = list(dict.fromkeys(rows))[:LINES]
    with tempfile.TemporaryDirectory() as scratch:
        model, lines, one = Path(scratch) / "model", Path(scratch) / "lines", Path(scratch) / "one"
        train = [*CHARNN, "train", str(folder / "train.tsv"), "--task", "transducer", "--out", str(model)]
        options = ["--epochs", str(epochs or 5), "--lookup", "never"]
        subprocess.run([*train, *options], check=True, capture_output=True)
        lines.write_text("".join(f"{source}\n" for source in sources), "utf-8")
        one.write_text(f"{sources[0]}\n", "utf-8")
        sides: dict[str, Callable[[], float]] = {}
        for beam in BEAMS:
            options = ["-m", str(model), "--beam", str(beam)]
            command = [*CHARNN, "transduce", str(lines), *options]
            transduce = partial(subprocess.run, command, check=True, stdout=subprocess.DEVNULL)
            sides[f"charnn transduce, beam {beam}"] = partial(seconds, transduce)
            sides[f"PyTorch, beam {beam}"] = partial(seconds, _stepped(model, sources, beam))
        command = [*CHARNN, "transduce", str(one), "-m", str(model)]
        sides["start to the first line"] = partial(
            seconds, partial(subprocess.run, command, check=True, stdout=subprocess.DEVNULL)
        )
        taken = alternate(sides, ROUNDS)
    for name, values in taken.items():
        if name != "start to the first line":
            print(f"{name:<32} {spread([len(sources) / value for value in values], ',.0f', ' lines/s')}")
    for beam in BEAMS:
        charnn, peer = (taken[f"{side}, beam {beam}"] for side in ("charnn transduce", "PyTorch"))
        print(f"{f'charnn beside PyTorch, beam {beam}':<32} {ratio(peer, charnn)}")
    print(f"{'start to the first line':<32} {spread(taken['start to the first line'], '.2f', ' s')}")


def _stepped(model: Path, sources: list[str], beam: int) -> Callable[[], object]:
    """All of transducing but starting, reading and writing, with PyTorch's network in place of the graphs."""
    directory = TransducerDirectory(model)
    config = directory.config()
    network = network_of(config.network)
    network.load_state_dict({name: torch.from_numpy(array) for name, array in directory.weights().items()})
    stepped = decoder_of(network.eval())
    transducer = LineTransducer(
        directory.symbols(), stepped, config.network, config.corpus, None, threads=torch.get_num_threads()
    )
    asked = [Source(text, number=number) for number, text in enumerate(sources)]
    return lambda: transducer.transduce(asked, TransduceOptions(beam))
