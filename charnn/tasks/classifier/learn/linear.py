"""The linear models of the direct path, each solved to its optimum before the network learns.

Half of them have plain weights. The weights of the others are multiples of how much more often a feature is in texts of
a label than in others (the log of the ratio, as in naive Bayes), so that what is typical of a label needs little
evidence (Wang and Manning 2012). In each half there is one for every strength of the evidence, and how far each is
trusted is measured on texts that it has not learned from: where few texts can be held out, by cross-validation.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from charnn.corpora.large_arrays import let_go
from charnn.tasks.classifier.calibration import Floats
from charnn.tasks.classifier.features import SparseRows

PLAIN, TYPICAL = (30.0,), (3.0,)
"""C of the linear models: the loss over all texts weighs so many times as much as half the squared weights."""
LINEAR_MODELS = len(PLAIN) + len(TYPICAL)
SMOOTHING = 1.0
"""The texts of each kind that every feature is taken to have been seen in."""
MOST_ITERATIONS, FEWEST_ITERATIONS, WORK = 100, 20, 4e8
"""The iterations of a solution: fewer where there is much to read, so that their number times the features of all texts
stays below WORK."""
HISTORY = 6
FOLDS, FOLDED_WORK = 5, 3e6
"""Models are cross-validated where the features of all texts times the labels are not more than FOLDED_WORK."""
LABEL_COST = 8
"""To read a feature costs as much as so many labels."""


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
        is_known_F = np.zeros(len(self.is_word_F), np.bool_)
        for block in self.rows.blocks():
            is_known_F[self.rows.part(*block).ids] = True
        return is_known_F


class SparseMatrix:
    """Rows whose product with a matrix, and that of their transpose, are taken often."""

    def __init__(self, rows: SparseRows, features: int) -> None:
        self.features = features
        self._rows = rows

    @cached_property
    def _transposed(self) -> SparseRows:
        return self._rows.transposed(self.features)

    def times(self, table_FK: Tensor) -> Tensor:
        """(N, K)."""
        return _product(self._rows, table_FK)

    def transposed_times(self, gradient_NK: Tensor) -> Tensor:
        """(F, K)."""
        return _product(self._transposed, gradient_NK)


def _product(rows: SparseRows, table: Tensor) -> Tensor:
    """Block by block, so that no more of the rows need be in memory."""
    products = []
    for block in rows.blocks():
        part = rows.part(*block)
        ids, values = torch.from_numpy(part.ids), torch.from_numpy(part.values)
        starts = torch.from_numpy(part.starts[:-1].astype(np.int32))
        products.append(functional.embedding_bag(ids, table, starts, mode="sum", per_sample_weights=values))
        let_go(part.ids, part.values)
    return products[0] if len(products) == 1 else torch.cat(products)


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


def solved(evidence: Evidence) -> LinearModels:
    """The models that have learned from all of the texts."""
    found = list(_solutions(evidence))
    return LinearModels(torch.stack([table for table, _ in found]), torch.stack([bias for _, bias in found]))


def cross_validated(evidence: Evidence, seed: int, *, needed: bool) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """The logits (M, N, K) of texts by models that have learned from the texts of the other folds, and the targets
    (N, K). Where all folds would take too long they are those of one fold if they are `needed`, and otherwise none.
    """
    texts, labels = evidence.targets_NK.shape
    is_small = len(evidence.rows.ids) * (labels + LABEL_COST) <= FOLDED_WORK
    folds = 0 if texts < FOLDS else FOLDS if is_small else int(needed)
    shuffled = np.random.default_rng(seed).permutation(texts)
    by_label = shuffled[np.lexsort(evidence.targets_NK[shuffled].T)]
    fold_N = np.zeros(texts, np.int64)
    fold_N[by_label] = np.arange(texts) % FOLDS
    logits_MNK = np.zeros((LINEAR_MODELS, texts, labels))
    for fold in range(folds):
        is_in_N = fold_N == fold
        others = evidence.part(~is_in_N)
        # A feature of no other text would be unknown, and so no part of the vector.
        rows = evidence.part(is_in_N).rows.of_features(others.known(), evidence.is_word_F)
        logits_MNK[:, is_in_N] = solved(others).logits(rows)
    is_measured_N = fold_N < folds
    return logits_MNK[:, is_measured_N], evidence.targets_NK[is_measured_N]


def _solutions(evidence: Evidence) -> Iterator[tuple[Tensor, Tensor]]:
    """The table (F, K) and bias (K,) of each model."""
    matrix = SparseMatrix(evidence.rows, len(evidence.is_word_F))
    targets_NK = torch.from_numpy(evidence.targets_NK.astype(np.float32))
    weights_K = torch.from_numpy(evidence.weights_K)
    ratios_FK = torch.from_numpy(log_ratios(evidence.rows, evidence.targets_NK, len(evidence.is_word_F)))
    iterations = int(min(max(WORK / max(len(evidence.rows.ids), 1), FEWEST_ITERATIONS), MOST_ITERATIONS))
    for scale_FK, strengths in ((torch.ones(1), PLAIN), (ratios_FK, TYPICAL)):
        for strength in strengths:
            yield _solution(
                matrix, targets_NK, weights_K, scale_FK, strength, iterations=iterations, multiple=evidence.multiple
            )


def _solution(
    matrix: SparseMatrix,
    targets_NK: Tensor,
    weights_K: Tensor,
    scale_FK: Tensor,
    strength: float,
    *,
    iterations: int,
    multiple: bool,
) -> tuple[Tensor, Tensor]:
    """Minimizes the loss over all texts plus the squares of the weights, over 2 * strength, by L-BFGS."""
    wanted_NK = targets_NK * weights_K
    texts, labels = targets_NK.shape
    weights_FK = torch.zeros(matrix.features, labels, requires_grad=True)
    bias_K = torch.zeros(labels, requires_grad=True)
    optimizer = torch.optim.LBFGS(
        [weights_FK, bias_K],
        max_iter=iterations,
        history_size=HISTORY,
        tolerance_grad=0.0,
        line_search_fn="strong_wolfe",
    )

    @torch.no_grad()
    def loss() -> Tensor:
        """The mean over texts; it also sets the gradients."""
        logits_NK = matrix.times(weights_FK * scale_FK) + bias_K
        if multiple:
            costs = functional.binary_cross_entropy_with_logits(logits_NK, targets_NK, reduction="none") * weights_K
            gradient_NK = (logits_NK.sigmoid() - targets_NK) * weights_K
        else:
            log_p_NK = logits_NK.log_softmax(1)
            costs = -log_p_NK * wanted_NK
            gradient_NK = log_p_NK.exp() * wanted_NK.sum(1, keepdim=True) - wanted_NK
        gradient_FK = matrix.transposed_times(gradient_NK / texts) * scale_FK
        weights_FK.grad = gradient_FK.add_(weights_FK, alpha=1 / (strength * texts))
        bias_K.grad = gradient_NK.sum(0) / texts
        return (costs.sum() + weights_FK.square().sum() / (2 * strength)) / texts

    optimizer.step(loss)  # type: ignore[no-untyped-call]
    return (weights_FK * scale_FK).detach(), bias_K.detach()


def log_ratios(rows: SparseRows, targets_NK: npt.NDArray[np.bool_], features: int) -> npt.NDArray[np.float32]:
    """(F, K): ln of how much more often texts of a label have a feature than texts without that label."""
    labels = targets_NK.shape[1]
    with_FK, all_F1 = np.zeros((features, labels), np.int64), np.zeros((features, 1), np.int64)
    for first, last in rows.blocks():
        part = rows.part(first, last)
        row_Z = np.repeat(np.arange(first, last), np.diff(part.starts))
        all_F1[:, 0] += np.bincount(part.ids, minlength=features)
        for label in range(labels):
            with_FK[:, label] += np.bincount(part.ids[targets_NK[row_Z, label]], minlength=features)
        let_go(part.ids)
    texts_K = targets_NK.sum(0)
    own_FK = (with_FK + SMOOTHING) / (texts_K + 2 * SMOOTHING)
    other_FK = (all_F1 - with_FK + SMOOTHING) / (len(rows) - texts_K + 2 * SMOOTHING)
    ratios_FK: npt.NDArray[np.float32] = np.log(own_FK / other_FK).astype(np.float32)
    return ratios_FK
