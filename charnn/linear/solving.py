"""Solves a linear model of sparse features to its optimum, in bounded work.

L-BFGS comes near the optimum in a few steps since each weight is measured in units of how sharply the loss bends there
(a diagonal preconditioner), and since the biases begin at how usual the labels are.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional

from charnn.arrays import Float32s
from charnn.corpora.progress import tell
from charnn.linear.matrix import LabelledMatrix, LabelledRows
from charnn.linear.rows import SparseRows
from charnn.linear.targets import Targets

SMOOTHING = 1.0
"""So many examples that have a label, and so many that lack it, are taken to have been seen beside those that were."""
MOST_ITERATIONS, FEWEST_ITERATIONS, WORK = 40, 12, 1.2e10
"""The iterations of a solution: fewer where each is much work, so that all of them stay below WORK, which takes some
four seconds of a core, unless FEWEST_ITERATIONS are more."""
EVALUATIONS = 1.25
"""How often the loss is computed for each iteration, about."""
HISTORY = 6
CURVATURE = 0.3
"""By this factor the loss is less sharply bent at the optimum than where every label is as likely as it is usual."""
LABEL_COST = 8
"""To read a feature costs as much as so many labels."""
WEIGHT_COST = 50
"""To change a weight, or to compare a text with a label, costs as much as to read a feature for so many labels."""


class Examples(Protocol):
    """N labelled examples to learn from."""

    @property
    def rows(self) -> SparseRows:
        """What each is like."""

    @property
    def features(self) -> int:
        """F, how many features there are."""

    @property
    def targets(self) -> Targets:
        """The labels that each has."""

    @property
    def weights_K(self) -> Float32s:
        """How much an example of each label weighs in the loss."""

    @property
    def multiple(self) -> bool:
        """Whether an example may have any number of labels, and not one alone."""


def usual(examples: Examples) -> Tensor:
    """(K,): how usual each label is among the examples."""
    return (torch.from_numpy(examples.targets.counts()) + SMOOTHING) / (len(examples.targets) + 2 * SMOOTHING)


def reading_work(examples: Examples) -> float:
    """The work of reading all examples once."""
    return float(len(examples.rows.ids) * (examples.targets.labels + LABEL_COST))


def work(examples: Examples) -> float:
    """The work of an iteration."""
    number, labels = len(examples.targets), examples.targets.labels
    return reading_work(examples) + float(WEIGHT_COST * (number + examples.features) * labels)


def iterations_for(examples: Examples, *, most_work: float | None = None, most: int | None = None) -> int:
    """The most iterations of a solution, whose work is bounded by WORK and MOST_ITERATIONS unless others are given."""
    bounded = (WORK if most_work is None else most_work) / max(work(examples), 1)
    return int(min(max(bounded, FEWEST_ITERATIONS), MOST_ITERATIONS if most is None else most))


def solving_work(examples: Examples) -> float:
    """The work of a solution."""
    return iterations_for(examples) * work(examples)


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


def solution(
    examples: Examples,
    matrix: LabelledMatrix,
    scale_FK: Tensor,
    strength: float,
    solving: Solving,
    *,
    most_work: float | None = None,
    most_iterations: int | None = None,
) -> tuple[Tensor, Tensor]:
    """The table (F, K) and the bias (K,) that minimize the loss over all examples plus the squares of the weights, over
    2 * strength, by L-BFGS: the best that were met. Its work is bounded by WORK and MOST_ITERATIONS unless others are
    given."""
    weights_K = torch.from_numpy(examples.weights_K)
    number, labels = len(examples.targets), examples.targets.labels
    iterations = iterations_for(examples, most_work=most_work, most=most_iterations)
    usual_K = usual(examples)
    bend_K = CURVATURE * usual_K * (1 - usual_K) * weights_K
    unit_FK = (matrix.squares() * bend_K * scale_FK.square() + 1 / strength).rsqrt()
    scale_FK = scale_FK * unit_FK

    weights_FK = torch.zeros(matrix.features, labels, requires_grad=True)
    bias_K = (usual_K.logit() if examples.multiple else usual_K.log()).requires_grad_()
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
        """The mean over examples; it also sets the gradients. Raises _CutShort where there is no time for another."""
        nonlocal best, evaluations
        if not solving.goes_on(evaluations / (EVALUATIONS * iterations)):
            raise _CutShort
        evaluations += 1
        costs, gradient_K, gradient_FK = matrix.summed(
            lambda part: _part_of_loss(part, weights_FK * scale_FK, bias_K, weights_K, number, examples.multiple)
        )
        shrunk_FK = weights_FK * unit_FK
        weights_FK.grad = (gradient_FK * scale_FK).addcmul_(shrunk_FK, unit_FK, value=1 / (strength * number))
        bias_K.grad = gradient_K / number
        value = (costs + shrunk_FK.square().sum() / (2 * strength)) / number
        if value < best[0]:
            best = value, weights_FK.detach().clone(), bias_K.detach().clone()
        return value

    with suppress(_CutShort):
        optimizer.step(loss)  # type: ignore[no-untyped-call]
    solving.next()
    _, weights_FK, bias_K = best
    return weights_FK * scale_FK, bias_K


def _part_of_loss(
    part: LabelledRows, table_FK: Tensor, bias_K: Tensor, weights_K: Tensor, number: int, multiple: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """What some of the examples add to the loss, to its gradients by the biases, (K,), and to those by the table, over
    the number of all examples, (F, K)."""
    logits_NK = part.matrix.times(table_FK).add_(bias_K)
    if multiple:
        targets_NK = part.scattered(torch.ones_like(weights_K))
        costs = functional.binary_cross_entropy_with_logits(logits_NK, targets_NK, reduction="none").mul_(weights_K)
        gradient_NK = logits_NK.sigmoid_().sub_(targets_NK).mul_(weights_K)
    else:
        wanted_NK, log_p_NK = part.scattered(weights_K), logits_NK.log_softmax(1)
        costs = torch.mul(log_p_NK, wanted_NK, out=logits_NK).neg_()
        gradient_NK = log_p_NK.exp_().mul_(wanted_NK.sum(1, keepdim=True)).sub_(wanted_NK)
    return costs.sum(), gradient_NK.sum(0), part.matrix.transposed_times(gradient_NK.div_(number))


class _CutShort(Exception):
    """There is no time for another evaluation."""
