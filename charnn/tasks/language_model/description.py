"""Describes a language model in rows for a person."""

from __future__ import annotations

from charnn.readable import duration
from charnn.tasks.language_model.directory import LanguageModelDirectory
from charnn.tasks.task import Description


def describe(directory: LanguageModelDirectory) -> Description:
    config, tokenizer = directory.config(), directory.tokenizer()
    training, record, corpus = config.training, config.record, config.corpus
    validated = f"{corpus.validation_characters:,} to validate with" if corpus.held_out else "none held out"
    speed = f"{record.characters_per_second:,.0f} char/s; " if record.characters_per_second else ""
    rows = [
        ("network", str(config.network)),
        ("tokenizer", f"{config.tokenizer.kind}, a vocabulary of {tokenizer.size:,}"),
        *(("corpus", f"{s.path}: {s.characters:,} characters") for s in corpus.sources),
        *(("validation", f"{s.path}: {s.characters:,} characters") for s in corpus.validation_sources),
        (
            "split",
            f"{corpus.training_characters:,} characters to train on, {validated}; "
            f"a document is a {corpus.document}, {corpus.documents:,} in all",
        ),
        (
            "training",
            f"{duration(record.seconds)}, {record.steps:,} steps, {record.epochs:.1f} epochs, {training.batch_size} "
            f"windows of {training.window_length} steps a batch, {record.precision} on {record.device}, "
            f"{speed}seed {training.seed}; {record.ending}",
        ),
    ]
    if config.scores:
        rows.append(
            ("best" if corpus.held_out else "own data", f"{config.scores}, after {duration(config.scores.seconds)}")
        )
    if config.quantization:
        measured = config.quantization
        rows.append(
            (
                "int8",
                f"{measured.speed_ratio:.1f} times as fast, {measured.bits_per_character_lost:+.4f} bits/char; "
                f"{'used' if measured.used else 'not used'} for sampling",
            )
        )
    return Description(rows)
