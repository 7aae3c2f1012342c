"""Measures what int8 inference costs and gains a transducer: its encoder in int8, its decoder as it is."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np

from charnn.tasks.transducer.config import TransducerQuantization
from charnn.tasks.transducer.dataset import Reference
from charnn.tasks.transducer.directory import TransducerDirectory
from charnn.tasks.transducer.use.line_transducer import Source, TransduceOptions
from charnn.tasks.transducer.use.model import Transducer

LARGEST_LOSS = 0.0
"""The fraction of lines that int8 may get wrong more often than fp32 where it is used."""
WORTHWHILE = 1.1
"""So many times as fast int8 must be to be used."""
MOST_MEASURED, MOST_CHARACTERS, FEWEST_MEASURED = 1000, 15_000, 50
"""The cost is measured on so many validation sources at most, taken at even distances; and where they are long, on so
many that have this number of characters, but on no fewer than the last of these numbers."""
ROUNDS = 3
TIMED_SHARE = 5
"""One of so many of these is timed."""


def measure_quantization(directory: TransducerDirectory, references: Sequence[Reference]) -> TransducerQuantization:
    """Transduces the validation sources with both graphs, as `charnn eval` does, and times the first of them."""
    mean = sum(len(one.source) for one in references) / len(references)
    count = min(len(references), MOST_MEASURED, max(int(MOST_CHARACTERS / max(mean, 1)), FEWEST_MEASURED))
    references = [references[i * len(references) // count] for i in range(count)]
    timed = -(-count // TIMED_SHARE)
    models = [Transducer(directory, precision=precision) for precision in ("fp32", "int8")]
    sources = [Source(one.source, one.features, number) for number, one in enumerate(references)]
    options = TransduceOptions()
    right, seconds = [], np.zeros((ROUNDS, 2))
    for model in models:
        found = model.transduce_sources(sources, options)
        right.append(sum(f[0].text in one.targets for f, one in zip(found, references, strict=True)))
    for times in seconds:
        for number, model in enumerate(models):
            started = time.perf_counter()
            model.transduce_sources(sources[:timed], options)
            times[number] = time.perf_counter() - started
    for model in models:
        model.close()
    lost = round((right[0] - right[1]) / len(references), 6)
    ratio = round(float(np.median(seconds[:, 0] / seconds[:, 1])), 3)
    return TransducerQuantization(lost, ratio, used=lost <= LARGEST_LOSS and ratio >= WORTHWHILE)
