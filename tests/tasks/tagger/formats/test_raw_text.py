"""The raw text of CoNLL-U, and the words in it."""

from __future__ import annotations

import pytest

from charnn.tasks.tagger.formats import open_reader
from charnn.tasks.tagger.formats.raw_text import raw_text


def segmented(head: str, *rows: str) -> tuple[str, list[str]] | None:
    """Each row is an id, a form and, where a third part stands there, MISC, with | between them."""
    lines = []
    for row in rows:
        number, form, misc = [*row.split("|"), "_"][:3]
        lines.append("\t".join([number, form, *"_______", misc]) + "\n")
    reader = open_reader("conllu", "x")
    (sentence,) = [*reader.feed(head + "".join(lines) + "\n"), *reader.finish()]
    found = raw_text(sentence)
    return None if found is None else tuple(found)


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
    assert segmented(head, *rows) == expected


def test_other_formats_do_not_tell_their_text() -> None:
    reader = open_reader("slashed", "x", columns=["tag"])
    assert [raw_text(s) for s in reader.feed("the_DET cat_NOUN sat_VERB\n")] == [None]
