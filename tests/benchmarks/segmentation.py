"""How many words of raw text charnn finds, with a segmenter that is learned with the tagger and by its rules.

The words of both are aligned with those of the treebank by their characters without white space, as in the CoNLL 2018
shared task, and both are scored on the same text in the same run.
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
    print(f"\n{'word F1 on raw text':<24} {'segmenter':>10} {'rules':>10}   training, tagger and segmenter")
    quiet = partial(subprocess.run, check=True, stdout=subprocess.PIPE)
    for treebank in treebanks(directory):
        with tempfile.TemporaryDirectory() as scratch:
            model = Path(scratch) / "model"
            taken = seconds(partial(quiet, train_command(treebank, model, "--segment", *budget)))
            for part in filter(None, (treebank.valid, treebank.test)):
                scored = json.loads(quiet([CHARNN, "eval", str(part), "--model", str(model), "--json"]).stdout)
                f1 = [100 * scored[f"word_f1_by_{by}"] for by in ("segmenter", "rules")]
                print(
                    f"{treebank.name + ', ' + part.stem:<24} {f1[0]:>10.2f} {f1[1]:>10.2f}   {taken:.0f} s", flush=True
                )
