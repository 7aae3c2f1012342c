"""Describes a tagger in rows for a person."""

from __future__ import annotations

from charnn.readable import as_many_as_fit, counted
from charnn.tasks.description import file_rows, int8_row, rights_lost, score_rows, training_row
from charnn.tasks.tagger.config import TaggerConfig
from charnn.tasks.tagger.directory import TaggerDirectory
from charnn.tasks.task import UNMEASURED, Description
from charnn.tasks.teaching import taught_by

SHOWN_TAGS = 72
"""Characters of the tags that are shown of a column."""
SMALL = 20_000
"""A treebank of fewer words teaches the frequent ones."""


def describe(directory: TaggerDirectory) -> Description:
    config, lexicon = directory.config(), directory.lexicon()
    network, record, corpus = config.network, config.record, config.corpus
    words_per_second = record.epochs * corpus.training_words / record.seconds if record.seconds else 0.0
    validated = f"{corpus.validation_words:,} in {corpus.validation_sentences:,} to validate with"
    validated = validated if corpus.held_out else "none held out"
    model = [
        ("network", str(network)),
        *([("teachers", taught_by(config.teachers, "treebank"))] if config.teachers else []),
        *(("reader", str(reader)) for reader in network.readers),
        *(
            [("linear", f"{counted(config.linear.features, 'feature')} of words and their neighbours")]
            if config.linear
            else []
        ),
        *(
            ("column", f"{column}: {_named(tags)}" + (f"; {scheme} entities" if (scheme := corpus.scheme(n)) else ""))
            for n, (column, tags) in enumerate(lexicon.tags.items())
        ),
        (
            "lexicon",
            f"{len(lexicon.counts):,} forms, {lexicon.word_ids - 1:,} word vectors, "
            f"{len(lexicon.characters):,} characters",
        ),
    ]
    data = [
        *file_rows("treebank", corpus.sources),
        *file_rows("tags", corpus.tag_sources),
        *file_rows("validation", corpus.validation_sources),
        (
            "split",
            f"{counted(corpus.training_words, corpus.level)} in {counted(corpus.training_sentences, 'sentence')} to "
            f"train on, {validated}; {corpus.format}",
        ),
        *([("left out", corpus.left_out)] if corpus.left_out else []),
    ]
    training_rows = [
        training_row(config, f"{config.training.batch_size} sentences", f"{words_per_second:,.0f} {corpus.level}s/s"),
    ]
    scores = [*score_rows(config, held_out=corpus.held_out)]
    if config.linear:
        scores.append(("linear", f"beside the network: {config.linear.of_columns(corpus.columns)}"))
    if config.words:
        scores.append(("words", f"{config.words}"))
        if config.words.of_sentences:
            scores.append(("sentences", config.words.of_sentences))
    if config.quantization:
        measured = config.quantization
        cost = rights_lost(measured.accuracy_lost, "words")
        alone = config.linear is not None
        scores.append(int8_row(measured.speed_ratio, cost, used=measured.used, use="tagging", alone=alone))
    learned = {"forms": len(lexicon.counts), "characters": len(lexicon.characters), "tags": dict(lexicon.tags)}
    return Description(model, data, training_rows, scores, learned, limits(config))


def limits(config: TaggerConfig) -> list[str]:
    corpus = config.corpus
    said = [
        f"It follows the tags and the tokens of its treebank, {corpus.training_words:,} {corpus.level}s of it. Text of "
        f"another kind or time, and {corpus.level}s that are cut otherwise, come out worse.",
        "`charnn tag --min-confidence` replaces the tags that it is not sure of.",
    ]
    if corpus.training_words < SMALL:
        said.append(f"{corpus.training_words:,} {corpus.level}s are few: it will know the frequent ones.")
    if not corpus.held_out:
        said.append(f"{UNMEASURED}new {corpus.level}s.")
    return said


def _named(tags: tuple[str, ...]) -> str:
    """How many there are, and the first ones by name."""
    return f"{counted(len(tags), 'tag')}: {as_many_as_fit(tags, SHOWN_TAGS)}"
