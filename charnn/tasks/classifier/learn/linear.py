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

from charnn.arrays import Bools, Float32s, Float64s, Int64s
from charnn.linear.matrix import LabelledMatrix, SparseMatrix
from charnn.linear.rows import SparseRows
from charnn.linear.solving import Solving, solution, solving_work, usual
from charnn.linear.targets import Targets
from charnn.tasks.classifier.features import of_features
from charnn.tasks.classifier.learn.likelihoods import Lineage, likelihood_ratios

Logits = npt.NDArray[np.float32]

PLAIN, TYPICAL = (30.0,), (3.0,)
"""C of the linear models: the loss over all texts weighs so many times as much as half the squared weights."""
LINEAR_MODELS = len(PLAIN) + len(TYPICAL)
SMOOTHING = 1.0
"""The texts of each kind that every feature is taken to have been seen in."""
MOST_WORK = 4e11
"""Where texts and labels are so many that a solution would be more work, some two minutes of a core, none is solved.
The likelihoods, which are only counted, stay."""
FOLDS, FOLDED_WORK = 5, 3e10
"""So many folds of a cross-validation are measured as take FOLDED_WORK at most, which is some ten seconds of a core."""
MEASURED_SCORES = 1 << 22
"""No more texts are measured than have so many scores by a model; with few labels these are all."""


@dataclass(frozen=True)
class Evidence:
    """N labelled texts to learn from."""

    rows: SparseRows
    targets: Targets
    weights_K: Float32s
    """How much a text of each label weighs in the loss."""
    is_word_F: npt.NDArray[np.uint8]
    """Whether each feature is a word or a pair of words."""
    multiple: bool
    lineage: Lineage | None = None
    """What n-grams are made of; None where no likelihoods are wanted."""
    solved_models: int = LINEAR_MODELS
    """How many models are solved; none where there are too many texts and labels for that (`is_worth_solving`)."""

    def part(self, is_chosen_N: Bools) -> Evidence:
        chosen = np.flatnonzero(is_chosen_N)
        return dataclasses.replace(self, rows=self.rows.chosen(chosen), targets=self.targets.chosen(chosen))

    def joined(self, rows: SparseRows, targets: Targets) -> Evidence:
        """With other texts behind these."""
        every = SparseRows.joined([self.rows, rows])
        return dataclasses.replace(self, rows=every, targets=Targets.joined(self.targets, targets))

    def known(self) -> Bools:
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
        return self.solved_models + (self.lineage is not None)


@dataclass(frozen=True)
class LinearModels:
    """M linear models over the same features. All but the likelihoods weigh features by how rare they are."""

    tables_MFK: Tensor
    """The tables of those that weigh features, M of them, or M - 1 where there are likelihoods."""
    biases_MK: Tensor
    likelihoods_FK: Tensor | None = None
    """The table of the last model, to which all features of a text are alike."""
    of_held_out_MNK: Logits | None = None
    """The logits of the texts that are held out, by models that have not learned these; None where that is so of these
    models themselves."""

    def logits(self, rows: SparseRows) -> Logits:
        """(M, N, K)."""
        matrix = SparseMatrix(rows, self.tables_MFK.shape[1])
        logits_MNK = np.empty((len(self.biases_MK), len(rows), self.tables_MFK.shape[2]), np.float32)
        for own_NK, table_FK, bias_K in zip(logits_MNK, self.tables_MFK, self.biases_MK, strict=False):
            own_NK[:] = matrix.times(table_FK).add_(bias_K)
        if self.likelihoods_FK is not None:
            logits_MNK[-1] = matrix.times_alike(self.likelihoods_FK).add_(self.biases_MK[-1])
        return logits_MNK

    def mixed(self, shares_M: Float64s) -> tuple[Tensor, Tensor | None, Tensor]:
        """Their sum with these weights: the table (F, K) of those that weigh features, that of the likelihoods, or None
        where there are none, and the bias (K,)."""
        shares, weighing = torch.from_numpy(shares_M.astype(np.float32)), len(self.tables_MFK)
        table_FK = (shares[:weighing, None, None] * self.tables_MFK).sum(0)
        likelihoods_FK = None if self.likelihoods_FK is None else shares[-1] * self.likelihoods_FK
        return table_FK, likelihoods_FK, (shares[:, None] * self.biases_MK).sum(0)

    def mixed_of_held_out(self, shares_M: Float64s) -> Tensor | None:
        """(N, K): the sum of the logits of the held-out texts with these weights, without the bias of `mixed`; None
        where these models can be asked themselves."""
        if self.of_held_out_MNK is None:
            return None
        own_MNK = self.of_held_out_MNK.astype(np.float64) - self.biases_MK[:, None].numpy()
        return torch.from_numpy(np.tensordot(shares_M, own_MNK, 1).astype(np.float32))


