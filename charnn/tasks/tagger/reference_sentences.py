"""The sentences of a treebank with its tags as the reference, whatever its format: for learning and for scoring."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice

from charnn.corpora.foreign import CSV, looks_like_table
from charnn.errors import CharnnWarning, CorpusError, UsageError
from charnn.readable import counted, instead_of
from charnn.segmentation.graphemes import is_one
from charnn.tasks.tagger.config import PASSED_OVER, Level, TreebankFormat
from charnn.tasks.tagger.formats import open_reader
from charnn.tasks.tagger.formats.recognition import check_line_ends, recognize, sample_of
from charnn.tasks.tagger.formats.sentence import ENDS, LongSentences, Malformed, Sentence

TELLING_SENTENCES = 20
"""So many sentences tell how many tags their words have."""
FEWEST_WORDS = 3
"""Fewer words do not tell: a single one may have a slash in it."""


def unnamed_columns(sentences: Iterable[Sentence]) -> int:
    """How many more tags each word of the first sentences has than there are names for."""
    telling = [sentence for sentence in islice(sentences, TELLING_SENTENCES) if sentence.words]
    if sum(len(sentence.words) for sentence in telling) < FEWEST_WORDS:
        return 0
    return min(sentence.unnamed_columns for sentence in telling)


def warn_of_unnamed(name: str, format: str, names: Sequence[str], unnamed: int) -> None:
    """Warns that the words of the file `name` have `unnamed` more tags than `names`. Nothing is said where that is 0,
    nor where columns are named that are passed over."""
    if not unnamed or (format == "columns" and PASSED_OVER in names):
        return
    first, last = (",".join(part) for part in ([*names, *[PASSED_OVER] * unnamed], [*[PASSED_OVER] * unnamed, *names]))
    total, few = len(names) + unnamed, f" {len(names)}" * (len(names) > 1)
    are, taken = "are" if few else "is", ",".join(names)
    if format == "columns":
        said = (
            f"{counted(total, 'column')} stand after the words, and the first{few} {are} taken for {taken}; --columns "
            f"{first} says so, and --columns {last} names the last{few}"
        )
    else:
        said = (
            f"{counted(total, 'tag')} stand after each word, and the last{few} {are} taken for {taken}, with what is "
            f"before as a part of the word; --columns {last} takes no more for the word, and --columns {first} names "
            f"the first{few}"
        )
    warnings.warn(f"{name}: {said}", CharnnWarning, stacklevel=2)


_PIECE = 1 << 16
"""Characters that a reader is given at once."""


def treebank_format(text: str, name: str) -> TreebankFormat:
    """The format of a treebank, told by its content. Raises CorpusError where there are no tags in it."""
    if not text.strip():
        raise CorpusError(f"{name}: there is no sentence")
    sample = sample_of(text)
    check_line_ends(sample, name)
    found = recognize(sample, has_tags=True)
    match found.format:
        case "conllu" | "columns" | "slashed" as format:
            return format
        case _:
            table = looks_like_table(sample)
            looks_like = found.looks_like or table
            raise CorpusError(
                f"{name}: it is neither CoNLL-U, nor columns, nor word_TAG"
                + (f", and looks like {looks_like}" if looks_like else ""),
                hint=_from_csv(sample) if table == CSV else "name its format with --format",
            )


def _from_csv(sample: str) -> str:
    """What makes columns of CSV."""
    first = sample.partition("\n")[0]
    separator = max(",;|", key=first.count)
    parted = "" if separator == "," else f", delimiter={separator!r}".replace("'", '"')
    return (
        f"python3 -c 'import csv, sys; [print(*row, sep=\"\\t\") for row in csv.reader(sys.stdin{parted})]' < FILE "
        "puts tabs between words and tags; a blank line ends a sentence"
    )


def reference_sentences(
    text: str,
    name: str,
    format: TreebankFormat,
    columns: Sequence[str],
    level: Level,
    malformed: Malformed = ENDS,
) -> Iterator[Sentence]:
    """The sentences of a treebank that have words, with its tags as the reference.

    `columns` are the names of the file's columns where it has none for them. At the level `character` a sentence is
    malformed, too, that has a word of several characters.
    """
    assert format != "aligned"
    reader, long = open_reader(format, name, columns=columns), LongSentences()
    pieces = (text[start : start + _PIECE] for start in range(0, len(text), _PIECE))
    for sentences in chain(map(reader.feed, pieces), (reader.finish() for _ in range(1))):
        long.look(sentences)
        yield from _checked(sentences, level, malformed)


def unnamed_in(text: str, name: str, format: TreebankFormat, names: Sequence[str], level: Level) -> int:
    """How many more tags each word of a treebank has than there are names for."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CharnnWarning)  # the file is read again
        return unnamed_columns(reference_sentences(text, name, format, names, level, Malformed("skip")))


def _checked(sentences: list[Sentence], level: Level, malformed: Malformed) -> Iterator[Sentence]:
    for sentence in sentences:
        malformed.check_bytes(sentence)
        error = sentence.error
        if error is None and level == "character":
            error = _not_characters(sentence)
        if error is not None:
            malformed.leave_out(error)
        elif sentence.words:
            yield sentence


def _not_characters(sentence: Sentence) -> CorpusError | None:
    for number, word in enumerate(sentence.words):
        if not is_one(word):
            place = f"{sentence.name}:{sentence.line_of(number)}"
            return CorpusError(f"{place}: expected words of one character, found {word!r}")
    return None


def check_has_columns(sentence: Sentence, columns: Sequence[str]) -> None:
    """Raises UsageError where the sentence has no place for the tags of a column, as no other of its file has then."""
    for column in columns:
        if sentence.words and sentence.error is None and sentence.values(column) is None:
            there = sentence.tag_columns
            unnamed = "its columns have no names, and --columns names those after the words in their order"
            hint = instead_of(column, there, "it has") if there else unnamed
            raise UsageError(f"--columns: {sentence.name} has no column {column!r}", hint=hint)
