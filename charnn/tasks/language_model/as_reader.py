"""A language model as a reader of sentences for another task: all of it but its head."""

from __future__ import annotations

import shlex

from charnn.errors import UsageError
from charnn.readers.reader import Direction, Reader, ReaderConfig, weight_names
from charnn.tasks.language_model.directory import LanguageModelDirectory
from charnn.tasks.task import NO_READER
from charnn.tokenizers.characters import CharacterTokenizer

READS = ("embedding.", "recurrent.")
"""The beginnings of the names of the weights that read."""


def as_reader(directory: LanguageModelDirectory) -> Reader:
    """Raises UsageError for a model whose tokens are not characters, that reads more than text, or that has members."""
    config, tokenizer = directory.config(), directory.tokenizer()
    network, corpus = config.network, config.corpus
    if not isinstance(tokenizer, CharacterTokenizer):
        raise UsageError(f"--reader: {directory.path} reads {config.tokenizer.kind}, not characters", hint=NO_READER)
    if network.labels or network.stopping == "length":
        beside = "labels (--conditioned)" if network.labels else "the length that is left (--stopping length)"
        raise UsageError(f"--reader: {directory.path} reads {beside} beside text", hint=NO_READER)
    if network.members > 1:
        raise UsageError(
            f"--reader: {directory.path} has {network.members:,} members, and a reader is one network",
            hint="train it with --members 1, or let it teach one: charnn train TEXT --teacher "
            f"{shlex.quote(str(directory.path))}",
        )
    direction: Direction = "backwards" if corpus.backwards else "forwards"
    return Reader(
        ReaderConfig(
            model=directory.path.name,
            direction=direction,
            vocabulary_size=network.vocabulary_size,
            cell=network.cell,
            layers=network.layers,
            hidden_size=network.hidden_size,
            embedding_size=network.embedding_size,
            residual=network.residual,
            recurrent_depth=network.recurrent_depth,
            opens_with_stop=corpus.ends_are_learned,
            characters=corpus.training_characters,
            bits_per_character=config.scores.bits_per_character if config.scores and corpus.held_out else None,
        ),
        tokenizer,
        {
            f"{weight_names(direction)}{name}": array
            for name, array in directory.weights().items()
            if name.startswith(READS)
        },
    )
