"""Tiny runs of a tagger that repeat: in a temporary directory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from charnn.config.training import Budget
from charnn.corpora.data_files import DataFiles
from charnn.tasks.tagger.directory import TaggerDirectory
from charnn.tasks.tagger.learn.plan import TaggerOverrides
from charnn.tasks.tagger.learn.session import TaggerSession
from charnn.tasks.tagger.treebank import Treebank, read_treebank
from tests.runs import PLAIN, into

TINY: dict[str, Any] = {"layers": 1, "hidden_size": 8, "word_size": 8, "dropout": 0.0, "batch_size": 4}


@pytest.fixture
def treebank_of(tmp_path: Path) -> Callable[..., Treebank]:
    """`treebank_of(text, valid=..., columns=...)`: the treebank in a file with that text, `word_TAG` or columns."""
    numbers = count()

    def write(text: str) -> str:
        path = tmp_path / f"{next(numbers)}.txt"
        path.write_bytes(text.encode())
        return str(path)

    def make(text: str, *, valid: str | None = None, holds_out: bool = True, **how: Any) -> Treebank:
        files = DataFiles([write(text)], [] if valid is None else [write(valid)], holds_out=holds_out)
        return read_treebank(files, **{"columns": ("tag",), **how})

    return make


@pytest.fixture
def start(tmp_path: Path) -> Callable[..., TaggerSession]:
    """`start(treebank, name, steps=...)`: a run into `tmp_path/name`; keywords are overrides; settings beside them."""

    def make(
        treebank: Treebank,
        name: str = "model",
        *,
        steps: int | None = 20,
        seed: int = 0,
        patience: int = 0,
        settings: dict[str, object] | None = None,
        thread_counts: tuple[int, ...] | None = None,
        source: TaggerDirectory | None = None,
        teachers: Sequence[TaggerDirectory] = (),
        **overrides: Any,
    ) -> TaggerSession:
        if steps is not None:
            overrides["budget"] = Budget(steps=steps)
        return TaggerSession.start(
            into(tmp_path / name, thread_counts),
            treebank,
            TaggerOverrides(
                settings={**PLAIN, "seed": seed, "patience": patience, **(settings or {})}, **{**TINY, **overrides}
            ),
            source=source,
            teachers=teachers,
        )

    return make
