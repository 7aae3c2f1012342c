"""The objective of a classifier: each expert learns to predict the labels of texts by itself."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from charnn.arrays import Float64s, Int64s
from charnn.config.training import TrainingConfig
from charnn.linear.mixture import Mixture, fit_mixture, nats, probabilities
from charnn.linear.solving import Solving
from charnn.streaming import batches_by_length
from charnn.tasks.classifier.calibration import Calibration, decided, fair_bias, is_right_and_confidence, mean_f1
from charnn.tasks.classifier.config import ClassifierValidation
from charnn.tasks.classifier.features import of_features
from charnn.tasks.classifier.learn.data import EncodedCorpus, EncodedTexts
from charnn.tasks.classifier.learn.linear import (
    MEASURED_SCORES,
    Logits,
    cross_validated,
    evenly,
    folds_worth,
    solved,
)
from charnn.tasks.classifier.learn.network import AnyClassifier, ClassifierEnsemble
from charnn.training.objective import BatchedObjective, Batches
from charnn.training.report import Report

VALIDATION_BATCH = 64
NETWORK_SHARE = 0.2
"""The part of the network in the sum of all logits that is expected before it is heard."""
CERTAINTY = 60.0
"""How many texts' worth of evidence it takes to move the mixture away from what is expected."""
SOLVING_SHARE = 0.5
"""The part of a budget of seconds that the linear models may take. Where they would need more they are cut short."""


