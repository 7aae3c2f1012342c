from __future__ import annotations

import gzip
import io
import json
import sys
from pathlib import Path

import pytest

from charnn.corpora.data_files import DataFiles
from charnn.errors import CorpusError, UsageError
from charnn.tasks.tagger.config import TreebankConfig, TreebankFormat
from charnn.tasks.tagger.formats.sentence import NO_TAG, TaggedSentence
from charnn.tasks.tagger.treebank import read_treebank, read_treebank_again


def conllu(*words: str, xpos: str = "_", feats: str = "_") -> str:
    rows = [f"{i}\t{word}\t_\tT{word}\t{xpos}\t{feats}\t_\t_\t_\t_\n" for i, word in enumerate(words, 1)]
    return "".join(rows) + "\n"


def file_with(text: str, folder: Path, name: str = "bank") -> str:
    (folder / name).write_bytes(text.encode())
    return str(folder / name)


def tagged(*words: str) -> TaggedSentence:
    return TaggedSentence(list(words), ([f"T{word}" for word in words],))


def test_the_last_tenth_of_the_sentences_is_held_out(tmp_path: Path) -> None:
    text = "# a comment alone\n\n" + "".join(conllu(f"a{number}", "b") for number in range(30))
    treebank = read_treebank(DataFiles([file_with(text, tmp_path)]))
    assert treebank.training == [tagged(f"a{number}", "b") for number in range(27)]
    assert treebank.validation == [tagged(f"a{number}", "b") for number in range(27, 30)]
    config = treebank.config
    assert (config.format, config.columns, config.level) == ("conllu", ("upos",), "word")
    assert (config.training_sentences, config.training_words, config.training_characters) == (
        27,
        54,
        10 * 2 + 17 * 3 + 27,
    )
    assert (config.validation_sentences, config.validation_words) == (3, 6)
    assert TreebankConfig.from_json(json.loads(json.dumps(config.to_json()))) == config


@pytest.mark.parametrize(("sentences", "held_out"), [(2, 1), (10, 1), (11, 2), (20, 2)])
def test_at_least_one_sentence_is_on_each_side(sentences: int, held_out: int, tmp_path: Path) -> None:
    treebank = read_treebank(DataFiles([file_with(conllu("a") * sentences, tmp_path)]))
    assert (len(treebank.training), len(treebank.validation)) == (sentences - held_out, held_out)


def test_a_treebank_of_several_files_is_read_again_as_it_was(tmp_path: Path) -> None:
    first = file_with(conllu("a") + conllu("b"), tmp_path, "one")
    (tmp_path / "two.gz").write_bytes(gzip.compress(conllu("c").encode()))
    valid = file_with(conllu("d"), tmp_path, "valid")
    treebank = read_treebank(DataFiles([first, str(tmp_path / "two.gz")], [valid]))
    assert (treebank.training, treebank.validation) == ([tagged("a"), tagged("b"), tagged("c")], [tagged("d")])
    assert read_treebank_again(treebank.config) == treebank
    file_with(conllu("e"), tmp_path, "valid")
    with pytest.raises(CorpusError, match="valid: has changed since the model was trained"):
        read_treebank_again(treebank.config)


def test_dash_is_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a\tA\n\nb\tB\nc\n")))
    with pytest.raises(CorpusError, match=r"^standard input:4: expected 2 columns, found 1$"):
        read_treebank(DataFiles(["-"]))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a\tA\n\nb\tB\nc\n")))
    with pytest.raises(CorpusError, match=r"^standard input:4: expected 2 columns, found 1$"):
        read_treebank(DataFiles(["-"]), format="columns")


def test_columns_and_slashed_are_recognized_and_named_by_position(tmp_path: Path) -> None:
    columns = read_treebank(DataFiles([file_with("a\tA\tx\nb\tB\ty\n\nc\tC\tz\n", tmp_path)]), columns=("upos", "xpos"))
    assert columns.config.format == "columns"
    assert columns.training == [TaggedSentence(["a", "b"], (["A", "B"], ["x", "y"]))]
    slashed = read_treebank(DataFiles([file_with("a_A b_B\n\nc_C\n", tmp_path)]), columns=("ner",))
    assert slashed.config.format == "slashed"
    assert slashed.training == [TaggedSentence(["a", "b"], (["A", "B"],))]


