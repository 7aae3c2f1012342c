"""A language model's run: a corpus and what the user wishes in, a model directory out."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import torch

from charnn.checkpoint import LanguageModelConfig, ModelDirectory
from charnn.config import Budget, Quantization, TokenizerConfig
from charnn.corpora import Corpus
from charnn.network import LanguageModel
from charnn.tokenizers import Tokenizer, train
from charnn.training.graph import can_quantize
from charnn.training.keeper import Weights
from charnn.training.language_model.encoded import EncodedCorpus
from charnn.training.language_model.graph import language_model_graph
from charnn.training.language_model.plan import Wishes, plan
from charnn.training.language_model.quantization import measure_quantization
from charnn.training.language_model.task import LanguageModelTask
from charnn.training.language_model.transfer import join_vocabularies, same_shape, transfer
from charnn.training.precision import choose_device
from charnn.training.session import Session, new_record

SMALL_STEP = 1024
"""Lanes times hidden units; measured on two cores, where 8 x 64 gained nothing from the second and 32 x 64 a tenth."""


class LanguageModelSession(Session[LanguageModelConfig]):
    network: LanguageModel

    def __init__(
        self,
        directory: ModelDirectory,
        config: LanguageModelConfig,
        corpus: Corpus,
        tokenizer: Tokenizer,
        initialize: Callable[[LanguageModel], object] = lambda network: None,
    ) -> None:
        self.tokenizer = tokenizer
        self._texts = corpus.validation
        self._encoded = EncodedCorpus.encode(corpus, tokenizer)

        def task(device: torch.device) -> LanguageModelTask:
            self.network = LanguageModel(config.network).to(device)
            initialize(self.network)
            return LanguageModelTask(self.network, self._encoded, config.training)

        super().__init__(directory, config, task, self._write)

    @classmethod
    def start(
        cls,
        make_directory: Callable[[], ModelDirectory],
        corpus: Corpus,
        tokenizer_config: TokenizerConfig,
        wishes: Wishes,
        settings: Mapping[str, Any],
        source: ModelDirectory | None = None,
    ) -> LanguageModelSession:
        """A new run, from the weights of `source` where there is one. The directory is made once all else is right."""
        start_from: list[Callable[[LanguageModel], object]] = []
        if source is None:
            tokenizer = train(tokenizer_config, _seen(corpus))
        else:
            theirs = source.tokenizer()
            tokenizer = join_vocabularies(theirs, tokenizer_config, _seen(corpus))
            wishes = same_shape(wishes, source.config_of(LanguageModelConfig).network)
            # Its weights are read now: the new directory may be about to replace it.
            start_from.append(partial(transfer, source.weights(), theirs.symbols(), ours=tokenizer.symbols()))
        network, training = plan(
            wishes,
            characters=corpus.config.training_characters,
            vocabulary_size=tokenizer.size,
            **settings,
        )
        choose_device(training.device)
        config = LanguageModelConfig("language-model", tokenizer_config, network, training, corpus.config, new_record())
        directory = make_directory()
        try:
            return cls(directory, config, corpus, tokenizer, *start_from)
        except BaseException:
            directory.discard_if_empty()
            raise

    @classmethod
    def resume(cls, directory: ModelDirectory, corpus: Corpus, budget: Budget | None = None) -> LanguageModelSession:
        """Goes on with a run, under another budget where one is given. `corpus` is the one it was trained on.

        Raises UsageError where the budget is spent.
        """
        state = directory.training_state()
        config = directory.config_of(LanguageModelConfig)
        if budget is not None:
            config = dataclasses.replace(config, training=dataclasses.replace(config.training, budget=budget))
        session = cls(directory, config, corpus, directory.tokenizer())
        session.restore(*state)
        return session

    def _write(self, directory: ModelDirectory, weights: Weights) -> None:
        network = self.config.network
        directory.write_tokenizer(self.tokenizer)
        directory.write_graph(language_model_graph(network, weights))
        if can_quantize(network.cell):
            directory.write_graph(language_model_graph(network, weights, quantized=True), quantized=True)

    def _describe(self) -> list[str]:
        config = self.config
        network, training, corpus, record = config.network, config.training, config.corpus, config.record
        parameters = sum(parameter.numel() for parameter in self.network.parameters())
        return [
            f"text      {corpus.training_characters:,} characters to train on, {corpus.validation_characters:,} to "
            f"validate with; {config.tokenizer.kind}, a vocabulary of {self.tokenizer.size:,}",
            f"network   {network.layers} x {network.hidden_size} {network.cell}, embedding {network.embedding_size}, "
            f"dropout {network.dropout:g}: {parameters:,} parameters",
            f"training  {training.budget}, {training.lanes} lanes x {training.window_length} steps, learning rate "
            f"{training.learning_rate:g}, {record.precision} on {record.device}",
        ]

    def _measure_quantization(self) -> Quantization:
        return measure_quantization(self.directory, self._encoded.validation, self._texts)

    @property
    def _is_small(self) -> bool:
        return self.config.training.lanes * self.config.network.hidden_size <= SMALL_STEP


def _seen(corpus: Corpus) -> list[str]:
    """What the vocabulary is made of: all of a text whose end was held out, so that no symbol of the user's text is
    unknown to the model; nothing of a separate validation text."""
    return corpus.training if corpus.config.validation_sources else corpus.training + corpus.validation
