"""N-grams of aligned pairs are kept beside each kind of network that has learned too little, and set it right."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest

from charnn import load, train
from charnn.tasks.folds import read_folds
from charnn.tasks.transducer.config import PairNgramsConfig, TransducerConfig
from charnn.tasks.transducer.directory import NGRAMS
from charnn.tasks.transducer.use.line_transducer import TransduceOptions
from charnn.tasks.transducer.use.model import Transducer

WORDS = ["".join(letters) for length in (2, 3, 4) for letters in itertools.product("äbcd", repeat=length)]
SMALL: dict[str, Any] = {"hidden": 16, "embedding": 8, "learning_rate": 0.02, "precision": "fp32", "device": "cpu"}
KINDS: dict[str, dict[str, Any]] = {
    "members": {"members": 2},
    "ctc": {"decoder": "ctc"},
    "bytes": {"source_symbols": "bytes", "target_symbols": "bytes"},
    "without attention": {"attention": "none", "copy": "never"},
}


def spelt(word: str) -> str:
    return word.replace("äb", "w").translate(str.maketrans("äbcd", "xyzv"))


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("kept") / "words.tsv"
    path.write_text("".join(f"{word}\t{spelt(word)}\n" for word in WORDS[::-1] * 2), "utf-8")
    return path


def learned(corpus: Path, out: Path, **options: Any) -> Path:
    train(str(corpus), task="transducer", steps=15, seed=1, lookup="never", out=out, **SMALL, **options)
    return out


def right(path: Path, beam: int) -> int:
    with load(path) as model:
        assert isinstance(model, Transducer)
        lines = model.targets(WORDS, TransduceOptions(beam))
    return sum(targets[0].text == spelt(word) for targets, word in zip(lines, WORDS, strict=True))


def ngrams_of(path: Path) -> PairNgramsConfig:
    config = load(path).config
    assert isinstance(config, TransducerConfig)
    assert config.ngrams is not None
    return config.ngrams


def assert_kept(path: Path) -> None:
    ngrams = ngrams_of(path)
    assert ngrams.accuracy is not None
    assert ngrams.accuracy_alone is not None
    assert ngrams.accuracy > ngrams.accuracy_alone
    assert (path / NGRAMS).is_file()
    assert right(path, 5) > right(path, 1)


@pytest.mark.parametrize("kind", KINDS)
def test_ngrams_are_kept_beside_each_kind_of_network(kind: str, corpus: Path, tmp_path: Path) -> None:
    assert_kept(learned(corpus, tmp_path / "model", **KINDS[kind]))


def test_ngrams_are_kept_beside_a_network_that_starts_from_another(corpus: Path, tmp_path: Path) -> None:
    first = learned(corpus, tmp_path / "first")
    other = tmp_path / "other.tsv"
    other.write_text("".join(f"{word}e\t{spelt(word)}e\n" for word in WORDS[::-1]), "utf-8")
    path = tmp_path / "second"
    train(
        str(other),
        task="transducer",
        steps=5,
        seed=1,
        lookup="never",
        start_from=str(first),
        out=path,
        precision="fp32",
    )
    ngrams = ngrams_of(path)
    assert ngrams.accuracy is not None
    assert ngrams.accuracy_alone is not None
    assert ngrams.accuracy > ngrams.accuracy_alone


def test_where_nothing_is_held_out_they_are_kept_and_unmeasured(corpus: Path, tmp_path: Path) -> None:
    path = learned(corpus, tmp_path / "model", valid="none")
    ngrams = ngrams_of(path)
    assert ngrams.accuracy is None
    assert str(ngrams).endswith(": unmeasured, as nothing is held out")
    assert right(path, 5) > right(path, 1)


def test_a_cross_validation_measures_them_as_the_model_that_is_kept_has_them(corpus: Path, tmp_path: Path) -> None:
    with load(learned(corpus, tmp_path / "with", folds=2)) as model:
        figures = read_folds(model.directory)
        assert ngrams_of(model.directory.path).accuracy is None
    assert figures is not None
    with load(learned(corpus, tmp_path / "greedy", valid="none")) as model:
        assert isinstance(model, Transducer)
        greedily = model.targets(WORDS, TransduceOptions(1))
    alone = sum(targets[0].text == spelt(word) for targets, word in zip(greedily, WORDS, strict=True)) / len(WORDS)
    assert figures.mean["accuracy"] > alone
