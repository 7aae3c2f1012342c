"""Characters a second of `charnn score` on the last tenth of a text, as lines, at 2 x 512."""

from __future__ import annotations

import subprocess
import tempfile
from functools import partial
from pathlib import Path

from charnn.tasks.language_model.directory import LanguageModelDirectory
from charnn.tasks.language_model.use.lines import LineModel, LineScorer
from charnn.tasks.language_model.use.runtime import RuntimeLanguageModel
from charnn.tokenizers.base import first_ids
from tests.benchmarks.machine import alternate, ratio, seconds, spread
from tests.benchmarks.models import untrained_model
from tests.benchmarks.startup import CHARNN

ROUNDS = 5
ALONE = 400
"""Lines that are read one at a time, for comparison."""


def run(corpus: Path) -> None:
    text = corpus.read_text("utf-8")
    lines = text[-len(text) // 10 :].splitlines(keepends=True)
    characters = sum(len(line.rstrip("\n")) for line in lines)
    with tempfile.TemporaryDirectory() as scratch:
        path = untrained_model(Path(scratch) / "model", corpus, hidden_size=512)
        tail, empty = Path(scratch) / "tail", Path(scratch) / "empty"
        tail.write_text("".join(lines), "utf-8")
        empty.touch()
        sides = {
            (precision, file.name): partial(seconds, partial(score, path, precision, file))
            for precision in ("fp32", "int8")
            for file in (tail, empty)
        }
        taken = alternate(sides, ROUNDS)
        alone = alternate({p: partial(one_by_one, path, p, lines[:ALONE]) for p in ("fp32", "int8")}, ROUNDS)
    print(f"{len(lines):,} lines, {characters:,} characters without line ends; a process from file to /dev/null")
    for precision in ("fp32", "int8"):
        whole, start = taken[precision, "tail"], taken[precision, "empty"]
        work = [t - s for t, s in zip(whole, start, strict=True)]
        print(f"{precision}, start included  {spread([characters / t for t in whole], ',.0f', ' char/s')}")
        print(f"{precision}, start apart     {spread([characters / t for t in work], ',.0f', ' char/s')}")
        print(f"{precision}, its start       {spread(start, '.3f', ' s')}")
        each = [t / characters for t in work]
        single = [1 / t for t in alone[precision]]
        print(f"{precision}, a line at a time  {spread(single, ',.0f', ' char/s')}, on one thread")
        print(f"{precision}, many beside that  {ratio(alone[precision], each)}")


def score(model: Path, precision: str, file: Path) -> None:
    command = [CHARNN, "score", "--model", str(model), "--precision", precision, str(file)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def one_by_one(path: Path, precision: str, lines: list[str]) -> float:
    """Seconds a character."""
    directory = LanguageModelDirectory.open(path)
    tokenizer = directory.tokenizer()
    network = RuntimeLanguageModel(directory.graph(quantized=precision == "int8"))
    scorer = LineScorer([LineModel(network, tokenizer, first_ids(tokenizer, ends_are_learned=False))])
    taken = seconds(lambda: [scorer.score([line]) for line in lines])
    scorer.close()
    return taken / sum(len(scorer.text(line)) for line in lines)
