"""Where nobody names a column of tags, it is told which one is meant, and what it is called."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest

from charnn.corpora.data_files import DataFiles
from charnn.errors import CharnnWarning
from charnn.tasks.tagger.told_columns import told_columns
from charnn.tasks.tagger.treebank import read_treebank

SENTENCE = (("EU", "eu", "NNP", "B-NP", "B-ORG"), ("rejects", "reject", "VBZ", "B-VP", "O"), (".", ".", ".", "O", "O"))
UNIVERSAL = {"NNP": "PROPN", "VBZ": "VERB", ".": "PUNCT"}


def rows(*places: int, sentence: tuple[tuple[str, ...], ...] = SENTENCE) -> str:
    """Some columns of the same sentence, over and over."""
    return ("".join("\t".join(row[place] for place in places) + "\n" for row in sentence) + "\n") * 5


def told(text: str, *, known: tuple[str, ...] = ()) -> tuple[tuple[str, ...], list[str]]:
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        columns = told_columns(text, "file", "columns", "word", known)
    assert all(issubclass(one.category, CharnnWarning) for one in said)
    return columns, [str(one.message) for one in said]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (rows(0, 4), "ner"),
        (rows(0, 3), "chunk"),
        (rows(0, 2), "xpos"),
        (
            rows(
                0,
                2,
                sentence=tuple(
                    (form, lemma, UNIVERSAL[tag], chunk, entity) for form, lemma, tag, chunk, entity in SENTENCE
                ),
            ),
            "upos",
        ),
        ("EU\tORG\nrejects\tO\nGerman\tO\ncall\tO\n\n" * 5, "ner"),
        ("ja\tde\nyes\ten\n.\tother\n\n" * 5, "tag"),
        ("猫\t名詞\nが\t助詞\n.\t記号\n\n" * 5, "tag"),
        ("中\tB\n文\tE\n好\tS\n\n" * 5, "tag"),
        ("EU\tNumber=Sing\nwe\tNumber=Plur|Person=1\n.\t_\n\n" * 5, "feats"),
    ],
)
def test_a_column_is_called_by_what_its_tags_look_like(text: str, name: str) -> None:
    assert told(text) == ((name,), [])


@pytest.mark.parametrize(
    ("places", "columns", "said"),
    [
        ((0, 2, 3, 4), ("_", "_", "ner"), "the last is taken for ner; --columns _,_,ner says so, and --columns xpos"),
        ((0, 2, 3), ("_", "chunk"), "the last is taken for chunk; --columns _,chunk says so"),
        ((0, 1, 2), ("_", "xpos"), "the last is taken for xpos; --columns _,xpos says so, and --columns tag takes"),
        (
            (0, 2, 1),
            ("xpos",),
            "the first is taken for xpos; --columns xpos,_ says so, and --columns _,tag takes the l",
        ),
        ((0, 1, 4, 2), ("_", "ner"), "the one with number 2 is taken for ner; --columns _,ner,_ says so"),
    ],
)
def test_of_several_columns_entities_are_meant_or_else_tags_and_that_is_said(
    places: tuple[int, ...], columns: tuple[str, ...], said: str
) -> None:
    found, (warning,) = told(rows(*places))
    assert found == columns
    assert said in warning


def test_a_header_names_the_column() -> None:
    assert told("word\tpos\tner\n" + rows(0, 2, 4)) == (
        ("ner",),
        ["file: the column ner is learned; --columns pos,ner learns all"],
    )
    assert told("token\ttag\n" + rows(0, 2)) == (("tag",), [])


def test_a_header_names_columns_also_where_a_column_counts_the_words(tmp_path: Path) -> None:
    numbered = (("1", *SENTENCE[0]), ("2", *SENTENCE[1]), ("3", *SENTENCE[2]))
    (tmp_path / "file").write_text("id\tword\tpos\tner\n" + rows(0, 1, 3, 5, sentence=numbered), "utf-8")
    for column, tags in (("pos", ["NNP", "VBZ", "."]), ("ner", ["B-ORG", "O", "O"])):
        with pytest.warns(CharnnWarning):
            read = read_treebank(DataFiles([str(tmp_path / "file")]), columns=(column,))
        assert (read.training[0].words, read.training[0].tags) == (["EU", "rejects", "."], (tags,))


def test_a_column_is_called_as_in_the_model_that_is_started_from() -> None:
    assert told(rows(0, 4), known=("upos",))[0] == ("upos",)
    assert told(rows(0, 4), known=("upos", "ner"))[0] == ("ner",)
    assert told(rows(0, 2, 4), known=("entities",))[0] == ("_", "entities")


def test_words_between_slashes_and_characters_have_names_too() -> None:
    assert told_columns("EU_B-ORG is_O ._O\n" * 5, "file", "slashed", "word", ()) == ("ner",)
    assert told_columns("The_DT cat_NN ._.\n" * 5, "file", "slashed", "word", ()) == ("xpos",)
    assert told_columns("a\tB-ORG\n\n" * 5, "file", "columns", "character", ()) == ("tag",)
    assert told_columns("1\ta\n", "file", "conllu", "word", ("ner",)) == ("upos",)
