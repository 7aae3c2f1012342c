"""Writes what was found of a text in a corpus: a report, a row for each line or a row for each run, also as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from charnn.corpora.lines import bare_lines, line_ends
from charnn.novelty.common_runs import CommonRuns, CopiedRun
from charnn.novelty.window_filter import CorpusText
from charnn.readable import escaped

PART = 1 << 20
"""So many characters of a text are looked at at once."""
SHOWN = 200
"""The most characters of the longest run that a report shows."""
JsonObject = dict[str, Any]
Record = tuple[JsonObject, str]
"""A JSON object, and the same as text, with its line ends."""


@dataclass(frozen=True, slots=True)
class CheckedText:
    """A text or a line of one, with the name of its file."""

    name: str
    """The path of the file, or what standard input is called."""
    text: CorpusText
    line: int = 1
    """The number of the text's first line."""
    numbers: Sequence[int] | None = None
    """The numbers of the lines in the file, where some were left out."""

    def number(self, line: int) -> int:
        """The number in the file of a line of the text, which is counted from `line`."""
        return line if self.numbers is None else self.numbers[line - 1]

    def places(self, offsets: Iterable[int]) -> dict[int, tuple[int, int]]:
        """The line and column of each offset, counted from 1."""
        places = {}
        line, line_start, before, ends_in_return = self.line, 0, 0, False
        for offset in sorted(set(offsets)):
            for start in range(before, offset, PART):
                passed = self.text[start : min(start + PART, offset)]
                line += line_ends(passed, after_return=ends_in_return)
                if last := max(passed.rfind("\n"), passed.rfind("\r")) + 1:
                    line_start = start + last
                ends_in_return = passed.endswith("\r")
            places[offset] = (self.number(line), offset - line_start + 1)
            before = offset
        return places


@dataclass(frozen=True, slots=True)
class Baseline:
    """What the held-out text, which nobody generated, has in common with the corpus by chance."""

    characters: int
    share: float
    longest: int

    @classmethod
    def of(cls, held_out: Sequence[CommonRuns]) -> Baseline | None:
        """The baseline of several texts together, or None where they have no characters."""
        if not (characters := sum(found.characters for found in held_out)):
            return None
        longest = max((run.length for found in held_out if (run := found.longest) is not None), default=0)
        return cls(characters, sum(found.copied for found in held_out) / characters, longest)


def lines(text: CheckedText) -> list[CheckedText]:
    """The lines of a text without their ends."""
    return [CheckedText(text.name, line, text.number(at)) for at, line in enumerate(bare_lines(text.text[:]), start=1)]


@dataclass(frozen=True)
class Results:
    """What was found of several texts in a corpus."""

    texts: Sequence[CheckedText]
    corpus: Sequence[CheckedText]
    found: Sequence[CommonRuns]
    """What was found of each text."""

    def reports(self, baseline: Baseline | None) -> Iterator[Record]:
        """A few lines about each text, with an empty line between texts."""
        size = sum(len(source.text) for source in self.corpus)
        against = self.corpus[0].name if len(self.corpus) == 1 else f"{len(self.corpus):,} files"
        for number, (text, found, longest) in enumerate(self._each()):
            held_out = asdict(baseline) if baseline else None
            record = {**_figures(text, found, longest), "corpus_characters": size, "held_out": held_out}
            rows = [
                f"text        {text.name}: {found.characters:,} characters, against {size:,} of {against}",
                f"copied      {found.share or 0:.1%} is in runs of {found.at_least:,} characters and more",
            ]
            if baseline:
                rows.append(
                    f"by chance   {baseline.share:.1%}, the longest of {baseline.longest:,}: "
                    f"so it is with {baseline.characters:,} held-out characters"
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
        """A row for each run: its length, its places in the text and in the corpus, the run."""
        for record in self._runs([(number, run) for number, found in enumerate(self.found) for run in found.runs()]):
            cells = (str(record["length"]), _place(record), _source_place(record), escaped(record["run"]))
            yield record, "\t".join(cells) + "\n"

    def _each(self) -> Iterator[tuple[CheckedText, CommonRuns, JsonObject | None]]:
        """Each text, what was found of it, and its longest run."""
        longest = [(number, run) for number, found in enumerate(self.found) if (run := found.longest) is not None]
        records = dict(zip((number for number, _ in longest), self._runs(longest), strict=True))
        for number, (text, found) in enumerate(zip(self.texts, self.found, strict=True)):
            yield text, found, records.get(number)

    def _runs(self, runs: Sequence[tuple[int, CopiedRun]]) -> Iterator[JsonObject]:
        """The objects of runs, which come with the numbers of their texts, in order. Each file's lines are counted
        once."""
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


def _figures(text: CheckedText, found: CommonRuns, longest: JsonObject | None) -> JsonObject:
    return {
        "text": text.name,
        "characters": found.characters,
        "at_least": found.at_least,
        "copied": found.copied,
        "share": found.share,
        "longest": longest,
    }


def _place(record: JsonObject) -> str:
    return f"{record['text']}:{record['line']}:{record['column']}"


def _source_place(record: JsonObject) -> str:
    return f"{record['source']}:{record['source_line']}:{record['source_column']}"
