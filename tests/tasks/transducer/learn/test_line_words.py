"""Words in lines are kept where they set a network right that has learned too little, and are told."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from charnn import load, train
from charnn.checkpoint.files import read_arrays, write_arrays
from charnn.errors import ModelFormatError
from charnn.tasks.transducer.directory import NGRAMS, TransducerDirectory
from charnn.tasks.transducer.line_words import LineWords
from charnn.tasks.transducer.token_tables import UNITS
from charnn.tasks.transducer.use.line_transducer import TransduceOptions
from charnn.tasks.transducer.use.model import Transducer

NOUNS = ("horses", "rabbits", "snakes", "birds", "frogs", "goats", "spiders", "bees")
LINES = [
    pair
    for first, second in itertools.permutations(NOUNS, 2)
    for pair in (
        (f"some {first} c da {second}", f"Some {first} see the {second}."),
        (f"da {first} walked 2 da {second}", f"The {first} walked to the {second}."),
    )
]
ASKED = [
    ("some toads c da snakes", "Some toads see the snakes."),
    ("da toads walked 2 da dogs", "The toads walked to the dogs."),
]
SMALL: dict[str, Any] = {"hidden": 16, "embedding": 8, "learning_rate": 0.02, "precision": "fp32", "device": "cpu"}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("lines") / "lines.tsv"
    path.write_text("".join(f"{source}\t{target}\n" for source, target in LINES), "utf-8")
    return path


@pytest.fixture(scope="module")
def model(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "model"
    train(str(corpus), task="transducer", steps=10, seed=1, lookup="never", out=path, **SMALL)
    return path


def written(path: Path, beam: int = 5) -> list[str]:
    with load(path) as transducer:
        assert isinstance(transducer, Transducer)
        found = transducer.targets([source for source, _ in ASKED], TransduceOptions(beam))
    return [targets[0].text for targets in found]


def test_words_that_help_are_kept_and_told(model: Path, command: Callable[..., Any]) -> None:
    assert written(model) == [target for _, target in ASKED]
    assert written(model, beam=1) != [target for _, target in ASKED]
    ngrams = load(model).config.ngrams
    assert ngrams is not None
    assert ngrams.symbol_error_rate < ngrams.symbol_error_rate_alone
    said = command("info", str(model)).out
    assert "\nwords " in said
    assert f"{100 * ngrams.symbol_error_rate:.2f}% of symbols wrong with them" in said


def test_where_nothing_is_held_out_they_propose_unmeasured(corpus: Path, tmp_path: Path) -> None:
    path = tmp_path / "model"
    train(str(corpus), task="transducer", steps=10, seed=1, valid="none", lookup="never", out=path, **SMALL)
    ngrams = load(path).config.ngrams
    assert ngrams is not None
    assert ngrams.accuracy is None
    assert written(path) == [target for _, target in ASKED]


def test_words_are_read_as_they_were_written(model: Path) -> None:
    with load(model) as transducer:
        assert isinstance(transducer, Transducer)
        words = transducer.ngrams
    assert isinstance(words, LineWords)
    arrays, _ = read_arrays(model / NGRAMS)
    assert {name: array.tolist() for name, array in words.arrays().items()} == {
        name: array.tolist() for name, array in arrays.items()
    }


def test_a_damaged_table_is_refused(model: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(model, tmp_path / "copy"))
    arrays, _ = read_arrays(copy / NGRAMS)
    write_arrays(copy / NGRAMS, {**arrays, UNITS: arrays[UNITS][:, :-1].copy()})
    with pytest.raises(ModelFormatError, match=r"ngrams\.safetensors: damaged: no table of tokens"):
        TransducerDirectory.open(copy).check()
