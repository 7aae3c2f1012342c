"""The raw text of CoNLL-U, and the words in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from charnn.corpora.data_files import DataFiles
from charnn.segmentation.boundaries import SegmentedText
from charnn.tasks.tagger.formats import open_reader
from charnn.tasks.tagger.formats.raw import raw_text
from charnn.tasks.tagger.treebank import read_treebank


def found_in(head: str, *rows: str) -> SegmentedText | None:
    """Each row is an id, a form and, where a third part stands there, MISC, with | between them."""
    lines = []
    for row in rows:
        number, form, misc = [*row.split("|"), "_"][:3]
        lines.append("\t".join([number, form, *"_______", misc]) + "\n")
    reader = open_reader("conllu", "x")
    (sentence,) = [*reader.feed(head + "".join(lines) + "\n"), *reader.finish()]
    return raw_text(sentence)


NO = "SpaceAfter=No"


@pytest.mark.parametrize(
    ("head", "rows", "expected"),
    [
        ("# text = a  b.\n", ("1|a", f"2|b|{NO}", "3|."), ("a  b.", ["a", "b", "."])),
        ("# text =He đi .\n", ("1|He đi", "2|."), ("He đi .", ["He đi", "."])),
        ("# text = other\n", ("1|a", f"2|b|{NO}", "3|."), ("a b.", ["a", "b", "."])),
        ("", ("1|a", f"2|b|{NO}", "3|."), ("a b.", ["a", "b", "."])),
        ("", ("1|a", "2|b"), None),
        ("# text = don't!\n", (f"1-2|don't|{NO}", "1|do", "2|n't", "3|!"), ("don't!", ["do", "n't", "!"])),
        ("# text = du pain\n", ("1-2|du", "1|de", "2|le", "3|pain"), ("du pain", ["du", "pain"])),
        (
            "# text = can't don't\n",
            ("1-2|can't", "1|ca", "2|n't", "3-4|don't", "3|do", "4|n't"),
            ("can't don't", ["ca", "n't", "do", "n't"]),
        ),
        ("", (f"1-2|du|{NO}", "1|de", "1.1|x", "2|le", "2.1|y", "3|."), ("du.", ["du", "."])),
    ],
)
def test_the_text_is_what_the_treebank_says_and_plain_ranges_are_their_words(head, rows, expected) -> None:
    found = found_in(head, *rows)
    assert (None if found is None else (found.text, found.words)) == expected


@pytest.mark.parametrize(
    ("head", "rows", "opens", "spaced"),
    [
        ("# newpar\n# text = a.\n", (f"1|a|{NO}", "2|."), True, True),
        ("# newdoc id = x\n# text = a.\n", (f"1|a|{NO}", f"2|.|{NO}"), True, False),
        ("#newpar\n", (f"1|a|{NO}", "2|."), True, True),
        ("# newparser = no\n# text = a\n", (f"1|a|{NO}",), False, False),
        ("# text = don't\n", (f"1-2|don't|{NO}", "1|do", "2|n't"), False, False),
    ],
)
def test_a_sentence_tells_whether_it_opens_a_paragraph_and_whether_a_space_follows_it(head, rows, opens, spaced):
    found = found_in(head, *rows)
    assert found is not None
    assert (found.opens_paragraph, found.spaced) == (opens, spaced)


def test_the_first_sentence_of_each_file_opens_a_paragraph(tmp_path: Path) -> None:
    sentence = (
        "# text = ab\n" + "".join(f"{n}\t{c}\t_\tX\t_\t_\t_\t_\t_\t{NO}\n" for n, c in ((1, "a"), (2, "b"))) + "\n"
    )
    paths = [tmp_path / "1.conllu", tmp_path / "2.conllu"]
    for path in paths:
        path.write_text(sentence * 2)
    treebank = read_treebank(DataFiles(list(map(str, paths)), holds_out=False))
    assert [sentence.text.opens_paragraph for sentence in treebank.training] == [True, False, True, False]


def test_other_formats_do_not_tell_their_text() -> None:
    reader = open_reader("slashed", "x", columns=["tag"])
    assert [raw_text(s) for s in reader.feed("the_DET cat_NOUN sat_VERB\n")] == [None]
