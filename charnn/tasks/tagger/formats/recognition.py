"""Tells which format a text is in from its first lines, and says why."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

from charnn.errors import CorpusError
from charnn.tasks.tagger.config import TextFormat
from charnn.tasks.tagger.formats.rows import cells_of, is_comment, is_header
from charnn.tasks.tagger.formats.slashed import separator_of, split_token

SAMPLE_CHARACTERS = 1 << 12
"""The number of characters at the beginning of a text from which its format is told, if a whole row is among them."""
LONGEST_SAMPLE = 1 << 20
"""No more characters are looked at, however long comments and rows are."""

_COMMENT = re.compile(
    r"#\s*(?:(?:sent_id|text|text_\w+|new(?:doc|par)(?: id)?|global\.columns)\s*=|new(?:doc|par)\s*$)"
)
_TELLING_LINE = re.compile(r"^\ufeff?(?!#)[^\n]*\S[^\n]*\n", re.MULTILINE)
"""A whole line that is neither blank nor perhaps a comment: only such a line tells the format."""
_FIRST_ID = re.compile(r"0\.1|1(?:-[1-9][0-9]*)?")
_FEATURE = r"[A-Z]\w*(?:\[\w+\])?=[^=|\s]+"
_PUNCTUATION_TAG = r"-[LR][RSC]B-|[-.,:;!?$#()\"'`_*]{1,3}"
_TAG = re.compile(
    r"[A-Z][A-Z0-9$*+:|-]*"  # NOUN, PRP$
    r"|[A-Z][A-Za-z0-9]{0,3}"  # Np
    rf"|{_FEATURE}(?:\|{_FEATURE})*"
    rf"|{_PUNCTUATION_TAG}"
)
_SMALL_TAG = re.compile(rf"[a-z][a-z0-9$*+'-]{{0,15}}|{_PUNCTUATION_TAG}")  # nn, np-tl, ppss+bem
_ENTITY_TAG = re.compile(r"O|[BIESLUM]-\S+")
_PUNCTUATION = re.compile(r"[^\w\s]+")
_UNIVERSAL = "ADJ ADP ADV AUX CCONJ DET INTJ NOUN NUM PART PRON PROPN PUNCT SCONJ SYM VERB X"
_PENN = (
    "CC CD DT EX FW IN JJ JJR JJS LS MD NN NNS NNP NNPS PDT POS PRP PRP$ RB RBR RBS RP TO UH VB VBD VBG VBN VBP VBZ "
    "WDT WP WP$ WRB"
)
_KNOWN_TAGS = frozenset(f"{_UNIVERSAL} {_PENN}".split())
_FEWEST_COLUMNS = 4
"""Rows that begin with the ids 1 and 2 and have more columns than this are CoNLL-U, if with too few or too many."""
_FEWEST_TOKENS = 3
"""Tokens that tell if a text is word_TAG."""
_TAGGED_FRACTION = 0.95
"""The fraction of the tokens that must have a tag where a text is word_TAG."""
_IRREGULAR_FRACTION = 0.1
"""The fraction of the rows that may have another number of cells than the others; one may in any case."""
_FEW_TAGS = 0.5
"""Tags recur. Where they are not written as tags usually are, at most so many of them are different ones, as a fraction
of the words."""
_MANY_WORDS = 12
"""So many words tell whether their tags recur."""


@dataclass(frozen=True)
class Recognition:
    """The format that a text seems to be in."""

    format: TextFormat
    reason: str
    """What was seen, as the end of a sentence that begins with "it has"."""
    is_treebank: bool = False
    """Whether the text is divided into sentences as a treebank is. Tagged words without that may be of another kind."""
    looks_like: str = ""
    """For raw lines that look as if they were something else: what they look like."""


def sample_of(text: str) -> str:
    """The beginning of a text that `recognize` needs: a whole row, however long it and the comments before it are."""
    if len(text) <= SAMPLE_CHARACTERS:
        return text
    telling = _TELLING_LINE.search(text, 0, LONGEST_SAMPLE)
    return text[: max(SAMPLE_CHARACTERS, telling.end() if telling else LONGEST_SAMPLE)]


def is_enough(sample: str, *, pauses: bool) -> bool:
    """Whether a text that begins like this can be told, where its input `pauses` or goes on."""
    if len(sample) < SAMPLE_CHARACTERS and not pauses:
        return False
    return len(sample) >= LONGEST_SAMPLE or _TELLING_LINE.search(sample) is not None


def recognize(sample: str) -> Recognition:
    """The format of a text that begins like this (`sample_of`). The last line may be cut.

    It is CoNLL-U if the first row is (or would be, with another number of columns) or if a comment before it is. It is
    columns, between tabs or spaces, if practically all rows have as many cells, at least two, if a column after the
    first looks like tags, and if there are blank lines between sentences. Between tabs it is also columns, though
    perhaps no treebank, where all rows are even and no cell of the second column has a space; a single row must have
    what looks like a tag. It is slashed if three tokens or more, and nearly all, have what looks like a tag. Everything
    else is `lines`: neither running text nor words between spaces can be told from raw lines.
    """
    *whole, last = [line.removesuffix("\r") for line in sample.removeprefix("\ufeff").split("\n")]
    lines = [line for line in whole if line.strip()] or [last]
    if _is_conllu(lines):
        return Recognition("conllu", "the rows or the comments of CoNLL-U", is_treebank=True)
    blocks = _blocks(whole if any(line.strip() for line in whole) else [last])
    for separator, name in (("\t", "tabs"), (" ", "spaces")):
        rows = _rows(blocks, separator)
        has_tags = len(blocks) > 1 and _have_tags(rows)
        if has_tags or (separator == "\t" and _is_table(rows)):
            parts = "blank lines between sentences" if len(blocks) > 1 else "no blank lines"
            return Recognition("columns", f"columns between {name}, and {parts}", is_treebank=has_tags)
    tokens = [line.split() for line in lines]
    if (slash := _slash(tokens)) is not None:
        in_sentences = sum(len(line) > 1 for line in tokens) > len(tokens) / 2
        return Recognition("slashed", f"words with tags after {slash}", is_treebank=in_sentences)
    return Recognition("lines", "nothing that a treebank has", looks_like=_looks_like(lines, blocks))


def check_line_ends(sample: str, name: str) -> None:
    r"""Raises CorpusError for tagged words whose lines end in \r alone, as on old Macs. No format has such lines."""
    if "\r" not in sample or "\n" in sample:
        return
    if recognize(sample.replace("\r", "\n")).format != "lines":
        raise CorpusError(
            rf"{name}: its lines end in \r alone, as on old Macs", hint=r"tr '\r' '\n' < FILE gives them the usual ends"
        )


def _is_conllu(lines: Sequence[str]) -> bool:
    for line, following in zip_longest(lines, lines[1:], fillvalue=""):
        if not line.startswith("#"):
            cells = line.split("\t")
            numbered = cells[0] == "1" and len(cells) > _FEWEST_COLUMNS and following.startswith("2\t")
            return numbered or (len(cells) == 10 and _FIRST_ID.fullmatch(cells[0]) is not None)
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
    return len(rows) > 1 or _TAG.fullmatch(rows[0][1]) is not None


def _have_tags(rows: Sequence[Sequence[str]]) -> bool:
    """Whether practically all rows have as many cells, two or more, and one of the columns after the words is tags."""
    width = Counter(map(len, rows)).most_common(1)[0][0] if rows else 0
    even = [row for row in rows if len(row) == width]
    if width < 2 or len(even) < 2 or len(rows) - len(even) > _tolerated(rows):
        return False
    words = [row[0] for row in even]
    columns = [[row[place] for row in even] for place in range(1, width)]
    return any(_are_tags(values, words) for values in columns)


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


def _tolerated(rows: Sequence[object]) -> int:
    return max(1, int(_IRREGULAR_FRACTION * len(rows)))


def _are_tags(values: Sequence[str], words: Sequence[str]) -> bool:
    """Whether the values look like the tags of these words; one in so many may be empty or something else.

    They do if they are tags of entities, or mostly those of a well-known set, or words in capitals while the others are
    not. Words in small letters are tags where they recur and where some stand beside punctuation, as in no list.
    """
    fewest = len(values) - _tolerated(values)
    entities = list(filter(_ENTITY_TAG.fullmatch, values))
    if len(entities) >= fewest:
        return any(len(value) > 1 for value in entities)
    if 2 * sum(value in _KNOWN_TAGS for value in values) > len(values):
        return True
    capital = [value for value in values if _TAG.fullmatch(value)]
    if len(capital) >= fewest and 2 * sum(value[:2].isupper() and len(value) > 1 for value in capital) >= len(values):
        return not _shout(words)
    short = [value for value in values if _TAG.fullmatch(value) or _SMALL_TAG.fullmatch(value)]
    return len(short) >= fewest and _are_small_tags(values, words)


def _are_small_tags(tags: Sequence[str], words: Sequence[str]) -> bool:
    """Whether small letters are tags of these words rather than further words, such as those of a path or a list.

    Tags come with sentences, which have some punctuation among their words, with tags that are punctuation or recur.
    """
    marks = [tag for word, tag in zip(words, tags, strict=True) if _PUNCTUATION.fullmatch(word)]
    if not marks or 2 * len(marks) > len(words):
        return False
    own = any(_PUNCTUATION.fullmatch(tag) or tag.startswith("punct") for tag in marks)
    return own or (len(tags) >= _MANY_WORDS and _recur(tags))


def _shout(words: Sequence[str]) -> bool:
    """Whether the words are in capitals themselves, as in JFK/LAX, I/O and LC_ALL."""
    return 2 * sum(map(str.isupper, words)) >= len(words)


def _recur(tags: Sequence[str]) -> bool:
    return len(set(tags)) <= _FEW_TAGS * len(tags)


def _slash(lines: Sequence[Sequence[str]]) -> str | None:
    """The separator between words and tags; None where the tokens are not tagged words."""
    tokens = [token for line in lines for token in line if "://" not in token]
    separator = separator_of(tokens) if len(tokens) >= _FEWEST_TOKENS else None
    if separator is None:
        return None
    split = [parts for token in tokens if (parts := split_token(token, separator)) is not None]
    if len(split) < _TAGGED_FRACTION * len(tokens):
        return None
    words, tags = [word for word, _ in split], [tag for _, tag in split]
    if sum(tag in _KNOWN_TAGS for tag in tags) > len(tags) / 2:
        return separator
    capital = [tag for tag in tags if _TAG.fullmatch(tag)]
    if len(capital) >= _TAGGED_FRACTION * len(tokens):
        return None if _shout(words) else separator
    small = [tag for tag in tags if _TAG.fullmatch(tag) or _SMALL_TAG.fullmatch(tag)]
    if len(small) < _TAGGED_FRACTION * len(tokens):
        return None
    return separator if _are_small_tags(tags, words) or (len(tags) >= _MANY_WORDS and _recur(tags)) else None


def _looks_like(lines: Sequence[str], blocks: Sequence[Sequence[str]]) -> str:
    """What raw lines look like, where that is not prose."""
    many = len(lines) > 1
    if many and sum("\t" in line for line in lines) > len(lines) / 2:
        return "columns between tabs"
    rows = [line.split() for line in lines]
    if many and len(blocks) == 1 and {len(row) for row in rows} == {2}:
        words, tags = zip(*rows, strict=True)
        if _are_tags(tags, words):
            return "a word and its tag on each line, without blank lines between sentences"
    tokens = [token for row in rows for token in row if "://" not in token]
    separator = separator_of(tokens)
    if separator and len(tokens) >= _FEWEST_TOKENS:
        split = [split_token(token, separator) for token in tokens]
        tagged = sum(parts is not None and parts[1] in _KNOWN_TAGS for parts in split)
        if tagged > len(tokens) / 2:
            return f"words with tags after {separator}"
    return ""
