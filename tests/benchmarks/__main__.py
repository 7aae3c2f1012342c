"""`make bench`: the figures of docs/figures, on this machine.

Takes about ten minutes for the language model and six for the part `tagging`. These run only where they are named:
`ablation` (a minute and more on one core for each of some thirty variants and three seeds), `cells`, `processes`,
`gradient-flow`, `copying` (two minutes a seed), `stopping` (three minutes a seed), `openings` (a quarter of an hour a
seed), `loops` (a quarter of an hour), `adapting` (two minutes a seed), `labels` (four minutes a seed),
`tagging-quality` (forty minutes), `tagging-ablation` (twenty), `tagging-linear` (ten), `tagging-members` (ten minutes
a seed), `recall` (ten), `segmentation` (eight), `entities` (fifteen), `gaps` (ten), `reading` (half an hour),
`classifying` (ten), `transducing` (three quarters of an hour a seed), `transducing-speed` (four minutes), `restoring`
(eight a seed), `normalising` (five), `memory` (half an hour, and 5 GB of disk), `kinds` (ten minutes), `verdicts` (a
minute for each text of a folder), `members` (three runs a seed), `forecasting` (a minute), `windows` (half a minute),
`pipes` (hours; with `--processor-time`, so long for each command) and `transducing-ablation` (an hour a seed).
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from pathlib import Path

from charnn.errors import UsageError
from charnn.tasks import training_options as options
from tests.benchmarks import (
    ablation,
    adapting,
    cells,
    classifying,
    copying,
    endless,
    entities,
    forecasting,
    gaps,
    gradient_flow,
    kinds,
    labels,
    loops,
    machine,
    members,
    memory,
    normalising,
    novelty,
    openings,
    pipes,
    processes,
    quality,
    reading,
    recall,
    restoring,
    sampling,
    scoring,
    segmentation,
    startup,
    stopping,
    tagging,
    tagging_linear,
    tagging_members,
    tagging_quality,
    tokenizers,
    training,
    transducing,
    transducing_speed,
    verdicts,
    windows,
)

ON_REQUEST = {
    *("ablation", "cells", "processes", "gradient-flow", "stopping", "openings", "labels", "loops", "copying"),
    *(
        "adapting",
        "verdicts",
        "members",
        "classifying",
        "transducing",
        "transducing-ablation",
        "transducing-speed",
        "restoring",
        "normalising",
        "tagging-quality",
        "tagging-ablation",
        "tagging-linear",
        "tagging-members",
        "segmentation",
        "entities",
        "gaps",
        "reading",
        "recall",
        "forecasting",
        "memory",
        "kinds",
        "pipes",
        "windows",
    ),
}


def parts(given: argparse.Namespace) -> dict[str, Callable[[], None]]:
    seconds = options.seconds(given.time) if given.time else None
    processor = options.seconds(given.processor_time) if given.processor_time else None
    side_by_side = {"seconds": seconds, "seeds": given.seeds, "jobs": given.jobs, "log": given.log}
    reach = {"reach": given.reach, "reach_time": given.reach_time}
    return {
        "startup": partial(startup.run, given.corpus),
        "tokenizers": partial(tokenizers.run, given.corpus),
        "training": partial(training.run, given.corpus),
        "sampling": partial(sampling.run, given.corpus),
        "novelty": partial(novelty.run, given.corpus),
        "memory": partial(memory.run, given.corpus),
        "kinds": partial(kinds.run, given.variants),
        "pipes": partial(endless.run, given.characters, processor, given.variants)
        if given.characters
        else partial(pipes.run, processor),
        "scoring": partial(scoring.run, given.corpus),
        "quality": partial(quality.run, given.corpus, time=given.time, seeds=given.seeds, **reach),
        "ablation": partial(ablation.run, given.corpus, variants=given.variants, **side_by_side),
        "cells": partial(cells.run, given.corpus, epochs=given.epochs, **side_by_side),
        "processes": partial(processes.run, given.corpus),
        "gradient-flow": gradient_flow.run,
        "windows": windows.run,
        "copying": partial(copying.run, seeds=given.seeds, picture=given.picture),
        "stopping": partial(stopping.run, given.corpus, seconds=seconds, epochs=given.epochs, seeds=given.seeds),
        "openings": partial(openings.run, given.corpus, seconds=seconds, epochs=given.epochs, seeds=given.seeds),
        "labels": partial(labels.run, given.treebanks, time=given.time, seeds=given.seeds),
        "adapting": partial(adapting.run, given.corpus, time=given.time, seeds=given.seeds, models=given.models),
        "verdicts": partial(verdicts.run, given.corpus, log=given.log),
        "members": partial(members.run, given.corpus, time=given.time, epochs=given.epochs, seeds=given.seeds),
        "loops": partial(loops.run, given.corpus, time=given.time, models=given.models),
        "recall": partial(recall.run, given.treebanks, seeds=given.seeds),
        "forecasting": partial(forecasting.run, seeds=given.seeds),
        "tagging": partial(tagging.run, given.treebanks, tagger=given.tagger, time=given.time),
        "classifying": partial(classifying.run, given.treebanks, seeds=given.seeds, time=given.time),
        "transducing": partial(
            transducing.run,
            given.treebanks,
            seeds=given.seeds,
            time=given.time,
            epochs=given.epochs,
            sets=given.sets,
            processor=processor,
        ),
        "transducing-ablation": partial(
            transducing.ablation,
            given.treebanks,
            seeds=given.seeds,
            time=given.time,
            epochs=given.epochs,
            sets=given.sets,
            variants=given.variants,
            processor=processor,
        ),
        "restoring": partial(
            restoring.run, given.corpus, seeds=given.seeds, time=given.time, epochs=given.epochs, processor=processor
        ),
        "normalising": partial(normalising.run, given.treebanks),
        "transducing-speed": partial(transducing_speed.run, given.treebanks, epochs=given.epochs),
        "tagging-quality": partial(tagging_quality.run, given.treebanks, seeds=given.seeds, time=given.time),
        "segmentation": partial(segmentation.run, given.treebanks, time=given.time, epochs=given.epochs),
        "tagging-ablation": partial(tagging_quality.ablation, given.treebanks, seeds=given.seeds, epochs=given.epochs),
        "tagging-linear": partial(tagging_linear.run, given.treebanks, seeds=given.seeds, epochs=given.epochs),
        "tagging-members": partial(
            tagging_members.run, given.treebanks, seeds=given.seeds, epochs=given.epochs, decoder=given.decoder
        ),
        "gaps": partial(gaps.run, given.treebanks, seeds=given.seeds, epochs=given.epochs),
        "reading": partial(
            reading.run, given.corpus, given.treebanks, seeds=given.seeds, epochs=given.epochs, models=given.models
        ),
        "entities": partial(entities.run, given.treebanks, seeds=given.seeds, epochs=given.epochs),
    }


def duration(text: str) -> str:
    try:
        options.seconds(text)
    except UsageError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text


def names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",")]


def main() -> None:
    parser = argparse.ArgumentParser("python -m tests.benchmarks", description=__doc__)
    add = parser.add_argument
    add("corpus", metavar="CORPUS", type=Path, help="a text")
    add("wanted", metavar="PART", nargs="*", help="startup, training, sampling, scoring, quality, tagging, ...")
    add("--treebanks", metavar="DIR", type=Path, default=Path("data"), help="with ud-english-ewt/, ud-vietnamese-vtb/")
    add("--tagger", metavar="DIR", type=Path, help="tagging: measure this model, instead of training one")
    add("--models", metavar="DIR", type=Path, help="loops, reading: the models in this directory, instead of training")
    add("--time", metavar="60s", type=duration, help="of training, where a part trains")
    add(
        "--processor-time",
        metavar="60s",
        type=duration,
        help="of training, told from the cost of a step, where other work runs beside it: transducing, "
        "transducing-ablation, restoring; or of each command in a pipe: pipes",
    )
    add("--seeds", metavar="N", type=int, help="runs of each, where a part trains to see what is reached")
    add(
        "--epochs",
        metavar="N",
        type=float,
        help="of each run: cells, tagging-ablation, tagging-linear, tagging-members, segmentation, entities, gaps, "
        "reading, stopping, openings, members, transducing",
    )
    add("--picture", metavar="FILE", type=Path, help="copying: draw what came as a PNG")
    add("--jobs", metavar="N", type=int, help="ablation, cells: runs side by side; default: as many as cores")
    add("--log", metavar="FILE", type=Path, help="ablation, cells: keep each run there, and go on where it ends")
    add("--decoder", metavar="KIND", help="tagging-members: how tags are chosen, as --decoder of charnn train says")
    add("--sets", metavar="A,B", type=names, help="transducing: only these folders, such as g2p/ice")
    add(
        "--variants",
        metavar="A,B",
        type=names,
        help="ablation, transducing-ablation: only these beside the default; pipes, kinds: only these, such as tag-new",
    )
    add(
        "--characters",
        metavar="1e9",
        type=float,
        help="pipes: let the smallest models read, or write, so many, of words that never come again or that do",
    )
    add("--reach", metavar="NATS", type=float, help=f"quality: time the way to this loss; default: {quality.REACH}")
    add("--reach-time", metavar="12s", type=duration, help="quality: of the run that is to reach it")
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
