"""Decides once what a classifier's run will be: one frozen value, from what the user asks for and from the texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from charnn import tokenizers
from charnn.config.model import TokenizerConfig
from charnn.config.training import Budget
from charnn.tasks.classifier.config import ClassifierConfig, ClassifierNetworkConfig, Pool
from charnn.tasks.classifier.corpus import LabelledCorpus
from charnn.tasks.classifier.directory import ClassifierDirectory
from charnn.tasks.classifier.features import Features
from charnn.tasks.classifier.learn.transfer import InitialWeights
from charnn.tokenizers.base import Tokenizer
from charnn.training.hardware import threads_for
from charnn.training.planning import Overrides, new_record, under_budget

LONGEST_TEXT = 256
"""The symbols of a text that the network reads."""
LEARNING_RATE = 4e-3
"""The rate of a batch of 32 texts; it grows with the root of the batch."""
BATCH_CHARACTERS = 1024
AVERAGE_DECAY = 0.98
WORD_SIZE, WORD_DROPOUT = 64, 0.15
"""The numbers of a word's vector, and the part of the words that are read as unknown ones."""
SHORTEST, LONGEST, USUAL_CHARACTERS = 15, 1800, 1_500_000
"""The seconds of the shortest and longest default run; a run takes a minute for so many characters."""


@dataclass(frozen=True)
class ClassifierOverrides(Overrides):
    """The values that the user asked for, those that only a classifier has among them."""

    embedding_size: int | None = None
    pool: Pool | None = None
    ngrams: int | None = None
    members: int | None = None
    balance: bool = False
    """Whether all labels weigh alike, however many texts they have."""


def default_budget(characters: int, members: int = 1) -> Budget:
    """A quarter of a minute for short lists, a minute for 100,000 characters and more, and longer from 1,500,000 on; so
    much for each of the networks that are trained side by side."""
    seconds = 60 * min((characters / 100_000) ** 0.5, 1) * max((characters / USUAL_CHARACTERS) ** 0.5, 1)
    return Budget(seconds=float(members * round(min(max(seconds, SHORTEST), LONGEST))))


def default_batch_size(texts: int, characters: int) -> int:
    """The texts of a batch: more where they are short, and fewer where an epoch would have few batches."""
    by_length = round(BATCH_CHARACTERS * texts / max(characters, 1))
    return min(max(32, min(by_length, 128)), max(4, texts // 40))


SMALL_STEP = 128 * 96
"""The batch size times the hidden units of a step that is too small for a second thread. Its products are small and
many, and beside other busy processes two threads learned names at a tenth of the speed of one."""


@dataclass(frozen=True)
class ClassifierPlan:
    config: ClassifierConfig
    tokenizer: Tokenizer
    features: Features
    labels: dict[str, int]
    threads: int
    """The number of threads that a step is worth."""
    initial_weights: InitialWeights | None = None


def decide(
    corpus: LabelledCorpus,
    tokenizer_config: TokenizerConfig,
    overrides: ClassifierOverrides,
    *,
    source: InitialWeights | None,
    thread_counts: Sequence[int],
) -> ClassifierPlan:
    """The plan of a new run: what the user asked for, and the rest chosen for the texts. Nothing is written.

    `source` is the model to start from; `thread_counts` are the numbers of threads that may be used. Raises ConfigError
    for what cannot be.
    """
    texts = corpus.training.bodies
    learned = corpus.texts_of_linear_models
    asked = overrides.asked("cell", "layers", "hidden_size", "embedding_size", "dropout", "pool", "ngrams", "members")
    some: Sequence[str] = texts if corpus.config.training_characters else [" "]
    if source is not None:
        asked = source.shape_for(asked)
        tokenizer = source.tokenizer_for(tokenizer_config, some)
    else:
        tokenizer = tokenizers.train(tokenizer_config, some)
    if tokenizer_config.kind == "words":
        asked = {"embedding_size": WORD_SIZE, "word_dropout": WORD_DROPOUT, **asked}
    ngrams = asked.get("ngrams", ClassifierNetworkConfig.ngrams)
    words = ClassifierNetworkConfig.words if ngrams else 0
    kinds = {"ngrams": ngrams, "words": words, **dict.fromkeys(("places", "shapes", "lengths"), ngrams > 0)}
    features = Features.choose(learned, labels=len(corpus.labels), **kinds)
    count, characters = len(texts), corpus.config.training_characters
    batch_size = overrides.batch_size or default_batch_size(count, characters)
    network = ClassifierNetworkConfig(
        vocabulary_size=tokenizer.size,
        labels=len(corpus.labels),
        features=len(features),
        likelihoods=ngrams > 1,
        **{**asked, **kinds},
    )
    training = overrides.training_config(
        budget=default_budget(characters, network.members),
        batch_size=batch_size,
        window_length=LONGEST_TEXT,
        learning_rate=LEARNING_RATE * max(batch_size / 32, 1) ** 0.5,
        average_decay=AVERAGE_DECAY,
    )
    kept = TokenizerConfig(tokenizer_config.kind, tokenizer_config.vocabulary_size, tokenizer_config.min_count)
    config = ClassifierConfig("classifier", kept, network, training, corpus.config, overrides.balance, new_record())
    threads = threads_for(batch_size * network.hidden_size, SMALL_STEP, thread_counts)
    return ClassifierPlan(config, tokenizer, features, corpus.labels, threads, source)


def plan_to_resume(
    directory: ClassifierDirectory, budget: Budget | None, *, thread_counts: Sequence[int]
) -> ClassifierPlan:
    """The plan of the run that is in `directory`, under another budget unless that is None."""
    config = under_budget(directory.config(), budget)
    threads = threads_for(config.training.batch_size * config.network.hidden_size, SMALL_STEP, thread_counts)
    return ClassifierPlan(config, directory.tokenizer(), directory.features(), directory.labels(), threads)
