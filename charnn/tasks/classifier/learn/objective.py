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

from charnn.config.training import TrainingConfig
from charnn.linear.mixture import Floats, Mixture, fit_mixture, nats, probabilities
from charnn.linear.solving import Solving
from charnn.streaming import batches_by_length
from charnn.tasks.classifier.calibration import (
    decided,
    expected_calibration_error,
    fair_bias,
    is_right_and_confidence,
    macro_f1,
)
from charnn.tasks.classifier.config import ClassifierValidation
from charnn.tasks.classifier.features import of_features
from charnn.tasks.classifier.learn.data import EncodedCorpus, EncodedTexts
from charnn.tasks.classifier.learn.linear import LINEAR_MODELS, Evidence, cross_validated, folds_worth, solved
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

    def __init__(
        self, network: AnyClassifier, corpus: EncodedCorpus, *, multiple: bool, config: TrainingConfig
    ) -> None:
        self.network = network
        self._device = next(network.parameters()).device
        self._corpus, self._multiple = corpus, multiple
        self._is_held_out = config.keeps == "best"
        self._weights_K = torch.from_numpy(corpus.network_weights_K).to(self._device)
        lengths = corpus.training.lengths
        random = np.random.default_rng(config.seed).spawn(1)[0]
        super().__init__(Batches(lengths, rows=config.batch_size, random=random))
        self.targets_in_batch = min(config.batch_size, len(lengths))
        self._seed, self._seconds = config.seed, config.budget.seconds
        self._expected: Mixture | None = None
        """The mixture that the linear models ask for, before the network is heard."""
        self._fair_bias_K: Floats | float = 0.0
        """What is added to all logits in the end, so that rare labels are found."""
        self.direct_logits_of_validation: Floats | None = None
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
        training, validation = self._corpus.training, self._corpus.validation
        evidence = Evidence(
            training.rows,
            training.targets_NK,
            self._corpus.weights_K,
            self._corpus.is_word_F,
            self._multiple,
            self._corpus.lineage,
        )
        folds, learns_held_out = folds_worth(evidence, needed=not self._is_held_out), self._corpus.learns_held_out
        solutions = (1 + learns_held_out + folds) * LINEAR_MODELS
        solving = Solving(solutions, lambda: interrupted() or time.perf_counter() > ends)
        # What is to be used comes first, lest there be no time for it.
        direct = self.network.direct = solved(evidence, solving)
        rows = validation.rows
        if learns_held_out:  # whose own features are no parts of their vectors yet
            rows = of_features(rows, evidence.known(), evidence.is_word_F)
        logits_of_validation = self.direct_logits_of_validation = direct.logits(rows)
        if learns_held_out and not solving.is_cut_short:
            every = solved(evidence.joined(validation.rows, validation.targets_NK), solving)
            if not solving.is_cut_short:
                self.network.direct = replace(every, of_held_out_MNK=logits_of_validation)
        logits_MNK, targets_NK = cross_validated(evidence, self._seed, folds, solving)
        if self._is_held_out:
            logits_MNK = np.concatenate((logits_MNK, logits_of_validation), 1)
            targets_NK = np.concatenate((targets_NK, validation.targets_NK))
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

    def expert_logits(self, texts: EncodedTexts, count: int | None = None) -> np.ndarray:
        """(experts, N, K), float64, of the first `count` texts."""
        number = len(texts) if count is None else min(count, len(texts))
        logits_MNK = np.zeros((len(self.network.mixture.shares_M), number, self.network.config.labels))
        for chosen in batches_by_length(texts.lengths[:number].tolist(), rows=VALIDATION_BATCH):
            batch = texts.symbols(chosen, self._device)
            logits_MNK[0, chosen] = self.network(batch.ids_BT, batch.lengths_B).float().numpy(force=True)
        if texts is self._corpus.validation and self.direct_logits_of_validation is not None:
            logits_MNK[1:] = self.direct_logits_of_validation[:, :number]
        elif self.network.direct is not None:
            logits_MNK[1:] = self.network.direct.logits(texts.rows.chosen(np.arange(number)))
        return logits_MNK

    def validate(self, report: Report) -> ClassifierValidation:
        """Also fits the mixture of the experts to these texts, unless they are learned from themselves."""
        targets_NK = self._corpus.validation.targets_NK
        logits_MNK = self.expert_logits(self._corpus.validation)
        when = report.step, report.epoch, report.seconds
        if not np.isfinite(logits_MNK).all():
            return ClassifierValidation(math.nan, 0.0, 0.0, 0.0, tuple(self.network.mixture.shares_M.tolist()), *when)
        if self._is_held_out:
            fitted = fit_mixture(
                logits_MNK, targets_NK, multiple=self._multiple, expected=self._expected, certainty=CERTAINTY
            )
            self.network.mixture = self._fair(fitted)
        logits_NK = self.network.mixture.logits(logits_MNK)
        p_NK = probabilities(logits_NK, multiple=self._multiple)
        predicted_NK = decided(p_NK, multiple=self._multiple)
        is_right_N, confidences = is_right_and_confidence(p_NK, predicted_NK, targets_NK, multiple=self._multiple)
        return ClassifierValidation(
            round(nats(logits_NK, targets_NK, multiple=self._multiple), 6),
            float(is_right_N.mean()),
            macro_f1(predicted_NK, targets_NK),
            expected_calibration_error(*confidences) or 0.0,
            tuple(self.network.mixture.shares_M.tolist()),
            *when,
        )

    def train_loss(self) -> float:
        training, count = self._corpus.training, len(self._corpus.validation)
        logits_NK = self.network.mixture.logits(self.expert_logits(training, count))
        return nats(logits_NK, training.targets_NK[: len(logits_NK)], multiple=self._multiple)
