"""The objective of a classifier: each expert learns to predict the labels of texts by itself."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from charnn.config.training import TrainingConfig
from charnn.streaming import batches_by_length
from charnn.tasks.classifier.calibration import (
    decided,
    expected_calibration_error,
    fit_shares,
    is_right_and_confidence,
    macro_f1,
    nats,
    probabilities,
)
from charnn.tasks.classifier.config import ClassifierValidation
from charnn.tasks.classifier.features import Ids
from charnn.tasks.classifier.learn.data import EncodedCorpus, EncodedTexts, Shuffled
from charnn.tasks.classifier.learn.network import SCALE, ClassifierNetwork
from charnn.training.batches import Batches
from charnn.training.report import Report

VALIDATION_BATCH = 64
DIRECT_ROWS = 2
"""The direct path reads so many texts for each one that the network reads; it is that much faster, and more."""
EVIDENCE = (30.0, 3.0)
"""C of the two linear models, the plain one first: the loss over all texts weighs so many times as much as half the
squared weights."""


class ClassifierObjective:
    validation_type = ClassifierValidation
    unit = "text"
    units_per_target = 1.0

    def __init__(
        self, network: ClassifierNetwork, corpus: EncodedCorpus, *, multiple: bool, config: TrainingConfig
    ) -> None:
        self.network = network
        self._device = next(network.parameters()).device
        self._corpus, self._multiple = corpus, multiple
        self._is_held_out = config.keeps == "best"
        self._weights_K = torch.from_numpy(corpus.weights_K).to(self._device)
        random, other = np.random.default_rng(config.seed).spawn(2)
        lengths = corpus.training.lengths
        self._batches = Batches(lengths, rows=config.batch_size, random=random)
        self._rows = Shuffled(len(lengths), rows=DIRECT_ROWS * config.batch_size, random=other)
        self.targets_in_batch = min(config.batch_size, len(lengths))
        self._decays = [SCALE**2 / (2 * evidence * len(lengths)) for evidence in EVIDENCE]

    @property
    def epoch(self) -> float:
        return self._batches.epoch

    def loss(self) -> tuple[Tensor, int]:
        """The loss of the next batches, and the texts that the network read. It is a mean over the experts."""
        chosen, training = self._batches.next(), self._corpus.training
        batch = training.symbols(chosen, self._device)
        total = self._nats(self.network(batch.ids_BT, batch.lengths_B), training.targets(chosen, self._device))
        if self.network.direct is None:
            return total, len(chosen)
        rows = self._rows.next()
        targets = training.targets(rows, self._device)
        direct = self.network.direct
        for logits_BK in direct(training.rows.chosen(rows)):
            total = total + self._nats(logits_BK, targets) * (len(chosen) / len(rows))
        tables = direct.plain, direct.typical
        squares = sum(decay * table.square().sum() for decay, table in zip(self._decays, tables, strict=True))
        return (total + len(chosen) * squares) / self.network.experts, len(chosen)

    def _nats(self, logits_BK: Tensor, targets_BK: Tensor) -> Tensor:
        if self._multiple:
            terms = functional.binary_cross_entropy_with_logits(logits_BK, targets_BK, reduction="none")
            return (terms * self._weights_K).sum()
        return -(logits_BK.log_softmax(-1) * targets_BK * self._weights_K).sum()

    def expert_logits(self, texts: EncodedTexts, count: int | None = None) -> np.ndarray:
        """(experts, N, K), float64, of the first `count` texts."""
        number = len(texts) if count is None else min(count, len(texts))
        labels = self.network.config.labels
        logits_MNK = np.zeros((self.network.experts, number, labels))
        for chosen in batches_by_length(texts.lengths[:number].tolist(), rows=VALIDATION_BATCH):
            batch = texts.symbols(chosen, self._device)
            logits_MNK[0, chosen] = self.network(batch.ids_BT, batch.lengths_B).float().numpy(force=True)
        if self.network.direct is not None:
            every: Ids = np.arange(number)
            logits_MNK[1:] = self.network.direct(texts.rows.chosen(every)).float().numpy(force=True)
        return logits_MNK

    def validate(self, report: Report) -> ClassifierValidation:
        """Also sets the shares of the experts, as these texts ask for them, unless they are learned from themselves."""
        targets_NK = self._corpus.validation.targets_NK
        logits_MNK = self.expert_logits(self._corpus.validation)
        when = report.step, report.epoch, report.seconds
        if not np.isfinite(logits_MNK).all():
            return ClassifierValidation(math.nan, 0.0, 0.0, 0.0, tuple(self.network.shares.tolist()), *when)
        if self._is_held_out:
            self.network.shares = fit_shares(logits_MNK, targets_NK, multiple=self._multiple)
        logits_NK = np.tensordot(self.network.shares, logits_MNK, 1)
        p_NK = probabilities(logits_NK, multiple=self._multiple)
        predicted_NK = decided(p_NK, multiple=self._multiple)
        is_right_N, confidences = is_right_and_confidence(p_NK, predicted_NK, targets_NK, multiple=self._multiple)
        return ClassifierValidation(
            round(nats(logits_NK, targets_NK, multiple=self._multiple), 6),
            float(is_right_N.mean()),
            macro_f1(predicted_NK, targets_NK),
            expected_calibration_error(*confidences) or 0.0,
            tuple(self.network.shares.tolist()),
            *when,
        )

    def train_loss(self) -> float:
        training, count = self._corpus.training, len(self._corpus.validation)
        logits_NK = np.tensordot(self.network.shares, self.expert_logits(training, count), 1)
        return nats(logits_NK, training.targets_NK[: len(logits_NK)], multiple=self._multiple)

    def position(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        return {}, {"batches": self._batches.position(), "rows": self._rows.position()}

    def restore(self, tensors: dict[str, Tensor], values: dict[str, Any]) -> None:
        self._batches.restore(values["batches"])
        self._rows.restore(values["rows"])
