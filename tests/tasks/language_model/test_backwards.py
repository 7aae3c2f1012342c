"""A language model that reads backwards is what one is that learned the same texts turned round."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import charnn
from charnn import api, cache
from charnn.corpora import rereading
from charnn.corpora.data_files import DataFiles
from charnn.errors import UsageError
from charnn.tasks.choosing import task_named
from charnn.tasks.language_model.corpus import read_corpus
from charnn.tasks.language_model.directory import LanguageModelDirectory
from charnn.tasks.language_model.learn.adaptation import adapted_to
from charnn.tasks.language_model.learn.data import EncodedCorpus
from charnn.tasks.language_model.long_ids import Backwards
from charnn.tasks.language_model.options import LanguageModelEvaluationOptions
from charnn.tokenizers.base import STOP_ID
from charnn.tokenizers.characters import CharacterTokenizer
from charnn.training.distributed.processes import ALONE

LINES = [f"{'the cat' if n % 2 else 'a dog'} ran {n % 7} miles.\n" for n in range(60)]
TEXT = "".join(LINES)
TINY: dict[str, Any] = {
    "hidden": 8,
    "layers": 1,
    "batch": 4,
    "window": 8,
    "steps": 20,
    "precision": "fp32",
    "task": "language-model",
}
documents = st.lists(st.lists(st.integers(1, 5), max_size=5), min_size=1, max_size=4)


def end_to_end(parts: list[list[int]], *, stops: bool) -> np.ndarray:
    ids = [token for part in parts for token in (*part, STOP_ID)]
    return np.array(ids if stops else ids[:-1], np.int32)


@given(documents, st.booleans())
def test_each_document_is_turned_round_and_a_stop_token_still_follows_it(parts: list[list[int]], stops: bool) -> None:
    ids = end_to_end(parts, stops=stops)
    expected = end_to_end([part[::-1] for part in reversed(parts)], stops=stops)
    if not stops and ids.size and ids[-1] == STOP_ID:  # an empty last document leaves the stop token before it
        return
    turned = Backwards(ids, STOP_ID)
    assert len(turned) == len(expected)
    if not len(ids):
        return
    places = np.arange(-len(ids), len(ids))
    np.testing.assert_array_equal(turned[places], expected[places])
    np.testing.assert_array_equal(turned[places.reshape(2, -1)], expected[places.reshape(2, -1)])
    for part in (slice(None), slice(1, 4), slice(2, None), slice(0, 99)):
        np.testing.assert_array_equal(turned[part], expected[part])


@pytest.mark.parametrize("long", [False, True])
@pytest.mark.parametrize("unit", ["file", "line"])
def test_a_corpus_is_read_backwards_from_memory_and_from_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unit: str, long: bool
) -> None:
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "cache"))
    (tmp_path / "text.txt").write_text(TEXT)
    if long:
        monkeypatch.setattr(rereading, "LONG", 0)
    corpus = read_corpus(DataFiles([str(tmp_path / "text.txt")]), document=unit)
    corpus = replace(corpus, config=replace(corpus.config, backwards=True))
    tokenizer = CharacterTokenizer("".join(sorted(set(TEXT))))
    encoded = EncodedCorpus.encode(corpus, tokenizer)
    read = "".join(tokenizer.decode([token]) or "|" for token in encoded.training[:].tolist())
    kept = corpus.config.training_characters
    if unit == "file":
        assert read == TEXT[:kept][::-1]
    else:
        assert read == "".join(f"{line[::-1]}|" for line in reversed(TEXT[:kept].splitlines(keepends=True)))
    held_out = [tokenizer.decode(ids.tolist()) for ids in encoded.validation]
    assert sorted(held_out) == sorted([TEXT[kept:][::-1]] if unit == "file" else
                                      [line[::-1] for line in TEXT[kept:].splitlines(keepends=True)])  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`turned` has learned the text turned round, and `backwards` the text, backwards."""
    folder = tmp_path_factory.mktemp("backwards")
    (folder / "text.txt").write_text(TEXT)
    (folder / "turned.txt").write_text(TEXT[::-1])
    charnn.train(folder / "turned.txt", out=folder / "turned", valid="none", **TINY)
    charnn.train(folder / "text.txt", out=folder / "backwards", valid="none", backwards=True, **TINY)
    return folder


