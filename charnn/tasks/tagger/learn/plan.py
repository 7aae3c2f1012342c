"""What a tagger's run will be, decided once: one frozen value that the session is made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from charnn.config.training import Budget
from charnn.tasks.tagger.config import TaggerConfig
from charnn.tasks.tagger.directory import TaggerDirectory
from charnn.tasks.tagger.learn.overrides import TaggerOverrides, configure
from charnn.tasks.tagger.lexicon import Lexicon
from charnn.tasks.tagger.treebank import Treebank
from charnn.training.hardware import threads_for
from charnn.training.session import new_record, under_budget

SMALL_STEP = 4096
"""The batch size times the hidden units of a small step. Measured on two cores, 32 x 128 read 16,000 words/s with one
thread, whatever else ran; with two it read 20,000 to 26,000 on an idle machine, but 3,000 to 10,000 beside one other
busy process."""


@dataclass(frozen=True)
class Plan:
    config: TaggerConfig
    lexicon: Lexicon
    threads: int
    """The number of threads that a step is worth."""


def decide(
    treebank: Treebank, overrides: TaggerOverrides, settings: Mapping[str, Any], *, thread_counts: Sequence[int]
) -> Plan:
    """The plan of a new run: what the user asked for, and the rest chosen for the treebank. Nothing is written.

    `settings` go to TrainingConfig; `thread_counts` are the numbers of threads that may be used. Raises ConfigError for
    what cannot be.
    """
    corpus = treebank.config
    tags = {
        column: [tag for sentence in treebank.training for tag in sentence.tags[number]]
        for number, column in enumerate(corpus.columns)
    }
    lexicon = Lexicon.of(chain.from_iterable(sentence.words for sentence in treebank.training), tags)
    network, training = configure(
        overrides, lexicon, words=corpus.training_words, sentences=corpus.training_sentences, **settings
    )
    config = TaggerConfig("tagger", network, training, corpus, new_record())
    return Plan(config, lexicon, _threads(config, thread_counts))


def plan_to_resume(directory: TaggerDirectory, budget: Budget | None, *, thread_counts: Sequence[int]) -> Plan:
    """The plan of the run that is in `directory`, under another budget unless that is None."""
    config = under_budget(directory.config(), budget)
    return Plan(config, directory.lexicon(), _threads(config, thread_counts))


def _threads(config: TaggerConfig, thread_counts: Sequence[int]) -> int:
    return threads_for(config.training.batch_size * config.network.hidden_size, SMALL_STEP, thread_counts)
