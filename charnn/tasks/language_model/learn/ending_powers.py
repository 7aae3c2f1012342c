"""Learns what the endings of contexts add to the powers of a network and of what stands beside it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from charnn.arrays import Float32s, Float64s, Floats, Int64s, Integers
from charnn.tasks.language_model.contexts import LARGEST_POWER
from charnn.tasks.language_model.mixing import log_mixed

CAUTION = 100.0
"""Each weight costs so many times half of its square, in nats, beside the text that it is learned from."""
FEWEST = 20
"""Groups of fewer symbols are left alone: so little tells nothing of them, and where a vocabulary is large nearly all
are such."""
STEPS = 12
ENOUGH = 2e-5
"""Nats for each symbol. A step that brings less is the last one."""


def learn_added(
    powers_EN: Floats,
    groups_GN: Sequence[Int64s],
    sizes_G: Sequence[int],
    log_p_ENV: Sequence[Floats],
    ids_N: Integers,
) -> list[Float32s]:
    """For each of G ways of grouping N symbols what each group adds to the powers, (E, size), where a symbol is in the
    group `groups_GN` and has these powers otherwise; a group of few symbols adds nothing. `log_p_ENV` is ln p of all
    symbols in their places by E models.

    It is a softmax regression as `mixing.learn_powers` is, whose features are the groups.
    """
    known = [
        np.flatnonzero(np.bincount(numbers_N, minlength=size) >= FEWEST)
        for numbers_N, size in zip(groups_GN, sizes_G, strict=True)
    ]
    ends = np.cumsum([0, *map(len, known)])
    models, size, rows_N = len(log_p_ENV), int(ends[-1]), np.arange(len(ids_N))
    columns_GN = []
    for numbers, start, numbers_N, number in zip(known, ends, groups_GN, sizes_G, strict=False):
        column_of = np.full(number, size)  # a column of its own has all that adds nothing
        column_of[numbers] = start + np.arange(len(numbers))
        columns_GN.append(column_of[numbers_N])
    weights_ED = np.zeros((models, size))

    def tried(weights_ED: Floats) -> tuple[float, Floats, Floats]:
        padded_ED = np.pad(weights_ED, ((0, 0), (0, 1)))
        own_EN = powers_EN + sum(padded_ED[:, columns_N] for columns_N in columns_GN)
        log_p_NV = log_mixed(own_EN, log_p_ENV)
        nats = float(log_p_NV[rows_N, ids_N].sum(dtype=np.float64))
        return nats - CAUTION / 2 * float((weights_ED * weights_ED).sum()), own_EN, log_p_NV

    now, own_EN, log_p_NV = tried(weights_ED)
    for _ in range(STEPS):
        gradient_ED, curvature = _slopes(own_EN, columns_GN, size, log_p_ENV, np.exp(log_p_NV), ids_N)
        gradient_ED -= CAUTION * weights_ED
        curvature[np.diag_indices_from(curvature)] += CAUTION
        step_ED = np.linalg.solve(curvature, gradient_ED.reshape(-1)).reshape(models, size)
        then, own_EN, log_p_NV = tried(weights_ED + step_ED)
        while then < now and np.abs(step_ED).max() > ENOUGH:
            step_ED /= 2
            then, own_EN, log_p_NV = tried(weights_ED + step_ED)
        if then <= now:
            break
        weights_ED, brought, now = weights_ED + step_ED, then - now, then
        if brought < ENOUGH * len(ids_N):
            break
    found = []
    for numbers, start, end, number in zip(known, ends, ends[1:], sizes_G, strict=False):
        added_EK = np.zeros((models, number), np.float32)
        added_EK[:, numbers] = weights_ED[:, start:end]
        found.append(added_EK)
    return found


def _slopes(
    powers_EN: Floats,
    columns_GN: Sequence[Int64s],
    size: int,
    log_p_ENV: Sequence[Floats],
    p_NV: Floats,
    ids_N: Integers,
) -> tuple[Float64s, Float64s]:
    """What `mixing.slopes` gives where the features are the groups in the first `size` columns: sums over the symbols
    of each, and of each two."""
    models, rows_N = len(log_p_ENV), np.arange(len(ids_N))
    free_EN = ((powers_EN >= 0) & (powers_EN <= LARGEST_POWER)).astype(np.float64)
    expected_EN = np.stack([(p_NV * by_NV).sum(1) for by_NV in log_p_ENV])
    observed_EN = np.stack([by_NV[rows_N, ids_N] for by_NV in log_p_ENV])
    gradient_ED, curvature, wide = np.zeros((models, size)), np.zeros((models, size, models, size)), size + 1
    for one in range(models):
        for columns_N in columns_GN:
            gradient_ED[one] += np.bincount(columns_N, free_EN[one] * (observed_EN - expected_EN)[one], wide)[:size]
        for other in range(one + 1):
            covariance_N = (p_NV * log_p_ENV[one] * log_p_ENV[other]).sum(1) - expected_EN[one] * expected_EN[other]
            covariance_N = covariance_N * free_EN[one] * free_EN[other]
            for columns_N in columns_GN:
                for others_N in columns_GN:
                    pairs = np.bincount(columns_N * wide + others_N, covariance_N, wide * wide).reshape(wide, wide)
                    curvature[one, :, other] += pairs[:size, :size]
            curvature[other, :, one] = curvature[one, :, other].T
    return gradient_ED, curvature.reshape(models * size, models * size)
