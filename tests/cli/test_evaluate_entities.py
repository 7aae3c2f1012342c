"""`charnn eval` of a tagger of named entities: exact spans and types, counted as conlleval counts them."""

from __future__ import annotations

from typing import Any

import pytest

import charnn as library

BIO = "Ann\tB-PER\nLee\tI-PER\nsaw\tO\nBonn\tB-LOC\n\n"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """It has the sentence by heart."""
    folder = tmp_path_factory.mktemp("entities")
    (folder / "bio.tsv").write_text(BIO * 20)
    return library.train(folder / "bio.tsv", columns="tag", hidden=16, steps=60, out=folder / "model").path


def test_entities_are_counted_by_exact_spans_and_types(charnn: Any, model: Any, tmp_path: Any) -> None:
    """Gold has three entities of PER and one of LOC, predicted are one of each in each sentence: found are two."""
    other = BIO.replace("Lee\tI-PER", "Lee\tB-PER").replace("Bonn\tB-LOC", "Bonn\tO")
    (tmp_path / "test.tsv").write_text(BIO + other)
    result = charnn("eval", tmp_path / "test.tsv", "--model", model, "--json")
    assert result.code == 0, result.err
    tag = result.json["tag"]
    assert tag["accuracy"] == 6 / 8
    assert tag["figure_to_quote"] == "entities.f1"
    assert tag["entities"] == {
        "scheme": "BIO",
        "gold_scheme": "BIO",
        "precision": 2 / 4,
        "recall": 2 / 4,
        "f1": 2 / 4,
        "gold": 4,
        "predicted": 4,
        "types": {
            "PER": {"precision": 1 / 2, "recall": 1 / 3, "f1": 2 / 5, "gold": 3, "predicted": 2},
            "LOC": {"precision": 1 / 2, "recall": 1.0, "f1": 2 / 3, "gold": 1, "predicted": 2},
        },
    }
    result = charnn("eval", tmp_path / "test.tsv", "--model", model)
    rows = [line.split() for line in result.text.splitlines()]
    assert ["all", "types", "50.00", "50.00", "50.00", "4"] in rows
    assert "the F1 of all types is what to quote" in result.text


def test_a_treebank_in_another_scheme_is_scored_by_entities_and_the_report_says_so(
    charnn: Any, model: Any, tmp_path: Any
) -> None:
    (tmp_path / "iob1.tsv").write_text(BIO.replace("B-", "I-") * 2 + "Ann\tI-PER\nAnn\tB-PER\n\n")
    entities = charnn("eval", tmp_path / "iob1.tsv", "--model", model, "--json").json["tag"]["entities"]
    assert (entities["scheme"], entities["gold_scheme"]) == ("BIO", "IOB1")
    assert entities["types"]["LOC"]["f1"] == 1
    report = charnn("eval", tmp_path / "iob1.tsv", "--model", model).text
    assert "the treebank has IOB1 tags and the model BIO" in report


def test_other_tags_have_no_such_figures(charnn: Any, tmp_path: Any) -> None:
    (tmp_path / "pos.tsv").write_text("a\tX\nb\tO\n\n" * 4)
    model = library.train(tmp_path / "pos.tsv", columns="tag", hidden=4, steps=1, out=tmp_path / "model").path
    for options in (), ("--json",):
        result = charnn("eval", tmp_path / "pos.tsv", "--model", model, *options)
        assert result.code == 0
        assert "entities" not in result.text


def test_tags_in_no_order_that_any_scheme_allows_are_entities_but_are_not_called_bio(
    charnn: Any, tmp_path: Any
) -> None:
    """Some I- begin an entity: the tagger is free, and eval counts entities all the same."""
    (tmp_path / "mixed.tsv").write_text((BIO + "Bonn\tI-LOC\nsaw\tO\n\n") * 10)
    path = library.train(tmp_path / "mixed.tsv", columns="tag", hidden=4, steps=1, out=tmp_path / "model").path
    assert "schemes" not in charnn("info", path, "--json").json["corpus"]
    entities = charnn("eval", tmp_path / "mixed.tsv", "--model", path, "--json").json["tag"]["entities"]
    assert (entities["scheme"], entities["gold_scheme"], entities["gold"]) == (None, None, 30)


def test_info_names_the_scheme(charnn: Any, model: Any) -> None:
    assert "; BIO entities" in charnn("info", model).text
    assert charnn("info", model, "--json").json["corpus"]["schemes"] == ["BIO"]


def test_types_without_a_prefix_are_entities_too(charnn: Any, model: Any, tmp_path: Any) -> None:
    """Stanford's tagger writes such tags. They are scored against a model of BIO as well."""
    bare = BIO.replace("B-", "").replace("I-", "").replace("saw\tO", "saw\tO\nit\tO\nall\tO\ntoo\tO")
    (tmp_path / "bare.tsv").write_text(bare * 20)
    entities = charnn("eval", tmp_path / "bare.tsv", "--model", model, "--json").json["tag"]["entities"]
    assert (entities["scheme"], entities["gold_scheme"], entities["gold"]) == ("BIO", "IO", 40)
    options = ("--columns", "tag", "--hidden", "8", "--steps", "1", "--out", "bare")
    assert charnn("train", tmp_path / "bare.tsv", *options).code == 0
    assert "2 tag" not in (said := charnn("info", "bare").text)
    assert "; IO entities" in said


def test_other_tags_are_quoted_by_their_accuracy(charnn: Any, tmp_path: Any) -> None:
    (tmp_path / "pos.txt").write_text("the_DET cat_NOUN\n" * 9)
    options = ("--columns", "tag", "--hidden", "8", "--steps", "1", "--out", "pos")
    assert charnn("train", tmp_path / "pos.txt", *options).code == 0
    tag = charnn("eval", "--model", "pos", "--json").json["tag"]
    assert (tag["figure_to_quote"], "entities" in tag) == ("accuracy", False)