def weights(path: Path) -> bytes:
    return (path / "weights.safetensors").read_bytes()


def test_it_learns_the_same_weights(folder: Path) -> None:
    assert weights(folder / "backwards") == weights(folder / "turned")
    config, turned = (json.loads((folder / name / "config.json").read_text()) for name in ("backwards", "turned"))
    assert config["corpus"]["backwards"]
    assert "backwards" not in turned["corpus"]
    assert config["scores"]["nats_per_character"] == turned["scores"]["nats_per_character"]


@pytest.mark.parametrize(("context", "adapt"), [("carried", False), ("10", False), ("carried", True)])
@pytest.mark.parametrize("long", [False, True])
def test_it_costs_a_text_what_the_text_turned_round_costs(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, context: str, adapt: bool, long: bool
) -> None:
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "cache"))
    (tmp_path / "new.txt").write_text(TEXT[100:400])
    (tmp_path / "new turned.txt").write_text(TEXT[100:400][::-1])
    figures = []
    for model, text in (("turned", "new turned.txt"), ("backwards", "new.txt")):
        if long and model == "backwards":
            monkeypatch.setattr(rereading, "LONG", 0)
        options = LanguageModelEvaluationOptions(context=context, adapt=adapt)
        evaluation = task_named("language-model").evaluate(charnn.load(folder / model), [str(tmp_path / text)], options)
        assert list(evaluation.run()) == []
        figures.append(evaluation.to_json())
    for name in ("nats_per_character", "nats_per_stop"):
        assert figures[1][name] == pytest.approx(figures[0][name], abs=1e-5)
    assert figures[0]["documents"] == figures[1]["documents"]
    if adapt:
        of_each = [figures_of["adapted"]["nats_per_character"] for figures_of in figures]
        assert of_each[1] == pytest.approx(of_each[0], abs=1e-5)
        assert of_each[0] < figures[0]["nats_per_character"]


def test_a_run_that_was_cut_goes_on_backwards(folder: Path, tmp_path: Path) -> None:
    options = {name: value for name, value in TINY.items() if name != "task"} | {"valid": ["none"], "backwards": True}
    for again in ([], [str(folder / "text.txt")]):
        out = tmp_path / f"{len(again)}"
        session = api.start(
            [str(folder / "text.txt")], "language-model", options, out=out, overwrite=False, processes=ALONE
        )
        answers = iter([False] * 6 + [True])
        assert session.run(api.SilentObserver(), lambda answers=answers: next(answers)) == "interrupt"
        session = api.go_on(str(out), again, {}, processes=ALONE)
        assert session.run(api.SilentObserver()) == "budget"
        assert weights(out) == weights(folder / "backwards")


def test_what_writes_or_scores_lines_refuses_it(folder: Path, tmp_path: Path) -> None:
    model = charnn.load(folder / "backwards")
    with pytest.raises(UsageError, match="reads backwards"):
        "".join(model.sample("the"))
    with pytest.raises(UsageError, match="reads backwards"):
        list(model.score(["the"]))
    with pytest.raises(UsageError, match="reads backwards"):
        adapted_to("the", LanguageModelDirectory(folder / "backwards"), tmp_path / "no")
    assert not (tmp_path / "no").exists()


def test_one_that_starts_from_it_reads_backwards_too_and_one_that_starts_from_another_cannot(
    folder: Path, tmp_path: Path
) -> None:
    more = {**TINY, "hidden": None, "layers": None, "steps": 2}
    more = {name: value for name, value in more.items() if value is not None}
    charnn.train(folder / "text.txt", out=tmp_path / "more", start_from=folder / "backwards", **more)
    assert json.loads((tmp_path / "more" / "config.json").read_text())["corpus"]["backwards"]
    with pytest.raises(UsageError, match="has learned to read forwards"):
        charnn.train(folder / "text.txt", out=tmp_path / "no", start_from=folder / "turned", backwards=True, **more)


@pytest.mark.parametrize("option", [{"conditioned": True}, {"stopping": "length"}, {"tokenizer": "bytes"}], ids=str)
def test_what_could_not_be_a_reader_is_refused(folder: Path, tmp_path: Path, option: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="--backwards"):
        charnn.train(folder / "text.txt", out=tmp_path / "no", backwards=True, **option, **TINY)
    assert not (tmp_path / "no").exists()