def solved(evidence: Evidence, solving: Solving | None = None) -> LinearModels:
    """The models that have learned from all of the texts."""
    solving = solving or Solving(LINEAR_MODELS)
    matrix = LabelledMatrix(evidence.rows, evidence.targets, evidence.features)
    ratios_FK = log_ratios(matrix, evidence.targets)
    found = [
        solution(evidence, matrix, scale_FK, strength, solving)
        for scale_FK, strengths in ((torch.ones(1), PLAIN), (ratios_FK, TYPICAL))
        for strength in strengths
        if evidence.solved_models
    ]
    tables_MFK, biases = torch.zeros(len(found), *ratios_FK.shape), [bias for _, bias in found]
    for own_FK, (table_FK, _) in zip(tables_MFK, found, strict=True):
        own_FK.copy_(table_FK)
    if evidence.lineage is None:
        return LinearModels(tables_MFK, torch.stack(biases))
    usual_K = usual(evidence)
    biases.append(
        (usual_K.logit() if evidence.multiple else usual_K.log()) + torch.from_numpy(evidence.weights_K).log()
    )
    likelihoods_FK = likelihood_ratios(matrix, evidence.lineage)
    return LinearModels(tables_MFK, torch.stack(biases), likelihoods_FK)


def is_worth_solving(evidence: Evidence) -> bool:
    """Whether models are solved, or the likelihoods alone stand beside the network."""
    return evidence.lineage is None or solving_work(evidence) <= MOST_WORK


def folds_worth(evidence: Evidence, *, needed: bool) -> int:
    """How many folds are measured: all where there is little work, and at least one if they are `needed`."""
    if len(evidence.rows) < FOLDS:
        return 0
    of_a_fold = evidence.solved_models * (1 - 1 / FOLDS) * solving_work(evidence)
    return max(min(int(FOLDED_WORK / max(of_a_fold, 1)), FOLDS), int(needed))


def cross_validated(evidence: Evidence, seed: int, folds: int, solving: Solving | None = None) -> tuple[Logits, Bools]:
    """The logits (M, N, K) of texts by models that have learned from the texts of the other folds, and the targets
    (N, K). So many of the FOLDS folds are measured, fewer where the solving is cut short, and of each as many texts as
    have their part of MEASURED_SCORES.
    """
    solving = solving or Solving(folds * evidence.solved_models)
    texts, labels = len(evidence.targets), evidence.targets.labels
    fold_N = np.full(texts, FOLDS)
    if folds:
        shuffled = np.random.default_rng(seed).permutation(texts)
        by_label = shuffled[evidence.targets.chosen(shuffled).by_label()]
        fold_N[by_label] = np.arange(texts) % FOLDS
    places, logits = [np.zeros(0, np.int64)], [np.zeros((evidence.experts, 0, labels), np.float32)]
    for fold in range(folds):
        others = evidence.part(fold_N != fold)
        measured = evenly(np.flatnonzero(fold_N == fold), MEASURED_SCORES // (folds * labels))
        # A feature of no other text would be unknown, and so no part of the vector.
        rows = of_features(evidence.rows.chosen(measured), others.known(), evidence.is_word_F)
        found_MNK = solved(others, solving).logits(rows)
        if solving.is_cut_short:
            break
        places.append(measured)
        logits.append(found_MNK)
    place_N = np.concatenate(places)
    order = np.argsort(place_N)
    return np.concatenate(logits, 1)[:, order], evidence.targets.chosen(place_N[order]).dense()


def evenly(numbers: Int64s, most: int) -> Int64s:
    """At most so many of the numbers, and at least one if there are any, at even distances."""
    count = max(most, 1)
    return numbers if len(numbers) <= count else numbers[np.arange(count) * len(numbers) // count]


def log_ratios(matrix: LabelledMatrix, targets: Targets) -> Tensor:
    """(F, K): ln of how much more often texts of a label have a feature than texts without that label."""
    with_FK, all_F1 = matrix.counts()
    texts_K = torch.from_numpy(targets.counts().astype(np.float32))
    own_FK = (with_FK + SMOOTHING) / (texts_K + 2 * SMOOTHING)
    other_FK = (all_F1 - with_FK + SMOOTHING) / (len(targets) - texts_K + 2 * SMOOTHING)
    return (own_FK / other_FK).log()
