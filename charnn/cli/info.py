"""`charnn info`: what a model is."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from charnn.cli import options
from charnn.errors import UsageError


def info(
    name: Annotated[
        str | None,
        typer.Argument(metavar="[NAME|PATH]", help="A model. Default: $CHARNN_MODEL, else the newest one."),
    ] = None,
    model: options.Model = None,
    as_json: options.AsJson = False,
) -> None:
    """Show what a model is: network, vocabulary, training, scores, size."""
    from charnn.checkpoint import LanguageModelConfig, find_model
    from charnn.cli import console
    from charnn.cli.console import duration, size

    if name is not None and model is not None:
        raise UsageError(f"{name} and --model {model}: give one of them")
    directory = find_model(name or model, "language-model")
    config = directory.config_of(LanguageModelConfig)
    tokenizer = directory.tokenizer()
    parameters = sum(weight.size for weight in directory.weights().values())
    needed, training_state = directory.size_on_disk()
    if as_json:
        document: dict[str, Any] = {"model": str(directory.path), "parameters": parameters, "bytes": needed}
        console.write_json({**document, "training_bytes": training_state, **config.to_json()})
        return
    network, training, record, corpus = config.network, config.training, config.record, config.corpus
    rows = [
        ("model", str(directory.path)),
        ("task", config.task),
        (
            "network",
            f"{network.layers} x {network.hidden_size} {network.cell}, embedding {network.embedding_size}, "
            f"dropout {network.dropout:g}; {parameters:,} parameters",
        ),
        ("tokenizer", f"{config.tokenizer.kind}, a vocabulary of {tokenizer.size:,}"),
        *(("corpus", f"{s.path}: {s.characters:,} characters") for s in corpus.sources),
        *(("validation", f"{s.path}: {s.characters:,} characters") for s in corpus.validation_sources),
        (
            "split",
            f"{corpus.training_characters:,} characters to train on, {corpus.validation_characters:,} to validate "
            f"with; a document is a {corpus.document}, {corpus.documents:,} in all",
        ),
        (
            "training",
            f"{duration(record.seconds)}, {record.steps:,} steps, {record.epochs:.1f} epochs, {training.lanes} lanes "
            f"x {training.window_length} steps, {record.precision} on {record.device}, "
            f"{record.characters_per_second:,.0f} char/s; seed {training.seed}; ended by: {record.stopped_by}",
        ),
    ]
    if config.scores:
        best = config.scores
        rows.append(
            (
                "best",
                f"{best.nats_per_character:.4f} nats, {best.bits_per_character:.4f} bits per character, after "
                f"{duration(best.seconds)}",
            )
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
    rows.append(("size", f"{size(needed)}, and {size(training_state)} for resuming"))
    console.write("".join(f"{label:<11} {text}\n" for label, text in rows))
