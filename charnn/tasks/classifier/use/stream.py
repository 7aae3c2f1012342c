"""A stream of lines, paragraphs or files to their probabilities, as they come and in their order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, NamedTuple

from charnn.arrays import Float64s
from charnn.corpora.decoding import OnError, joined
from charnn.corpora.lines import check_length, without_end, without_ends
from charnn.corpora.streams import stream_lines
from charnn.corpora.structured import warn_of_structure
from charnn.corpora.text_column import text_column
from charnn.readable import file_name
from charnn.streaming import results_in_order
from charnn.tasks.classifier.use.text_classifier import TextClassifier

InputUnit = Literal["line", "paragraph", "file", "row"]
FIRST_CHUNK, LARGEST_CHUNK = 1 << 12, 1 << 15
"""Characters of texts that are read together; a longer text is a chunk of its own."""
OVERHEAD = 4
"""What a text costs besides its characters, in characters."""
MOST_SCORES = 1 << 20
"""The probabilities of the texts that are read together, at most: with many labels these are fewer texts."""


class Item(NamedTuple):
    """A text of the input."""

    text: str
    source: str
    """The text as it stands in the input, with its line ends."""
    file: str
    """The name of its file, as messages have it."""
    line: int
    """The number of the line where it begins in its file, counted from 1."""
    header: str = ""
    """The header of the table that has it, as a line; "" where there is none."""


def items(
    files: Sequence[str],
    unit: InputUnit,
    *,
    encoding: str,
    any_bytes: bool,
    on_error: OnError = "fail",
    column: str = "",
) -> Iterator[list[Item]]:
    """The texts that are complete by now; an empty list at a pause of the input, but for tables, whose `column` has a
    text in each row. Blank lines between paragraphs are no texts. Raises what `stream` raises, and `text_column`."""
    for path in files:
        file = file_name(path)
        if unit == "row":
            rows = text_column(path, column, encoding=encoding, any_bytes=any_bytes, on_error=on_error)
            yield from ([Item(one.text, one.row, file, one.line, one.header)] for one in rows)
            continue
        read = stream_lines(path, encoding=encoding, any_bytes=any_bytes, on_error=on_error)
        if unit == "line":
            for lines in read:
                if lines and lines[0][0] == 1:
                    texts = [line for _, line in lines]
                    warn_of_structure(file, texts, "classified", with_labels=True, column="--text")
                yield _lines(file, lines)
        elif unit == "paragraph":
            yield from _paragraphs(file, read)
        else:
            whole = joined(_bounded(file, read))
            yield [Item(without_end(whole), whole, file, 1)]


def _bounded(file: str, read: Iterable[list[tuple[int, str]]]) -> Iterator[str]:
    """The lines of a file that is read as one text. Raises CorpusError where it is too long for that."""
    held = 0
    for lines in read:
        held += sum(len(line) for _, line in lines)
        check_length(held, file, what="a text")
        yield from (line for _, line in lines)


def _lines(file: str, lines: Sequence[tuple[int, str]]) -> list[Item]:
    texts = without_ends([source for _, source in lines])
    if lines and lines[0][0] == 1:
        texts[0] = texts[0].removeprefix("\ufeff")
    return [Item(text, source, file, number) for text, (number, source) in zip(texts, lines, strict=True)]


def _paragraphs(file: str, read: Iterable[list[tuple[int, str]]]) -> Iterator[list[Item]]:
    """The paragraphs that are complete by now. The blank line that ends one is part of its source."""
    held: list[tuple[int, str]] = []
    size = 0
    for lines in read:
        found = []
        for number, line in lines:
            if not line.strip(" \t\r\n\ufeff"):
                if held:
                    found.append(_paragraph(file, held, line))
                held, size = [], 0
            else:
                held.append((number, line))
                size += len(line)
        if found or not lines:
            yield found
        if held:
            check_length(size, f"{file}:{held[0][0]}", what="a paragraph")
    if held:
        yield [_paragraph(file, held, "")]


def _paragraph(file: str, lines: Sequence[tuple[int, str]], blank: str) -> Item:
    text = joined(line for _, line in lines)
    return Item(without_end(text).removeprefix("\ufeff"), text + blank, file, lines[0][0])


def classify_stream(
    read: Iterable[Sequence[Item]], classifier: TextClassifier
) -> Iterator[tuple[list[Item], Float64s]]:
    """Chunks of the items with their probabilities, (N, K), in the order of the stream. An error that `read` raises is
    raised once all before it has been given."""

    least = LARGEST_CHUNK * classifier.labels // MOST_SCORES

    def begin(chunk: list[Item]) -> _Waiting:
        return _Waiting(chunk, classifier)

    def cost(item: Item) -> int:
        return max(len(item.text) + OVERHEAD, least)

    return results_in_order(read, begin, cost, first=FIRST_CHUNK, largest=LARGEST_CHUNK)


class _Waiting:
    def __init__(self, chunk: list[Item], classifier: TextClassifier) -> None:
        self._chunk, self._result = chunk, classifier.begin([item.text for item in chunk])

    def __call__(self) -> tuple[list[Item], Float64s]:
        return self._chunk, self._result()
