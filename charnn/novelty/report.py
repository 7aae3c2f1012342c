"""What was found of a text in a corpus, as reports, lines or runs, each as text and as an object."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from charnn.novelty.matches import Matches, Run
from charnn.readable import escaped

SHOWN = 200
"""Characters of the longest run that a report shows."""
Object = dict[str, Any]
Record = tuple[Object, str]
"""An object, and the same as text, with its line ends."""


@dataclass(frozen=True, slots=True)
class Named:
    """A text, or a line of it."""

    name: str
    """A path, - for standard input."""
    text: str
    line: int = 1
    """The number of its first line."""

    def places(self, offsets: Iterable[int]) -> dict[int, tuple[int, int]]:
        r"""Line and column of each, counted from 1. Only \n ends a line."""
        places = {}
        line, line_start, before = self.line, 0, 0
        for offset in sorted(set(offsets)):
            if ends := self.text.count("\n", before, offset):
                line += ends
                line_start = self.text.rindex("\n", before, offset) + 1
            places[offset] = (line, offset - line_start + 1)
            before = offset
        return places


@dataclass(frozen=True, slots=True)
class Chance:
    """What a text that nobody generated has in common with the corpus."""

    characters: int
    share: float
    longest: int

    @classmethod
    def of(cls, held_out: Sequence[Matches]) -> Chance | None:
        """Of several texts together; None where there are none."""
        if not (characters := sum(found.characters for found in held_out)):
            return None
        longest = max((run.length for found in held_out if (run := found.longest) is not None), default=0)
        return cls(characters, sum(found.copied for found in held_out) / characters, longest)


def lines(text: Named) -> list[Named]:
    r"""Its lines without their ends, \n or \r\n."""
    every = text.text.removesuffix("\n").split("\n")
    return [Named(text.name, line.removesuffix("\r"), number) for number, line in enumerate(every, start=1)]


@dataclass(frozen=True)
class Results:
    texts: Sequence[Named]
    corpus: Sequence[Named]
    found: Sequence[Matches]
    """Of each text."""

    def reports(self, chance: Chance | None) -> Iterator[Record]:
        """A few lines about each text, an empty one between two."""
        size = sum(len(source.text) for source in self.corpus)
        against = self.corpus[0].name if len(self.corpus) == 1 else f"{len(self.corpus):,} files"
        for number, (text, found, longest) in enumerate(self._each()):
            held_out = asdict(chance) if chance else None
            record = {**_figures(text, found, longest), "corpus_characters": size, "held_out": held_out}
            rows = [
                f"text        {text.name}: {found.characters:,} characters, against {size:,} of {against}",
                f"copied      {found.share or 0:.1%} is in runs of {found.at_least:,} characters and more",
            ]
            if chance:
                rows.append(
                    f"by chance   {chance.share:.1%}, the longest of {chance.longest:,}: "
                    f"so it is with {chance.characters:,} held-out characters"
                )
            if longest:
                rows.append(
                    f"longest     {longest['length']:,} characters, {_place(longest)}, there {_source_place(longest)}"
                )
                rows.append(f"            {escaped(longest['run'][:SHOWN])}{' ...' * (longest['length'] > SHOWN)}")
            else:
                rows.append("longest     not one character stands there")
            yield record, "\n" * (number > 0) + "".join(row + "\n" for row in rows)

    def lines(self) -> Iterator[Record]:
        """A row for each text: the share, the longest run, its place in the corpus, the text."""
        for text, found, longest in self._each():
            share = "-" if found.share is None else f"{found.share:.4f}"
            length, place = (longest["length"], _source_place(longest)) if longest else (0, "-")
            yield {**_figures(text, found, longest), "line": text.line}, f"{share}\t{length}\t{place}\t{text.text}\n"

    def runs(self) -> Iterator[Record]:
        """A row for each run: its characters, its places in the text and in the corpus, the run."""
        for record in self._runs([(number, run) for number, found in enumerate(self.found) for run in found.runs()]):
            cells = (str(record["length"]), _place(record), _source_place(record), escaped(record["run"]))
            yield record, "\t".join(cells) + "\n"

    def _each(self) -> Iterator[tuple[Named, Matches, Object | None]]:
        """Each text, what was found, and its longest run."""
        longest = [(number, run) for number, found in enumerate(self.found) if (run := found.longest) is not None]
        records = dict(zip((number for number, _ in longest), self._runs(longest), strict=True))
        for number, (text, found) in enumerate(zip(self.texts, self.found, strict=True)):
            yield text, found, records.get(number)

    def _runs(self, runs: Sequence[tuple[int, Run]]) -> Iterator[Object]:
        """Runs with the numbers of their texts as objects, in order; the lines of each file are counted once."""
        offsets: dict[int, list[int]] = {}
        source_offsets: dict[int, list[int]] = {}
        for number, run in runs:
            offsets.setdefault(number, []).append(run.start)
            source_offsets.setdefault(run.source, []).append(run.source_start)
        places = {number: self.texts[number].places(every) for number, every in offsets.items()}
        source_places = {source: self.corpus[source].places(every) for source, every in source_offsets.items()}
        for number, run in runs:
            line, column = places[number][run.start]
            source_line, source_column = source_places[run.source][run.source_start]
            yield {
                "text": self.texts[number].name,
                "line": line,
                "column": column,
                "length": run.length,
                "source": self.corpus[run.source].name,
                "source_line": source_line,
                "source_column": source_column,
                "run": self.texts[number].text[run.start : run.start + run.length],
            }


def _figures(text: Named, found: Matches, longest: Object | None) -> Object:
    return {
        "text": text.name,
        "characters": found.characters,
        "at_least": found.at_least,
        "copied": found.copied,
        "share": found.share,
        "longest": longest,
    }


def _place(record: Object) -> str:
    return f"{record['text']}:{record['line']}:{record['column']}"


def _source_place(record: Object) -> str:
    return f"{record['source']}:{record['source_line']}:{record['source_column']}"
