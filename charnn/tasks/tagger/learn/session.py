"""A tagger's run: a treebank and what the user wishes in, a model directory out."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from itertools import chain
from typing import Any

import torch

from charnn.config.training import Budget
from charnn.export.graph import can_quantize, share
from charnn.tasks.tagger.config import TaggerConfig, TaggerQuantization
from charnn.tasks.tagger.directory import TaggerDirectory
from charnn.tasks.tagger.learn.data import EncodedTreebank, encoded_words
from charnn.tasks.tagger.learn.graph import TABLES, sentence_graph, word_graph
from charnn.tasks.tagger.learn.network import TaggerNetwork
from charnn.tasks.tagger.learn.objective import TaggerObjective
from charnn.tasks.tagger.learn.plan import TaggerOverrides, plan
from charnn.tasks.tagger.learn.quantization import measure_quantization
from charnn.tasks.tagger.lexicon import Lexicon
from charnn.tasks.tagger.treebank import Treebank
from charnn.training.hardware import choose_device, threads_for
from charnn.training.keeper import Weights
from charnn.training.session import Session, new_record

SMALL_STEP = 4096
"""Lanes times hidden units; measured on two cores: 32 x 128 read 16,000 words/s with one thread, whatever else ran, and
with two 20,000 to 26,000 on an idle machine, but 3,000 to 10,000 beside one other busy process."""


class TaggerSession(Session[TaggerConfig]):
    directory: TaggerDirectory
    network: TaggerNetwork

    def __init__(self, directory: TaggerDirectory, config: TaggerConfig, treebank: Treebank, lexicon: Lexicon) -> None:
        self.treebank = treebank
        self.lexicon = lexicon
        self._encoded = EncodedTreebank(treebank, lexicon, longest=config.training.window_length)
        frequencies = torch.from_numpy(lexicon.frequencies())

        def task(device: torch.device) -> TaggerObjective:
            self.network = TaggerNetwork(config.network, frequencies).to(device)
            return TaggerObjective(self.network, self._encoded, config.corpus, config.training)

        super().__init__(directory, config, task, self._write)
        self._characters_per_unit = config.corpus.training_characters / config.corpus.training_words

    @classmethod
    def start(
        cls,
        make_directory: Callable[[], TaggerDirectory],
        treebank: Treebank,
        wishes: TaggerOverrides,
        settings: Mapping[str, Any],
    ) -> TaggerSession:
        """A new run. The directory is made once all else is right."""
        corpus = treebank.config
        tags = {
            column: [tag for sentence in treebank.training for tag in sentence.tags[number]]
            for number, column in enumerate(corpus.columns)
        }
        lexicon = Lexicon.of(chain.from_iterable(sentence.words for sentence in treebank.training), tags)
        network, training = plan(
            wishes, lexicon, words=corpus.training_words, sentences=corpus.training_sentences, **settings
        )
        choose_device(training.device)
        config = TaggerConfig("tagger", network, training, corpus, new_record())
        directory = make_directory()
        try:
            return cls(directory, config, treebank, lexicon)
        except BaseException:
            directory.discard_if_empty()
            raise

    @classmethod
    def resume(cls, directory: TaggerDirectory, treebank: Treebank, budget: Budget | None = None) -> TaggerSession:
        """Goes on with a run, under another budget where one is given. `treebank` is the one it was trained on.

        Raises UsageError where the budget is spent.
        """
        state = directory.training_state()
        config = directory.config()
        if budget is not None:
            config = dataclasses.replace(config, training=dataclasses.replace(config.training, budget=budget))
        session = cls(directory, config, treebank, directory.lexicon())
        session.restore(*state)
        return session

    @torch.no_grad()
    def tag(self, words: list[str]) -> list[str]:
        """A sentence as the network tags it in the mode it is in, in the first column: a look during a validation."""
        device = next(self.network.parameters()).device
        read = encoded_words(self.lexicon.features(words), device)
        lengths_B = torch.tensor([len(words)], device=device)
        features_BTF = self.network(read, torch.arange(len(words), device=device)[None], lengths_B)
        (ids, *_) = self.network.decode(features_BTF, lengths_B)
        names = self.lexicon.tags[self.config.corpus.columns[0]]
        return [names[number] for number in ids[0]]

    def _write(self, weights: Weights) -> None:
        directory, network = self.directory, self.config.network
        directory.write_lexicon(self.lexicon)
        file, header, places = directory.weight_places()
        tables = {table: places[weight] for table, weight in TABLES.items()}
        directory.write_word_graph(share(word_graph(network, weights), file, header, tables))
        directory.write_graph(sentence_graph(network, weights))
        if can_quantize(network.cell):
            directory.write_graph(sentence_graph(network, weights, quantized=True), quantized=True)

    def _describe(self) -> list[str]:
        config = self.config
        network, training, corpus, record = config.network, config.training, config.corpus, config.record
        parameters = sum(parameter.numel() for parameter in self.network.parameters())
        tags = ", ".join(f"{size} {column}" for column, size in zip(corpus.columns, network.tags, strict=True))
        return [
            f"treebank  {corpus.training_sentences:,} sentences of {corpus.training_words:,} {corpus.level}s to train "
            f"on, {corpus.validation_sentences:,} of {corpus.validation_words:,} to validate with; tags: {tags}",
            f"network   {network.words_from} words, {network.layers} x 2 x {network.hidden_size} {network.cell}, "
            f"{network.decoder} tags, dropout {network.dropout:g}: {parameters:,} parameters",
            f"training  {training.budget}, {training.lanes} sentences a batch, learning rate "
            f"{training.learning_rate:g}, {record.precision} on {record.device}",
        ]

    def _measure_quantization(self) -> TaggerQuantization:
        return measure_quantization(self.directory, self._encoded, self.network.decoders())

    @property
    def _threads(self) -> int:
        return threads_for(self.config.training.lanes * self.config.network.hidden_size, SMALL_STEP)
