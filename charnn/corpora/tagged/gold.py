"""The sentences of a treebank's text, each word with its tags."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from charnn.config import Level, TreebankFormat
from charnn.corpora.tagged.formats import open_reader
from charnn.corpora.tagged.recognition import recognize
from charnn.corpora.tagged.sentence import Sentence
from charnn.errors import CorpusError

_BEGINNING = 1 << 12
"""Characters that a format is told from."""
_PIECE = 1 << 16
"""Characters that are read at once."""


def treebank_format(text: str, name: str) -> TreebankFormat:
    """Told by the content. Raises CorpusError where there are no tags in it."""
    match recognize(text[:_BEGINNING]):
        case "conllu" | "columns" | "slashed" as format:
            return format
        case _:
            raise CorpusError(
                f"{name}: neither CoNLL-U, nor columns between tabs, nor word_TAG",
                hint="name its format with --format",
            )


def gold_sentences(
    text: str, name: str, format: TreebankFormat, columns: Sequence[str], level: Level
) -> Iterator[Sentence]:
    """The sentences with words in them; `columns` are those of the file where it has no names for them.

    Raises CorpusError for the first that is malformed, and at the level `character` for a word of several characters.
    """
    assert format != "aligned"
    reader = open_reader(format, name, columns=columns)
    for start in range(0, len(text), _PIECE):
        yield from _checked(reader.feed(text[start : start + _PIECE]), level)
    yield from _checked(reader.finish(), level)


def _checked(sentences: list[Sentence], level: Level) -> Iterator[Sentence]:
    for sentence in sentences:
        if sentence.error:
            raise sentence.error
        if level == "character":
            for number, word in enumerate(sentence.words):
                if len(word) != 1:
                    place = f"{sentence.name}:{sentence.line_of(number)}"
                    raise CorpusError(f"{place}: expected words of one character, found {word!r}")
        if sentence.words:
            yield sentence
