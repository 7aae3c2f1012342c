"""Tells which format a text is in from its first lines, and says why."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

from charnn.corpora.columns import COLUMNS_BETWEEN_TABS
from charnn.corpora.lines import bare_lines
from charnn.errors import CorpusError
from charnn.tasks.tagger.config import TextFormat
from charnn.tasks.tagger.formats.rows import cell_separator, cells_of, is_comment, is_header
from charnn.tasks.tagger.formats.slashed import separator_of, split_token, tokens_of
from charnn.tasks.tagger.formats.tags import are_tags, is_known, is_tag, tolerated

SAMPLE_CHARACTERS = 1 << 12
"""The number of characters at the beginning of a text from which its format is told, if a whole row is among them."""
LONGEST_SAMPLE = 1 << 20
"""No more characters are looked at, however long comments and rows are."""
LONGEST_BLOCK = 1 << 16
"""No more characters are looked at for the end of the first sentence."""

_SECOND_BLOCK = re.compile(r"(?<=\S)[ \t\r]*\n[ \t\r]*\n(?:[ \t\r]*\n)*[^\n]+\n")
"""Blank lines after others, and a whole line after them."""
_COMMENT = re.compile(
    r"#\s*(?:(?:sent_id|text|text_\w+|new(?:doc|par)(?: id)?|global\.columns)\s*=|new(?:doc|par)\s*$)"
)
_TELLING_LINE = re.compile(r"^\ufeff?(?!#)[^\S\n]*+\S[^\n]*+\n", re.MULTILINE)
"""A whole line that is neither blank nor perhaps a comment: only such a line tells the format."""
_FIRST_ID = re.compile(r"0\.1|1(?:-[1-9][0-9]*)?")
_FEWEST_COLUMNS = 4
"""Rows that begin with the ids 1 and 2 and have more columns than this are CoNLL-U, if with too few or too many."""
_FEWEST_TOKENS = 3
"""Tokens that tell if a text is word_TAG."""
_TAGGED_FRACTION = 0.95
"""The fraction of the tokens that must have a tag where a text is word_TAG."""
_MOST_ROWS = 0.7
"""So many rows with as many cells, and tags among them, look like columns with mistakes."""
_KNOWN_FRACTION = 1 / 3
"""So many tokens with known tags look like tagged text with something else in it, such as brackets."""
_MARKUP = re.compile(r"</?[A-Za-z][^<>]*>\s*")
_FEWEST_PAIRS, _FEWEST_EVEN_ROWS = 4, 8
"""So many different lines with two words each, or with as many of more, are more than short lines of prose or two
verses."""
_TREEBANK_COMMENT = re.compile(r"#\s*(?:[\w.]+\s*=\s*\S|id\s+\S+|begin document\b)")
"""A first line such as `# key = value` or `#begin document`, as treebanks have them."""


@dataclass(frozen=True)
class RecognizedFormat:
    """The format that a text seems to be in."""

    format: TextFormat
    reason: str
    """What was seen, as the end of a sentence that begins with "it has"."""
    is_treebank: bool = False
    """Whether the text is divided into sentences as a treebank is. Tagged words without that may be of another kind."""
    looks_like: str = ""
    """For raw lines that look as if they were something else: what they look like."""


def sample_of(text: str) -> str:
    """The beginning of a text that `recognize` needs: a whole row, however long it and the comments before it are, and
    the row after the first sentence, which may be long, too."""
    if len(text) <= SAMPLE_CHARACTERS:
        return text
    telling = _TELLING_LINE.search(text, 0, LONGEST_SAMPLE)
    end = max(SAMPLE_CHARACTERS, telling.end() if telling else LONGEST_SAMPLE)
    if _SECOND_BLOCK.search(text, 0, end) is None and (second := _SECOND_BLOCK.search(text, 0, LONGEST_BLOCK)):
        end = max(end, second.end())
    return text[:end]


def is_enough(sample: str, *, pauses: bool) -> bool:
    """Whether a text that begins like this can be told, where its input `pauses` or goes on."""
    if len(sample) < SAMPLE_CHARACTERS and not pauses:
        return False
    return len(sample) >= LONGEST_SAMPLE or _TELLING_LINE.search(sample) is not None


def recognize(sample: str, *, has_tags: bool = False) -> RecognizedFormat:
    """The format of a text that begins like this (`sample_of`). The last line may be cut.

    It is CoNLL-U if the first row is (or would be, with another number of columns) or if a comment before it is. It is
    columns, between tabs or spaces, if practically all rows have as many cells, at least two, if a column after the
    first looks like tags, and if there are blank lines between sentences. Between tabs it is also columns, though
    perhaps no treebank, where all rows are even and no cell of the second column has a space; a single row must have
    what looks like a tag. It is slashed if three tokens or more, and nearly all, have what looks like a tag. Everything
    else is `lines`: neither running text nor words between spaces can be told from raw lines.

    Where it is known that the text `has_tags`, whatever they look like, it is slashed if nearly all tokens can be
    split, and else columns if practically all rows have as many cells. Between spaces and without blank lines these
    must be two, since lines that say the same over and over are even too.
    """
    whole, last = bare_lines(sample.removeprefix("\ufeff")), ""
    if whole and not sample.endswith(("\n", "\r")):
        last = whole.pop()
    lines = [line for line in whole if line.strip()] or [last]
    if _is_conllu(lines):
        return RecognizedFormat("conllu", "the rows or the comments of CoNLL-U", is_treebank=True)
    blocks = _blocks(whole if any(line.strip() for line in whole) else [last])
    for separator, name in (("\t", "tabs"), (" ", "spaces")):
        if separator == " " and blocks and cell_separator(blocks[0]) != separator:
            continue
        rows = _rows(blocks, separator)
        is_treebank = len(blocks) > 1 and _have_tags(rows) and not _is_grouped(blocks, separator)
        if is_treebank or (separator == "\t" and _is_table(rows)):
            parts = "blank lines between sentences" if len(blocks) > 1 else "no blank lines"
            return RecognizedFormat("columns", f"columns between {name}, and {parts}", is_treebank=is_treebank)
    tokens = [tokens_of(line) for line in lines]
    if (slash := _slash(tokens, has_tags=has_tags)) is not None:
        in_sentences = sum(len(line) > 1 for line in tokens) > len(tokens) / 2
        return RecognizedFormat("slashed", f"words with tags after {slash}", is_treebank=in_sentences)
    tabs, spaces = (_width(_rows(blocks, separator)) for separator in "\t ")
    if has_tags and (tabs or spaces == 2 or (spaces and len(blocks) > 1)):
        return RecognizedFormat("columns", "rows of as many cells")
    return RecognizedFormat("lines", "nothing that a treebank has", looks_like=_looks_like(lines, blocks))


def check_line_ends(sample: str, name: str) -> None:
    r"""Raises CorpusError for rows that end in \r alone, as on old Macs. No treebank has such rows."""
    if "\r" not in sample or "\n" in sample:
        return
    if recognize(sample).format in ("conllu", "columns"):
        raise CorpusError(
            rf"{name}: its lines end in \r alone, as on old Macs", hint=r"tr '\r' '\n' < FILE gives them the usual ends"
        )


def _is_conllu(lines: Sequence[str]) -> bool:
    for line, following in zip_longest(lines, lines[1:], fillvalue=""):
        if not line.startswith("#"):
            cells = line.split("\t")
            numbered = cells[0] == "1" and len(cells) > _FEWEST_COLUMNS and following.startswith("2\t")
            spaced = line.split(" ")
            return (
                numbered
                or (len(cells) == 10 and _FIRST_ID.fullmatch(cells[0]) is not None)
                or (len(spaced) == 10 and spaced[0] == "1" and following.startswith("2 "))  # its reader asks for tabs
            )
        if _COMMENT.match(line):
            return True
    return False


def _blocks(lines: Sequence[str]) -> list[list[str]]:
    """The lines between blank ones; there is no empty block."""
    blocks: list[list[str]] = [[]]
    for line in lines:
        if line.strip():
            blocks[-1].append(line)
        elif blocks[-1]:
            blocks.append([])
    return [block for block in blocks if block]


def _is_table(rows: Sequence[Sequence[str]]) -> bool:
    """Whether rows between tabs are words with something beside them that has no space, whatever it is."""
    if not rows or {len(row) for row in rows} != {len(rows[0])} or len(rows[0]) < 2:
        return False
    if not all(row[0] and row[1] and " " not in row[1] for row in rows):
        return False
    return len(rows) > 1 or is_tag(rows[0][1])


def _width(rows: Sequence[Sequence[str]]) -> int:
    """How many cells practically all rows have; 0 where they have different numbers, or one, or are fewer than two."""
    width, even = Counter(map(len, rows)).most_common(1)[0] if rows else (0, 0)
    return width if width > 1 and even > 1 and len(rows) - even <= tolerated(rows) else 0


def _have_tags(rows: Sequence[Sequence[str]]) -> bool:
    """Whether practically all rows have as many cells, two or more, and one of the columns after the words is tags."""
    if not (width := _width(rows)):
        return False
    even = [row for row in rows if len(row) == width]
    words = [row[0] for row in even]
    columns = [[row[place] for row in even] for place in range(1, width)]
    return any(are_tags(values, words, tolerated=tolerated(values)) for values in columns)


def _is_grouped(blocks: Sequence[Sequence[str]], separator: str) -> bool:
    """Whether blank lines part what is alike, as in a glossary: all rows of a block have the same in each column after
    the first, and other blocks have something else."""
    groups = [{tuple(cells_of(line, separator)[1:]) for line in block} for block in blocks if len(block) > 1]
    return len(groups) > 1 and all(len(group) == 1 for group in groups) and len(set(map(tuple, groups))) > 1


def _rows(blocks: Sequence[Sequence[str]], separator: str) -> list[list[str]]:
    """The cells of all rows, without comments and without a header."""
    widths = Counter(len(cells_of(line, separator)) for block in blocks for line in block)
    width = widths.most_common(1)[0][0] if widths else 0
    rows = []
    for block in blocks:
        first = 0
        while first < len(block) and is_comment(block[first], separator, width):
            first += 1
        rows += [cells_of(line, separator) for line in block[first:]]
    return rows[1:] if len(rows) > 1 and is_header(rows[0]) else rows


def _slash(lines: Sequence[Sequence[str]], *, has_tags: bool) -> str | None:
    """The separator between words and tags; None where the tokens are not tagged words, or cannot be if it `has_tags`.

    An address, whose slashes mislead, counts where it has a tag and is passed over where it has none.
    """
    tokens = [token for line in lines for token in line]
    separator = separator_of([token for token in tokens if "://" not in token])
    if separator is None:
        return None
    split = [(token, split_token(token, separator)) for token in tokens]
    left = [parts for token, parts in split if "://" not in token or (parts is not None and is_tag(parts[1]))]
    tagged = [parts for parts in left if parts is not None]
    if len(left) < _FEWEST_TOKENS or len(tagged) < _TAGGED_FRACTION * len(left):
        return None
    words, tags = [parts[0] for parts in tagged], [parts[1] for parts in tagged]
    if has_tags:
        return separator
    return separator if are_tags(tags, words, tolerated=int((1 - _TAGGED_FRACTION) * len(left))) else None


def _looks_like(lines: Sequence[str], blocks: Sequence[Sequence[str]]) -> str:
    """What raw lines look like, where that is not prose."""
    lines = [line for line in lines if not _MARKUP.fullmatch(line)] or lines
    many = len(lines) > 1
    if many and sum("\t" in line.strip() for line in lines) > len(lines) / 2:  # a tab at its beginning indents a line
        return COLUMNS_BETWEEN_TABS
    rows = [line.split() for line in lines]
    even = {len(row) for row in rows} == {len(rows[0])} and len(rows[0]) > 1
    width, most = Counter(map(len, rows)).most_common(1)[0]
    if len(rows) > 2 and width > 1 and most >= _MOST_ROWS * len(rows):
        words, *columns = zip(*(row for row in rows if len(row) == width), strict=True)
        if any(are_tags(tags, words, tolerated=tolerated(tags)) for tags in columns):
            which, tag = "each line" if even else "most lines", "its tag" if width == 2 else "its tags"
            between = "" if len(blocks) > 1 else ", without blank lines between sentences"
            return f"a word and {tag} on {which}{between}"
    if even and len(blocks) > 1 and len(set(lines)) >= (_FEWEST_PAIRS if width == 2 else _FEWEST_EVEN_ROWS):
        return f"{len(rows[0])} words on each line, and blank lines"
    if _TREEBANK_COMMENT.match(lines[0]):
        return "a comment at its beginning, as treebanks have"
    tokens = [token for row in rows for token in row if "://" not in token]
    separator = separator_of(tokens)
    if separator is None or len(tokens) < _FEWEST_TOKENS:
        return ""
    split = [parts for token in tokens if (parts := split_token(token, separator)) is not None]
    if sum(is_known(tag) for _, tag in split) > _KNOWN_FRACTION * len(tokens):
        return f"words with tags after {separator}"
    if separator == "/" and len(split) >= _TAGGED_FRACTION * len(tokens):
        return f"pairs such as {'/'.join(split[0])}"
    return ""