def test_the_first_malformed_sentence_is_an_error_with_its_line(tmp_path: Path) -> None:
    path = file_with(conllu("a") + conllu("b") + "1\tc\n", tmp_path)
    with pytest.raises(CorpusError) as caught:
        read_treebank(DataFiles([path]))
    assert str(caught.value) == f"{path}:5: expected 10 columns, found 2"


def test_words_without_a_tag_are_counted_and_sentences_without_any_are_left_out(tmp_path: Path) -> None:
    text = "a\tA\tx\nb\t_\ty\n\nc\t\t_\n\nd\tB\t_\n\ne\t_\t_\n\n"
    treebank = read_treebank(
        DataFiles([file_with(text, tmp_path)], [file_with("v\tA\tx\n", tmp_path, "v")]),
        columns=("upos", "xpos"),
        format="columns",
    )
    assert [(s.words, s.tags) for s in treebank.training] == [
        (["a", "b"], (["A", NO_TAG], ["x", "y"])),
        (["d"], (["B"], [NO_TAG])),
    ]
    config = treebank.config
    assert (config.untagged_words, config.untagged_sentences, config.training_words) == ((3, 3), 2, 3)
    assert config.left_out == "3 words without upos, 3 words without xpos, 2 sentences without any tag"
    assert read_treebank_again(config) == treebank


def test_columns_that_are_passed_over_are_recorded_and_read_again(tmp_path: Path) -> None:
    formats: tuple[tuple[str, TreebankFormat], ...] = (
        ("a\tX\tA\nb\tY\tB\n\nc\tZ\tC\n", "columns"),
        ("a_X_A b_Y_B\nc_Z_C\n", "slashed"),
    )
    for text, format in formats:
        treebank = read_treebank(DataFiles([file_with(text, tmp_path)]), columns=("_", "ner"), format=format)
        assert treebank.config.columns == ("ner",)
        assert treebank.training == [TaggedSentence(["a", "b"], (["A", "B"],))]
        assert read_treebank_again(treebank.config) == treebank


@pytest.mark.parametrize(
    ("column", "said", "hint"),
    [
        ("pos", "has no column 'pos'", "did you mean upos or xpos? it has lemma, upos, xpos, feats, deprel"),
        ("UPOS", "has no column 'UPOS'", "did you mean upos or xpos? it has lemma, upos, xpos, feats, deprel"),
        ("xpos", "no word that could be trained on has a tag of the column xpos", "columns with tags are upos"),
        ("feats", "no word that could be trained on has a tag of the column feats", "columns with tags are upos"),
    ],
)
def test_a_column_that_there_is_not_is_answered_with_those_that_there_are(
    column: str, said: str, hint: str, tmp_path: Path
) -> None:
    path = file_with(conllu("a") + conllu("b", "c"), tmp_path)
    with pytest.raises(UsageError) as caught:
        read_treebank(DataFiles([path]), columns=(column,))
    assert said in str(caught.value)
    assert hint in str(caught.value.hint)


def test_a_held_out_part_without_a_tag_of_a_column_is_said(tmp_path: Path) -> None:
    path = file_with("a\tA\tx\n\nb\tB\t_\n", tmp_path)
    with pytest.raises(CorpusError, match=r"no word of the part that is held out has a tag of the column xpos$"):
        read_treebank(DataFiles([path]), columns=("upos", "xpos"), format="columns")


