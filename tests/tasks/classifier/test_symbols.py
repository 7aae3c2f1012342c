"""What the network of a classifier reads: words where texts are made of words that come again, or else characters."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

import charnn
from charnn.errors import UsageError
from charnn.tasks.classifier.learn.symbols import suits_words

SENTENCES = [f"{who} has {what} for us today" for who in ("she", "he", "nobody") for what in ("bread", "milk", "news")]


def test_sentences_are_read_as_words() -> None:
    assert suits_words(SENTENCES)


@pytest.mark.parametrize(
    "texts",
    [
        [],
        ["", " "],
        ["Smith", "O'Neill", "van Dyke"] * 9,
        ["私は学生です", "彼は先生です。", "今日は雨だ"] * 9,
        [" ".join(random.Random(n).choices("abcdefghij", k=9)).replace(" ", str(n)) + f" {n}" for n in range(40)],
    ],
    ids=["nothing", "empty texts", "names", "no spaces", "words that come once"],
)
def test_other_texts_are_read_as_characters(texts: list[str]) -> None:
    assert not suits_words(texts)


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    path = tmp_path / "labelled.tsv"
    path.write_text("".join(f"{'ab'[n % 2]}\t{SENTENCES[n * 7 % 9]} {'now' if n % 2 else 'then'}\n" for n in range(60)))
    return path


TINY = {"task": "classifier", "steps": 30, "hidden": 8, "seed": 1, "learning_rate": 0.02}


def kind(model: Path) -> str:
    return str(json.loads((model / "config.json").read_text())["tokenizer"]["kind"])


def test_what_is_asked_for_is_read(labelled: Path, tmp_path: Path) -> None:
    charnn.train(labelled, out=tmp_path / "chosen", **TINY)
    charnn.train(labelled, out=tmp_path / "asked", tokenizer="characters", **TINY)
    assert (kind(tmp_path / "chosen"), kind(tmp_path / "asked")) == ("words", "characters")


def test_words_alone_tell_a_label(labelled: Path, tmp_path: Path) -> None:
    charnn.train(labelled, out=tmp_path / "m", tokenizer="words", ngrams=0, **TINY)
    said = charnn.load(tmp_path / "m").classify(["milk for nobody NOW", "strange, then", ""])
    assert [one.label for one in said[:2]] == ["b", "a"]


def test_what_spoke_for_a_label_is_told_in_what_the_network_reads(labelled: Path, tmp_path: Path) -> None:
    text, found = "she has milk now", {}
    for tokenizer in ("words", "characters"):
        charnn.train(labelled, out=tmp_path / tokenizer, tokenizer=tokenizer, **TINY)
        parts = charnn.load(tmp_path / tokenizer).explain(text)
        found[tokenizer] = [text[part.start : part.end] for part in parts]
    assert found == {"words": text.split(), "characters": list(text.replace(" ", ""))}


def test_a_classifier_that_starts_from_one_of_words_reads_words(labelled: Path, tmp_path: Path) -> None:
    charnn.train(labelled, out=tmp_path / "old", **TINY)
    more = tmp_path / "more.tsv"
    more.write_text("a\tkrill then krill\nb\tkrill now\na\tBread then\nb\tbread now\n" * 5)
    charnn.train(more, out=tmp_path / "new", start_from=str(tmp_path / "old"), **{**TINY, "hidden": None})
    words = json.loads((tmp_path / "new" / "tokenizer.json").read_text())["words"]
    assert {"krill", "bread", "nobody"} <= set(words)


def test_a_language_model_reads_no_words(labelled: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--tokenizer words: a language model writes what it reads"):
        charnn.train(labelled, out=tmp_path / "m", task="language-model", tokenizer="words", steps=1)
