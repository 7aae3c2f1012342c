"""What holds for all tests: one thread, nothing that waits for a disk, and no test that is a matter of time."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Generator, Iterator

import pytest
from hypothesis import settings

from tests.once import shared_folder

# Networks as small as those of the tests are fastest on one thread, and repeat to the last bit. torch reads this when
# it is imported; processes that the tests start inherit it.
os.environ["OMP_NUM_THREADS"] = "1"
# A few tests train with two threads. While all cores are busy, those that wait would take as much time as those that
# work (`charnn.cli.this_process` says more).
os.environ.setdefault("GOMP_SPINCOUNT", "3000")

# Tests that use ONNX Runtime by themselves are as silent as charnn is (`charnn.runtime`).
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

# Most processes that the tests start would otherwise compile the same hundred modules, for a fifth of their time, and
# pytest would rewrite the assertions of all tests in every run.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# Each run draws other examples, so half as many as usual are enough for one. --hypothesis-profile=thorough draws more.
settings.register_profile("untimed", deadline=None, max_examples=50)
settings.register_profile("thorough", deadline=None, max_examples=1000)
settings.load_profile("untimed")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is imported and collected stays to the end, so it is not searched for what may go: that took a quarter of
    the time until the first test begins."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


@pytest.fixture(autouse=True, scope="session")
def cache_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Graphs are kept for the time of the tests, and not in the cache of who runs them.

    There are those of thousands of models, and whoever keeps one more looks at how large the others are.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHARNN_CACHE", str(shared_folder(tmp_path_factory) / "cache"))
        patch.setenv("CHARNN_CACHE_SIZE", "60M")
        yield


@pytest.fixture(autouse=True, scope="session")
def no_waiting_for_the_disk() -> Iterator[None]:
    """Tiny runs save as often as large ones, and would wait for the disk a third of their time.

    That files are flushed before they take their names is tested where they are written, in tests/checkpoint.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: None)
        yield
