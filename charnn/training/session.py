"""A run from beginning to end: a corpus and what the user wishes in, a model directory out."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import torch

from charnn import __version__
from charnn.checkpoint import ModelConfig, ModelDirectory, TrainingRecord
from charnn.config import Budget, TokenizerConfig
from charnn.corpora import Corpus
from charnn.errors import ConfigError, ModelFormatError, UsageError
from charnn.network import LanguageModel
from charnn.tokenizers import Tokenizer, train
from charnn.training.allocator import keep_freed_memory
from charnn.training.encoded import EncodedCorpus
from charnn.training.keeper import DirectoryKeeper
from charnn.training.language_model import LanguageModelTask
from charnn.training.loop import Loop, Observer, Outcome
from charnn.training.plan import Wishes, plan
from charnn.training.precision import choose_device, choose_precision, threads_for
from charnn.training.quantization import measure_quantization
from charnn.training.transfer import join_vocabularies, same_shape, transfer


class Session:
    """One sitting of a run. Make it with `start` or `resume`, then `run` it."""

    def __init__(
        self,
        directory: ModelDirectory,
        config: ModelConfig,
        corpus: Corpus,
        tokenizer: Tokenizer,
        initialize: Callable[[LanguageModel], object] = lambda network: None,
    ) -> None:
        self.directory = directory
        self.tokenizer = tokenizer
        self._texts = corpus.validation
        self._encoded = EncodedCorpus.encode(corpus, tokenizer)
        device = choose_device(config.training.device)
        precision = choose_precision(config.training.precision, device)
        torch.manual_seed(config.training.seed)
        self.network = LanguageModel(config.network).to(device)
        initialize(self.network)
        task = LanguageModelTask(self.network, self._encoded, config.training)
        self._loop = Loop(task, config.training, device, precision)
        record = dataclasses.replace(
            config.record,
            torch_version=torch.__version__,
            device=str(device),
            precision=precision,
            stopped_by="running",
        )
        self._keeper = DirectoryKeeper(directory, dataclasses.replace(config, record=record), self.network, tokenizer)

    @classmethod
    def start(
        cls,
        make_directory: Callable[[], ModelDirectory],
        corpus: Corpus,
        tokenizer_config: TokenizerConfig,
        wishes: Wishes,
        settings: Mapping[str, Any],
        source: ModelDirectory | None = None,
    ) -> Session:
        """A new run, from the weights of `source` where there is one. The directory is made once all else is right."""
        start_from: list[Callable[[LanguageModel], object]] = []
        if source is None:
            tokenizer = train(tokenizer_config, _seen(corpus))
        else:
            theirs = source.tokenizer()
            tokenizer = join_vocabularies(theirs, tokenizer_config, _seen(corpus))
            wishes = same_shape(wishes, source.config().network)
            # Its weights are read now: the new directory may be about to replace it.
            start_from.append(partial(transfer, source.weights(), theirs.symbols(), ours=tokenizer.symbols()))
        network, training = plan(
            wishes,
            characters=corpus.config.training_characters,
            vocabulary_size=tokenizer.size,
            **settings,
        )
        choose_device(training.device)
        record = TrainingRecord(__version__, torch.__version__, device="", precision="")
        config = ModelConfig("language-model", tokenizer_config, network, training, corpus.config, record)
        directory = make_directory()
        try:
            return cls(directory, config, corpus, tokenizer, *start_from)
        except BaseException:
            directory.discard_if_empty()
            raise

    @classmethod
    def resume(cls, directory: ModelDirectory, corpus: Corpus, budget: Budget | None = None) -> Session:
        """Goes on with a run, under another budget where one is given. `corpus` is the one it was trained on.

        Raises UsageError where the budget is spent.
        """
        arrays, values = directory.training_state()
        config = directory.config()
        if budget is not None:
            config = dataclasses.replace(config, training=dataclasses.replace(config.training, budget=budget))
        session = cls(directory, config, corpus, directory.tokenizer())
        try:
            session._loop.restore({name: torch.from_numpy(array) for name, array in arrays.items()}, values)
        except (ConfigError, KeyError, TypeError, ValueError, RuntimeError) as error:
            raise ModelFormatError(f"{directory.path}/training: not the state of this model: {error}") from None
        if session._loop.progress.fraction >= 1:
            raise UsageError(
                f"{directory.path}: the budget of this run is spent", hint="give a larger --time, --epochs or --steps"
            )
        directory.cut_history(session._loop.progress.step)
        return session

    @property
    def config(self) -> ModelConfig:
        """As it stands, and as config.json has it once a validation has been kept."""
        return self._keeper.config

    def description(self) -> list[str]:
        """What is about to be done, and what was chosen for it: a few lines for a person."""
        config, now = self.config, self._loop.progress
        network, training, corpus, record = config.network, config.training, config.corpus, config.record
        parameters = sum(parameter.numel() for parameter in self.network.parameters())
        lines = [
            f"text      {corpus.training_characters:,} characters to train on, {corpus.validation_characters:,} to "
            f"validate with; {config.tokenizer.kind}, a vocabulary of {self.tokenizer.size:,}",
            f"network   {network.layers} x {network.hidden_size} {network.cell}, embedding {network.embedding_size}, "
            f"dropout {network.dropout:g}: {parameters:,} parameters",
            f"training  {training.budget}, {training.lanes} lanes x {training.window_length} steps, learning rate "
            f"{training.learning_rate:g}, {record.precision} on {record.device}",
            f"model     {self.directory.path}",
        ]
        if now.step:
            lines.append(f"resumed   at step {now.step:,}, {now.fraction:.0%} of the budget spent")
        return lines

    def run(self, observer: Observer, interrupted: Callable[[], bool] = lambda: False) -> Outcome:
        """Trains; then, unless interrupted, measures what int8 costs and gains. Raises what `Loop.run` raises."""
        keep_freed_memory()
        try:
            with threads_for(self.config.training.lanes, self.config.network.hidden_size):
                outcome = self._loop.run(observer, self._keeper, interrupted)
        except BaseException:
            self.directory.discard_if_empty()
            raise
        now = self._loop.progress
        characters = now.targets * self._loop.task.characters_per_target
        record = dataclasses.replace(
            self.config.record,
            steps=now.step,
            epochs=round(self._loop.task.epoch, 4),
            seconds=round(now.seconds, 2),
            characters_per_second=round(characters / max(now.seconds, 1e-9), 1),
            stopped_by=outcome,
        )
        quantization = self.config.quantization
        if outcome != "interrupt" and self.directory.has_quantized_graph():
            quantization = measure_quantization(self.directory, self._encoded.validation, self._texts)
        self._keeper.update(record=record, quantization=quantization)
        return outcome


def _seen(corpus: Corpus) -> list[str]:
    """What the vocabulary is made of: all of a text whose end was held out, so that no symbol of the user's text is
    unknown to the model; nothing of a separate validation text."""
    return corpus.training if corpus.config.validation_sources else corpus.training + corpus.validation
