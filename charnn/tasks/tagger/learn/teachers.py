"""The teachers of a tagger: what taggers that have been trained say about each word of the sentences that it learns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from charnn.arrays import Integers
from charnn.corpora.progress import tell
from charnn.errors import UsageError
from charnn.readable import first_few
from charnn.tasks.tagger.config import DecoderKind, TreebankConfig
from charnn.tasks.tagger.decoding.decoder import Probabilities
from charnn.tasks.tagger.directory import TaggerDirectory
from charnn.tasks.tagger.lexicon import Lexicon
from charnn.tasks.tagger.use.model import Tagger

MOST_PROBABILITIES = 1 << 28
"""The most probabilities that are kept, half a gigabyte of them."""
CHUNK = 512
"""Teachers read so many sentences at a time."""
SHOWN = 5
"""The most tags that a message names."""


@dataclass(frozen=True, eq=False)
class Said:
    """The mean of the probabilities that teachers give the tags of the words of sentences."""

    columns: Sequence[npt.NDArray[np.float16]]
    """For each column those of all words, one sentence after the other, (words, K)."""

    def of(self, column: int, words_N: Integers) -> Probabilities:
        """Those of some words, (N, K)."""
        said_NK: Probabilities = self.columns[column][words_N].astype(np.float32)
        return said_NK

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """By numbered names, of which `said_before` makes the same again."""
        return {f"said.{number}": array for number, array in enumerate(self.columns)}


def said_before(arrays: Mapping[str, npt.NDArray[Any]], shapes: Sequence[tuple[int, int]], prefix: str = "") -> Said:
    """What teachers said, out of `arrays` whose names have a prefix; `shapes` are those of its columns.

    Raises ValueError where it is not that.
    """
    found = [arrays.get(f"{prefix}said.{number}") for number in range(len(shapes))]
    columns = [array for array in found if array is not None]
    if [array.shape for array in columns] != [*shapes]:
        raise ValueError("what teachers said is not of this treebank")
    return Said(columns)


def said_by(teachers: Sequence[TaggerDirectory], sentences: Sequence[Sequence[str]], lexicon: Lexicon) -> Said:
    """The mean of what the teachers say. They are of these columns and tags (`check_teachers`), in any order.

    That is before training begins, and no part of its budget. Raises UsageError where it is too much to keep.
    """
    words, sizes = sum(map(len, sentences)), [len(tags) for tags in lexicon.tags.values()]
    if words * sum(sizes) > MOST_PROBABILITIES:
        raise UsageError(
            f"--teacher: {words:,} words with {sum(sizes):,} tags are too many for it",
            hint="leave --teacher out, or learn fewer columns or less text",
        )
    total = [np.zeros((words, size), np.float32) for size in sizes]
    for number, directory in enumerate(teachers):
        place, theirs = 0, directory.lexicon().tags
        names = list(theirs)
        # The places of our columns among those of the teacher, and of the tags of each.
        places = {column: {tag: n for n, tag in enumerate(of_column)} for column, of_column in theirs.items()}
        order = [(names.index(c), [places[c][tag] for tag in tags]) for c, tags in lexicon.tags.items()]
        with Tagger(directory, precision="fp32") as tagger:
            for said in _in_chunks(tagger, sentences):
                end = place + len(said[0])
                for sum_NK, (column, tags) in zip(total, order, strict=True):
                    sum_NK[place:end] += said[column][:, tags]
                place = end
                tell("what the teachers say", number * words + place, len(teachers) * words)
    return Said([(sum_NK / len(teachers)).astype(np.float16) for sum_NK in total])


def _in_chunks(tagger: Tagger, sentences: Sequence[Sequence[str]]) -> Iterator[list[Probabilities]]:
    """For each sentence, what the tagger says of its words in each column."""
    for start in range(0, len(sentences), CHUNK):
        yield from tagger.sentence_tagger.probabilities(sentences[start : start + CHUNK])


def check_teachers(
    teachers: Sequence[TaggerDirectory], lexicon: Lexicon, corpus: TreebankConfig, decoder: DecoderKind
) -> None:
    """Raises UsageError for a model that cannot teach a tagger of these tags, and says what differs."""
    if teachers and decoder == "crf":
        raise UsageError(
            "--teacher is not for --decoder crf, whose loss is that of whole sequences of tags",
            hint="taggers that choose tags otherwise may be taught, and a crf may teach",
        )
    for directory in teachers:
        theirs, differs = directory.config().corpus, ""
        if theirs.level != corpus.level:
            differs = f"it tags {theirs.level}s, not {corpus.level}s"
        elif missing := [column for column in corpus.columns if column not in theirs.columns]:
            differs = f"it does not tag {missing[0]}"
        else:
            known = directory.lexicon().tags
            differs = "; ".join(filter(None, (_difference(c, known[c], tags) for c, tags in lexicon.tags.items())))
        if differs:
            raise UsageError(
                f"--teacher {directory.path}: {differs}", hint="a teacher must have learned the same columns and tags"
            )


def _difference(column: str, theirs: Sequence[str], ours: Sequence[str]) -> str:
    known, wanted = set(theirs), set(ours)
    said = [
        f"{verb} {first_few(tags, SHOWN)}"
        for verb, tags in (
            ("lack", [tag for tag in ours if tag not in known]),
            ("also have", [tag for tag in theirs if tag not in wanted]),
        )
        if tags
    ]
    return f"its tags of {column} {' and '.join(said)}" if said else ""
