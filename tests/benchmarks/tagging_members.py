"""What taggers that are used side by side reach (`train --members`), and one that they teach, beside one tagger and one
that learns for as long as all of them together: UPOS."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.benchmarks.reading import row, tagger
from tests.benchmarks.tagging_quality import SMALL, beginning, treebanks

MEMBERS, SEEDS, EPOCHS = 2, (1, 2), (12, 24)
"""The seeds, and the epochs of one tagger, on the cuts `SMALL`."""


def run(directory: Path, *, seeds: int | None, epochs: float | None, decoder: str | None = None) -> None:
    large, *_ = treebanks(directory)
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        for words, usual, tried in sorted(zip(SMALL, EPOCHS, SEEDS, strict=True)):
            cut, given = beginning(large, words, scratch), epochs or usual
            print(f"\n{cut.name}, {decoder or 'independent'} tags: % of the words of the test split, and CPU seconds")
            print(f"{'':<44} {'accuracy':<23} {'unknown words':<23} {'training':<10} words/s of tag", flush=True)
            chosen = [] if decoder is None else ["--decoder", decoder]
            taught = {} if decoder == "crf" else {"a network that they teach": (given, True, [])}
            variants: dict[str, tuple[float, bool, list[str]]] = {
                f"one network, {given:g} epochs": (given, False, []),
                f"one network, {MEMBERS * given:g} epochs": (MEMBERS * given, False, []),
                f"{MEMBERS} members, {given:g} epochs each": (given, False, ["--members", str(MEMBERS)]),
                **taught,
            }
            for variant, (each, has_teacher, options) in variants.items():
                runs = []
                for seed in range(1, (seeds or tried) + 1):
                    members, out = scratch / f"members-{words}-{seed}", scratch / "model"
                    teacher = ["--teacher", str(members)] if has_teacher else []
                    runs.append(tagger(cut, [*options, *chosen, *teacher], seed, each, scratch))
                    if options:
                        out.rename(members)
                row(variant, runs)