class ClassifierObjective(BatchedObjective):
    """The members of an ensemble read the same batches, and each learns as if it were alone. They differ in the weights
    that they begin with, and in what dropout drops.
    """

    validation_type = ClassifierValidation
    unit = "text"

    def __init__(self, network: AnyClassifier, corpus: EncodedCorpus, *, config: TrainingConfig) -> None:
        self.network = network
        self._device = next(network.parameters()).device
        self._corpus, self._multiple = corpus, corpus.multiple
        self._is_held_out = config.keeps == "best"
        self._weights_K = torch.from_numpy(corpus.network_weights_K).to(self._device)
        lengths = corpus.training.lengths
        random = np.random.default_rng(config.seed).spawn(1)[0]
        super().__init__(Batches(lengths, rows=config.batch_size, random=random))
        self.targets_in_batch = min(config.batch_size, len(lengths))
        self._seed, self._seconds = config.seed, config.budget.seconds
        self._expected: Mixture | None = None
        """The mixture that the linear models ask for, before the network is heard."""
        self._fair_bias_K: Float64s | float = 0.0
        """What is added to all logits in the end, so that rare labels are found."""
        self.direct_logits_of_validation: Logits | None = None
        """(M, N, K): those of the linear models before they learned these texts; None where there are none, or none
        yet."""

    def loss(self) -> tuple[Tensor, int]:
        """The loss of the next batch, and its texts."""
        chosen, training = self._batches.next(), self._corpus.training
        batch = training.symbols(chosen, self._device)
        targets_BK = training.targets(chosen, self._device)
        nats = [self._nats(one(batch.ids_BT, batch.lengths_B), targets_BK) for one in self.network.each]
        return torch.stack(nats) if len(nats) > 1 else nats[0], len(chosen)

    def leave_out(self, number: int) -> None:
        assert isinstance(self.network, ClassifierEnsemble)
        self.network = self.network.without(number)

    def prepare(self, interrupted: Callable[[], bool]) -> None:
        """Makes the direct path, and measures how far each of its models can be trusted, on texts that it has not
        learned: then it learns the held-out texts, too."""
        if not self.network.config.features or self.network.direct is not None:
            return
        ends = time.perf_counter() + SOLVING_SHARE * (math.inf if self._seconds is None else self._seconds)
        evidence, validation = self._corpus.evidence, self._corpus.validation
        folds, learns_held_out = folds_worth(evidence, needed=not self._is_held_out), self._corpus.learns_held_out
        solutions = (1 + learns_held_out + folds) * evidence.solved_models
        solving = Solving(solutions, lambda: interrupted() or time.perf_counter() > ends)
        # What is to be used comes first, lest there be no time for it.
        direct = self.network.direct = solved(evidence, solving)
        rows = validation.rows
        if learns_held_out:  # whose own features are no parts of their vectors yet
            rows = of_features(rows, evidence.known(), evidence.is_word_F)
        logits_of_validation = self.direct_logits_of_validation = direct.logits(rows)
        if learns_held_out and not solving.is_cut_short:
            every = solved(evidence.joined(validation.rows, validation.labels), solving)
            if not solving.is_cut_short:
                self.network.direct = replace(every, of_held_out_MNK=logits_of_validation)
        logits_MNK, targets_NK = cross_validated(evidence, self._seed, folds, solving)
        if self._is_held_out:
            some = self._some_of_validation()
            logits_MNK = np.concatenate((logits_MNK, logits_of_validation[:, some]), 1)
            targets_NK = np.concatenate((targets_NK, validation.labels.chosen(some).dense()))
        linear = fit_mixture(logits_MNK, targets_NK, multiple=self._multiple)
        shares_M = np.array([NETWORK_SHARE, *((1 - NETWORK_SHARE) * linear.shares_M)])
        self._expected = Mixture(shares_M, linear.bias_K)
        if self._corpus.balance and len(targets_NK):
            self._fair_bias_K = fair_bias(linear.logits(logits_MNK), targets_NK, multiple=self._multiple)
        self.network.mixture = self._fair(self._expected)

    def _fair(self, mixture: Mixture) -> Mixture:
        return replace(mixture, bias_K=mixture.bias_K + self._fair_bias_K)

    def _nats(self, logits_BK: Tensor, targets_BK: Tensor) -> Tensor:
        if self._multiple:
            terms = functional.binary_cross_entropy_with_logits(logits_BK, targets_BK, reduction="none")
            return (terms * self._weights_K).sum()
        return -(logits_BK.log_softmax(-1) * targets_BK * self._weights_K).sum()

    def _some_of_validation(self) -> Int64s:
        """The numbers of the validation texts that mixtures are fitted to."""
        validation = self._corpus.validation
        return evenly(np.arange(len(validation)), MEASURED_SCORES // validation.labels.labels)

    def _network_logits(self, texts: EncodedTexts, count: int) -> Logits:
        """(N, K), of the first `count` texts."""
        logits_NK = np.zeros((count, texts.labels.labels), np.float32)
        for chosen in batches_by_length(texts.lengths[:count].tolist(), rows=VALIDATION_BATCH):
            batch = texts.symbols(chosen, self._device)
            logits_NK[chosen] = self.network(batch.ids_BT, batch.lengths_B).float().numpy(force=True)
        return logits_NK

    def _direct_logits(self, texts: EncodedTexts, count: int) -> Logits:
        """(M, N, K), of the first `count` texts; without models where there is no direct path."""
        if texts is self._corpus.validation and self.direct_logits_of_validation is not None:
            return self.direct_logits_of_validation[:, :count]
        if self.network.direct is not None:
            return self.network.direct.logits(texts.rows.chosen(np.arange(count)))
        return np.zeros((0, count, texts.labels.labels), np.float32)

    def validate(self, report: Report) -> ClassifierValidation:
        """Also fits the mixture of the experts to these texts, unless they are learned from themselves."""
        validation = self._corpus.validation
        logits_NK = self._network_logits(validation, len(validation))
        direct_MNK = self._direct_logits(validation, len(validation))
        when = report.step, report.epoch, report.seconds
        if not (np.isfinite(logits_NK).all() and np.isfinite(direct_MNK).all()):
            return ClassifierValidation(math.nan, 0.0, 0.0, 0.0, tuple(self.network.mixture.shares_M.tolist()), *when)
        if self._is_held_out:
            some = self._some_of_validation()
            fitted = fit_mixture(
                np.concatenate((logits_NK[None, some], direct_MNK[:, some])),
                validation.labels.chosen(some).dense(),
                multiple=self._multiple,
                expected=self._expected,
                certainty=CERTAINTY,
            )
            self.network.mixture = self._fair(fitted)
        scores, calibration = [], Calibration()
        for block in self._blocks(validation, len(validation)):
            targets_NK = validation.labels.part(*block).dense()
            mixed_NK = self._mixed(logits_NK, direct_MNK, block)
            p_NK = probabilities(mixed_NK, multiple=self._multiple)
            predicted_NK = decided(p_NK, multiple=self._multiple)
            is_right_N, confidences = is_right_and_confidence(p_NK, predicted_NK, targets_NK, multiple=self._multiple)
            calibration.add(*confidences)
            counts = (targets_NK & predicted_NK).sum(0), predicted_NK.sum(0), targets_NK.sum(0)
            total = len(targets_NK) * nats(mixed_NK, targets_NK, multiple=self._multiple)
            scores.append((total, int(is_right_N.sum()), np.stack(counts)))
        totals, right, counted = zip(*scores, strict=True)
        return ClassifierValidation(
            round(sum(totals) / len(validation), 6),
            sum(right) / len(validation),
            mean_f1(*np.sum(counted, axis=0)),
            calibration.error or 0.0,
            tuple(self.network.mixture.shares_M.tolist()),
            *when,
        )

    def train_loss(self) -> float:
        training, count = self._corpus.training, min(len(self._corpus.validation), len(self._corpus.training))
        logits_NK, direct_MNK = self._network_logits(training, count), self._direct_logits(training, count)
        return (
            sum(
                (end - start)
                * nats(
                    self._mixed(logits_NK, direct_MNK, (start, end)),
                    training.labels.part(start, end).dense(),
                    multiple=self._multiple,
                )
                for start, end in self._blocks(training, count)
            )
            / count
        )

    def _blocks(self, texts: EncodedTexts, count: int) -> list[tuple[int, int]]:
        """The first and the last, which is none of them, of blocks of the first `count` texts with some MEASURED_SCORES
        each."""
        each = max(MEASURED_SCORES // texts.labels.labels, 1)
        return [(start, min(start + each, count)) for start in range(0, count, each)]

    def _mixed(self, logits_NK: Logits, direct_MNK: Logits, block: tuple[int, int]) -> Float64s:
        """The logits of the texts of a block by all experts together."""
        own = slice(*block)
        return self.network.mixture.logits(np.concatenate((logits_NK[None, own], direct_MNK[:, own])))
