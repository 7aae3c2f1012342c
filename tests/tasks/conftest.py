"""What the tests of all tasks share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from charnn.api import Silent


@pytest.fixture
def rare_validations(monkeypatch: pytest.MonkeyPatch) -> None:
    """Five a run, since each writes a whole model; so most steps are between two of them."""
    monkeypatch.setattr("charnn.training.loop.VALIDATIONS", 5)


@pytest.fixture
def silent() -> Silent:
    """An observer that looks at nothing."""
    return Silent()


@pytest.fixture
def two_threads() -> Iterator[None]:
    """What torch is set to until the test has ended."""
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(threads)
