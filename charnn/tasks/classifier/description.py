"""Describes a classifier in rows for a person."""

from __future__ import annotations

from charnn.readable import duration
from charnn.tasks.classifier.config import ClassifierConfig
from charnn.tasks.classifier.directory import ClassifierDirectory
from charnn.tasks.task import UNMEASURED, Description

SHOWN_LABELS = 72
"""Characters of the labels that are shown."""
FEW = 20
"""A label with fewer texts is hardly learned."""


def describe(directory: ClassifierDirectory) -> Description:
    config, labels = directory.config(), directory.labels()
    network, training, record, corpus = config.network, config.training, config.record, config.corpus
    direct = f"{network.features:,} n-grams of up to {network.ngrams} characters, words and pairs of words"
    model = [
        (
            "network",
            f"{network.layers} x 2 x {network.hidden_size} {network.cell}, {network.pool} of its outputs, dropout "
            f"{network.dropout:g}, {config.tokenizer.kind}, the first {training.window_length:,} of a text",
        ),
        ("direct path", direct if network.features else "none"),
        ("labels", _named(labels) + (", any number for each text" if corpus.multiple else "")),
    ]
    data = [
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
    ]
    training_rows = [
        (
            "training",
            f"{duration(record.seconds)}, {record.steps:,} steps, {record.epochs:.1f} epochs, {training.batch_size} "
            f"texts a batch, {record.precision} on {record.device}{', every label alike' if config.balance else ''}; "
            f"seed {training.seed}; ended by: {record.stopped_by}",
        ),
    ]
    scores = list[tuple[str, str]]()
    if config.scores:
        scores.append(("best", f"{config.scores}, after {duration(config.scores.seconds)}"))
        own, *others = config.scores.shares
        if others:
            plain, typical = others
            scores.append(("shares", f"network {own:.2f}, linear {plain:.2f}, linear by what is typical {typical:.2f}"))
    if config.quantization:
        measured = config.quantization
        scores.append(
            (
                "int8",
                f"{measured.speed_ratio:.1f} times as fast, {100 * measured.accuracy_lost:.2f}% fewer texts right; "
                f"{'used' if measured.used else 'not used'} for classifying",
            )
        )
    return Description(model, data, training_rows, scores, {"labels": labels}, limits(config, labels))


def limits(config: ClassifierConfig, labels: dict[str, int]) -> list[str]:
    said = []
    if not config.corpus.multiple:
        said.append(
            f"It gives every text one of its {len(labels):,} labels, also a text that none of them suits; `charnn "
            "classify --min-confidence` replaces the labels that it is not sure of."
        )
    if few := sum(count < FEW for count in labels.values()):
        said.append(f"{few:,} of its labels had fewer than {FEW} texts to learn from: it will hardly know those.")
    said.append("It learned how texts with a label look in its data, which need not be why they have that label.")
    if not config.corpus.held_out:
        said.append(f"{UNMEASURED}new texts.")
    return said


def _named(labels: dict[str, int]) -> str:
    """How many there are, and the first ones by name, the most frequent first."""
    names = sorted(labels, key=lambda label: (-labels[label], label))
    shown, length = 1, len(names[0])
    while shown < len(names) and (length := length + 2 + len(names[shown])) <= SHOWN_LABELS:
        shown += 1
    more = f" and {len(names) - shown:,} more" if shown < len(names) else ""
    return f"{len(names):,}: {', '.join(names[:shown])}{more}"
