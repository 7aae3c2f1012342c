"""A model directory with the weights that training starts from: what speed is measured on."""

from __future__ import annotations

from pathlib import Path

from charnn.api import SilentObserver
from charnn.config.model import TokenizerConfig
from charnn.config.training import Budget
from charnn.corpora.data_files import DataFiles
from charnn.tasks.language_model.corpus import read_corpus
from charnn.tasks.language_model.learn.overrides import LanguageModelOverrides
from charnn.tasks.language_model.learn.session import LanguageModelSession
from tests.runs import into


def untrained_model(path: Path, corpus: Path, *, hidden_size: int, cell: str = "lstm") -> Path:
    """2 x `hidden_size`, after one step of training."""
    overrides = LanguageModelOverrides(
        cell=cell, layers=2, hidden_size=hidden_size, batch_size=2, window_length=2, budget=Budget(steps=1)
    )
    session = LanguageModelSession.start(
        into(path), read_corpus(DataFiles([str(corpus)])), TokenizerConfig(), overrides
    )
    session.run(SilentObserver())
    return path
