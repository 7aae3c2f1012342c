"""The forms in which `charnn score` writes its result: columns, JSON, a row for each symbol, colours, plain lines."""

from __future__ import annotations

import json
import math
from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple, Protocol

import numpy as np

from charnn.arrays import Floats
from charnn.cli.console import SHADES
from charnn.corpora.decoding import BYTE_ORDER_MARK
from charnn.readable import escaped
from charnn.tasks.language_model.use.labels import posterior
from charnn.tasks.language_model.use.lines import LineScore, ScoredLine
from charnn.tasks.language_model.use.model import LanguageModel
from charnn.tasks.language_model.use.neurons import activations, check_units, parse_units, units_of
from charnn.tasks.language_model.use.scores import SymbolNats, bits
from charnn.tokenizers.base import Tokenizer


class LinePlace(NamedTuple):
    """Where a line stands."""

    file: str
    line: int
    """Its number in its file, counted from 1."""
    number: int
    """Its number in all files, counted from 1."""


Numbered = Sequence[tuple[LinePlace, ScoredLine]]
"""Scored lines, each with where it stands."""

NO_MODEL = "-"
"""This stands for the name of the best model where a line has no characters, so that no model is better."""
DECIMALS = 6
"""Numbers in JSON have this many decimals. Further ones would depend on which lines are in a batch together."""

SURPRISES = (2, 4, 6, 8, 12)
"""The bits per character at which each shade but the first begins."""


class View(Protocol):
    """One form of the result. A view belongs to one output, and is given its lines in order."""

    def text(self, lines: Numbered) -> str:
        """What is written for these lines."""


class PlainView:
    """Writes the lines as they came. A line without an end, as the last of a file may be, gets one before another."""

    def __init__(self) -> None:
        self._lacks_end = False

    def text(self, lines: Numbered) -> str:
        texts = []
        for _, scored in lines:
            texts += ["\n" * self._lacks_end, self.shown(scored)]
            self._lacks_end = not texts[-1].endswith(("\n", "\r"))
        return "".join(texts)

    def shown(self, scored: ScoredLine) -> str:
        return scored.line


class TableView(PlainView):
    """Writes the figures of each line between tabs, and the line itself in the last column."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__()
        self._names = [escaped(name) for name in names]

    def shown(self, scored: ScoredLine) -> str:
        cells = [f"{score.nats:.4f}\t{score.bits_per_character or 0:.4f}" for score in scored.scores]
        if len(self._names) > 1:
            cells = [NO_MODEL if (best := best_model(scored)) is None else self._names[best], *cells]
        return "\t".join((*cells, str(len(scored.text)), _as_last_cell(scored)))


def _as_last_cell(scored: ScoredLine) -> str:
    r"""The line as the end of a row, which ends in \n where the line ends at all. A byte order mark is for the start of
    a file, and is left out."""
    line = scored.line if scored.text.startswith(BYTE_ORDER_MARK) else scored.line.removeprefix(BYTE_ORDER_MARK)
    return f"{line}\n" if line.endswith("\r") else line


class LabelsView(PlainView):
    """Writes the most probable label of each line, its probability, the bits per character under it, the number of
    characters, and the line itself in the last column."""

    def __init__(self, names: Sequence[str], probabilities: Sequence[float]) -> None:
        """`probabilities` says how probable each label is before a line is read."""
        super().__init__()
        self._names, self._prior_K = names, np.array(probabilities)

    def shown(self, scored: ScoredLine) -> str:
        best, probabilities_K, bits_K = self._figures(scored)
        name = escaped(self._names[best]) if scored.text else NO_MODEL
        figures = f"{probabilities_K[best]:.4f}\t{bits_K[best]:.4f}"
        return f"{name}\t{figures}\t{len(scored.text)}\t{_as_last_cell(scored)}"

    def to_json(self, scored: ScoredLine) -> dict[str, Any]:
        best, probabilities_K, bits_K = self._figures(scored)
        return {
            "label": self._names[best] if scored.text else None,
            "labels": {
                name: {"probability": round(float(p), DECIMALS), "bits_per_character": round(float(cost), DECIMALS)}
                for name, p, cost in zip(self._names, probabilities_K, bits_K, strict=True)
            },
        }

    def _figures(self, scored: ScoredLine) -> tuple[int, Floats, Floats]:
        """The number of the best label, and the probability and the bits per character of each."""
        nats_K = scored.scores[0].label_nats_K
        assert nats_K is not None, "a line is scored under every label"
        probabilities_K = posterior(nats_K, self._prior_K)
        return int(probabilities_K.argmax()), probabilities_K, nats_K / (math.log(2) * max(len(scored.text), 1))


class ObjectsView:
    """Writes a JSON object for each line. It has the line's symbols if their tokenizer is given, and the figures of
    every label if there are `labels`."""

    def __init__(
        self, names: Sequence[str], path: str, tokenizer: Tokenizer | None, labels: LabelsView | None = None
    ) -> None:
        """`path` is that of the model where there is one, and `names` are what several were called."""
        self._names, self._path, self._labels = names, path, labels
        self._symbols = SymbolNats(tokenizer) if tokenizer is not None else None

    def text(self, lines: Numbered) -> str:
        # A byte that is not UTF-8 is half a surrogate pair in the text, and is written as JSON's escape for that.
        objects = (json.dumps(self._object(*line), ensure_ascii=False) + "\n" for line in lines)
        return "".join(objects).encode("utf-8", "backslashreplace").decode("utf-8")

    def _object(self, place: LinePlace, scored: ScoredLine) -> dict[str, Any]:
        result: dict[str, Any] = {**_said_of(place), "text": scored.text, "characters": len(scored.text)}
        if len(self._names) > 1:
            best = best_model(scored)
            result["best"] = None if best is None else self._names[best]
            result["models"] = dict(zip(self._names, map(_figures, scored.scores), strict=True))
            return result
        result |= {"model": self._path, **_figures(scored.scores[0])}
        if self._labels is not None:
            result |= self._labels.to_json(scored)
        if self._symbols is not None:
            symbols = self._symbols.of(scored.text, scored.scores[0].nats_T)
            result["symbols"] = [[text, round(nats, DECIMALS)] for text, nats in symbols]
        return result


class SymbolsView:
    """Writes a row for each symbol: the number of its line, the place of its first character in the line, the symbol
    and its nats."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._symbols = SymbolNats(tokenizer)

    def text(self, lines: Numbered) -> str:
        rows = []
        for place, scored in lines:
            character = 1
            for text, nats in self._symbols.of(scored.text, scored.scores[0].nats_T):
                rows.append(f"{place.number}\t{character}\t{escaped(text)}\t{nats:.4f}\n")
                character += len(text)
        return "".join(rows)


