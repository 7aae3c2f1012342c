"""The linear models of the direct path, each solved to its optimum before the network learns.

Half of them have plain weights. The weights of the others are multiples of how much more often a feature is in texts of
a label than in others (the log of the ratio, as in naive Bayes), so that what is typical of a label needs little
evidence (Wang and Manning 2012). In each half there is one for every strength of the evidence. How far each is trusted
is measured on texts that it has not learned from: on those that are held out, and by cross-validation on all others, as
far as there is time. Beside them stand the likelihoods of n-grams (`likelihoods`), which are linear, too, and only
counted.

A solution is bounded in work, however many texts and labels there are.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from charnn.linear.mixture import Floats
from charnn.linear.rows import SparseRows
from charnn.linear.solving import Solving, SparseMatrix, solution, solving_work, usual
from charnn.tasks.classifier.features import of_features
from charnn.tasks.classifier.learn.likelihoods import Lineage, likelihood_ratios

PLAIN, TYPICAL = (30.0,), (3.0,)
"""C of the linear models: the loss over all texts weighs so many times as much as half the squared weights."""
LINEAR_MODELS = len(PLAIN) + len(TYPICAL)
SMOOTHING = 1.0
"""The texts of each kind that every feature is taken to have been seen in."""
FOLDS, FOLDED_WORK = 5, 3e10
"""So many folds of a cross-validation are measured as take FOLDED_WORK at most, which is some ten seconds of a core."""


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
    lineage: Lineage | None = None
    """What n-grams are made of; None where no likelihoods are wanted."""

    def part(self, is_chosen_N: npt.NDArray[np.bool_]) -> Evidence:
        rows = self.rows.chosen(np.flatnonzero(is_chosen_N))
        return Evidence(rows, self.targets_NK[is_chosen_N], self.weights_K, self.is_word_F, self.multiple, self.lineage)

    def joined(self, rows: SparseRows, targets_NK: npt.NDArray[np.bool_]) -> Evidence:
        """With other texts behind these."""
        every = SparseRows.joined([self.rows, rows])
        return dataclasses.replace(self, rows=every, targets_NK=np.concatenate((self.targets_NK, targets_NK)))

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

    @property
    def experts(self) -> int:
        """How many models learn from the evidence."""
        return LINEAR_MODELS + (self.lineage is not None)


@dataclass(frozen=True)
class LinearModels:
    """M linear models over the same features. All but the likelihoods weigh features by how rare they are."""

    tables_MFK: Tensor
    """The tables of those that weigh features, M of them, or M - 1 where there are likelihoods."""
    biases_MK: Tensor
    likelihoods_FK: Tensor | None = None
    """The table of the last model, to which all features of a text are alike."""
    of_held_out_MNK: Floats | None = None
    """The logits of the texts that are held out, by models that have not learned these; None where that is so of these
    models themselves."""

    def logits(self, rows: SparseRows) -> Floats:
        """(M, N, K)."""
        matrix = SparseMatrix(rows, self.tables_MFK.shape[1])
        products = [matrix.times(table_FK) for table_FK in self.tables_MFK]
        if self.likelihoods_FK is not None:
            products.append(matrix.times_alike(self.likelihoods_FK))
        return np.stack([
            (product_NK + bias_K).numpy().astype(np.float64)
            for product_NK, bias_K in zip(products, self.biases_MK, strict=True)
        ])  # fmt: skip

    def mixed(self, shares_M: Floats) -> tuple[Tensor, Tensor | None, Tensor]:
        """Their sum with these weights: the table (F, K) of those that weigh features, that of the likelihoods, or None
        where there are none, and the bias (K,)."""
        shares, weighing = torch.from_numpy(shares_M.astype(np.float32)), len(self.tables_MFK)
        table_FK = (shares[:weighing, None, None] * self.tables_MFK).sum(0)
        likelihoods_FK = None if self.likelihoods_FK is None else shares[-1] * self.likelihoods_FK
        return table_FK, likelihoods_FK, (shares[:, None] * self.biases_MK).sum(0)

    def mixed_of_held_out(self, shares_M: Floats) -> Tensor | None:
        """(N, K): the sum of the logits of the held-out texts with these weights, without the bias of `mixed`; None
        where these models can be asked themselves."""
        if self.of_held_out_MNK is None:
            return None
        own_MNK = self.of_held_out_MNK - self.biases_MK[:, None].numpy()
        return torch.from_numpy(np.tensordot(shares_M, own_MNK, 1).astype(np.float32))


def solved(evidence: Evidence, solving: Solving | None = None) -> LinearModels:
    """The models that have learned from all of the texts."""
    solving = solving or Solving(LINEAR_MODELS)
    matrix = SparseMatrix(evidence.rows, evidence.features)
    targets_NK = torch.from_numpy(evidence.targets_NK.astype(np.float32))
    ratios_FK = log_ratios(matrix, targets_NK)
    found = [
        solution(evidence, matrix, scale_FK, strength, solving)
        for scale_FK, strengths in ((torch.ones(1), PLAIN), (ratios_FK, TYPICAL))
        for strength in strengths
    ]
    tables, biases = [table for table, _ in found], [bias for _, bias in found]
    if evidence.lineage is None:
        return LinearModels(torch.stack(tables), torch.stack(biases))
    usual_K = usual(evidence)
    biases.append(
        (usual_K.logit() if evidence.multiple else usual_K.log()) + torch.from_numpy(evidence.weights_K).log()
    )
    likelihoods_FK = likelihood_ratios(matrix, targets_NK, evidence.lineage)
    return LinearModels(torch.stack(tables), torch.stack(biases), likelihoods_FK)


def folds_worth(evidence: Evidence, *, needed: bool) -> int:
    """How many folds are measured: all where there is little work, and at least one if they are `needed`."""
    if len(evidence.rows) < FOLDS:
        return 0
    of_a_fold = LINEAR_MODELS * (1 - 1 / FOLDS) * solving_work(evidence)
    return max(min(int(FOLDED_WORK / of_a_fold), FOLDS), int(needed))


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
    logits_MNK = np.zeros((evidence.experts, texts, labels))
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
