"""Describes a classifier in rows for a person."""

from __future__ import annotations

from charnn.readable import as_many_as_fit
from charnn.tasks.classifier.config import ClassifierConfig
from charnn.tasks.classifier.directory import ClassifierDirectory
from charnn.tasks.description import file_rows, int8_row, rights_lost, score_rows, training_row
from charnn.tasks.task import UNMEASURED, Description

SHOWN_LABELS = 72
"""Characters of the labels that are shown."""
FEW = 20
"""A label with fewer texts is hardly learned."""


def describe(directory: ClassifierDirectory) -> Description:
    config, labels = directory.config(), directory.labels()
    network, training, corpus = config.network, config.training, config.corpus
    kinds = {", ends of texts": network.places, ", shapes of words": network.shapes, ", lengths": network.lengths}
    more = "".join(kind for kind, is_known in kinds.items() if is_known)
    direct = f"{network.features:,} n-grams of up to {network.ngrams} characters, words and pairs of words{more}"
    model = [
        (
            "network",
            f"{network}, {config.tokenizer.kind}, the first {training.window_length:,} of a text",
        ),
        ("direct path", direct if network.features else "none"),
        ("labels", _named(labels) + (", any number for each text" if corpus.multiple else "")),
    ]
    data = [
        *file_rows("texts", (file.source for file in corpus.files[:8])),
        *([("", f"and {len(corpus.files) - 8:,} more files")] if len(corpus.files) > 8 else []),
        *file_rows("validation", (file.source for file in corpus.validation_files[:8])),
        (
            "split",
            f"{corpus.training_texts:,} texts of {corpus.training_characters:,} characters to train on, "
            + (f"{corpus.validation_texts:,} to validate with" if corpus.held_out else "none held out"),
        ),
    ]
    alike = ["every label alike"] if config.balance else []
    training_rows = [
        training_row(config, f"{training.batch_size} texts", *alike),
    ]
    scores = [*score_rows(config, held_out=corpus.held_out)]
    if config.scores:
        own, *others = config.scores.shares
        if others:
            likelihoods = f", likelihoods {others.pop():.2f}" if network.likelihoods else ""
            half = len(others) // 2
            plain, typical = sum(others[:half]), sum(others[half:])
            experts = f"network {own:.2f}, linear {plain:.2f}, linear by what is typical {typical:.2f}{likelihoods}"
            scores.append(("shares", experts))
    if config.quantization:
        measured = config.quantization
        cost = rights_lost(measured.accuracy_lost, "texts")
        scores.append(int8_row(measured.speed_ratio, cost, used=measured.used, use="classifying"))
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
    return f"{len(names):,}: {as_many_as_fit(names, SHOWN_LABELS)}"
