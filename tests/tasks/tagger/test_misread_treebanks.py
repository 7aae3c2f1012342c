"""What a treebank is told that lacks what parts its sentences, or whose columns are not what they are taken for."""

from __future__ import annotations

import subprocess
import warnings
from pathlib import Path

import pytest

from charnn.corpora.data_files import DataFiles
from charnn.errors import CharnnWarning, CorpusError
from charnn.tasks.tagger.formats.sentence import LONG
from charnn.tasks.tagger.treebank import read_treebank
from charnn.tasks.tagger.use.stream import InputSentences

TAGS = ("DET", "NOUN", "VERB", "ADJ", "PUNCT")
ROWS = [(f"word{number % 90}", TAGS[number % 90 % 5]) for number in range(200)]


def rows(separator: str = "\t", parted: bool = True, swapped: bool = False) -> str:
    lines = [separator.join(row[::-1] if swapped else row) for row in ROWS]
    return "".join(f"{line}\n" + "\n" * (parted and number % 5 == 4) for number, line in enumerate(lines))


def write(text: str, folder: Path) -> str:
    (folder / "bank").write_text(text)
    return str(folder / "bank")


def said(text: str, folder: Path) -> list[str]:
    """What is warned of where the text is read as columns."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", CharnnWarning)
        read_treebank(DataFiles([write(text, folder)]), format="columns")
    return [str(one.message) for one in caught]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (rows(parted=False), "a single sentence, of 200 words, and one must be held out; a blank line ends a sentence"),
        (rows("_").replace("\n", " "), "a single sentence, of 200 words, .*; each line is a sentence"),
    ],
)
def test_a_treebank_of_one_sentence_says_what_ends_sentences(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=message):
        read_treebank(DataFiles([write(text, tmp_path)]))


def test_ids_that_begin_again_say_that_a_blank_line_is_missing(tmp_path: Path) -> None:
    text = "".join(f"{number % 3 + 1}\tw\t_\tX" + "\t_" * 6 + "\n" for number in range(9))
    with pytest.raises(CorpusError, match=r"bank:4: expected the id 4, found '1'$") as caught:
        read_treebank(DataFiles([write(text, tmp_path)]))
    assert caught.value.hint == "if a sentence begins here, a blank line must end the one before it"


def test_a_comment_among_rows_of_columns_is_called_one(tmp_path: Path) -> None:
    text = rows().replace("word1\tNOUN\n", "word1\tNOUN\n# mine\n", 1)
    with pytest.raises(CorpusError, match=r"bank:3: a comment after the first word of a sentence$"):
        read_treebank(DataFiles([write(text, tmp_path)]), format="columns")


@pytest.mark.parametrize(("separator", "reader"), [(",", "csv.reader(sys.stdin)"), (";", '(sys.stdin, delimiter=";")')])
def test_csv_is_told_what_makes_columns_of_it(separator: str, reader: str, tmp_path: Path) -> None:
    text = f"word{separator}tag\n{rows(separator)}"
    with pytest.raises(CorpusError, match=r"and looks like CSV$") as caught:
        read_treebank(DataFiles([write(text, tmp_path)]))
    assert caught.value.hint is not None
    assert reader in caught.value.hint
    command = caught.value.hint.partition(" puts tabs")[0].replace("FILE", str(tmp_path / "bank"))
    made = subprocess.run(command, shell=True, capture_output=True, check=True, text=True)
    assert made.stdout == f"word\ttag\n{rows()}"


def test_a_very_long_sentence_is_said_once_a_file_where_it_is_learned_from_and_where_it_is_tagged(
    tmp_path: Path,
) -> None:
    long = "".join(f"{word}\t{tag}\n" for word, tag in ROWS) * (LONG // len(ROWS) + 1) + "\n"
    message = f"bank:1: a sentence of {LONG + len(ROWS):,} words is read as one; a blank line ends a sentence"
    assert [message in one for one in said(long * 2, tmp_path)] == [True]
    with pytest.warns(CharnnWarning, match=message):
        sentences = [one for part in InputSentences([str(tmp_path / "bank")], columns=("upos",)) for one in part]
    assert len(sentences) == 2


def test_a_header_that_is_learned_as_a_word_is_said(tmp_path: Path) -> None:
    for between in ("", "\n"):
        (message,) = said(f"Wort\tWortart\n{between}{rows()}", tmp_path)
        assert "the first row (Wort Wortart) is learned as a word" in message
    assert not said(rows(), tmp_path)
    assert not said(f"Ach\tINTJ\n{rows()}", tmp_path)


def test_tags_that_stand_before_their_words_are_said(tmp_path: Path) -> None:
    (message,) = said(rows(swapped=True), tmp_path)
    assert "what is taken for the words looks like tags, such as 'DET' with the tag 'word0'" in message
