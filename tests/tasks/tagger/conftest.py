"""A tagger's directory, as training leaves it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from charnn.api import SilentObserver
from charnn.config.training import Budget
from charnn.corpora.data_files import DataFiles
from charnn.tasks.tagger.directory import TaggerDirectory
from charnn.tasks.tagger.learn.plan import TaggerOverrides
from charnn.tasks.tagger.learn.session import TaggerSession
from charnn.tasks.tagger.treebank import read_treebank
from tests.runs import PLAIN, into


@pytest.fixture(scope="session")
def trained_tagger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tagger of two columns; the second has a tag more than the first."""
    folder = tmp_path_factory.mktemp("tagger")
    (folder / "treebank.txt").write_text("the_D_DT cat_N_NN sat_V_VBD\nthe_D_DT cats_N_NNS\n" * 2)
    session = TaggerSession.start(
        into(folder / "model"),
        read_treebank(DataFiles([str(folder / "treebank.txt")]), columns=("tag", "fine"), format="slashed"),
        TaggerOverrides(hidden_size=4, word_size=4, layers=1, cell="lstm", budget=Budget(steps=2), settings=PLAIN),
    )
    session.run(SilentObserver())
    return folder / "model"


@pytest.fixture
def tagger(trained_tagger: Path, tmp_path: Path) -> TaggerDirectory:
    """The same, to be spoilt."""
    shutil.copytree(trained_tagger, tmp_path / "model")
    return TaggerDirectory.open(tmp_path / "model")
