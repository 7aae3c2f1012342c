"""The language models with n-grams in tests/golden/, which every later charnn reads as they were written."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import charnn
from charnn.checkpoint.files import dump_config
from charnn.tasks.language_model.directory import NGRAMS, RECENT, LanguageModelDirectory
from charnn.tasks.language_model.labelled_ngrams import LabelledNgrams
from charnn.tasks.language_model.mixing import MixedNgrams
from charnn.tasks.language_model.use.model import LanguageModel
from tests.paths import GOLDEN

READ, LABELLED, WORDS = (GOLDEN / name for name in ("text-recent-1", "labelled-ngrams-1", "text-words-1"))


@pytest.mark.parametrize("path", [READ, LABELLED, WORDS], ids=lambda path: path.name)
def test_what_there_is_is_written_again_byte_for_byte(path: Path, tmp_path: Path) -> None:
    directory = LanguageModelDirectory.open(path)
    directory.check()
    copy = LanguageModelDirectory(Path(shutil.copytree(path, tmp_path / "copy")))
    ngrams = directory.ngrams()
    assert ngrams is not None
    copy.write_ngrams(ngrams)
    assert (copy.path / NGRAMS).read_bytes() == (path / NGRAMS).read_bytes()
    if (recently := directory.recently(ngrams)) is not None:
        copy.write_recently(recently)
        assert (copy.path / RECENT).read_bytes() == (path / RECENT).read_bytes()
    assert dump_config(directory.config()).encode() == (path / "config.json").read_bytes()


def test_a_model_that_has_read_a_prompt_expects_what_it_expected() -> None:
    directory = LanguageModelDirectory.open(READ)
    ngrams = directory.ngrams()
    assert isinstance(ngrams, MixedNgrams)
    assert len(ngrams.table.ids_E) == 457
    assert ngrams.weights_EF.sum() == pytest.approx(2.88319, abs=1e-4)
    recently = directory.recently(ngrams)
    assert recently is not None
    assert directory.tokenizer().decode(recently.counts.ids.tolist()) == "a crow heard a crow. a crow heard a crow."
    with charnn.load(READ) as model:
        assert isinstance(model, LanguageModel)
        found = [score.nats for score in model.score(["a crow heard", "the ant met a bee."])]
    assert found == pytest.approx([3.2357, 75.8203], abs=2e-2)


def test_a_model_with_words_expects_what_it_expected() -> None:
    ngrams = LanguageModelDirectory.open(WORDS).ngrams()
    assert isinstance(ngrams, MixedNgrams)
    assert ngrams.contexts.words is not None
    assert (len(ngrams.table.ids_E), len(ngrams.contexts.words.table.ids_E)) == (457, 1951)
    assert ngrams.weights_EF.sum() == pytest.approx(2.98793, abs=1e-4)
    with charnn.load(WORDS) as model:
        assert isinstance(model, LanguageModel)
        found = [score.nats for score in model.score(["a crow heard", "the ant met a bee."])]
    assert found == pytest.approx([3.3999, 39.848], abs=2e-2)


def test_a_model_of_labels_expects_what_it_expected() -> None:
    directory = LanguageModelDirectory.open(LABELLED)
    ngrams, config = directory.ngrams(), directory.config()
    assert isinstance(ngrams, LabelledNgrams)
    assert config.ngrams is not None
    assert config.ngrams.ngrams == 644
    assert ngrams.weights_3F.sum() == pytest.approx(3.91595, abs=1e-4)
    with charnn.load(LABELLED) as model:
        assert isinstance(model, LanguageModel)
        assert model.labels == ["even", "odd"]
        found = [score.label_nats_K for score in model.score(["the ant met a bee.", "no 🧊"])]
    for nats, expected in zip(found, [[10.2311, 37.5068], [2.9167, 1.8325]], strict=True):
        assert nats == pytest.approx(expected, abs=1e-2)
