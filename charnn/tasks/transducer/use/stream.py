"""A stream of lines to their targets: each as soon as it can be where the input pauses, many at once where it does not,
in order and in bounded memory."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence

from charnn.corpora.decoding import OnError
from charnn.corpora.lines import without_end
from charnn.corpora.pairs import check_side
from charnn.corpora.streams import stream_lines
from charnn.corpora.structured import warn_of_structure
from charnn.errors import CharnnWarning, CorpusError
from charnn.readable import file_name
from charnn.streaming import results_in_order
from charnn.tasks.transducer.use.line_transducer import LineTransducer, Source, Target, TransduceOptions

CHUNK_CHARACTERS = 1 << 14
"""The characters of the lines that are transduced together, at most, a line end counted; a longer line is by itself."""
FIRST_CHUNK = 1 << 10


def read_sources(
    paths: Sequence[str], *, has_features: bool, encoding: str = "utf-8", on_error: OnError = "fail"
) -> Iterator[list[Source]]:
    """The lines of files, one file after the other, as `transduce_stream` takes them: lists of those that are complete
    by now, and an empty list at a pause. With `has_features`, they follow the source after a tab. Cells after further
    tabs are passed over, and a warning says so once.

    Raises what `stream_lines` raises, and CorpusError for a line without features where there should be some, and for a
    source that is longer than one that is learned may be.
    """
    reader = _SourceReader(has_features=has_features)
    for path in paths:
        name = file_name(path)
        for lines in stream_lines(path, encoding=encoding, on_error=on_error):
            if lines and lines[0][0] == 1:
                warn_of_structure(name, [line for _, line in lines], "transduced", with_labels=False)
            yield from reader.sources(name, lines)


class _SourceReader:
    def __init__(self, *, has_features: bool) -> None:
        self._has_features = has_features
        self._number = 0
        self._has_warned = False

    def sources(self, name: str, lines: list[tuple[int, str]]) -> Iterator[list[Source]]:
        """The sources of these lines. Those before a line that is malformed are given before the error is raised."""
        result: list[Source] = []
        for at, line in lines:
            text = without_end(line)
            if at == 1:
                text = text.removeprefix("\ufeff")
            place = f"{name}:{at}"
            try:
                source = source_of(text, self._number, has_features=self._has_features, place=place)
            except CorpusError:
                yield result
                raise
            result.append(source._replace(file=name, line=at))
            if not self._has_warned and text.count("\t") > self._has_features:
                self._has_warned = True
                wanted = "source<TAB>features" if self._has_features else "a source"
                warnings.warn(
                    f"{place}: more than {wanted}: what follows the tab is passed over, here and in other lines",
                    CharnnWarning,
                    stacklevel=2,
                )
            self._number += 1
        yield result


def source_of(line: str, number: int, *, has_features: bool, place: str) -> Source:
    """The source that a line says: its first cell, with the features in the second one. Raises CorpusError, which names
    the place, where features are missing or the source is too long."""
    text, *others = line.split("\t")
    check_side(text, "source", place)
    if not has_features or not line.strip():
        return Source(text.strip(), "", number)
    if not others:
        raise CorpusError(f"{place}: no features", hint="this model wants source<TAB>features on each line")
    return Source(text.strip(), others[0].strip(), number)


def transduce_stream(
    read: Iterable[Sequence[Source]], transducer: LineTransducer, options: TransduceOptions
) -> Iterator[list[tuple[Source, list[Target]]]]:
    """Chunks of sources with their targets, in the order of the input. Each should be written and flushed when it
    comes.

    An error that `read` raises is raised once everything before it has been given.
    """

    def begin(chunk: list[Source]) -> Callable[[], list[tuple[Source, list[Target]]]]:
        result = transducer.begin(chunk, options)
        return lambda: list(zip(chunk, result(), strict=True))

    return results_in_order(
        read, begin, lambda source: len(source.text) + 1, first=FIRST_CHUNK, largest=CHUNK_CHARACTERS
    )
