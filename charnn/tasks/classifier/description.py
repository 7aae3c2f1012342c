"""Describes a classifier in rows for a person."""

from __future__ import annotations

from charnn.readable import duration
from charnn.tasks.classifier.directory import ClassifierDirectory
from charnn.tasks.task import Description

SHOWN_LABELS = 72
"""Characters of the labels that are shown."""


def describe(directory: ClassifierDirectory) -> Description:
    config, labels = directory.config(), directory.labels()
    network, training, record, corpus = config.network, config.training, config.record, config.corpus
    direct = f"{network.features:,} n-grams of up to {network.ngrams} characters, words and pairs of words"
    rows = [
        (
            "network",
            f"{network.layers} x 2 x {network.hidden_size} {network.cell}, {network.pool} of its outputs, dropout "
            f"{network.dropout:g}, {config.tokenizer.kind}, the first {training.window_length:,} of a text",
        ),
        ("direct path", direct if network.features else "none"),
        ("labels", _named(labels) + (", any number for each text" if corpus.multiple else "")),
        *(("texts", f"{file.source.path}: {file.source.characters:,} characters") for file in corpus.files[:8]),
        *([("", f"and {len(corpus.files) - 8:,} more files")] if len(corpus.files) > 8 else []),
        *(
            ("validation", f"{file.source.path}: {file.source.characters:,} characters")
            for file in corpus.validation_files[:8]
        ),
        (
            "split",
            f"{corpus.training_texts:,} texts of {corpus.training_characters:,} characters to train on, "
            f"{corpus.validation_texts:,} to validate with",
        ),
        (
            "training",
            f"{duration(record.seconds)}, {record.steps:,} steps, {record.epochs:.1f} epochs, {training.batch_size} "
            f"texts a batch, {record.precision} on {record.device}{', every label alike' if config.balance else ''}; "
            f"seed {training.seed}; ended by: {record.stopped_by}",
        ),
    ]
    if config.scores:
        rows.append(("best", f"{config.scores}, after {duration(config.scores.seconds)}"))
        own, *others = config.scores.shares
        if others:
            plain, typical = others
            rows.append(("shares", f"network {own:.2f}, linear {plain:.2f}, linear by what is typical {typical:.2f}"))
    if config.quantization:
        measured = config.quantization
        rows.append(
            (
                "int8",
                f"{measured.speed_ratio:.1f} times as fast, {100 * measured.accuracy_lost:.2f}% fewer texts right; "
                f"{'used' if measured.used else 'not used'} for classifying",
            )
        )
    return Description(rows, {"labels": labels})


def _named(labels: dict[str, int]) -> str:
    """How many there are, and the first ones by name, the most frequent first."""
    names = sorted(labels, key=lambda label: (-labels[label], label))
    shown, length = 1, len(names[0])
    while shown < len(names) and (length := length + 2 + len(names[shown])) <= SHOWN_LABELS:
        shown += 1
    more = f" and {len(names) - shown:,} more" if shown < len(names) else ""
    return f"{len(names):,}: {', '.join(names[:shown])}{more}"
