"""Edits of pairs with features are kept where they set a network right that has learned too little."""

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
from charnn.tasks.transducer.edit_rules import MET, EditRules
from charnn.tasks.transducer.use.line_transducer import TransduceOptions
from charnn.tasks.transducer.use.model import Transducer

LEMMAS = ["".join(letters) for length in (3, 4) for letters in itertools.product("abc", repeat=length)]
FEATURES = ("V;PST", "V;PTCP", "N;PL")
SMALL: dict[str, Any] = {"hidden": 16, "embedding": 8, "learning_rate": 0.02, "precision": "fp32", "device": "cpu"}


def form(lemma: str, features: str) -> str:
    if features == "V;PST":
        return f"{lemma}ed"
    if features == "V;PTCP":
        return f"ge{lemma[:-1]}t"
    return f"{lemma[:-1]}es" if lemma.endswith("a") else f"{lemma}s"


ASKED = [(lemma, features) for lemma in LEMMAS[::5] for features in FEATURES]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("edits") / "forms.tsv"
    rows = [f"{lemma}\t{features}\t{form(lemma, features)}\n" for lemma in LEMMAS[::-1] for features in FEATURES]
    path.write_text("".join(rows), "utf-8")
    return path


@pytest.fixture(scope="module")
def model(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "model"
    train(str(corpus), task="transducer", steps=50, seed=1, lookup="never", out=path, **SMALL)
    return path


def right(path: Path, beam: int) -> int:
    with load(path) as transducer:
        assert isinstance(transducer, Transducer)
        found = transducer.targets([f"{lemma}\t{features}" for lemma, features in ASKED], TransduceOptions(beam))
    return sum(targets[0].text == form(*asked) for targets, asked in zip(found, ASKED, strict=True))


def test_edits_that_help_are_kept_and_told(model: Path, command: Callable[..., Any]) -> None:
    config = load(model).config
    assert config.ngrams is not None
    assert config.ngrams.accuracy > config.ngrams.accuracy_alone
    assert right(model, 5) > right(model, 1)
    said = command("info", str(model)).out
    assert "of 3 bundles of features" in said
    assert f"{100 * config.ngrams.accuracy:.2f}% of lines right" in said


def test_where_nothing_is_held_out_they_are_kept_and_unmeasured(corpus: Path, tmp_path: Path) -> None:
    path = tmp_path / "model"
    train(str(corpus), task="transducer", steps=50, seed=1, valid="none", out=path, **SMALL)
    config = load(path).config
    assert config.ngrams is not None
    assert config.ngrams.accuracy is None
    assert (path / NGRAMS).is_file()


def test_edits_are_read_as_they_were_written(model: Path) -> None:
    with load(model) as transducer:
        assert isinstance(transducer, Transducer)
        rules = transducer.ngrams
    assert isinstance(rules, EditRules)
    arrays, _ = read_arrays(model / NGRAMS)
    assert {name: array.tolist() for name, array in rules.arrays().items()} == {
        name: array.tolist() for name, array in arrays.items()
    }


def test_a_damaged_table_is_refused(model: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(model, tmp_path / "copy"))
    arrays, _ = read_arrays(copy / NGRAMS)
    write_arrays(copy / NGRAMS, {**arrays, MET: arrays[MET][:, :-1].copy()})
    with pytest.raises(ModelFormatError, match=r"ngrams\.safetensors: damaged: no table of edits"):
        TransducerDirectory.open(copy).check()
