"""Describes a transducer for `charnn info`."""

from __future__ import annotations

from charnn.readable import counted
from charnn.tasks.description import file_rows, int8_row, rights_lost, score_rows, training_row
from charnn.tasks.task import UNMEASURED, Description
from charnn.tasks.transducer.config import TransducerConfig
from charnn.tasks.transducer.directory import TransducerDirectory
from charnn.tasks.transducer.pair_model import PairModel


def describe(directory: TransducerDirectory) -> Description:
    config, symbols, ngrams = directory.config(), directory.symbols(), directory.ngrams()
    network, corpus = config.network, config.corpus
    features = f", {counted(len(symbols.features), 'feature')}" if symbols.features else ""
    model = [
        ("network", str(network)),
        (
            "symbols",
            f"source {corpus.source_symbols}, {symbols.source.size - 2:,}{features}; target {corpus.target_symbols}, "
            f"{symbols.outputs - 2:,}",
        ),
        (_what_ranks(config, ngrams), ngrams_row(config, ngrams)),
        ("lookup", "sources that training had are looked up" if config.looks_up else "not used"),
    ]
    validated = "none held out"
    if corpus.held_out:
        validated = (
            f"{corpus.validation_pairs:,} to validate with, {corpus.seen_pairs:,} of them with a source that training "
            "has, too"
        )
    data = [
        *file_rows("pairs", corpus.sources),
        *file_rows("validation", corpus.validation_sources),
        ("split", f"{counted(corpus.training_pairs, 'pair')} to train on, {validated}"),
    ]
    training_rows = [
        training_row(config, f"{config.training.batch_size} pairs"),
    ]
    scores = [*score_rows(config, held_out=corpus.held_out)]
    if config.quantization:
        measured = config.quantization
        cost = rights_lost(measured.accuracy_lost, "lines")
        scores.append(int8_row(measured.speed_ratio, cost, used=measured.used, use="transducing"))
    learned = {
        "source_size": symbols.source.size - 2,
        "target_size": symbols.outputs - 2,
        "features": list(symbols.features),
        "looks_up": config.looks_up,
        "ngrams": 0 if ngrams is None else len(ngrams),
    }
    return Description(model, data, training_rows, scores, learned, limits(config))


def _what_ranks(config: TransducerConfig, ngrams: PairModel | None) -> str:
    if ngrams is not None:
        return ngrams.name
    return "edits" if config.corpus.has_features else "n-grams"


def ngrams_row(config: TransducerConfig, ngrams: PairModel | None) -> str:
    if config.ngrams is None or ngrams is None:
        return "none beside the network"
    return f"{ngrams.size}; they {config.ngrams}"


def limits(config: TransducerConfig) -> list[str]:
    corpus = config.corpus
    said = [
        f"It always writes something, and for a source unlike the {corpus.training_pairs:,} that it learned it may be "
        "anything; `charnn transduce --min-confidence` replaces what it is not sure of.",
        "It knows no symbol that its sources did not have.",
    ]
    if not corpus.held_out:
        said.append(f"{UNMEASURED}new sources.")
    elif corpus.seen_pairs:
        said.append(
            f"{corpus.seen_pairs:,} of the {corpus.validation_pairs:,} pairs that it was validated with have a source "
            "that it also learned, which makes its scores better than they are on new sources."
        )
    return said
