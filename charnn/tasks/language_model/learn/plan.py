"""Decides what a run will be, once: a frozen plan, which every process is given and the session is made from."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple, Self

from charnn.config.model import TokenizerConfig
from charnn.config.training import Budget, TrainingConfig
from charnn.errors import CorpusError, UsageError
from charnn.tasks.language_model.config import LanguageModelConfig, LanguageModelNetworkConfig
from charnn.tasks.language_model.corpus import Corpus
from charnn.tasks.language_model.directory import LanguageModelDirectory
from charnn.tasks.language_model.documents import characters_of
from charnn.tasks.language_model.learn.ngrams import counts_words, order_of
from charnn.tasks.language_model.learn.overrides import (
    TAUGHT_DROPOUT,
    LanguageModelOverrides,
    beside_replay,
    check_stopping,
    configure,
)
from charnn.tasks.language_model.learn.pace import Pace
from charnn.tasks.language_model.learn.several import MEMBERS, may_be_several, reads_often
from charnn.tasks.language_model.learn.sizing import (
    Speed,
    characters_read,
    choose_sizes,
    default_budget,
    validation_characters,
)
from charnn.tasks.language_model.learn.teachers import (
    Teacher,
    as_arrays,
    check_teachers,
    taken_from,
    tokenizer_of_teacher,
)
from charnn.tasks.language_model.learn.transfer import InitialWeights, same_shape, same_stopping
from charnn.tokenizers import join_vocabularies, load, train
from charnn.tokenizers.base import Tokenizer
from charnn.training.distributed.processes import ArraysAndJson, Processes
from charnn.training.hardware import nearest_allowed, threads_for
from charnn.training.planning import new_record, under_budget

SMALL_STEP = 1024
"""The batch size times the hidden units of a small step. Measured on two cores, 8 x 64 gained nothing from the second
core, and 32 x 64 gained a tenth."""


@dataclass(frozen=True)
class LanguageModelPlan:
    """All that is decided about a run."""

    config: LanguageModelConfig
    tokenizer: Tokenizer
    threads: int
    """The number of threads for a step of one process."""
    measuring_seconds: float = 0.0
    """The seconds that measuring the machine took. They count as part of the budget."""
    initial_weights: InitialWeights | None = None
    """The weights to begin with, or None to begin with random ones."""
    teachers: Sequence[Teacher] = ()
    """The models that teach the network."""
    chose_members: bool = False
    """Whether nobody asked for the members that it has."""

    def pack(self) -> ArraysAndJson:
        """The plan as arrays and JSON values, for other processes."""
        weights, taught = self.initial_weights, as_arrays(self.teachers)
        values: dict[str, Any] = {
            "config": self.config.to_json(),
            "tokenizer": b64encode(self.tokenizer.to_bytes()).decode("ascii"),
            "threads": self.threads,
            "measuring_seconds": self.measuring_seconds,
            "initial_weights": weights
            and {
                "symbols": weights.symbols,
                "stops_alike": weights.stops_alike,
                "labels": weights.labels,
            },
            "teachers": [teacher.network.to_json() for teacher in self.teachers],
            "chose_members": self.chose_members,
        }
        return {**({} if weights is None else weights.arrays), **taught}, values

    @classmethod
    def unpack(cls, packed: ArraysAndJson) -> Self:
        """The plan that `pack` turned into arrays and JSON values."""
        arrays, values = packed
        config, weights = LanguageModelConfig.from_json(values["config"]), values["initial_weights"]
        return cls(
            config,
            load(config.tokenizer.kind, b64decode(values["tokenizer"])),
            values["threads"],
            values["measuring_seconds"],
            weights
            and InitialWeights(
                arrays, [tuple(s) for s in weights["symbols"]], weights["stops_alike"], weights["labels"]
            ),
            taken_from(arrays, values["teachers"]),
            values["chose_members"],
        )


def decide(
    corpus: Corpus,
    tokenizer_config: TokenizerConfig,
    overrides: LanguageModelOverrides,
    *,
    source: LanguageModelDirectory | None = None,
    teachers: Sequence[LanguageModelDirectory] = (),
    processes: int = 1,
    thread_counts: Sequence[int],
) -> LanguageModelPlan:
    """Decides the plan of a new run by so many processes. What the user did not ask for is chosen for text and time.

    It trains the tokenizer. Where the budget is a time it measures the machine, which means that it builds networks and
    trains them on random text for a small part of that time (`Pace`). Nothing is written. `source` is the model to
    start from, `teachers` are the models to learn from beside the text, and `thread_counts` are the numbers of threads
    that may be tried.

    Raises UsageError or ConfigError where what was asked for cannot be.
    """
    check_stopping(overrides, corpus.config)
    overrides = replace(overrides, labels=len(corpus.config.labels))
    tokenizer, overrides, initial_weights = _from_models(corpus, tokenizer_config, overrides, source, teachers)
    if corpus.replayed:
        overrides = beside_replay(overrides, source.config().network if source is not None else None)
    measured = partial(_measured, corpus, tokenizer, processes=processes, thread_counts=thread_counts)
    chosen = measured(overrides)
    spent, chose_members = chosen.pace.spent, False
    if chosen.reads_often and not teachers and may_be_several(overrides, corpus.config, thread_counts):
        several = measured(replace(overrides, members=MEMBERS))
        spent += several.pace.spent
        chose_members = several.reads_often and several.pace.threads(several.network.hidden_size) >= MEMBERS
        chosen = several if chose_members else chosen
    network, training = chosen.network, chosen.training
    if teachers:
        check_teachers(teachers, tokenizer, network, corpus.config)
        if overrides.dropout is None:
            network = replace(network, dropout=round(TAUGHT_DROPOUT * network.dropout, 4))
    order = order_of(overrides.ngram_order, network)
    config = LanguageModelConfig(
        "language-model",
        tokenizer_config,
        network,
        training,
        corpus.config,
        new_record(),
        teachers=tuple(str(directory.path) for directory in teachers),
        ngram_order=order,
        counts_words=counts_words(overrides.words, order, network, tokenizer),
    )
    threads = (
        chosen.pace.threads(network.hidden_size) if spent else _unmeasured_threads(config, processes, thread_counts)
    )
    models = [Teacher.of(directory) for directory in teachers]
    return LanguageModelPlan(config, tokenizer, threads, spent, initial_weights, models, chose_members)


class _Chosen(NamedTuple):
    """The network and training that suit the text and the budget, and how the speeds were measured that tell."""

    pace: Pace
    network: LanguageModelNetworkConfig
    training: TrainingConfig
    reads_often: bool
    """Whether the text is read often enough for several such networks."""


def _measured(
    corpus: Corpus,
    tokenizer: Tokenizer,
    overrides: LanguageModelOverrides,
    *,
    processes: int,
    thread_counts: Sequence[int],
) -> _Chosen:
    characters, ends = corpus.characters_to_read, corpus.config.ends_are_learned
    text = {"characters": characters, "vocabulary_size": tokenizer.size}
    pace = Pace(overrides, ends_are_learned=ends, thread_counts=thread_counts, **text)

    def speed(hidden_size: int) -> float:
        return processes * pace(hidden_size)

    held_out = characters_of(corpus.validation)
    network, training = choose(overrides, **text, held_out=held_out, speed=speed)
    often = reads_often(
        characters, training.budget, network.hidden_size, speed, has_grown=overrides.hidden_size is None
    )
    return _Chosen(pace, network, training, often)


def _from_models(
    corpus: Corpus,
    tokenizer_config: TokenizerConfig,
    overrides: LanguageModelOverrides,
    source: LanguageModelDirectory | None,
    teachers: Sequence[LanguageModelDirectory],
) -> tuple[Tokenizer, LanguageModelOverrides, InitialWeights | None]:
    """The tokenizer, what the model to start from and the teachers say of the network, and the weights to begin with.
    Raises UsageError for another network than theirs."""
    if teachers:
        tokenizer = tokenizer_of_teacher(teachers[0], corpus)
        return tokenizer, same_stopping(overrides, teachers[0].config().network, corpus.config), None
    if source is None:
        return train(tokenizer_config, corpus.user_texts), overrides, None
    theirs, network = source.tokenizer(), source.config().network
    tokenizer = join_vocabularies(theirs, tokenizer_config, corpus.user_texts)
    overrides = same_stopping(same_shape(overrides, network), network, corpus.config)
    stops_alike = (overrides.stopping or "symbol") == network.stopping
    # The weights are read now, because the new directory may be about to replace the source.
    labels = source.config().corpus.label_names
    return tokenizer, overrides, InitialWeights(source.weights(), theirs.symbols(), stops_alike, labels)


def plan_to_resume(
    directory: LanguageModelDirectory,
    teachers: Sequence[Teacher],
    budget: Budget | None,
    *,
    processes: int = 1,
    thread_counts: Sequence[int],
) -> LanguageModelPlan:
    """The plan of the run in `directory` with its `teachers`, and with another budget unless `budget` is None. Nothing
    is measured. Raises UsageError for a run that no version can go on with today."""
    config = under_budget(directory.config(), budget)
    if config.training.taught_in_run_by:
        raise UsageError(
            f"{directory.path}: the run trained several networks one after the other, and cannot go on",
            hint="its model can be used, and `charnn train --members` or --teacher do the same better",
        )
    # What the n-grams bring is measured anew when the run ends, as how far they are believed now suits older weights.
    config = replace(config, ngrams=None)
    threads = _unmeasured_threads(config, processes, thread_counts)
    return LanguageModelPlan(config, directory.tokenizer(), threads, teachers=teachers)


def plan_for_all(
    processes: Processes, decide: Callable[[], LanguageModelPlan], corpus: Corpus, allowed: Sequence[int]
) -> LanguageModelPlan:
    """The plan that `decide` gives on the first process, for all of them, each with an `allowed` number of threads.

    Raises CorpusError on a process whose `corpus` is another than the first one's.
    """
    plan = processes.broadcast_state(decide, LanguageModelPlan.pack, LanguageModelPlan.unpack)
    if not processes.is_first and corpus.config.hashes != plan.config.corpus.hashes:
        paths = ", ".join(source.path for source in corpus.config.sources)
        raise CorpusError(f"{paths}: not the text that worker 0 reads", hint="put the same one on every machine")
    return replace(plan, threads=nearest_allowed(plan.threads, allowed))


def choose(
    overrides: LanguageModelOverrides,
    *,
    characters: int,
    held_out: int,
    vocabulary_size: int,
    speed: Speed,
) -> tuple[LanguageModelNetworkConfig, TrainingConfig]:
    """The configurations for a training text of so many `characters`, where `held_out` more are held out."""
    budget = overrides.budget or default_budget(characters)
    sizes = choose_sizes(characters=characters, budget=budget, hidden_size=overrides.hidden_size, speed=speed)
    validated = validation_characters(characters_read(characters, budget, sizes.hidden_size, speed))
    chosen = {"validation_characters": validated} if validated < held_out else {}
    return configure(overrides, sizes, vocabulary_size=vocabulary_size, budget=budget, **chosen)


def _unmeasured_threads(config: LanguageModelConfig, processes: int, thread_counts: Sequence[int]) -> int:
    lanes = -(-config.training.batch_size // processes)
    return threads_for(lanes * config.network.hidden_size * config.network.members, SMALL_STEP, thread_counts)
