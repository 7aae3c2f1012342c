"""Phonetisaurus, joint n-grams of aligned symbols: what pronunciations are often learned with, and a `pip install`."""

from __future__ import annotations

import importlib
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from charnn.tasks.transducer.dataset import Reference

SPACE = "\N{OPEN BOX}"
"""What stands for a space, which parts symbols in Phonetisaurus' own files."""


class PeerResult(NamedTuple):
    word_error_rate: float
    three_best: float
    """The fraction of sources one of whose targets is among the three likeliest."""
    seconds: float
    """How long training took."""
    lines_per_second: float


def phonetisaurus(
    pairs: Sequence[tuple[str, str]], references: Mapping[str, set[str]], tests: Sequence[Reference], *, phones: bool
) -> PeerResult | None:
    """What joint n-grams of up to eight, its default, make of these sources; None where it is not installed.

    `tests` is what `charnn eval` scores: in a running text each word has the target that it has there. `references` has
    all targets of each source, for the three likeliest. With `phones`, targets are symbols between spaces. It passes
    over pairs that hold `_` or `|`, which are its own signs.
    """
    try:
        peer = importlib.import_module("phonetisaurus")
    except ImportError:
        return None
    with tempfile.TemporaryDirectory() as scratch:
        lexicon, model = Path(scratch) / "lexicon", Path(scratch) / "model.fst"
        spaced = [
            (source.replace(" ", SPACE), target if phones else " ".join(target.replace(" ", SPACE)))
            for source, target in pairs
        ]
        lexicon.write_text("".join(f"{source} {target}\n" for source, target in spaced), "utf-8")
        train = [sys.executable, "-m", "phonetisaurus", "train", "--model", str(model), str(lexicon)]
        started = time.perf_counter()
        subprocess.run(train, check=True, capture_output=True)
        trained = time.perf_counter() - started
        sources = [source.replace(" ", SPACE) for source in references]
        found: dict[str, list[str]] = defaultdict(list)
        started = time.perf_counter()
        for source, symbols in peer.predict(sources, model, nbest=3):
            text = " ".join(symbols) if phones else "".join(symbols).replace(SPACE, " ")
            found[source.replace(SPACE, " ")].append(text)
        speed = len(sources) / (time.perf_counter() - started)
    wrong = [found[one.source][:1] == [] or found[one.source][0] not in one.targets for one in tests]
    among = [not references[source].isdisjoint(found[source]) for source in references]
    return PeerResult(sum(wrong) / len(wrong), sum(among) / len(among), trained, speed)
