"""The documents of texts that are too long to be held, read in blocks as often as they are wanted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from charnn.corpora.blocks import Places, TextBlock, blocks_at, blocks_of
from charnn.corpora.code_points import code_points
from charnn.corpora.documents import DocumentUnit, held_out_characters, place_to_cut
from charnn.corpora.facts import CODE_POINTS, Counts
from charnn.corpora.long_texts import LongText, PartOfText
from charnn.corpora.progress import tell
from charnn.corpora.runs import RunLengths, Runs

SAMPLE = 10_000_000
"""The most characters that a vocabulary of pieces is learned from."""
SAMPLE_PARTS = 200


@dataclass(frozen=True)
class LongDocuments:
    """The documents of a part of some texts, which follow one another."""

    texts: Sequence[LongText]
    unit: DocumentUnit
    start: int
    end: int
    """The part, in characters of all texts. It may begin and end inside a document."""
    ends: Places | None = None
    """Where documents end, in characters of all texts, where they are no units of the texts."""

    @classmethod
    def of(cls, texts: Sequence[LongText], unit: DocumentUnit) -> LongDocuments:
        return cls(texts, unit, 0, sum(map(len, texts)))

    @property
    def characters(self) -> int:
        return self.end - self.start

    @property
    def number(self) -> int:
        """The number of documents in all texts."""
        return sum(text.facts.documents for text in self.texts)

    def blocks(self, doing: str = "encoding") -> Iterator[TextBlock]:
        """The documents in blocks. A watcher is told what is being done with them, and how far it is."""
        done = 0
        for text, start, end in self._parts():
            pieces = text.pieces(start, end)
            for block in (
                blocks_of(pieces, self.unit) if self.ends is None else blocks_at(pieces, self.ends, self.start + done)
            ):
                done += len(block.text)
                tell(f"{doing} {text.path}", done, self.characters)
                yield block

    def parts(self) -> list[tuple[str, PartOfText]]:
        """The path of each text, and what of it belongs to these documents."""
        return [(text.path, PartOfText(text, start, end)) for text, start, end in self._parts()]

    def documents(self) -> Iterator[str]:
        """The documents one by one, each as a whole."""
        held: list[str] = []
        for block in self.blocks("reading"):
            start = 0
            for end in block.ends.tolist():
                held.append(block.text[start:end])
                start = end
                yield "".join(held)
                held.clear()
            held.append(block.text[start:])

    def beginning(self, characters: int) -> list[str]:
        """The first documents, at most so many characters in all; where the first one is longer by itself, its
        beginning."""
        found, held, total = list[str](), "", 0
        for block in self.blocks("reading"):
            start = 0
            for end in block.ends.tolist():
                document = held + block.text[start:end]
                total += len(document)
                if total > characters:
                    return found or [document[:characters]]
                found.append(document)
                held, start = "", end
            held += block.text[start:]
            if total + len(held) > characters:
                return found or [held[:characters]]
        return found

    def character_counts(self) -> Counts:
        """How often each code point is in all texts."""
        counts = np.zeros(CODE_POINTS, np.int64)
        for text in self.texts:
            for code, times in text.facts.counts:
                counts[code] += times
        return counts

    def run_lengths(self, others: Iterable[str] = ()) -> dict[str, RunLengths]:
        """The lengths of the runs of characters in all texts and in others, as `runs.run_lengths` gives them."""
        runs = Runs()
        for other in others:
            runs.add(code_points(other))
            runs.end()
        for text in self.texts:
            runs.add_json(text.facts.runs)
        return runs.lengths()

    def sample(self) -> list[str]:
        """Parts from all over the documents, at most SAMPLE characters."""
        if self.characters <= SAMPLE:
            return ["".join(text.pieces(start, end)) for text, start, end in self._parts()]
        step, length = self.characters // SAMPLE_PARTS, SAMPLE // SAMPLE_PARTS
        return [self._slice(self.start + number * step, length) for number in range(SAMPLE_PARTS)]

    def cut(self) -> int:
        """Where what should be held out begins, in characters of all texts: see `documents.place_to_cut`."""
        ends, before = list[int](), 0
        for text in self.texts:
            ends += [before + end for end in text.facts.last_ends]
            before += len(text)
        return place_to_cut(ends[:-1], self.characters, held_out_characters(self.characters))

    def _parts(self) -> Iterator[tuple[LongText, int, int]]:
        """The texts that have a part of these documents, and where that begins and ends in each."""
        before = 0
        for text in self.texts:
            start, end = max(self.start - before, 0), min(self.end - before, len(text))
            if start < end:
                yield text, start, end
            before += len(text)

    def _slice(self, start: int, length: int) -> str:
        part = LongDocuments(self.texts, self.unit, start, min(start + length, self.end))
        return "".join(text[first:last] for text, first, last in part._parts())
