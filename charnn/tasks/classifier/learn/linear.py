"""The linear models of the direct path, each solved to its optimum before the network learns.

Half of them have plain weights. The weights of the others are multiples of how much more often a feature is in texts of
a label than in others (the log of the ratio, as in naive Bayes), so that what is typical of a label needs little
evidence (Wang and Manning 2012). In each half there is one for every strength of the evidence, and how far each is
trusted is measured on texts that it has not learned from: where few texts can be held out, by cross-validation.

A solution is bounded in work, however many texts and labels there are. L-BFGS comes near the optimum in a few steps
since each weight is measured in units of how sharply the loss bends there (a diagonal preconditioner), and since the
biases begin at how usual the labels are.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from charnn.corpora.large_arrays import let_go
from charnn.corpora.progress import tell
from charnn.tasks.classifier.calibration import Floats
from charnn.tasks.classifier.features import SparseRows

PLAIN, TYPICAL = (30.0,), (3.0,)
"""C of the linear models: the loss over all texts weighs so many times as much as half the squared weights."""
LINEAR_MODELS = len(PLAIN) + len(TYPICAL)
SMOOTHING = 1.0
"""The texts of each kind that every feature is taken to have been seen in."""
MOST_ITERATIONS, FEWEST_ITERATIONS, WORK = 40, 12, 1.2e10
"""The iterations of a solution: fewer where each is much work, so that all of them stay below WORK, which takes some
four seconds of a core, unless FEWEST_ITERATIONS are more."""
EVALUATIONS = 1.25
"""How often the loss is computed for each iteration, about."""
HISTORY = 6
CURVATURE = 0.3
"""By this factor the loss is less sharply bent at the optimum than where every label is as likely as it is usual."""
FOLDS, FOLDED_WORK = 5, 7e6
"""Models are cross-validated where to read all texts once is not more work than FOLDED_WORK."""
LABEL_COST = 8
"""To read a feature costs as much as so many labels."""
WEIGHT_COST = 50
"""To change a weight, or to compare a text with a label, costs as much as to read a feature for so many labels."""


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

    @property
    def reading_work(self) -> float:
        """The work of reading all texts once."""
        _, labels = self.targets_NK.shape
        return float(len(self.rows.ids) * (labels + LABEL_COST))

    @property
    def work(self) -> float:
        """The work of an iteration."""
        texts, labels = self.targets_NK.shape
        return self.reading_work + float(WEIGHT_COST * (texts + len(self.is_word_F)) * labels)


class Solving:
    """The time that the linear models of a run take: how much of it is over, and whether it is to end at once."""

    def __init__(self, solutions: int, is_over: Callable[[], bool] = lambda: False) -> None:
        """There will be so many solutions. Once `is_over` says so, each is left as far as it has come."""
        self.is_cut_short = False
        """Whether a solution was left before its time."""
        self._solutions, self._solved, self._is_over = solutions, 0, is_over

    def goes_on(self, fraction: float) -> bool:
        """Tells whoever watches that so much of the current solution is done, and says whether it is to go on."""
        self._tell(fraction)
        self.is_cut_short = self.is_cut_short or self._is_over()
        return not self.is_cut_short

    def next(self) -> None:
        """The current solution is found."""
        self._tell(1.0)
        self._solved += 1

    def _tell(self, fraction: float) -> None:
        done = self._solved + min(fraction, 1.0)
        tell("solving the linear models", round(1000 * done), 1000 * self._solutions)


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

    def counts(self, targets_NK: Tensor) -> Tensor:
        """(F, K): how many rows of each kind have a number in each column."""
        return _product(self._transposed, targets_NK, of=np.ones_like)

    def squares(self) -> Tensor:
        """(F, 1): the sums of the squares of each column."""
        return _product(self._transposed, torch.ones(len(self._rows), 1), of=np.square)


def _product(
    rows: SparseRows, table: Tensor, of: Callable[[npt.NDArray[np.float32]], npt.NDArray[np.float32]] | None = None
) -> Tensor:
    """The product, with each number replaced by what `of` makes of it unless that is None. It is made block by block,
    so that no more of the rows need be in memory."""
    products = []
    for block in rows.blocks():
        part = rows.part(*block)
        ids, values = torch.from_numpy(part.ids), torch.from_numpy(part.values if of is None else of(part.values))
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


def solved(evidence: Evidence, solving: Solving | None = None) -> LinearModels:
    """The models that have learned from all of the texts."""
    solving = solving or Solving(LINEAR_MODELS)
    matrix = SparseMatrix(evidence.rows, len(evidence.is_word_F))
    ratios_FK = log_ratios(matrix, torch.from_numpy(evidence.targets_NK.astype(np.float32)))
    found = [
        _solution(evidence, matrix, scale_FK, strength, solving)
        for scale_FK, strengths in ((torch.ones(1), PLAIN), (ratios_FK, TYPICAL))
        for strength in strengths
    ]
    return LinearModels(torch.stack([table for table, _ in found]), torch.stack([bias for _, bias in found]))


def folds_worth(evidence: Evidence, *, needed: bool) -> int:
    """How many folds are measured: all, where they take little time, and otherwise one if they are `needed`."""
    if len(evidence.rows) < FOLDS:
        return 0
    return FOLDS if evidence.reading_work <= FOLDED_WORK else int(needed)


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
        rows = evidence.part(is_in_N).rows.of_features(others.known(), evidence.is_word_F)
        logits_MNK[:, is_in_N] = solved(others, solving).logits(rows)
        if solving.is_cut_short:
            folds = fold
            break
    is_measured_N = fold_N < folds
    return logits_MNK[:, is_measured_N], evidence.targets_NK[is_measured_N]


def _solution(
    evidence: Evidence, matrix: SparseMatrix, scale_FK: Tensor, strength: float, solving: Solving
) -> tuple[Tensor, Tensor]:
    """The table (F, K) and the bias (K,) that minimize the loss over all texts plus the squares of the weights, over
    2 * strength, by L-BFGS: the best that were met."""
    targets_NK = torch.from_numpy(evidence.targets_NK.astype(np.float32))
    weights_K = torch.from_numpy(evidence.weights_K)
    wanted_NK = targets_NK * weights_K
    texts, labels = targets_NK.shape
    iterations = int(min(max(WORK / max(evidence.work, 1), FEWEST_ITERATIONS), MOST_ITERATIONS))
    usual_K = (targets_NK.sum(0) + SMOOTHING) / (texts + 2 * SMOOTHING)
    bend_K = CURVATURE * usual_K * (1 - usual_K) * weights_K
    unit_FK = (matrix.squares() * bend_K * scale_FK.square() + 1 / strength).rsqrt()
    scale_FK = scale_FK * unit_FK

    weights_FK = torch.zeros(matrix.features, labels, requires_grad=True)
    bias_K = (usual_K.logit() if evidence.multiple else usual_K.log()).requires_grad_()
    optimizer = torch.optim.LBFGS(
        [weights_FK, bias_K],
        max_iter=iterations,
        history_size=HISTORY,
        tolerance_grad=0.0,
        line_search_fn="strong_wolfe",
    )
    best = torch.tensor(torch.inf), weights_FK.detach().clone(), bias_K.detach().clone()
    evaluations = 0

    @torch.no_grad()
    def loss() -> Tensor:
        """The mean over texts; it also sets the gradients. Raises _CutShort where there is no time for another."""
        nonlocal best, evaluations
        if not solving.goes_on(evaluations / (EVALUATIONS * iterations)):
            raise _CutShort
        evaluations += 1
        logits_NK = matrix.times(weights_FK * scale_FK) + bias_K
        if evidence.multiple:
            costs = functional.binary_cross_entropy_with_logits(logits_NK, targets_NK, reduction="none") * weights_K
            gradient_NK = (logits_NK.sigmoid() - targets_NK) * weights_K
        else:
            log_p_NK = logits_NK.log_softmax(1)
            costs = -log_p_NK * wanted_NK
            gradient_NK = log_p_NK.exp() * wanted_NK.sum(1, keepdim=True) - wanted_NK
        gradient_FK = matrix.transposed_times(gradient_NK / texts) * scale_FK
        shrunk_FK = weights_FK * unit_FK
        weights_FK.grad = gradient_FK.addcmul_(shrunk_FK, unit_FK, value=1 / (strength * texts))
        bias_K.grad = gradient_NK.sum(0) / texts
        value = (costs.sum() + shrunk_FK.square().sum() / (2 * strength)) / texts
        if value < best[0]:
            best = value, weights_FK.detach().clone(), bias_K.detach().clone()
        return value

    with suppress(_CutShort):
        optimizer.step(loss)  # type: ignore[no-untyped-call]
    solving.next()
    _, weights_FK, bias_K = best
    return weights_FK * scale_FK, bias_K


class _CutShort(Exception):
    """There is no time for another evaluation."""


def log_ratios(matrix: SparseMatrix, targets_NK: Tensor) -> Tensor:
    """(F, K): ln of how much more often texts of a label have a feature than texts without that label."""
    with_FK, all_F1 = matrix.counts(targets_NK), matrix.counts(torch.ones(len(targets_NK), 1))
    texts_K = targets_NK.sum(0)
    own_FK = (with_FK + SMOOTHING) / (texts_K + 2 * SMOOTHING)
    other_FK = (all_F1 - with_FK + SMOOTHING) / (len(targets_NK) - texts_K + 2 * SMOOTHING)
    return (own_FK / other_FK).log()
