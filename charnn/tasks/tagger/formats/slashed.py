"""Words with their tags, `word_TAG` or `word/TAG`, a sentence a line.

Which of the two a file has is decided by its first line with words. The last separator of a token splits it, or with
several columns (`word_TAG_TAG`) the last few; a tag that contains the separator cannot be read. An end of two
separators is the tag `_` (or `/`), and `_` stands for no tag, as in the other formats. Tokens stand between spaces and
tabs, which are kept as they are.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

from charnn.corpora.lines import Lines
from charnn.errors import CorpusError, UsageError
from charnn.tasks.tagger.config import PASSED_OVER
from charnn.tasks.tagger.formats.sentence import Annotation, Sentence, written_probability

_TOKEN = re.compile(r"[^ \t\r\n\ufeff]+")
_GAP = re.compile(r"[ \t\r\ufeff]+")
_LINES = frozenset({"slashed", "lines", "tokens", "characters"})
"""The formats in which a line is a sentence, so that an empty one is worth an empty line."""


@dataclass(slots=True)
class SlashedSentence(Sentence):
    columns: tuple[str, ...] = ()
    tags: tuple[list[str], ...] = ()
    """The tags of all words, column by column."""
    separator: str = "_"

    @property
    def tag_columns(self) -> tuple[str, ...]:
        return tuple(name for name in self.columns if name != PASSED_OVER)

    def values(self, column: str) -> list[str] | None:
        if column not in self.columns:
            return None
        return list(self.tags[self.columns.index(column)]) if self.words else []

    @property
    def unnamed_columns(self) -> int:
        return min((_tags_in(word, self.separator) for word in self.words), default=0)

    def rewritten(self, annotations: Sequence[Annotation]) -> str:
        """The source with other tags, spaces as they were. Columns that it does not have are appended."""
        if not self.words:
            return self.source
        tags: list[Sequence[str]] = list(self.tags)
        for annotation in annotations:
            if annotation.column in self.columns:
                tags[self.columns.index(annotation.column)] = annotation.tags
            else:
                tags.append(annotation.tags)
        tokens = _tokens(self.words, [*tags, *_probabilities(annotations)], self.separator)
        gaps = _TOKEN.split(self.source)
        return gaps[0] + "".join(chain.from_iterable(zip(tokens, gaps[1:], strict=True)))


class SlashedReader:
    def __init__(self, name: str, columns: Sequence[str]) -> None:
        self._name = name
        self._columns = tuple(columns)
        self._lines = Lines()
        self._line = 0
        self._separator: str | None = None
        self._first_line = 0

    def feed(self, text: str) -> list[Sentence]:
        return [self._sentence(line) for line in self._lines.push(text)]

    def finish(self) -> list[Sentence]:
        return [self._sentence(line) for line in self._lines.flush()]

    def _sentence(self, source: str) -> Sentence:
        self._line += 1
        sentence = SlashedSentence("slashed", self._name, self._line, source, [], columns=self._columns)
        if tokens := tokens_of(source):
            try:
                self._read_tokens(sentence, tokens)
            except CorpusError as error:
                sentence.error = error.with_traceback(None)
        return sentence

    def _read_tokens(self, sentence: SlashedSentence, tokens: list[str]) -> None:
        if self._separator is None:
            self._separator = separator_of(tokens)
            self._first_line = self._line
        if self._separator is None:
            raise CorpusError(
                f"{self._name}:{self._line}: expected word_TAG or word/TAG, found {tokens[0]!r}",
                hint="words without tags are read with --format tokens",
            )
        split = [split_token(token, self._separator, len(self._columns)) for token in tokens]
        if None in split:
            expected = self._separator.join(["word", *(column.upper() for column in self._columns)])
            raise CorpusError(
                f"{self._name}:{self._line}: expected {expected}, found {tokens[split.index(None)]!r}",
                hint=f"line {self._first_line}, the first with words, has {self._separator}",
            )
        words, *tags = (list(column) for column in zip(*filter(None, split), strict=True))
        sentence.words, sentence.tags, sentence.separator = words, tuple(tags), self._separator


def tokens_of(line: str) -> list[str]:
    """What stands between the spaces and tabs of a line."""
    return _TOKEN.findall(line)


def separator_of(tokens: Sequence[str]) -> str | None:
    """The one of _ and / that splits more of the tokens; None where neither splits any."""
    counts = {separator: sum(split_token(token, separator) is not None for token in tokens) for separator in "_/"}
    best = max(counts, key=lambda separator: counts[separator])
    return best if counts[best] else None


def _tags_in(word: str, separator: str) -> int:
    """How many more tags could be split from a word."""
    tags = 0
    while (split := split_token(word, separator)) is not None:
        word, tags = split[0], tags + 1
    return tags


def split_token(token: str, separator: str, columns: int = 1) -> list[str] | None:
    """The word and its tags; None where there are too few separators, or nothing before them."""
    tags: list[str] = []
    for _ in range(columns):
        if token.endswith(separator * 2):
            token, tag = token[:-2], separator
        else:
            token, _, tag = token.rpartition(separator)
        if not token or not tag:
            return None
        tags.append(tag)
    return [token, *reversed(tags)]


def written(sentence: Sentence, annotations: Sequence[Annotation]) -> str:
    """The words and their tags as `word_TAG`, on one line; an empty line for an empty line.

    Probabilities follow the tags, `word_TAG_0.9312`. Spaces inside a word are written as _, as is the custom for
    Vietnamese. Raises UsageError for the best tags, which have no place here.
    """
    if not sentence.words:
        return "\n" if sentence.format in _LINES else ""
    words = _GAP.sub("_", "\n".join(sentence.words)).split("\n")
    tags = [annotation.tags for annotation in annotations]
    return " ".join(_tokens(words, [*tags, *_probabilities(annotations)], "_")) + "\n"


def _tokens(words: Sequence[str], tags: Sequence[Sequence[str]], separator: str) -> list[str]:
    return list(map(separator.join, zip(words, *tags, strict=True)))


def _probabilities(annotations: Sequence[Annotation]) -> list[Sequence[str]]:
    if any(annotation.alternatives is not None for annotation in annotations):
        raise UsageError("word_TAG has no place for several tags", hint="choose --to conllu or --to columns")
    return [[written_probability(p) for p in a.probabilities] for a in annotations if a.probabilities is not None]