class UnitsView:
    """Writes a row for each character with the values of hidden units, or a JSON object for each line with those of
    each unit."""

    def __init__(self, model: LanguageModel, named: str, *, as_json: bool) -> None:
        """`named` are units such as 2:17 between commas, or all. Raises UsageError for one that the model lacks."""
        every = units_of(model)
        self._units = every if named.strip() == "all" else parse_units(named.split(","))
        check_units(self._units, every)
        self._model, self._as_json = model, as_json

    def text(self, lines: Numbered) -> str:
        return "".join(self._shown(*line) for line in lines)

    def _shown(self, place: LinePlace, scored: ScoredLine) -> str:
        text = scored.text
        read = activations(self._model, text) if text else None
        values_NT = [[] if read is None else read.of(unit).tolist() for unit in self._units]
        if self._as_json:
            named = {
                str(unit): [round(value, DECIMALS) for value in values]
                for unit, values in zip(self._units, values_NT, strict=True)
            }
            value = {**_said_of(place), "text": text, "model": str(self._model.path), "units": named}
            return json.dumps(value, ensure_ascii=False).encode("utf-8", "backslashreplace").decode("utf-8") + "\n"
        rows = zip(text, *values_NT, strict=True)
        return "".join(
            f"{place.number}\t{at}\t{escaped(character)}\t" + "\t".join(f"{value:.4f}" for value in values) + "\n"
            for at, (character, *values) in enumerate(rows, start=1)
        )


class ShadedView(PlainView):
    """Writes the text in shades that say what each symbol cost. Control characters, which a terminal would obey rather
    than show, are escaped."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        super().__init__()
        self._symbols = SymbolNats(tokenizer)

    def shown(self, scored: ScoredLine) -> str:
        parts, before = [], 0
        for text, nats in self._symbols.of(scored.text, scored.scores[0].nats_T):
            shown = escaped(text, but="\\\t")
            shade = bisect_right(SURPRISES, bits(nats) / len(text)) if text else before
            if shade != before:
                parts.append("\x1b[0m" * bool(before) + f"\x1b[{SHADES[shade]}m" * bool(shade))
                before = shade
            parts.append(shown)
        return "".join(parts) + "\x1b[0m" * bool(before) + "\n" * scored.line.endswith("\n")


def legend() -> str:
    ranges = [f"{low} to {high}" for low, high in pairwise(SURPRISES)]
    samples = [f"below {SURPRISES[0]}", *ranges, f"{SURPRISES[-1]} and more"]
    shown = (f"\x1b[{shade}m {sample} \x1b[0m" for shade, sample in zip(SHADES, samples, strict=True))
    return "bits a character: " + " ".join(shown)


def least_bits(scored: ScoredLine) -> float:
    """The bits per character of the model that predicts the line best; 0 for a line without characters."""
    return min(score.bits_per_character or 0.0 for score in scored.scores)


def best_model(scored: ScoredLine) -> int | None:
    """The number of the model that predicts the line best, the first one if several do; None for an empty line."""
    if not scored.text:
        return None
    return min(range(len(scored.scores)), key=lambda model: scored.scores[model].nats)


def _said_of(place: LinePlace) -> dict[str, Any]:
    return {"file": place.file, "line": place.line}


def _figures(score: LineScore) -> dict[str, float | None]:
    each = score.bits_per_character
    return {
        "nats": round(score.nats, DECIMALS),
        "bits_per_character": None if each is None else round(each, DECIMALS),
    }
