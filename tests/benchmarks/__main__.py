"""`make bench`: the figures of the README, on this machine.

Takes about five minutes for the language model and six for the part `tagging`. Where they are named, `tagging-quality`
runs for forty more and `tagging-ablation` for twenty.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests.benchmarks import (
    machine,
    quality,
    sampling,
    startup,
    tagging,
    tagging_quality,
    tokenizers,
    training,
)

ON_REQUEST = {"tagging-quality", "tagging-ablation"}


def parts(given: argparse.Namespace) -> dict[str, Callable[[], None]]:
    return {
        "startup": partial(startup.run, given.corpus),
        "tokenizers": partial(tokenizers.run, given.corpus),
        "training": partial(training.run, given.corpus),
        "sampling": partial(sampling.run, given.corpus),
        "quality": partial(quality.run, given.corpus),
        "tagging": partial(tagging.run, given.treebanks, tagger=given.tagger, time=given.time),
        "tagging-quality": partial(tagging_quality.run, given.treebanks, seeds=given.seeds, time=given.time),
        "tagging-ablation": partial(tagging_quality.ablation, given.treebanks, seeds=given.seeds, epochs=given.epochs),
    }


def main() -> None:
    parser = argparse.ArgumentParser("python -m tests.benchmarks", description=__doc__)
    add = parser.add_argument
    add("corpus", metavar="CORPUS", type=Path, help="a text")
    add("wanted", metavar="PART", nargs="*", help="startup, tokenizers, training, sampling, quality, tagging, ...")
    add("--treebanks", metavar="DIR", type=Path, default=Path("data"), help="with ud-english-ewt/, ud-vietnamese-vtb/")
    add("--tagger", metavar="DIR", type=Path, help="tagging: measure this model, instead of training one")
    add("--time", metavar="60s", help="tagging: of training; tagging-quality: instead of the default time")
    add("--seeds", metavar="N", type=int, help="tagging-quality, tagging-ablation: runs of each")
    add("--epochs", metavar="N", type=float, help="tagging-ablation: of each run")
    given = parser.parse_intermixed_args()
    every = parts(given)
    if unknown := [name for name in given.wanted if name not in every]:
        parser.error(f"no part {unknown[0]!r}; there are {', '.join(every)}")
    print(machine.description())
    for name in given.wanted or [name for name in every if name not in ON_REQUEST]:
        print(f"\n# {name}", flush=True)
        every[name]()


if __name__ == "__main__":  # not in the processes that a part starts
    main()
