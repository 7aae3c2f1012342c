"""The forms in which `charnn transduce` writes its result: lines, JSON, tables of attention; and its picture."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from charnn.cli import console
from charnn.cli.confidence import Threshold

if TYPE_CHECKING:
    from charnn.tasks.transducer.use.line_transducer import LineTransducer, Source, Target

Block = Sequence[tuple["Source", list["Target"]]]
"""Sources, each with its targets, the best first; there may be none."""


class View(Protocol):
    """One form of the result."""

    def text(self, block: Block) -> str:
        """What is written for these sources."""


class LinesView:
    """The target of each source, or with `several` all of them, each with its log-probability."""

    def __init__(self, threshold: Threshold, *, several: bool, keep_source: bool) -> None:
        self._threshold, self._several, self._keep_source = threshold, several, keep_source

    def text(self, block: Block) -> str:
        return "".join(self._line(source, targets) for source, targets in block)

    def _line(self, source: Source, targets: list[Target]) -> str:
        if not self._several:
            cells = [self._shown(targets[0]) if targets else ""]
        elif not source.text:
            cells = [""]
        else:
            cells = [cell for one in targets for cell in (self._shown(one), f"{one.log_probability:.4f}")]
        before = [part for part in (source.text, source.features) if part] if self._keep_source else []
        return "\t".join([*before, *cells]) + "\n"

    def _shown(self, target: Target) -> str:
        return self._threshold.in_line(target.text, target.probability)


class ObjectsView:
    """An object for each source, with what there is to say `about` the model at its end."""

    def __init__(self, threshold: Threshold, about: Mapping[str, Any], *, several: bool) -> None:
        self._threshold, self._about, self._several = threshold, about, several

    def text(self, block: Block) -> str:
        records = ({**self._record(source, targets), **self._about} for source, targets in block)
        return "".join(f"{json.dumps(record, ensure_ascii=False)}\n" for record in records)

    def _record(self, source: Source, targets: list[Target]) -> dict[str, Any]:
        record: dict[str, Any] = {"file": source.file, "line": source.line, "source": source.text}
        if source.features:
            record["features"] = source.features
        best = targets[0] if targets else None
        record["target"] = None if best is None else self._threshold.in_json(best.text, best.probability)
        record |= {} if best is None else _figures(best)
        if self._several:
            record["nbest"] = [{"target": one.text, **_figures(one)} for one in targets]
        return record


def _figures(target: Target) -> dict[str, Any]:
    figures: dict[str, Any] = {
        "log_probability": round(target.log_probability, 6), "probability": round(target.probability, 6)
    }  # fmt: skip
    figures |= {"looked_up": True} if target.is_looked_up else {}
    return figures | ({"cut": True} if target.is_cut else {})


class AttentionTables:
    """Where the network looked for each symbol of a target, in its place."""

    def __init__(self, transducer: LineTransducer) -> None:
        """Raises UsageError where the model has no attention."""
        transducer.attending  # noqa: B018 - raises where there is none
        self._transducer = transducer

    def text(self, block: Block) -> str:
        """An empty line stands after each table, and for a source without a target."""
        return "".join(self._table(source, targets) for source, targets in block)

    def _table(self, source: Source, targets: list[Target]) -> str:
        if not targets or not source.text:
            return "\n"
        return self._transducer.attention(source, targets[0].text).to_table() + "\n"


class AttentionPicture:
    """Draws where the network looked for the first target that there is."""

    def __init__(self, transducer: LineTransducer, path: str, model: str) -> None:
        """Raises UsageError where the model has no attention, or where the picture cannot have that name."""
        from charnn.plots.canvas import check_png

        transducer.attending  # noqa: B018 - raises where there is none
        self._transducer, self._path, self._model = transducer, Path(path), model
        self._is_drawn = False
        check_png(self._path, "attention")

    def see(self, block: Block) -> None:
        """Draws the picture once there is a target. Raises OutputError where it cannot be written."""
        for source, targets in block:
            if not self._is_drawn and targets and source.text:
                from charnn.plots.network import save_attention

                found = self._transducer.attention(source, targets[0].text)
                save_attention(found.source, found.target, found.weights_TS, self._path, title=self._model)
                self._is_drawn = True

    def report(self) -> None:
        """Warns where there was no line to draw."""
        if not self._is_drawn:
            console.warn(f"--attention {self._path}: no line has a target, so there is nothing to draw")
