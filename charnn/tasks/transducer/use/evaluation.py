"""Evaluates how well a transducer writes the targets of pairs, and lists the lines where it does not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from charnn.corpora.pairs import PairsLayout
from charnn.corpora.progress import tell
from charnn.errors import CorpusError, UsageError
from charnn.evaluation.confusions import Confusions
from charnn.readable import aligned, counted, escaped, file_name, percent
from charnn.streaming import in_chunks
from charnn.tasks.task import Evaluation
from charnn.tasks.transducer.dataset import Reference, pairs_of, read_pair_set_again, references
from charnn.tasks.transducer.options import TransducerEvaluationOptions
from charnn.tasks.transducer.use.line_transducer import Source, TransduceOptions
from charnn.tasks.transducer.use.scoring import AlignedSymbols, aligned_symbols, distance, nearest

if TYPE_CHECKING:
    from charnn.tasks.transducer.use.model import Transducer

NOTHING = "∅"
"""What stands for a symbol that one side lacks."""
BLOCK = 1024
"""Sources that are transduced together."""


@dataclass(frozen=True, slots=True)
class LineError:
    """A source whose target is none of the references."""

    file: str
    line: int
    source: str
    features: str
    reference: str
    """The reference that is nearest to what was written."""
    written: str
    edits: list[AlignedSymbols]
    """The symbols of the two side by side."""
    seen: bool
    """Whether training had the source."""

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "edits": [edit._asdict() for edit in self.edits]}

    def to_line(self) -> str:
        """`path:line`, the source, what was written, the reference, and the symbols where these two differ, between
        tabs."""
        changes = [
            f"{edit.written or NOTHING}>{edit.reference or NOTHING}" for edit in self.edits if edit[0] != edit[1]
        ]
        source = f"{self.source} {self.features}" if self.features else self.source
        cells = f"{self.file}:{self.line}", source, self.written, self.reference, " ".join(changes)
        return "\t".join(map(escaped, cells)) + "\n"


@dataclass
class TransducerScore:
    """The scores of some of the lines."""

    lines: int = 0
    correct: int = 0
    symbols: int = 0
    """The length of the references."""
    edits: int = 0

    def add(self, edits: int, symbols: int, *, is_right: bool) -> None:
        self.lines, self.correct = self.lines + 1, self.correct + is_right
        self.symbols, self.edits = self.symbols + symbols, self.edits + edits

    def to_json(self) -> dict[str, Any]:
        accuracy = self.correct / self.lines if self.lines else None
        return {
            "lines": self.lines,
            "accuracy": accuracy,
            "word_error_rate": None if accuracy is None else 1 - accuracy,
            "symbol_error_rate": self.edits / self.symbols if self.symbols else None,
        }


class TransducerEvaluation(Evaluation):
    """The fractions of right lines and wrong symbols, sources that training had apart; with `--errors` the lines."""

    def __init__(
        self,
        model: Transducer,
        files: Sequence[str],
        options: TransducerEvaluationOptions,
        *,
        encoding: str,
        threads: int,
    ) -> None:
        """Without files it scores what was held out when the model was trained. Raises CorpusError for files that
        cannot be read, and UsageError for options that are for a file where there is none."""
        self._model, self._options = model, options
        model.precision, model.threads = model.precision or "fp32", threads
        corpus = model.config.corpus
        self._file: str | None = ", ".join(map(file_name, files)) if files else None
        self._name = self._file or "held out of the pairs"
        self.references: list[Reference] = []
        if files:
            layout = corpus.layout if options.layout == PairsLayout() else options.layout
            for file in files:
                self.references += references(pairs_of(file, layout, encoding, options.on_error)[0])
        else:
            if not corpus.held_out:
                raise UsageError(
                    "nothing was held out when the model was trained, which learned all of its data",
                    hint="name a FILE to score the model on",
                )
            if options.layout != PairsLayout():
                raise UsageError("--source, --target and --features are for a FILE")
            self.references = list(references(read_pair_set_again(corpus).validation))
        self.figures = {name: TransducerScore() for name in ("all", "seen", "unseen")}
        self._several = sum(len(one.targets) > 1 for one in self.references)
        self._cut = 0
        self.confusions = Confusions()
        """Which symbols were written for which, where mistakes are listed or drawn."""

    @property
    def lists(self) -> bool:
        return self._options.errors

    def run(self) -> Iterator[LineError]:
        """Raises CorpusError where there is no pair."""
        if not self.references:
            raise CorpusError(f"{self._name}: there is no pair")
        options = TransduceOptions(beam=self._options.beam)
        with self._model as model:
            symbols = model.symbols.target
            every = ([one] for one in self.references)
            for block, _ in in_chunks(every, lambda _: 1, first=BLOCK, largest=BLOCK):
                tell("transducing", self.figures["all"].lines, len(self.references))
                sources = [Source(one.source, one.features, number) for number, one in enumerate(block)]
                found = model.transduce_sources(sources, options)
                for one, targets in zip(block, found, strict=True):
                    written = targets[0].text
                    self._cut += targets[0].is_cut
                    wanted = [symbols.encode(target).tolist() for target in one.targets]
                    errors, length = nearest(wanted, symbols.encode(written).tolist())
                    is_right = written in one.targets
                    seen = model.lookup.find(one.source, one.features) is not None
                    for score in (self.figures["all"], self.figures["seen" if seen else "unseen"]):
                        score.add(errors, length, is_right=is_right)
                    if self._options.confusion is not None or self.lists:
                        self._confuse(one, written)
                    if self.lists and not is_right:
                        yield self._error(one, written, seen=seen)

        if self._options.confusion is not None:
            self._draw(self._options.confusion)

    def _error(self, one: Reference, written: str, *, seen: bool) -> LineError:
        target, aligned = self._nearest(one, written)
        return LineError(one.file, one.line, one.source, one.features, target, written, aligned, seen)

    def _nearest(self, one: Reference, written: str) -> tuple[str, list[AlignedSymbols]]:
        """The reference that is nearest to what was written, and the two side by side."""
        parts = [self._parts(target) for target in one.targets]
        found = self._parts(written)
        reference = min(parts, key=lambda target: distance(target, found))
        return one.targets[parts.index(reference)], aligned_symbols(reference, found)

    def _confuse(self, one: Reference, written: str) -> None:
        self.confusions.pairs.update(
            (edit.reference or NOTHING, edit.written or NOTHING) for edit in self._nearest(one, written)[1]
        )

    def _draw(self, path: str) -> None:
        from charnn.plots.judgements import MOST_LABELS, save_confusion

        title = f"{self._name}, {self._model.directory.path}"
        save_confusion(*self.confusions.matrix(MOST_LABELS), Path(path), title=title)

    def _parts(self, target: str) -> list[str]:
        return target.split() if self._model.config.corpus.target_symbols == "spaces" else list(target)

    def notices(self) -> Iterator[str]:
        if self._cut:
            yield f"targets that had no end and were cut at the bound on their length: {self._cut:,}"
        if self.lists:
            score = self.figures["all"]
            yield f"wrong: {score.lines - score.correct:,} of {counted(score.lines, 'line')}"

    def to_json(self) -> dict[str, Any]:
        apart = {name: self.figures[name].to_json() for name in ("seen", "unseen")}
        return {
            **self.figures["all"].to_json(),
            **apart,
            "several_references": self._several,
            "beam": self._options.beam,
            "file": self._file,
            "precision": self._model.precision,
            "model": str(self._model.directory.path),
        }

    def report(self) -> str:
        rows: list[tuple[str, ...]] = [("", "lines", "right %", "wrong %", "symbols wrong %")]
        for name, score in self.figures.items():
            of = score.to_json()
            if score.lines:
                label = {"all": "all", "seen": "seen in training", "unseen": "not seen"}[name]
                rates = of["accuracy"], of["word_error_rate"], of["symbol_error_rate"]
                rows.append((label, f"{score.lines:,}", *map(percent, rates)))
        lines = [
            f"model   {self._model.directory.path}",
            f"pairs   {self._name}"
            + (f"; {counted(self._several, 'source')} with several targets" if self._several else ""),
            "",
            *(line.rstrip() for line in aligned(rows)),
        ]
        return "\n".join(lines) + "\n"
