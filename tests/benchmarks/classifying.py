"""How well and how fast texts are classified, beside the peers that are installed (`classifying_peers`).

Each set is a folder with train.tsv and test.tsv, `label<TAB>text`. charnn has its defaults. Where lines with labels are
few, each seed has a draw of its own; charnn also learns all of them, as the peers do (--valid none), and starts from a
language model that has read all the texts of train.tsv for a minute, without their labels.

The speed is that of texts of which none comes twice: each is made of halves of two test texts. Those that come again
cost a sixth. Lines a second of processor time, start included, say more where other work runs beside.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from random import Random
from statistics import mean
from zlib import crc32 as hash_of

from tests.benchmarks.classifying_peers import PEERS, Result

SETS = ("names-18-languages", "sentence-polarity", "question-types")
FEW_PER_LABEL = 20
CHARNN = [sys.executable, "-m", "charnn"]
READING_TIME = "60s"
COPIES = 30
"""So many times as many texts as there are test texts are classified, so that the start does not weigh too much."""


def run(directory: Path, *, seeds: int | None = None, time: str | None = None) -> None:
    print(f"{'':<44} accuracy  macro-F1  calibration  training  lines/s  lines/s of processor time")
    for name in SETS:
        folder = directory / name
        if not (folder / "train.tsv").is_file():
            print(f"{name}: not in {directory}")
            continue
        train, test = folder / "train.tsv", folder / "test.tsv"
        draws = range(seeds or 1)
        _row(f"charnn: {name}", [_charnn(train, test, seed, time) for seed in draws])
        for peer, measure in PEERS.items():
            if (result := measure(train, test)) is not None:
                _row(f"{peer}: {name}", [result])
        with tempfile.TemporaryDirectory() as scratch:
            what, few = f"{name}, {FEW_PER_LABEL} a label", [Path(scratch) / f"{draw}.tsv" for draw in draws]
            for draw, path in enumerate(few):
                path.write_text("".join(_few(train, draw)), "utf-8")
            _row(f"charnn: {what}", [_charnn(path, test, draw, time) for draw, path in enumerate(few)])
            learned = [_charnn(path, test, draw, time, "--valid", "none") for draw, path in enumerate(few)]
            _row(f"charnn --valid none: {what}", learned)
            for peer, measure in PEERS.items():
                if results := [result for path in few if (result := measure(path, test)) is not None]:
                    _row(f"{peer}: {what}", results)
            reader = str(_reader(train, Path(scratch)))
            started = [_charnn(path, test, draw, time, "--from", reader) for draw, path in enumerate(few)]
            _row(f"charnn --from: {what}", started)


def _reader(train: Path, scratch: Path) -> Path:
    """A language model of the texts."""
    texts, reader = scratch / "texts.txt", scratch / "reader"
    texts.write_text("".join(line.partition("\t")[2] for line in train.open(encoding="utf-8")), "utf-8")
    command = [*CHARNN, "train", str(texts), "--documents", "line", "--task", "language-model"]
    subprocess.run([*command, "--time", READING_TIME, "--out", str(reader)], check=True, capture_output=True)
    return reader


def _few(path: Path, draw: int) -> Iterator[str]:
    """Some lines of each label, others for each draw."""
    seen: dict[str, int] = defaultdict(int)
    lines = path.read_text("utf-8").splitlines(keepends=True)
    Random(draw).shuffle(lines)
    for line in lines:
        label = line.partition("\t")[0]
        seen[label] += 1
        if seen[label] <= FEW_PER_LABEL:
            yield line


def _charnn(train: Path, test: Path, seed: int, budget: str | None, *options: str) -> Result:
    with tempfile.TemporaryDirectory() as scratch:
        model, texts = Path(scratch) / "model", Path(scratch) / "texts"
        layout = ["--label-column", "1"]
        limit = [] if budget is None else ["--time", budget]
        command = [*CHARNN, "train", str(train), "--task", "classifier", "--out", str(model), "--seed", str(seed)]
        started = time.perf_counter()
        subprocess.run([*command, *layout, *limit, *options], check=True, capture_output=True)
        trained = time.perf_counter() - started
        scored = subprocess.run(
            [*CHARNN, "eval", str(test), "-m", str(model), "--json", *layout], check=True, capture_output=True
        )
        lines = _crossed([line.partition("\t")[2] for line in test.read_text("utf-8").splitlines()])
        texts.write_text("".join(f"{line}\n" for line in lines), "utf-8")
        started, used = time.perf_counter(), _processor_seconds()
        subprocess.run([*CHARNN, "classify", str(texts), "-m", str(model)], check=True, stdout=subprocess.DEVNULL)
        speed = len(lines) / (time.perf_counter() - started)
        per_processor = len(lines) / (_processor_seconds() - used)
    figures = json.loads(scored.stdout)
    quality = figures["accuracy"], figures["macro_f1"], figures["expected_calibration_error"]
    return Result(*quality, trained, speed, per_processor)


def _crossed(texts: list[str]) -> list[str]:
    """Texts of a first half of one text and a second half of another, none twice."""
    halves = [(text[: len(text) // 2], text[len(text) // 2 :]) for text in texts]
    made = {
        first + halves[(number + shift) % len(halves)][1]
        for shift in range(2 * COPIES)
        for number, (first, _) in enumerate(halves)
    }
    return sorted(made, key=lambda text: hash_of(text.encode("utf-8")))[: COPIES * len(texts)]


def _processor_seconds() -> float:
    """The processor seconds of the processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _row(name: str, results: list[Result]) -> None:
    accuracies = [100 * one.accuracy for one in results]
    errors = [one.calibration_error for one in results if one.calibration_error is not None]
    spread = f" ({min(accuracies):.1f} to {max(accuracies):.1f})" if len(results) > 1 else ""
    print(
        f"{name:<44} {mean(accuracies):.2f}{spread}  {100 * mean(one.macro_f1 for one in results):.2f}  "
        f"{f'{mean(errors):.4f}' if errors else '-':>11}  {mean(one.seconds for one in results):.1f} s  "
        f"{mean(one.lines_per_second for one in results):,.0f}  "
        f"{mean(one.lines_per_processor_second for one in results):,.0f}",
        flush=True,
    )
