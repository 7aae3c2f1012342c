"""The linear models of the direct path, each solved to its optimum before the network learns.

Half of them have plain weights. The weights of the others are multiples of how much more often a feature is in texts of
a label than in others (the log of the ratio, as in naive Bayes), so that what is typical of a label needs little
evidence (Wang and Manning 2012). In each half there is one for every strength of the evidence, and how far each is
trusted is measured on texts that it has not learned from: where few texts can be held out, by cross-validation.

A solution is bounded in work, however many texts and labels there are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from charnn.linear.mixture import Floats
from charnn.linear.rows import SparseRows
from charnn.linear.solving import Solving, SparseMatrix, reading_work, solution
from charnn.tasks.classifier.features import of_features

PLAIN, TYPICAL = (30.0,), (3.0,)
"""C of the linear models: the loss over all texts weighs so many times as much as half the squared weights."""
LINEAR_MODELS = len(PLAIN) + len(TYPICAL)
SMOOTHING = 1.0
"""The texts of each kind that every feature is taken to have been seen in."""
FOLDS, FOLDED_WORK = 5, 7e6
"""Models are cross-validated where to read all texts once is not more work than FOLDED_WORK."""


@dataclass(frozen=True)
class Evidence:
    """N labelled texts to learn from."""

    rows: SparseRows
    targets_NK: npt.NDArray[np.bool_]
    weights_K: npt.NDArray[np.float32]
    """How much a text of each label weighs in the loss."""
    is_word_F: npt.NDArray[np.uint8]
    """Whether each feature is a word or a pair of words."""
    multiple: bool

    def part(self, is_chosen_N: npt.NDArray[np.bool_]) -> Evidence:
        rows = self.rows.chosen(np.flatnonzero(is_chosen_N))
        return Evidence(rows, self.targets_NK[is_chosen_N], self.weights_K, self.is_word_F, self.multiple)

    def known(self) -> npt.NDArray[np.bool_]:
        """(F,): the features that occur in these texts."""
        is_known_F = np.zeros(self.features, np.bool_)
        for block in self.rows.blocks():
            is_known_F[self.rows.part(*block).ids] = True
        return is_known_F

    @property
    def features(self) -> int:
        """F, how many features there are."""
        return len(self.is_word_F)


@dataclass(frozen=True)
class LinearModels:
    """M linear models over the same features."""

    tables_MFK: Tensor
    biases_MK: Tensor

    def logits(self, rows: SparseRows) -> Floats:
        """(M, N, K)."""
        matrix = SparseMatrix(rows, self.tables_MFK.shape[1])
        return np.stack([
            (matrix.times(table_FK) + bias_K).numpy().astype(np.float64)
            for table_FK, bias_K in zip(self.tables_MFK, self.biases_MK, strict=True)
        ])  # fmt: skip

    def mixed(self, shares_M: Floats) -> tuple[Tensor, Tensor]:
        """The table (F, K) and the bias (K,) of their sum with these weights."""
        shares = torch.from_numpy(shares_M.astype(np.float32))
        return (shares[:, None, None] * self.tables_MFK).sum(0), (shares[:, None] * self.biases_MK).sum(0)


def solved(evidence: Evidence, solving: Solving | None = None) -> LinearModels:
    """The models that have learned from all of the texts."""
    solving = solving or Solving(LINEAR_MODELS)
    matrix = SparseMatrix(evidence.rows, evidence.features)
    ratios_FK = log_ratios(matrix, torch.from_numpy(evidence.targets_NK.astype(np.float32)))
    found = [
        solution(evidence, matrix, scale_FK, strength, solving)
        for scale_FK, strengths in ((torch.ones(1), PLAIN), (ratios_FK, TYPICAL))
        for strength in strengths
    ]
    return LinearModels(torch.stack([table for table, _ in found]), torch.stack([bias for _, bias in found]))


def folds_worth(evidence: Evidence, *, needed: bool) -> int:
    """How many folds are measured: all, where they take little time, and otherwise one if they are `needed`."""
    if len(evidence.rows) < FOLDS:
        return 0
    return FOLDS if reading_work(evidence) <= FOLDED_WORK else int(needed)


def cross_validated(
    evidence: Evidence, seed: int, folds: int, solving: Solving | None = None
) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """The logits (M, N, K) of texts by models that have learned from the texts of the other folds, and the targets
    (N, K). So many of the FOLDS folds are measured, fewer where the solving is cut short.
    """
    solving = solving or Solving(folds * LINEAR_MODELS)
    texts, labels = evidence.targets_NK.shape
    shuffled = np.random.default_rng(seed).permutation(texts)
    by_label = shuffled[np.lexsort(evidence.targets_NK[shuffled].T)]
    fold_N = np.zeros(texts, np.int64)
    fold_N[by_label] = np.arange(texts) % FOLDS
    logits_MNK = np.zeros((LINEAR_MODELS, texts, labels))
    for fold in range(folds):
        is_in_N = fold_N == fold
        others = evidence.part(~is_in_N)
        # A feature of no other text would be unknown, and so no part of the vector.
        rows = of_features(evidence.part(is_in_N).rows, others.known(), evidence.is_word_F)
        logits_MNK[:, is_in_N] = solved(others, solving).logits(rows)
        if solving.is_cut_short:
            folds = fold
            break
    is_measured_N = fold_N < folds
    return logits_MNK[:, is_measured_N], evidence.targets_NK[is_measured_N]


def log_ratios(matrix: SparseMatrix, targets_NK: Tensor) -> Tensor:
    """(F, K): ln of how much more often texts of a label have a feature than texts without that label."""
    with_FK, all_F1 = matrix.counts(targets_NK), matrix.counts(torch.ones(len(targets_NK), 1))
    texts_K = targets_NK.sum(0)
    own_FK = (with_FK + SMOOTHING) / (texts_K + 2 * SMOOTHING)
    other_FK = (all_F1 - with_FK + SMOOTHING) / (len(targets_NK) - texts_K + 2 * SMOOTHING)
    return (own_FK / other_FK).log()
