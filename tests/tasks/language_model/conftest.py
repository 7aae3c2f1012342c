"""Tiny runs that repeat: one thread, fp32, on the CPU, in a temporary directory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path

import pytest

from charnn.config.model import TokenizerConfig, TokenizerKind
from charnn.config.training import Budget
from charnn.corpora.data_files import DataFiles
from charnn.tasks.language_model.corpus import Corpus, read_corpus
from charnn.tasks.language_model.directory import LanguageModelDirectory
from charnn.tasks.language_model.learn.overrides import LanguageModelOverrides
from charnn.tasks.language_model.learn.session import LanguageModelSession
from tests.runs import PLAIN, into


@pytest.fixture
def corpus_of(tmp_path: Path) -> Callable[..., Corpus]:
    """`corpus_of(text, document=..., valid=...)`: the corpus in a file with that text."""
    numbers = count()

    def write(text: str) -> str:
        path = tmp_path / f"{next(numbers)}.txt"
        path.write_bytes(text.encode())
        return str(path)

    def make(text: str, *, valid: str | None = None, holds_out: bool = True, **how: object) -> Corpus:
        files = DataFiles([write(text)], [] if valid is None else [write(valid)], holds_out=holds_out)
        return read_corpus(files, **how)

    return make


@pytest.fixture
def start(tmp_path: Path) -> Callable[..., LanguageModelSession]:
    """`start(corpus, name, steps=...)`: a run into `tmp_path / name`; keywords are overrides, settings beside them."""

    def make(
        corpus: Corpus,
        name: str = "model",
        *,
        steps: int | None = 40,
        seed: int = 0,
        patience: int = 0,
        tokenizer: TokenizerKind = "characters",
        vocabulary_size: int = 1000,
        source: LanguageModelDirectory | None = None,
        teachers: Sequence[LanguageModelDirectory] = (),
        settings: dict[str, object] | None = None,
        thread_counts: tuple[int, ...] | None = None,
        **overrides: object,
    ) -> LanguageModelSession:
        if steps is not None:
            overrides["budget"] = Budget(steps=steps)
        return LanguageModelSession.start(
            into(tmp_path / name, thread_counts),
            corpus,
            TokenizerConfig(tokenizer, vocabulary_size),
            LanguageModelOverrides(
                settings={**PLAIN, "seed": seed, "patience": patience, **(settings or {})}, **overrides
            ),
            source=source,
            teachers=teachers,
        )

    return make
