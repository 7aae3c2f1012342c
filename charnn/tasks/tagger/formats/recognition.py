"""Tells which format a text is in from its first lines."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import zip_longest

from charnn.tasks.tagger.config import TextFormat
from charnn.tasks.tagger.formats.slashed import separator_of, split_token

SAMPLE_CHARACTERS = 1 << 12
"""The number of characters at the beginning of a text from which its format is told."""

_COMMENT = re.compile(
    r"#\s*(?:(?:sent_id|text|text_\w+|new(?:doc|par)(?: id)?|global\.columns)\s*=|new(?:doc|par)\s*$)"
)
_FIRST_ID = re.compile(r"0\.1|1(?:-[1-9][0-9]*)?")
_FEATURE = r"[A-Z]\w*(?:\[\w+\])?=[^=|\s]+"
_TAG = re.compile(
    r"[A-Z][A-Z0-9$*+:|-]*"  # NOUN, PRP$
    r"|[A-Z][A-Za-z0-9]{0,3}"  # Np
    rf"|{_FEATURE}(?:\|{_FEATURE})*"
    r"|-[LR][RSC]B-|[-.,:;!?$#()\"'`_]{1,3}"
)
_FEWEST_COLUMNS = 4
"""Rows that begin with the ids 1 and 2 and have more columns than this are CoNLL-U, if with too few or too many."""
_FEWEST_TOKENS = 3
"""Tokens that tell if a text is word_TAG."""
_TAGGED_FRACTION = 0.95
"""The fraction of the tokens that must have a tag where a text is word_TAG."""


def recognize(sample: str) -> TextFormat:
    """The format of a text that begins like this. SAMPLE_CHARACTERS are enough, and the last line may be cut.

    It is CoNLL-U if the first row is (or would be, with another number of columns) or if a comment before it is. It is
    columns if all lines that are not blank have as many, at least two, and no cell of the second has a space (in a
    single line, that cell must look like a tag). It is slashed if there are three tokens or more, and nearly all of
    them have what looks like a tag. Everything else is `lines`: neither running text nor words between spaces can be
    told from raw lines.
    """
    *whole, last = [line.removesuffix("\r") for line in sample.removeprefix("\ufeff").split("\n")]
    lines = [line for line in whole if line.strip()] or [last]
    if _is_conllu(lines):
        return "conllu"
    if _is_columns(lines):
        return "columns"
    return "slashed" if _is_slashed(lines) else "lines"


def _is_conllu(lines: Sequence[str]) -> bool:
    for line, following in zip_longest(lines, lines[1:], fillvalue=""):
        if not line.startswith("#"):
            cells = line.split("\t")
            numbered = cells[0] == "1" and len(cells) > _FEWEST_COLUMNS and following.startswith("2\t")
            return numbered or (len(cells) == 10 and _FIRST_ID.fullmatch(cells[0]) is not None)
        if _COMMENT.match(line):
            return True
    return False


def _is_columns(lines: Sequence[str]) -> bool:
    rows = [line.split("\t") for line in lines]
    if len({len(row) for row in rows}) != 1 or len(rows[0]) == 1:
        return False
    if not all(row[0] and row[1] and " " not in row[1] for row in rows):
        return False
    return len(rows) > 1 or _TAG.fullmatch(rows[0][1]) is not None


def _is_slashed(lines: Sequence[str]) -> bool:
    tokens = [token for line in lines for token in line.split()]
    separator = separator_of(tokens) if len(tokens) >= _FEWEST_TOKENS else None
    if separator is None:
        return False
    split = [split_token(token, separator) for token in tokens if "://" not in token]
    tagged = sum(parts is not None and _TAG.fullmatch(parts[1]) is not None for parts in split)
    return tagged >= _TAGGED_FRACTION * len(tokens)
