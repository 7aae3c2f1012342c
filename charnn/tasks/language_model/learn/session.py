"""A language model's run: a corpus and what the user wishes in, a model directory out."""

from __future__ import annotations

import dataclasses
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import torch

from charnn.config.training import Budget
from charnn.errors import CorpusError
from charnn.tasks.language_model.config import CorpusConfig, LanguageModelConfig, LanguageModelQuantization
from charnn.tasks.language_model.corpus import Corpus
from charnn.tasks.language_model.directory import LanguageModelDirectory
from charnn.tasks.language_model.learn.data import EncodedCorpus
from charnn.tasks.language_model.learn.graph import language_model_graph
from charnn.tasks.language_model.learn.network import LanguageModelNetwork
from charnn.tasks.language_model.learn.objective import LanguageModelObjective, check_lanes
from charnn.tasks.language_model.learn.pace import Pace
from charnn.tasks.language_model.learn.plan import LanguageModelOverrides, check_stopping, plan
from charnn.tasks.language_model.learn.quantization import measure_quantization
from charnn.tasks.language_model.learn.step_graph import step_graph
from charnn.tasks.language_model.learn.transfer import join_vocabularies, same_shape, same_stopping, transfer
from charnn.tokenizers import load, train
from charnn.tokenizers.base import Tokenizer
from charnn.tokenizers.config import TokenizerConfig
from charnn.training.distributed.processes import ALONE, Processes
from charnn.training.hardware import threads_for
from charnn.training.keeper import Weights
from charnn.training.session import Session, new_record

SMALL_STEP = 1024
"""Lanes times hidden units; measured on two cores, where 8 x 64 gained nothing from the second and 32 x 64 a tenth."""


