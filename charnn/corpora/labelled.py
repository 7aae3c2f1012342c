"""Reads texts that have labels, in the forms in which people keep them, and holds out a part of each label.

label<TAB>text, or text<TAB>label     a text on each line; the side with fewer different values is the label
label,text                            CSV with a header, and tables between tabs with a header
{"text": ..., "label": ...}           a JSON object on each line
__label__x __label__y text            fastText's lines, with any number of labels
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from charnn.config import Json
from charnn.corpora.decoding import has_half_a_character
from charnn.corpora.lines import bare_lines, lines_of
from charnn.errors import CorpusError, UsageError

T = TypeVar("T")
FASTTEXT = "__label__"
TEXT_NAMES = ("text", "sentence", "content", "message", "body", "document")
LABEL_NAMES = ("label", "labels", "class", "category", "target", "tag", "sentiment")
"""The usual names of the two columns of a table. They are looked for in this order, in any case."""
SHOWN = 8
"""The most names of columns that a message has."""
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f]")
"""Characters that no text has. Bytes of another kind have them."""
FEWEST_LINES = 4
"""So many lines can tell that one of two columns has labels."""


class LabelledText(NamedTuple):
    labels: tuple[str, ...]
    """The labels of the text. There is one, but for fastText's lines and for lists in JSON, which may have any number.
    """
    text: str
    """The text without the end of its line."""
    line: int
    """The number of the line where it begins, counted from 1."""


@dataclass(frozen=True)
class LabelledLayout(Json):
    """Where the labels and the texts of a file are. What is None is told from the file."""

    text: str | None = None
    """The name of the column or key of the texts."""
    label: str | None = None
    """The name of the column or key of the labels."""
    label_column: int | None = None
    """Which of two columns without a header has the labels, 1 or 2."""


AS_TOLD = LabelledLayout()


def labelled_texts(text: str, name: str, layout: LabelledLayout = AS_TOLD) -> list[LabelledText]:
    """The texts of a file with their labels; `name` is its path, for messages and because `.csv` says what it is.

    Raises CorpusError for a row that is not as the others are, with path and line, and UsageError where it cannot be
    told which column has the labels, or where there is no column of that name.
    """
    start = next((line for line in lines_of(text) if line.strip()), "")
    if start.lstrip().startswith("{"):
        return list(_json_lines(text, name, layout))
    if start.startswith(FASTTEXT):
        return list(_fasttext(text, name))
    is_csv = name.removesuffix(".gz").lower().endswith(".csv")
    if is_csv or layout.text is not None or layout.label is not None or _is_header(start):
        return list(_table(text, name, "\t" if "\t" in start and not is_csv else ",", layout))
    return _pairs(text, name, layout.label_column)


class LabelledForm(NamedTuple):
    """Why a text seems to be one of texts with labels."""

    reason: str
    """What it has."""
    is_sure: bool
    """Whether other data hardly look like this."""


def recognize_labelled(sample: str) -> LabelledForm | None:
    """What a text that begins like this has, if it seems to be one of texts with labels. The last line may be cut."""
    if _CONTROL.search(sample):
        return None
    lines = [line for _, line in _rows(sample)]
    whole = lines if sample.endswith(("\n", "\r")) or len(lines) < 2 else lines[:-1]
    if not whole:
        return None
    if whole[0].startswith(FASTTEXT):
        return LabelledForm(f"lines that begin with {FASTTEXT}", is_sure=True)
    names: Sequence[str] = whole[0].split("\t" if "\t" in whole[0] else ",")
    is_json = whole[0].lstrip().startswith("{")
    if is_json:
        try:
            names = list(json.loads(whole[0]))
        except (ValueError, RecursionError):
            return None
    known = {name.strip().strip('"').lower() for name in names}
    if known & set(TEXT_NAMES) and known & set(LABEL_NAMES) and (is_json or len(whole) > 1):
        return LabelledForm(f"{'objects' if is_json else 'columns'} for texts and labels", is_sure=True)
    has_blank_lines = any(not line.strip() for line in bare_lines(sample.rstrip()))
    if len(whole) < FEWEST_LINES or not all("\t" in line for line in whole) or has_blank_lines:
        return None
    firsts, lasts = {line.partition("\t")[0] for line in whole}, {line.rpartition("\t")[2] for line in whole}
    if 2 * min(len(firsts), len(lasts)) > max(len(firsts), len(lasts)):
        return None
    return LabelledForm("lines of a label and a text with a tab between them", is_sure=False)


def hold_out_labelled(
    texts: Sequence[T], fraction: float, label_of: Callable[[T], Hashable]
) -> tuple[list[T], list[T]]:
    """`(training, held_out)`: about this fraction of the texts of each label is held out, at even distances.

    The order stays. A label with a single text is not held out.
    """
    places = defaultdict[Hashable, list[int]](list)
    for place, labelled in enumerate(texts):
        places[label_of(labelled)].append(place)
    held_out = set[int]()
    for of_label in places.values():
        wanted = min(round(fraction * len(of_label)), len(of_label) - 1)
        held_out.update(of_label[(2 * i + 1) * len(of_label) // (2 * wanted)] for i in range(wanted))
    training = [labelled for place, labelled in enumerate(texts) if place not in held_out]
    return training, [texts[place] for place in sorted(held_out)]


def _pairs(text: str, name: str, label_column: int | None) -> list[LabelledText]:
    """Lines of a label, a tab and a text, or the other way round. Further tabs belong to the text."""
    rows = list(_rows(text))
    for number, line in rows:
        if "\t" not in line:
            raise CorpusError(
                f"{name}:{number}: no tab between a label and its text",
                hint="write label<TAB>text on each line; --text and --label name the columns of a table with a header",
            )
    if label_column is None:
        label_column = _label_side([line for _, line in rows], name)
    result = []
    for number, line in rows:
        label, _, rest = line.partition("\t")
        if label_column == 2:
            rest, _, label = line.rpartition("\t")
        result.append(LabelledText((_label(label, name, number),), rest, number))
    return result


def _label_side(lines: Sequence[str], name: str) -> int:
    """1 where the labels are before the first tab, and 2 where they are after the last one."""
    first = len({line.partition("\t")[0] for line in lines})
    last = len({line.rpartition("\t")[2] for line in lines})
    if first == last and lines:
        raise UsageError(
            f"{name}: {first:,} different values stand before the tabs and as many after them: which are the labels?",
            hint="say so with --label-column 1 or --label-column 2",
        )
    return 1 if first < last else 2


def _fasttext(text: str, name: str) -> Iterator[LabelledText]:
    for number, line in _rows(text):
        labels, rest = list[str](), line.lstrip()
        while rest.startswith(FASTTEXT):
            word, _, rest = rest.partition(" ")
            labels.append(_label(word.removeprefix(FASTTEXT), name, number))
            rest = rest.lstrip()
        yield LabelledText(tuple(dict.fromkeys(labels)), rest, number)


def _json_lines(text: str, name: str, layout: LabelledLayout) -> Iterator[LabelledText]:
    keys: tuple[str, str] | None = None
    for number, line in _rows(text):
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            record = None
        if not isinstance(record, dict):
            raise CorpusError(f"{name}:{number}: not a JSON object", hint="write one object on each line")
        if keys is None:
            keys = _columns(list(record), name, layout)
        for key in keys:
            if key not in record:
                raise CorpusError(f"{name}:{number}: no {key!r}")
        written, value = record[keys[0]], record[keys[1]]
        if not isinstance(written, str):
            raise CorpusError(f"{name}:{number}: {keys[0]!r} is not a text")
        values = value if isinstance(value, list) else [value]
        if any(isinstance(one, str) and has_half_a_character(one) for one in (written, *values)):
            raise CorpusError(f"{name}:{number}: half of a surrogate pair")
        yield LabelledText(tuple(_label(_plain(v, name, number), name, number) for v in values), written, number)


def _plain(value: Any, name: str, line: int) -> str:
    if not isinstance(value, str | int | float):
        raise CorpusError(f"{name}:{line}: a label is a text or a number")
    return value if isinstance(value, str) else json.dumps(value)


def _table(text: str, name: str, separator: str, layout: LabelledLayout) -> Iterator[LabelledText]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    if separator == "\t":
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, quoting=csv.QUOTE_NONE)
    csv.field_size_limit(max(csv.field_size_limit(), len(text) + 1))
    header, places, line = list[str](), (0, 0), 1
    try:
        for row in reader:
            begins, line = line, reader.line_num + 1
            if not any(row):
                continue
            if not header:
                header = [cell.strip().removeprefix("\ufeff") for cell in row]
                text_name, label_name = _columns(header, name, layout)
                places = header.index(text_name), header.index(label_name)
                continue
            if len(row) != len(header):
                raise CorpusError(f"{name}:{begins}: {len(row)} cells, where the header has {len(header)}")
            yield LabelledText((_label(row[places[1]], name, begins),), row[places[0]], begins)
    except csv.Error:
        raise CorpusError(f"{name}:{line}: not CSV: a quotation mark stands in the wrong place") from None


def _columns(header: Sequence[str], name: str, layout: LabelledLayout) -> tuple[str, str]:
    """The names of the columns of the texts and of the labels."""
    known = {column.lower(): column for column in reversed(header)}
    found = []
    for asked, option, usual in ((layout.text, "--text", TEXT_NAMES), (layout.label, "--label", LABEL_NAMES)):
        column = asked if asked is not None else next((known[word] for word in usual if word in known), None)
        if column is None or column not in header:
            what = f"no column {asked!r}" if asked is not None else f"which column is that of {option}?"
            more = f" and {len(header) - SHOWN} more" if len(header) > SHOWN else ""
            raise UsageError(
                f"{name}: {what}", hint=f"name it with {option}; there are {', '.join(header[:SHOWN])}{more}"
            )
        found.append(column)
    return found[0], found[1]


def _is_header(line: str) -> bool:
    """Whether a line names the two columns of a table between tabs."""
    names = {cell.strip().lower() for cell in line.removeprefix("\ufeff").split("\t")}
    return bool(names & set(TEXT_NAMES)) and bool(names & set(LABEL_NAMES))


def _rows(text: str) -> Iterator[tuple[int, str]]:
    """The lines that are not blank, with their numbers and without their ends."""
    for number, line in enumerate(bare_lines(text.removeprefix("\ufeff")), start=1):
        if line.strip():
            yield number, line


def _label(label: str, name: str, line: int) -> str:
    if not (stripped := label.strip()):
        raise CorpusError(f"{name}:{line}: the label is empty")
    return stripped
