"""Counts the n-grams of texts with labels, of all together and of each label's, and finds out how far they are to be
believed beside a network."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from charnn.arrays import Float32s, Float64s
from charnn.generation.model import NextTokenModel
from charnn.ngrams.counting import count
from charnn.ngrams.model import ROOT
from charnn.ngrams.table import NgramTable
from charnn.softmax import log_softmax
from charnn.streaming import batches_by_length
from charnn.tasks.language_model.conditions import LABEL, weights_of_labels
from charnn.tasks.language_model.config import LanguageModelNgrams
from charnn.tasks.language_model.halting import going_on, without_end
from charnn.tasks.language_model.labelled_ngrams import LabelledContexts, LabelledNgrams
from charnn.tasks.language_model.learn.data import EncodedCorpus
from charnn.tasks.language_model.learn.ngrams import (
    FEWEST_HELD_OUT,
    MEASURED_NUMBERS,
    MOST_COUNTED,
    MOST_KEPT,
    UNMEASURED,
)
from charnn.tasks.language_model.learn.powers import measured
from charnn.tasks.language_model.learn.usual import usual_powers_of_labels
from charnn.tokenizers.base import STOP_ID

Ids = npt.NDArray[np.integer]
ROWS, PADDING = 64, 0.5
"""So many texts are read side by side, of which this part may be padding."""


class ReadDocument(NamedTuple):
    """A document that was read: what is known in its places (T, F), and ln p of all symbols there (T, V) by each of the
    models."""

    known: Float64s
    log_p: list[Float32s]


class CountedLabelledNgrams:
    """The n-grams of the texts to train on, and the seconds that it took to count them."""

    def __init__(self, corpus: EncodedCorpus, vocabulary_size: int, order: int, labels: int) -> None:
        """The texts have `labels` labels."""
        started = time.perf_counter()
        assert corpus.training_labels is not None
        size = len(corpus.training)
        places_N = np.arange(max(0, size - MOST_COUNTED), size)
        tokens_N, labels_N = corpus.training[places_N], corpus.training_labels[places_N]
        nothing = np.array([STOP_ID])

        def table(tokens: Ids, most: int) -> NgramTable:
            levels = count([tokens if len(tokens) else nothing], vocabulary_size, order, before=STOP_ID, most=most)
            return NgramTable.of(levels, vocabulary_size)

        self._common, self._vocabulary_size = table(tokens_N, MOST_KEPT), vocabulary_size
        self._of_labels = []
        for label in range(labels):
            own = tokens_N[labels_N == label]
            most = max(MOST_KEPT * len(own) // len(tokens_N), vocabulary_size)
            self._of_labels.append(table(own, most))
        self.seconds = time.perf_counter() - started

    @cached_property
    def _contexts(self) -> LabelledContexts:
        return LabelledContexts(self._common, self._of_labels, self._vocabulary_size)

    def as_usual(self) -> tuple[LabelledNgrams, LanguageModelNgrams]:
        """The n-grams with the powers that are usual, of which nothing is known where nothing is held out."""
        return self._with_powers(usual_powers_of_labels(self._contexts), UNMEASURED)

    def beside(
        self, network: NextTokenModel, documents: Sequence[Ids], labels: Sequence[int], characters: int, *, most: int
    ) -> tuple[LabelledNgrams, LanguageModelNgrams] | None:
        """The n-grams with the powers that suit these documents with these labels, which have so many `characters` and
        are known to neither, and what they bring there; as the first `most` characters tell. None where they bring too
        little. With few characters the powers are those that are usual, as with `CountedNgrams.beside`."""
        usual_3F = usual_powers_of_labels(self._contexts)
        tokens = sum(len(document) + 1 for document in documents)
        most = min(MEASURED_NUMBERS // self._vocabulary_size, most * tokens // max(characters, 1))
        ends_D = np.cumsum([len(document) + 1 for document in documents])
        number = max(int(np.searchsorted(ends_D, most, side="right")), 1)
        chosen = [np.append(document, STOP_ID)[: max(most, 1)] for document in documents[:number]]
        parts = dict[int, ReadDocument]()
        for rows in batches_by_length(list(map(len, chosen)), rows=ROWS, padding=PADDING):
            parts.update(zip(rows, self._read(network, chosen, labels, rows), strict=True))
        in_order = [parts[row] for row in range(number)]
        known_NF = np.concatenate([part.known for part in in_order])
        log_p_3NV = [np.concatenate([part.log_p[model] for part in in_order]) for model in range(3)]
        half_N = np.repeat(np.arange(number) % 2, list(map(len, chosen)))
        # A single document is halved in itself.
        half_N = half_N if number > 1 else np.arange(len(half_N)) * 2 // len(half_N)
        ids_N, apart, each = np.concatenate(chosen), 0.0, characters / tokens
        if network.halts:
            goes_on = ids_N != STOP_ID
            known_NF, ids_N, half_N = known_NF[goes_on], ids_N[goes_on], half_N[goes_on]
            network_NV, *others = (by_NV[goes_on] for by_NV in log_p_3NV)
            network_NV, apart_N = going_on(network_NV)
            log_p_3NV, apart = [network_NV, *map(without_end, others)], float(apart_N.mean())
            each = characters / (tokens - len(documents))
        found = measured(
            known_NF,
            log_p_3NV,
            ids_N,
            half_N,
            usual_EF=usual_3F,
            learns=characters >= FEWEST_HELD_OUT,
            characters_each=each,
            apart=apart,
        )
        return None if found is None else self._with_powers(found.weights_EF, found.figures)

    def _with_powers(
        self, weights_3F: Float32s, figures: LanguageModelNgrams
    ) -> tuple[LabelledNgrams, LanguageModelNgrams]:
        """The n-grams with the powers that have these weights, and `figures` with how many there are."""
        ngrams = sum(len(table.ids_E) for table in (self._common, *self._of_labels))
        beside = LabelledNgrams(self._common, self._of_labels, weights_3F, self._vocabulary_size)
        return beside, dataclasses.replace(figures, ngrams=ngrams)

    def _read(
        self, network: NextTokenModel, documents: Sequence[Ids], labels: Sequence[int], rows: Sequence[int]
    ) -> list[ReadDocument]:
        """For each of these documents what is known in its places, and ln p there by the network, by the n-grams of all
        texts and by those of its label."""
        length = max(len(documents[row]) for row in rows)
        inputs_BT = np.full((len(rows), length), STOP_ID, np.int32)
        for inputs_T, row in zip(inputs_BT, rows, strict=True):
            inputs_T[1 : len(documents[row])] = documents[row][:-1]
        labels_BT = np.repeat(np.array([labels[row] for row in rows])[:, np.newaxis], length, 1)
        logits_BTV, _ = network.sequence(inputs_BT, network.initial_state(len(rows)), {LABEL: labels_BT})
        network_BTV = log_softmax(logits_BTV).astype(np.float32)
        contexts, number = self._contexts, len(self._of_labels)
        weights_BTK = weights_of_labels(labels_BT, number)
        contexts_BT = contexts.model.states(np.full(len(rows), ROOT, np.int32), inputs_BT)
        states_BTK = contexts.states(np.full((len(rows), number), ROOT, np.int32), inputs_BT, weights_BTK)
        found = []
        for place, row in enumerate(rows):
            part = slice(len(documents[row]))
            known_NF, log_p = contexts.known(
                contexts_BT[place, part], states_BTK[place, part], weights_BTK[place, part]
            )
            found.append(ReadDocument(known_NF, [network_BTV[place, part], *log_p]))
        return found
