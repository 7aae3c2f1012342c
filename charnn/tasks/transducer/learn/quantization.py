"""Measures what int8 inference costs and gains a transducer, with the two graphs as inference runs them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from charnn.tasks.transducer.config import TransducerQuantization
from charnn.tasks.transducer.dataset import Reference
from charnn.tasks.transducer.directory import TransducerDirectory
from charnn.tasks.transducer.use.line_transducer import Source, TransduceOptions
from charnn.tasks.transducer.use.model import Transducer
from charnn.training.hardware import speed_ratio

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


def measured_references(references: Sequence[Reference]) -> list[Reference]:
    """Those that models are measured on after training."""
    mean = sum(len(one.source) for one in references) / len(references)
    count = min(len(references), MOST_MEASURED, max(int(MOST_CHARACTERS / max(mean, 1)), FEWEST_MEASURED))
    return [references[i * len(references) // count] for i in range(count)]


def measure_quantization(directory: TransducerDirectory, references: Sequence[Reference]) -> TransducerQuantization:
    """Transduces the validation sources with both graphs, as `charnn eval` does, and times the first of them."""
    references = measured_references(references)
    count = len(references)
    timed = -(-count // TIMED_SHARE)
    models = [Transducer(directory, precision=precision) for precision in ("fp32", "int8")]
    sources = [Source(one.source, one.features, number) for number, one in enumerate(references)]
    options = TransduceOptions()
    right = []
    for model in models:
        found = model.transduce_sources(sources, options)
        right.append(sum(f[0].text in one.targets for f, one in zip(found, references, strict=True)))
    plain, quantized = (partial(model.transduce_sources, sources[:timed], options) for model in models)
    ratio = speed_ratio(plain, quantized, ROUNDS)
    for model in models:
        model.close()
    lost = round((right[0] - right[1]) / len(references), 6)
    return TransducerQuantization(lost, ratio, used=lost <= LARGEST_LOSS and ratio >= WORTHWHILE)
