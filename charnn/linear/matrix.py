"""Products of sparse rows with matrices of a number for each feature and label, as learning takes them often."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from charnn.arrays import Float32s
from charnn.corpora.large_arrays import let_go
from charnn.linear.rows import SparseRows
from charnn.linear.targets import Targets

MOST_SCORES, PART_SCORES = 1 << 24, 1 << 22
"""So many scores, one for each row and label, are held at once, and take some 20 bytes each where they are learned.
Where there are more, those of a part are as many as the second number."""


class SparseMatrix:
    """Rows whose product with a matrix, and that of their transpose, are taken often."""

    def __init__(self, rows: SparseRows, features: int, transposed: SparseRows | None = None) -> None:
        """The columns as rows are made when they are first needed, unless they are given."""
        self.features = features
        self._rows = rows
        if transposed is not None:
            self.__dict__["_transposed"] = transposed

    @cached_property
    def _transposed(self) -> SparseRows:
        return self._rows.transposed(self.features)

    def times(self, table_FK: Tensor) -> Tensor:
        """(N, K)."""
        return _product(self._rows, table_FK)

    def times_alike(self, table_FK: Tensor) -> Tensor:
        """(N, K): the product as it would be if all numbers of a row were alike, and its length 1."""
        lengths_N = torch.from_numpy(self._rows.lengths_alike())
        return _product(self._rows, table_FK, of=np.ones_like).div_(lengths_N[:, None])

    def transposed_times(self, gradient_NK: Tensor) -> Tensor:
        """(F, K)."""
        return _product(self._transposed, gradient_NK)

    def counts(self, targets_NK: Tensor) -> Tensor:
        """(F, K): how many rows of each kind have a number in each column."""
        return _product(self._transposed, targets_NK, of=np.ones_like)

    def squares(self) -> Tensor:
        """(F, 1): the sums of the squares of each column."""
        return _product(self._transposed, torch.ones(len(self._rows), 1), of=np.square)


class LabelledRows:
    """Rows as a matrix, and the labels that each has."""

    def __init__(self, matrix: SparseMatrix, targets: Targets) -> None:
        self.matrix, self.labels = matrix, targets.labels
        self._rows = len(targets)
        self._places = torch.from_numpy(targets.rows()), torch.from_numpy(targets.ids.astype(np.int64))

    def __len__(self) -> int:
        return self._rows

    def scattered(self, numbers_K: Tensor) -> Tensor:
        """(N, K): the number of each label where a row has it, and 0 elsewhere."""
        result_NK = torch.zeros(self._rows, self.labels)
        result_NK[self._places] = numbers_K[self._places[1]]
        return result_NK


class LabelledMatrix:
    """Rows with labels, in parts of some PART_SCORES where there are more scores than MOST_SCORES.

    What is found for all rows is the sum over the parts. A part's columns are stored as rows, too, and all of these are
    in temporary files where they are many.
    """

    def __init__(self, rows: SparseRows, targets: Targets, features: int) -> None:
        self.features = features
        whole = len(rows) * targets.labels <= MOST_SCORES
        each = max(len(rows) if whole else PART_SCORES // targets.labels, 1)
        bounds = [(first, min(first + each, len(rows))) for first in range(0, len(rows), each)]
        if len(bounds) <= 1:
            self._parts = [LabelledRows(SparseMatrix(rows, features), targets)]
            return
        columns = SparseRows.joined(rows.part(*bound).transposed(features) for bound in bounds)
        self._parts = [
            LabelledRows(
                SparseMatrix(rows.part(*bound), features, columns.part(number * features, (number + 1) * features)),
                targets.part(*bound),
            )
            for number, bound in enumerate(bounds)
        ]

    def summed(self, of: Callable[[LabelledRows], tuple[Tensor, ...]]) -> tuple[Tensor, ...]:
        """The sums over all parts of what `of` makes of each."""
        first, *others = self._parts
        total = of(first)
        for part in others:
            for sum_, one in zip(total, of(part), strict=True):
                sum_ += one
        return total

    def counts(self) -> tuple[Tensor, Tensor]:
        """(F, K) and (F, 1): how many rows with each label have a number in each column, and how many rows at all."""

        def of_part(part: LabelledRows) -> tuple[Tensor, Tensor]:
            labels = part.scattered(torch.ones(part.labels))
            return part.matrix.counts(labels), part.matrix.counts(torch.ones(len(part), 1))

        with_FK, all_F1 = self.summed(of_part)
        return with_FK, all_F1

    def squares(self) -> Tensor:
        """(F, 1): the sums of the squares of each column."""
        (squares_F1,) = self.summed(lambda part: (part.matrix.squares(),))
        return squares_F1


def _product(rows: SparseRows, table: Tensor, of: Callable[[Float32s], Float32s] | None = None) -> Tensor:
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
