"""What is worth a word about a text before a language model learns it."""

from __future__ import annotations

from charnn.corpora.documents import held_out_characters
from charnn.readable import counted
from charnn.tasks.language_model.config import CorpusConfig

SHORT = 2000
"""A training text of fewer characters, a page, teaches little."""
MUCH = 2
"""More than so many times of what should be held out is worth a word."""
SMALL = 20_000
"""With fewer characters, a model learns whole passages before it learns how to write others."""


def remarks(corpus: CorpusConfig, *, holds_out: bool, blank_lines: int) -> list[str]:
    """What a person would want to know of it, each in a line, with what to do where something can be done."""
    found = list[str]()
    if holds_out and corpus.training_characters < SHORT:
        found.append("so short a text teaches little; --valid none learns all of it")
    wanted = held_out_characters(corpus.training_characters + corpus.validation_characters)
    if holds_out and not corpus.validation_sources and corpus.validation_characters > MUCH * wanted:
        found.append(f"so much is held out since {corpus.document}s are kept whole; --valid FILE says what is")
    if blank_lines:
        found.append(
            f"{counted(blank_lines, 'line')} of these blank, and learned as blank texts; --documents paragraph learns "
            "what stands between them"
        )
    if corpus.training_characters < SMALL:
        found.append("with less than some 20 kB of text, a model mostly repeats that text")
    return found
