"""A stream of lines, paragraphs or files to their probabilities, as they come and in their order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, NamedTuple

from charnn.corpora.decoding import OnError
from charnn.corpora.lines import Blocks, Lines, without_end
from charnn.corpora.streams import stream
from charnn.streaming import results_in_order
from charnn.tasks.classifier.calibration import Floats
from charnn.tasks.classifier.use.text_classifier import TextClassifier

InputUnit = Literal["line", "paragraph", "file"]
FIRST_CHUNK, LARGEST_CHUNK = 1 << 12, 1 << 15
"""Characters of texts that are read together; a longer text is a chunk of its own."""
OVERHEAD = 4
"""What a text costs besides its characters, in characters."""


class Item(NamedTuple):
    """A text of the input."""

    text: str
    source: str
    """The text as it stands in the input, with its line ends."""
    file: str
    line: int
    """The number of the line where it begins in its file, counted from 1."""


def items(
    files: Sequence[str], unit: InputUnit, *, encoding: str, any_bytes: bool, on_error: OnError = "fail"
) -> Iterator[list[Item]]:
    """The texts that are complete by now; an empty list at a pause of the input. Blank lines between paragraphs are no
    texts. Raises what `stream` raises."""
    for file in files:
        pieces = stream(file, encoding=encoding, any_bytes=any_bytes, on_error=on_error)
        if unit == "line":
            yield from _lines(file, pieces)
        elif unit == "paragraph":
            yield from _paragraphs(file, pieces)
        else:
            whole = "".join(pieces)
            yield [Item(whole, whole, file, 1)]


def _lines(file: str, pieces: Iterable[str]) -> Iterator[list[Item]]:
    lines, number = Lines(), 1
    for piece in pieces:
        found = lines.push(piece)
        if found or not piece:
            yield [_line(file, source, at) for at, source in enumerate(found, start=number)]
            number += len(found)
    if rest := lines.flush():
        yield [_line(file, source, at) for at, source in enumerate(rest, start=number)]


def _line(file: str, source: str, number: int) -> Item:
    text = without_end(source)
    return Item(text.removeprefix("\ufeff") if number == 1 else text, source, file, number)


def _paragraphs(file: str, pieces: Iterable[str]) -> Iterator[list[Item]]:
    blocks = Blocks()
    for piece in pieces:
        found = blocks.push(piece)
        if found or not piece:
            yield [Item(b.source[b.start : b.end], b.source, file, b.line) for b in found if b.end > b.start]
    if rest := blocks.flush():
        yield [Item(b.source[b.start : b.end], b.source, file, b.line) for b in rest if b.end > b.start]


def classify_stream(read: Iterable[Sequence[Item]], classifier: TextClassifier) -> Iterator[tuple[list[Item], Floats]]:
    """Chunks of the items with their probabilities, (N, K), in the order of the stream. An error that `read` raises is
    raised once all before it has been given."""

    def begin(chunk: list[Item]) -> _Waiting:
        return _Waiting(chunk, classifier)

    return results_in_order(
        read, begin, lambda item: len(item.text) + OVERHEAD, first=FIRST_CHUNK, largest=LARGEST_CHUNK
    )


class _Waiting:
    def __init__(self, chunk: list[Item], classifier: TextClassifier) -> None:
        self._chunk, self._result = chunk, classifier.begin([item.text for item in chunk])

    def __call__(self) -> tuple[list[Item], Floats]:
        return self._chunk, self._result()
