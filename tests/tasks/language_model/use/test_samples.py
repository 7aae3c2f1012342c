"""Samples beside what was learned: copies and known words are counted, and lengths are of documents or lines."""

from __future__ import annotations

from pathlib import Path

import pytest

import charnn
from charnn.errors import CorpusError
from charnn.tasks.language_model.use.model import LanguageModel
from charnn.tasks.language_model.use.samples import Samples
from tests.paths import GOLDEN

TEXT = "the cat sat on the mat\n" * 60


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One model that knows where lines end, and one of a whole text; both know their text by heart."""
    folder = tmp_path_factory.mktemp("samples")
    (folder / "text.txt").write_text(TEXT)
    for name, document in (("lines", "line"), ("whole", "file")):
        charnn.train(
            folder / "text.txt", steps=150, hidden=24, layers=1, batch=4, window=24, documents=document, dropout=0.0,
            out=folder / name, patience=0,
        )  # fmt: skip
    return folder


def test_samples_of_a_model_that_knows_its_text_by_heart_are_known_and_copied(folder: Path) -> None:
    samples = Samples(LanguageModel.load(folder / "whole"), seed=0)
    cool = samples.at(0.1, characters=200, number=3, at_least=20)
    hot = samples.at(5.0, characters=200, number=3, at_least=20)
    assert cool.known_words == 1.0
    assert cool.copied > 0.9
    assert hot.copied < 0.2
    assert hot.known_words < 0.5
    assert hot.bits_per_character > 3 * cool.bits_per_character


def test_the_same_seed_gives_the_same_samples(folder: Path) -> None:
    model = LanguageModel.load(folder / "whole")
    first, again, other = (
        Samples(model, seed=seed).at(1.5, characters=100, number=2, at_least=5) for seed in (1, 1, 2)
    )
    assert first == again != other


def test_lengths_are_those_of_documents_where_their_ends_are_known(folder: Path) -> None:
    unit, real, written = Samples(LanguageModel.load(folder / "lines"), seed=0).lengths(0.5, 10)
    assert unit == "documents"
    assert set(real) == {23}
    assert len(written) == 10
    assert sorted(written)[5] == 23


def test_lengths_are_those_of_lines_elsewhere_without_the_last_which_is_cut(folder: Path) -> None:
    unit, real, written = Samples(LanguageModel.load(folder / "whole"), seed=0).lengths(0.3, 64)
    assert unit == "lines"
    assert set(real) <= {22, *range(1, 22)}
    assert len(written) >= 60
    assert sorted(written)[len(written) // 2] == 22


def test_a_corpus_that_is_gone_is_named() -> None:
    with pytest.raises(CorpusError) as caught:
        Samples(LanguageModel.load(GOLDEN / "format-1"), seed=0)
    assert caught.value.hint is not None
