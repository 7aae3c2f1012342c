"""The Python API beside what tests/tasks/test_contract.py has of it: laziness, types and errors."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import charnn
from charnn.errors import CorpusError, ModelNotFoundError, UsageError
from charnn.tasks.language_model.use.model import LanguageModel
from charnn.tasks.tagger.use.model import Tagger
from tests.paths import GOLDEN

TEXT_MODEL, TAGGER = GOLDEN / "format-1", GOLDEN / "tagger-1"
PROMPT = "a "


def model() -> LanguageModel:
    loaded = charnn.load(TEXT_MODEL)
    assert isinstance(loaded, LanguageModel)
    return loaded


def test_a_sample_comes_in_pieces_as_it_is_made() -> None:
    pieces = list(model().sample(PROMPT, seed=3, length=40))
    assert len(pieces) > 10


def test_lines_before_one_that_cannot_be_read_are_scored() -> None:
    def lines() -> Iterator[str]:
        yield "an a"
        raise CorpusError("the rest cannot be read")

    scores = model().score(lines())
    assert next(scores).text == "an a"
    with pytest.raises(CorpusError):
        next(scores)


def test_the_type_of_a_model_can_load_it() -> None:
    assert Tagger.load(TAGGER).columns == charnn.load(TAGGER).columns


def test_what_is_wrong_is_an_error_of_charnns(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match="nowhere"):
        charnn.load(tmp_path / "nowhere")
    with pytest.raises(UsageError, match="--stopping is for texts"):
        charnn.train("treebank.txt", task="tagger", stopping="length")