class LanguageModelSession(Session[LanguageModelConfig]):
    directory: LanguageModelDirectory
    network: LanguageModelNetwork

    def __init__(
        self,
        directory: LanguageModelDirectory,
        config: LanguageModelConfig,
        corpus: Corpus,
        tokenizer: Tokenizer,
        initialize: Callable[[LanguageModelNetwork], object] = lambda network: None,
        processes: Processes = ALONE,
    ) -> None:
        self.tokenizer = tokenizer
        self._measured_threads: int | None = None
        self._texts = corpus.validation
        self._encoded = EncodedCorpus.encode(corpus, tokenizer, config.training.validation_characters)

        def task(device: torch.device) -> LanguageModelObjective:
            self.network = LanguageModelNetwork(config.network).to(device)
            initialize(self.network)
            return LanguageModelObjective(self.network, self._encoded, config.training, processes)

        super().__init__(directory, config, task, self._write, processes)

    @classmethod
    def start(
        cls,
        make_directory: Callable[[], LanguageModelDirectory],
        corpus: Corpus,
        tokenizer_config: TokenizerConfig,
        wishes: LanguageModelOverrides,
        settings: Mapping[str, Any],
        source: LanguageModelDirectory | None = None,
        processes: Processes = ALONE,
    ) -> LanguageModelSession:
        """A new run, from the weights of `source` where there is one. The directory is made once all else is right.

        Collective: the first process decides what the run will be and reads `source`, which the others may leave out.
        """
        start_from: list[Callable[[LanguageModelNetwork], object]] = []
        paces: list[Pace] = []

        def decide() -> tuple[LanguageModelConfig, Tokenizer]:
            wished = wishes
            check_stopping(wishes, corpus.config)
            if source is None:
                tokenizer = train(tokenizer_config, _seen(corpus))
            else:
                theirs = source.tokenizer()
                tokenizer = join_vocabularies(theirs, tokenizer_config, _seen(corpus))
                shape = source.config().network
                wished = same_stopping(same_shape(wishes, shape), shape, corpus.config)
                symbols, stops_alike = tokenizer.symbols(), (wished.stopping or "symbol") == shape.stopping
                # Its weights are read now: the new directory may be about to replace it.
                start_from.append(
                    partial(transfer, source.weights(), theirs.symbols(), ours=symbols, stops_alike=stops_alike)
                )
            text = {"characters": corpus.config.training_characters, "vocabulary_size": tokenizer.size}
            pace = Pace(wished, settings, **text)
            network, training = plan(
                wished,
                **text,
                held_out=corpus.config.validation_characters,
                speed=lambda hidden: processes.size * pace(hidden),
                **settings,
            )
            paces.append(pace)
            record = new_record()
            config = LanguageModelConfig("language-model", tokenizer_config, network, training, corpus.config, record)
            return config, tokenizer

        def initialize(network: LanguageModelNetwork) -> None:
            for take_over in start_from:
                take_over(network)

        config, tokenizer = _share(processes, corpus, decide)
        check_lanes(config.training.lanes, processes)
        processes.device(config.training.device)
        processes.meet()
        directory = processes.share(
            make_directory, pack=lambda made: str(made.path), unpack=lambda path: LanguageModelDirectory(Path(path))
        )
        try:
            session = cls(directory, config, corpus, tokenizer, initialize, processes)
            for pace in paces:
                session.keep_pace(pace)
            session.begin_alike()
            return session
        except BaseException:
            directory.discard_if_empty()
            raise

    @classmethod
    def resume(
        cls,
        directory: LanguageModelDirectory,
        corpus: Corpus,
        budget: Budget | None = None,
        processes: Processes = ALONE,
    ) -> LanguageModelSession:
        """Goes on with a run, under another budget where one is given. `corpus` is the one it was trained on.

        Raises UsageError where the budget is spent. Collective, with any number of processes.
        """

        def read() -> tuple[LanguageModelConfig, Tokenizer]:
            config = directory.config()
            if budget is not None:
                config = dataclasses.replace(config, training=dataclasses.replace(config.training, budget=budget))
            return config, directory.tokenizer()

        state = processes.share_state(directory.training_state)
        config, tokenizer = _share(processes, corpus, read)
        session = cls(directory, config, corpus, tokenizer, processes=processes)
        session.restore(*state)
        return session

    def _write(self, weights: Weights) -> None:
        directory, network = self.directory, self.config.network
        directory.write_tokenizer(self.tokenizer)
        directory.write_graph(language_model_graph(network, weights))
        directory.write_graph(step_graph(network, weights), quantized=True)

    def _describe(self) -> list[str]:
        config = self.config
        network, training, corpus, record = config.network, config.training, config.corpus, config.record
        parameters = sum(parameter.numel() for parameter in self.network.parameters())
        limit = training.validation_characters
        at_a_time = "" if limit is None else f", {limit:,} at a time"
        return [
            f"text      {corpus.training_characters:,} characters to train on, {corpus.validation_characters:,} to "
            f"validate with{at_a_time}; {config.tokenizer.kind}, a vocabulary of {self.tokenizer.size:,}",
            f"network   {network}: {parameters:,} parameters",
            f"training  {training.budget}, {training.lanes} lanes x {training.window_length} steps, learning rate "
            f"{training.learning_rate:g}, {record.precision} on {record.device}"
            + (f", {self.processes.size} processes" if self.processes.size > 1 else ""),
        ]

    def _measure_quantization(self) -> LanguageModelQuantization:
        return measure_quantization(self.directory, self.tokenizer, self._texts)

    def keep_pace(self, pace: Pace) -> None:
        """What measuring took is taken from the budget, and what it found is used."""
        self._loop.progress.seconds += pace.spent
        self._measured_threads = pace.threads(self.config.network.hidden_size) if pace.spent else None

    @property
    def _threads(self) -> int:
        lanes = -(-self.config.training.lanes // self.processes.size)
        return self._measured_threads or threads_for(lanes * self.config.network.hidden_size, SMALL_STEP)


def _share(
    processes: Processes, corpus: Corpus, decide: Callable[[], tuple[LanguageModelConfig, Tokenizer]]
) -> tuple[LanguageModelConfig, Tokenizer]:
    """What `decide` gives on the first process, on all. Raises CorpusError on one whose `corpus` is another."""

    def unpack(packed: dict[str, Any]) -> tuple[LanguageModelConfig, Tokenizer]:
        config = LanguageModelConfig.from_json(packed["config"])
        return config, load(config.tokenizer.kind, b64decode(packed["tokenizer"]))

    config, tokenizer = processes.share(
        decide,
        pack=lambda decided: {
            "config": decided[0].to_json(),
            "tokenizer": b64encode(decided[1].to_bytes()).decode("ascii"),
        },
        unpack=unpack,
    )
    if not processes.is_first and _hashes(corpus.config) != _hashes(config.corpus):
        paths = ", ".join(source.path for source in corpus.config.sources)
        raise CorpusError(f"{paths}: not the text that worker 0 reads", hint="put the same one on every machine")
    return config, tokenizer


def _hashes(corpus: CorpusConfig) -> list[str]:
    return [source.sha256 for source in (*corpus.sources, *corpus.validation_sources)]


def _seen(corpus: Corpus) -> list[str]:
    """What the vocabulary is made of: all of a text whose end was held out, so that no symbol of the user's text is
    unknown to the model; nothing of a separate validation text."""
    return corpus.training if corpus.config.validation_sources else corpus.training + corpus.validation
