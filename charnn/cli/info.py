"""`charnn info`: what a model is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from charnn.cli import options
from charnn.cli.console import duration, size
from charnn.errors import UsageError

if TYPE_CHECKING:
    from charnn.tasks.language_model.config import LanguageModelConfig
    from charnn.tasks.tagger.config import TaggerConfig
    from charnn.tasks.tagger.lexicon import Lexicon
    from charnn.tokenizers.base import Tokenizer

Rows = list[tuple[str, str]]
"""Labels and what they say."""

SHOWN_TAGS = 72
"""Characters of the tags that are shown of a column."""


def info(
    name: Annotated[
        str | None,
        typer.Argument(metavar="[NAME|PATH]", help="A model. Default: $CHARNN_MODEL, else the newest one."),
    ] = None,
    model: options.Model = None,
    as_json: options.AsJson = False,
) -> None:
    """Show what a model is: network, symbols or tags, training, scores, size."""
    from charnn.checkpoint.locate import find_model
    from charnn.cli import console
    from charnn.tasks import directory_of
    from charnn.tasks.tagger.directory import TaggerDirectory

    if name is not None and model is not None:
        raise UsageError(f"{name} and --model {model}: give one of them")
    directory = directory_of(find_model(name or model, None))
    config = directory.config()
    learned: dict[str, Any] = {}
    if isinstance(directory, TaggerDirectory):
        lexicon = directory.lexicon()
        rows = _tagger(directory.config(), lexicon)
        learned = {"forms": len(lexicon.counts), "characters": len(lexicon.characters), "tags": lexicon.tags}
    else:
        rows = _language_model(directory.config(), directory.tokenizer())
    parameters = sum(weight.size for weight in directory.weights().values())
    needed, training_state = directory.size_on_disk()
    if as_json:
        document: dict[str, Any] = {"model": str(directory.path), "parameters": parameters, "bytes": needed}
        console.write_json({**document, "training_bytes": training_state, **learned, **config.to_json()})
        return
    rows = [
        ("model", str(directory.path)),
        ("task", config.task),
        *((label, f"{text}; {parameters:,} parameters" if label == "network" else text) for label, text in rows),
        ("size", f"{size(needed)}, and {size(training_state)} for resuming"),
    ]
    console.write("".join(f"{label:<11} {text}\n" for label, text in rows))


def _language_model(config: LanguageModelConfig, tokenizer: Tokenizer) -> Rows:
    training, record, corpus = config.training, config.record, config.corpus
    rows = [
        ("network", str(config.network)),
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
            f"{duration(record.seconds)}, {record.steps:,} steps, {record.epochs:.1f} epochs, "
            f"{training.batch_size} lanes x {training.window_length} steps, {record.precision} on {record.device}, "
            f"{record.characters_per_second:,.0f} char/s; seed {training.seed}; ended by: {record.stopped_by}",
        ),
    ]
    if config.scores:
        rows.append(("best", f"{config.scores}, after {duration(config.scores.seconds)}"))
    if config.quantization:
        measured = config.quantization
        rows.append(
            (
                "int8",
                f"{measured.speed_ratio:.1f} times as fast, {measured.bits_per_character_lost:+.4f} bits/char; "
                f"{'used' if measured.used else 'not used'} for sampling",
            )
        )
    return rows


def _tagger(config: TaggerConfig, lexicon: Lexicon) -> Rows:
    network, training, record, corpus = config.network, config.training, config.record, config.corpus
    words_per_second = record.epochs * corpus.training_words / record.seconds if record.seconds else 0.0
    rows = [
        (
            "network",
            f"{network.words_from} words, {network.layers} x 2 x {network.hidden_size} {network.cell}, "
            f"{network.decoder} tags, dropout {network.dropout:g}",
        ),
        *(("column", f"{column}: {_named(tags)}") for column, tags in lexicon.tags.items()),
        (
            "lexicon",
            f"{len(lexicon.counts):,} forms, {lexicon.word_ids - 1:,} word vectors, "
            f"{len(lexicon.characters):,} characters",
        ),
        *(("treebank", f"{s.path}: {s.characters:,} characters") for s in corpus.sources),
        *(("tags", f"{s.path}: {s.characters:,} characters") for s in corpus.tag_sources),
        *(("validation", f"{s.path}: {s.characters:,} characters") for s in corpus.validation_sources),
        (
            "split",
            f"{corpus.training_words:,} {corpus.level}s in {corpus.training_sentences:,} sentences to train on, "
            f"{corpus.validation_words:,} in {corpus.validation_sentences:,} to validate with; {corpus.format}",
        ),
        (
            "training",
            f"{duration(record.seconds)}, {record.steps:,} steps, {record.epochs:.1f} epochs, {training.batch_size} "
            f"sentences a batch, {record.precision} on {record.device}, {words_per_second:,.0f} {corpus.level}s/s; "
            f"seed {training.seed}; ended by: {record.stopped_by}",
        ),
    ]
    if config.scores:
        rows.append(("best", f"{config.scores}, after {duration(config.scores.seconds)}"))
    if config.quantization:
        measured = config.quantization
        rows.append(
            (
                "int8",
                f"{measured.speed_ratio:.1f} times as fast, {100 * measured.accuracy_lost:.2f}% fewer words right; "
                f"{'used' if measured.used else 'not used'} for tagging",
            )
        )
    return rows


def _named(tags: tuple[str, ...]) -> str:
    """How many there are, and the first of them."""
    shown, length = 1, len(tags[0])
    while shown < len(tags) and (length := length + 2 + len(tags[shown])) <= SHOWN_TAGS:
        shown += 1
    more = f" and {len(tags) - shown:,} more" if shown < len(tags) else ""
    return f"{len(tags):,} {'tag' if len(tags) == 1 else 'tags'}: {', '.join(tags[:shown])}{more}"
