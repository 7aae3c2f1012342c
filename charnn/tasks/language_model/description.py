"""Describes a language model in rows for a person."""

from __future__ import annotations

from charnn.readable import counted
from charnn.tasks.description import file_rows, int8_row, rise, score_rows, training_row
from charnn.tasks.language_model.config import LanguageModelConfig
from charnn.tasks.language_model.directory import NGRAMS, RECENT, LanguageModelDirectory
from charnn.tasks.task import UNMEASURED, Description
from charnn.tasks.teaching import taught_by

SMALL = 20_000
"""A model of fewer characters mostly repeats them."""


def taught_in_run_by(networks: int) -> str:
    """How many networks of the same run taught the one that was kept, in a model of an early version."""
    return "1 network of this size" if networks == 1 else f"{networks:,} networks of this size, one after the other"


def describe(directory: LanguageModelDirectory) -> Description:
    config, tokenizer = directory.config(), directory.tokenizer()
    training, record, corpus = config.training, config.record, config.corpus
    validated = f"{corpus.validation_characters:,} to validate with" if corpus.held_out else "none held out"
    speed = [f"{record.characters_per_second:,.0f} char/s"] if record.characters_per_second else []
    model = [
        ("network", str(config.network)),
        ("tokenizer", f"{config.tokenizer.kind}, a vocabulary of {tokenizer.size:,}"),
    ]
    if config.ngrams:
        many = f"{config.ngrams.ngrams:,} of up to {config.ngram_order} symbols"
        if config.ngrams.word_ngrams:
            many += f", {config.ngrams.word_ngrams:,} with words"
        as_usual = ", believed as is usual: nothing was held out" * config.has_unmeasured_ngrams
        model.append(("n-grams", f"{many}, {NGRAMS}, beside the network{as_usual}"))
    if (recently := directory.recently()) is not None:
        read = counted(len(recently.counts.ids), "symbol")
        model.append(("read since", f"{read}, {RECENT}, whose n-grams are counted, too"))
    data = [
        *file_rows("corpus", corpus.sources),
        *(("replayed", f"{s.path}, in part") for s in (corpus.replayed.sources if corpus.replayed else ())),
        *file_rows("validation", corpus.validation_sources),
        (
            "split",
            f"{corpus.training_characters:,} characters to train on, {validated}; "
            f"a document is a {corpus.document}, {corpus.documents:,} in all{', read backwards' * corpus.backwards}",
        ),
    ]
    training_rows = [
        *([("teachers", taught_by(config.teachers, "text"))] if config.teachers else []),
        *([("teachers", taught_in_run_by(training.taught_in_run_by))] if training.taught_in_run_by else []),
        training_row(config, f"{training.batch_size} windows of {training.window_length} steps", *speed),
    ]
    by_network = ", by the network alone" * config.has_unmeasured_ngrams
    scores = [(name, f"{score}{by_network}") for name, score in score_rows(config, held_out=corpus.held_out)]
    if config.quantization:
        measured = config.quantization
        cost, used = rise(measured.bits_per_character_lost, "bits/char"), measured.used and not corpus.backwards
        scores.append(int8_row(measured.speed_ratio, cost, used=used, use="sampling", alone=config.ngrams is not None))
    return Description(model, data, training_rows, scores, limits=limits(config))


def limits(config: LanguageModelConfig) -> list[str]:
    corpus = config.corpus
    said = [
        "It writes text that looks like what it learned, with the faults and the views of that text. It knows nothing: "
        "what it says may be false.",
        "It may write out passages of what it learned word for word; `charnn sample | charnn novelty` says how much.",
    ]
    if corpus.backwards:
        said = ["It reads text from its end to its beginning, for taggers that read with it. It writes nothing."]
    if corpus.training_characters < SMALL:
        said.append(
            f"{corpus.training_characters:,} characters are few to learn a language from: it will mostly repeat them."
        )
    if not corpus.held_out:
        said.append(f"{UNMEASURED}text that it has not learned.")
    return said
