"""Decides once what a tagger's run will be: one frozen value, from what the user asks for and from the treebank."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain, compress

from charnn.config.training import Budget, TrainingConfig
from charnn.errors import UsageError
from charnn.readers.reader import Reader
from charnn.tasks.tagger.config import DecoderKind, Level, TaggerConfig, TaggerNetworkConfig, WordReaderKind
from charnn.tasks.tagger.directory import TaggerDirectory
from charnn.tasks.tagger.entities import MOST_TAGS
from charnn.tasks.tagger.formats.sentence import NO_TAG
from charnn.tasks.tagger.learn.segmenter import tagger_budget, word_finding
from charnn.tasks.tagger.learn.several import MEMBERS, has_time_for_several
from charnn.tasks.tagger.learn.teachers import check_teachers
from charnn.tasks.tagger.learn.told_tags import MOST_COUNTS
from charnn.tasks.tagger.learn.transfer import SHAPE, InitialWeights, with_shape_of
from charnn.tasks.tagger.lexicon import Lexicon
from charnn.tasks.tagger.treebank import Treebank
from charnn.training.hardware import threads_for
from charnn.training.planning import Overrides, new_record, under_budget
from charnn.training.transfer import same_shape

LONGEST_SENTENCE = 256
"""Sentences of more words are cut in training."""
LEARNING_RATE = 4e-3
CONTEXT_SIZE = 128
"""The numbers that the states of readers become. On 6,000 words of EWT, 64 did as well within what a seed does, and 256
worse."""

WORD_DROPOUT = 1.0
"""The `word_dropout` of a network that is told the tags of words, which it would else trust too much where words are
rare."""


@dataclass(frozen=True)
class TaggerOverrides(Overrides):
    """The values that the user asked for, those that only a tagger has among them."""

    word_size: int | None = None
    words_from: WordReaderKind | None = None
    decoder: DecoderKind | None = None
    segment: bool | None = None
    readers: tuple[Reader, ...] = ()
    members: int | None = None
    linear: bool | None = None


def default_budget(words: int, turns: int = 1) -> Budget:
    """A time for a treebank: half a minute for a few thousand words, four minutes for two hundred thousand, half an
    hour for ten million; so much for each of the `turns` that members take which cannot all learn at the same time."""
    return Budget(seconds=float(turns * round(min(max(240 * (words / 200_000) ** 0.5, 30), 1800))))


def default_batch_size(sentences: int) -> int:
    """The sentences of a batch: fewer where an epoch would have few batches."""
    return min(32, max(1, sentences // 40))


def configure(
    overrides: TaggerOverrides, lexicon: Lexicon, *, words: int, sentences: int, threads: int = 1
) -> tuple[TaggerNetworkConfig, TrainingConfig]:
    """The configurations for a treebank of so many `words` in so many `sentences`, where so many `threads` may be used
    at most. Raises UsageError where a crf would have too many tags."""
    asked = overrides.asked("cell", "layers", "hidden_size", "word_size", "dropout", "words_from", "decoder", "members")
    if overrides.dropout is not None:
        asked["input_dropout"] = overrides.dropout
    column, most = max(((name, len(tags)) for name, tags in lexicon.tags.items()), key=lambda one: one[1])
    if overrides.decoder == "crf" and most > MOST_TAGS:
        raise UsageError(
            f"--decoder crf has a score for every two tags, and {column} has {most:,} tags: {MOST_TAGS:,} are the most",
            hint="take another decoder: independent or feedback",
        )
    if overrides.readers:
        asked |= {"readers": tuple(reader.config for reader in overrides.readers), "context_size": CONTEXT_SIZE}
    network = TaggerNetworkConfig(
        words=lexicon.word_ids,
        characters=lexicon.character_ids,
        tags=tuple(map(len, lexicon.tags.values())),
        **asked,
    )
    training = overrides.training_config(
        budget=default_budget(words, -(-network.members // threads)),
        batch_size=default_batch_size(sentences),
        window_length=LONGEST_SENTENCE,
        learning_rate=LEARNING_RATE,
    )
    return network, training


SMALL_STEP = 4096
"""The batch size times the hidden units of a small step. Measured on two cores, 32 x 128 read 16,000 words/s with one
thread, whatever else ran; with two it read 20,000 to 26,000 on an idle machine, but 3,000 to 10,000 beside one other
busy process."""


@dataclass(frozen=True)
class TaggerPlan:
    config: TaggerConfig
    lexicon: Lexicon
    threads: int
    """The number of threads that a step is worth."""
    initial_weights: InitialWeights | None = None
    """The weights to begin with, unless they are random."""
    readers: tuple[Reader, ...] = ()
    teachers: Sequence[TaggerDirectory] = ()
    """The taggers to learn from beside the treebank, of a run that begins."""
    chose_members: bool = False
    """Whether nobody asked for the members that it has."""


def decide(
    treebank: Treebank,
    overrides: TaggerOverrides,
    *,
    thread_counts: Sequence[int],
    source: TaggerDirectory | None = None,
    teachers: Sequence[TaggerDirectory] = (),
) -> TaggerPlan:
    """The plan of a new run: what the user asked for, and the rest chosen for the treebank. Nothing is written.

    `thread_counts` are the numbers of threads that may be used; `source` is the model to start from, and `teachers` are
    the taggers to learn from. Raises ConfigError for what cannot be, and UsageError for another shape than that of
    `source`, and for a teacher of other tags.
    """
    initial_weights, readers = None, overrides.readers
    if source is not None:
        if readers:
            raise UsageError(
                "--reader and --from: the model to start from keeps the readers that it has, or has none",
                hint="give one of the two",
            )
        readers = source.readers()
        theirs = source.config().network
        overrides = same_shape(overrides, theirs, SHAPE)
        overrides = replace(overrides, decoder=overrides.decoder or theirs.decoder)
        # The weights are read now, because the new directory may be about to replace the source.
        initial_weights = InitialWeights(source.path.name, source.weights(), source.lexicon(), theirs.decoder)
    corpus = treebank.config
    tags = {
        column: [tag for sentence in treebank.training for tag in sentence.tags[number] if tag != NO_TAG]
        for number, column in enumerate(corpus.columns)
    }
    # A form that never has a tag is not known: it is read by its spelling alone, as those never seen are.
    words = chain.from_iterable(compress(sentence.words, sentence.is_tagged) for sentence in treebank.training)
    lexicon = Lexicon.of(words, tags)
    is_told = corpus.level == "word" and len(lexicon.counts) * sum(map(len, lexicon.tags.values())) <= MOST_COUNTS
    if is_told:
        lexicon = replace(lexicon, least_count=1)
    network, training = configure(
        overrides,
        lexicon,
        words=corpus.training_words,
        sentences=corpus.training_sentences,
        threads=max(thread_counts),
    )
    if source is not None:
        network = with_shape_of(network, theirs)
    # A tagger that is taught is to be one network, and that of characters was not measured.
    chose_members = (
        overrides.members is None
        and not teachers
        and corpus.level == "word"
        and has_time_for_several(network, training, words=corpus.training_words, processors=max(thread_counts))
    )
    if chose_members:
        network = replace(network, members=MEMBERS)
    if is_told:
        network = replace(network, tells_tags=True, word_dropout=WORD_DROPOUT)
    network = replace(network, guesses_tags=corpus.level == "word")
    check_teachers(teachers, lexicon, corpus, network.decoder)
    learns_linear = _learns_linear(overrides.linear, network.decoder, corpus.level)
    finding = word_finding(treebank, overrides.segment)
    if finding is not None and overrides.budget is not None:
        training = replace(training, budget=tagger_budget(overrides.budget))
    named = tuple(str(teacher.path) for teacher in teachers)
    config = TaggerConfig(
        "tagger", network, training, corpus, new_record(), words=finding, teachers=named, learns_linear=learns_linear
    )
    threads = _threads(config, thread_counts)
    return TaggerPlan(config, lexicon, threads, initial_weights, readers, teachers, chose_members)


def _learns_linear(asked: bool | None, decoder: DecoderKind, level: Level) -> bool:
    """Whether a linear model is learned beside the network. Raises UsageError where it was asked for and cannot be."""
    obstacle = f"--decoder {decoder}" if decoder != "independent" else f"--level {level}" if level != "word" else ""
    if asked and obstacle:
        raise UsageError(
            f"--linear and {obstacle}: a linear model stands beside a tagger of words that chooses each tag by itself",
            hint="leave out one of the two",
        )
    return asked is not False and not obstacle


def plan_to_resume(directory: TaggerDirectory, budget: Budget | None, *, thread_counts: Sequence[int]) -> TaggerPlan:
    """The plan of the run that is in `directory`, under another budget unless that is None."""
    config = directory.config()
    config = under_budget(config, tagger_budget(budget) if budget and config.words else budget)
    return TaggerPlan(config, directory.lexicon(), _threads(config, thread_counts), readers=directory.readers())


def _threads(config: TaggerConfig, thread_counts: Sequence[int]) -> int:
    """The number of threads that a step is worth: one for each of several members."""
    if config.network.members > 1:
        return min(config.network.members, max(thread_counts))
    return threads_for(config.training.batch_size * config.network.hidden_size, SMALL_STEP, thread_counts)
