"""A line that must be held whole has a limit, in every command that reads lines; what stands before is done."""

from __future__ import annotations

import pytest

from charnn.corpora.lines import LONGEST_LINE
from charnn.corpora.pairs import LONGEST
from charnn.memory.memory import LONGEST_GARBLED
from tests.paths import GOLDEN

SCORE = ("score", "-m", GOLDEN / "format-1")
TAG = ("tag", "-m", GOLDEN / "tagger-1")
CLASSIFY = ("classify", "-m", GOLDEN / "classifier-1")
TRANSDUCE = ("transduce", "-m", GOLDEN / "transducer-1")
COMMANDS = [
    (SCORE, "a line", LONGEST_LINE),
    ((*SCORE, "--on-error", "skip"), "a line", LONGEST_LINE),
    ((*TAG, "--format", "lines"), "a sentence", LONGEST_LINE),
    ((*TAG, "--format", "tokens", "--on-error", "skip"), "a sentence", LONGEST_LINE),
    (CLASSIFY, "a line", LONGEST_LINE),
    (TRANSDUCE, "a line", LONGEST_LINE),
    (("recall", "list.txt"), "a line", LONGEST_GARBLED),
]


@pytest.mark.parametrize(("command", "what", "longest"), COMMANDS, ids=[" ".join(map(str, c[0][:1])) for c in COMMANDS])
def test_a_line_that_is_too_long_is_refused_where_it_begins(charnn, text_file, command, what, longest):
    text_file("the cat\nthe dog\n", "list.txt")
    before = "walk\tV;PST\n"
    text_file(before + "a" * (longest + (1 << 17)) + "\tV;PST\n" + before)
    result = charnn(*command, "text.txt")
    limit = f"{what} of more than {longest:,} characters is too long to be read as a whole"
    assert result.code == 1
    assert f"charnn: text.txt:2: {limit}; cut it into shorter lines, as `fold -s -w 1000` does" in result.err
    assert result.out.strip(), "the line before it has its answer"


@pytest.mark.parametrize(("unit", "what"), [("paragraph", "a paragraph"), ("file", "a text")])
def test_lines_that_are_one_text_have_the_same_limit(charnn, text_file, unit, what):
    text_file("the cat\n" * (LONGEST_LINE // 8 + 9000))
    result = charnn(*CLASSIFY, "--documents", unit, "text.txt")
    assert result.code == 1
    assert f"{what} of more than {LONGEST_LINE:,} characters" in result.err


@pytest.mark.parametrize("command", [TRANSDUCE, ("eval", "-m", GOLDEN / "transducer-1")], ids=["transduce", "eval"])
def test_a_source_may_be_as_long_as_one_that_is_learned(charnn, text_file, command):
    text_file("walk\tV;PST\twalked\n" + "a" * (LONGEST + 1) + "\tV;PST\tb\n")
    result = charnn(*command, "text.txt")
    assert result.code == 1
    assert f"text.txt:2: the source has {LONGEST + 1:,} characters, and {LONGEST:,} are the most" in result.err
