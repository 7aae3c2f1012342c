"""How many words and sentences of raw text charnn finds, with a segmenter that is learned with the tagger and by rules.

Those of both are aligned with those of the treebank by their characters without white space, as in the CoNLL 2018
shared task, and both are scored on the same text in the same run. Words are found in each sentence, and sentences in
the text of each paragraph.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from functools import partial
from pathlib import Path

from tests.benchmarks.machine import seconds
from tests.benchmarks.startup import CHARNN
from tests.benchmarks.tagging_quality import train_command, treebanks


def run(directory: Path, *, time: str | None = None, epochs: float | None = None) -> None:
    """With the default settings, which is also the default time unless another is given, or epochs."""
    budget = ["--time", time] if time else ["--epochs", f"{epochs:g}"] if epochs else []
    print(f"\n{'':<24} {'words':>21} {'sentences':>21}   training, tagger and segmenter")
    print(f"{'F1 on raw text':<24} {'segmenter':>10} {'rules':>10} {'segmenter':>10} {'rules':>10}")
    quiet = partial(subprocess.run, check=True, stdout=subprocess.PIPE)
    for treebank in treebanks(directory):
        with tempfile.TemporaryDirectory() as scratch:
            model = Path(scratch) / "model"
            taken = seconds(partial(quiet, train_command(treebank, model, "--segment", *budget)))
            for part in filter(None, (treebank.valid, treebank.test)):
                scored = json.loads(quiet([CHARNN, "eval", str(part), "--model", str(model), "--json"]).stdout)
                figures = [
                    scored[f"{what}_f1_by_{by}"] for what in ("word", "sentence") for by in ("segmenter", "rules")
                ]
                row = " ".join(f"{100 * f1:>10.2f}" for f1 in figures)
                print(f"{f'{treebank.name}, {part.stem}':<24} {row}   {taken:.0f} s", flush=True)
