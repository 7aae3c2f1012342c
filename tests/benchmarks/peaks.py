"""What the machine multiplies at best: matrix products alone, in the sizes that training has."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import torch

from tests.benchmarks.machine import alternate, seconds, spread

Product = tuple[int, int, int]
"""(rows, inner, columns): (m, k) times (k, n)."""

SQUARE: Product = (2048, 2048, 2048)
OPERATIONS = 2e10
"""One measurement has so many operations at least."""
ROUNDS = 5


def run(products: Sequence[Product]) -> None:
    """Prints the GFLOP/s of each product in fp32 and bf16, with all threads; 2 m k n operations make a product."""
    for rows, inner, columns in dict.fromkeys(products):
        operations = 2 * rows * inner * columns
        times = max(1, round(OPERATIONS / operations))
        taken = alternate(
            {
                "fp32": _measurement(torch.float32, rows, inner, columns, times),
                "bf16": _measurement(torch.bfloat16, rows, inner, columns, times),
            },
            ROUNDS,
        )
        for precision, values in taken.items():
            speeds = [times * operations / value / 1e9 for value in values]
            print(f"{f'product {rows} x {inner} x {columns}, {precision}':<36} {spread(speeds, ',.0f', ' GFLOP/s')}")


def _measurement(dtype: torch.dtype, rows: int, inner: int, columns: int, times: int) -> Callable[[], float]:
    a, b = torch.randn(rows, inner).to(dtype), torch.randn(inner, columns).to(dtype)
    product = a @ b

    def multiply() -> None:
        for _ in range(times):
            torch.mm(a, b, out=product)

    return partial(seconds, multiply)