@pytest.mark.parametrize(("text", "found"), [("", "no sentence"), (conllu("a"), "a single sentence, of 1 word")])
def test_too_few_sentences_cannot_be_divided(text: str, found: str, tmp_path: Path) -> None:
    with pytest.raises(
        CorpusError, match=f"bank: there is {found}, and one must be held out; a blank line ends a sentence$"
    ):
        read_treebank(DataFiles([file_with(text, tmp_path)]), format="conllu")
    one = file_with(conllu("a"), tmp_path, "one")
    empty = file_with("# nothing\n", tmp_path, "empty")
    for paths in (([one], [empty]), ([empty], [one])):
        with pytest.raises(CorpusError, match=r"empty: there is no sentence$"):
            read_treebank(DataFiles(*paths), format="conllu")
    assert len(read_treebank(DataFiles([one], [one])).training) == 1


def test_raw_text_is_no_treebank(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"bank: it is neither CoNLL-U, nor columns, nor word_TAG$"):
        read_treebank(DataFiles([file_with("The cat sat.\n", tmp_path)]))


def test_words_of_the_level_character_are_one_character_each(tmp_path: Path) -> None:
    treebank = read_treebank(DataFiles([file_with("a\tB\n \tO\n\nc\tC\n", tmp_path)]), level="character")
    assert treebank.config.level == "character"
    assert treebank.training[0].words == ["a", " "]
    path = file_with("a\tB\n\nc\tC\nde\tC\n", tmp_path)
    with pytest.raises(CorpusError) as caught:
        read_treebank(DataFiles([path]), level="character")
    assert str(caught.value) == f"{path}:4: expected words of one character, found 'de'"


def test_aligned_files_give_every_character_a_tag(tmp_path: Path) -> None:
    text = file_with("\ufeffab c\r\n\nde\u0301\n", tmp_path, "text")
    tags = file_with("BI B\n\nXY", tmp_path, "tags")
    treebank = read_treebank(DataFiles([text]), tag_paths=[tags])
    assert treebank.training == [TaggedSentence(list("ab c"), (list("BI B"),))]
    assert treebank.validation == [TaggedSentence(["d", "e\u0301"], (["X", "Y"],))]
    assert (treebank.config.format, treebank.config.level) == ("aligned", "character")
    assert read_treebank_again(treebank.config) == treebank
    file_with("BI B\n\nXX", tmp_path, "tags")
    with pytest.raises(CorpusError, match="tags: has changed"):
        read_treebank_again(treebank.config)


@pytest.mark.parametrize(
    ("text", "tags", "message"),
    [
        ("ab\ncd\n", "ab\nc\n", "{text}:2: 2 characters, where {tags}:2 has 1"),
        ("a\n", "ab\n", "{text}:1: 1 character, where {tags}:1 has 2"),
        ("e\u0301\n", "ab\n", "{text}:1: 1 character, where {tags}:1 has 2"),
        ("a\nb\n", "a\n", "{text}: 2 lines, where {tags} has 1"),
        ("a\n", "a\n\n", "{text}: 1 line, where {tags} has 2"),
    ],
)
def test_files_that_are_not_aligned_are_told_where(text: str, tags: str, message: str, tmp_path: Path) -> None:
    paths = {"text": file_with(text, tmp_path, "text"), "tags": file_with(tags, tmp_path, "tags")}
    with pytest.raises(CorpusError) as caught:
        read_treebank(DataFiles([paths["text"]]), tag_paths=[paths["tags"]])
    assert str(caught.value) == message.format(**paths)


def test_aligned_files_that_cannot_be_are_wrong_usage() -> None:
    with pytest.raises(UsageError, match="come in pairs"):
        read_treebank(DataFiles(["a", "b"]), tag_paths=["c"])
    with pytest.raises(UsageError, match="come in pairs"):
        read_treebank(DataFiles(["a"]), format="aligned")
    with pytest.raises(UsageError, match="no --valid"):
        read_treebank(DataFiles(["a"], ["b"]), tag_paths=["c"])
    with pytest.raises(UsageError, match="one column"):
        read_treebank(DataFiles(["a"]), tag_paths=["c"], columns=("upos", "xpos"))
    with pytest.raises(UsageError, match="not with conllu"):
        read_treebank(DataFiles(["a"]), tag_paths=["c"], format="conllu")
