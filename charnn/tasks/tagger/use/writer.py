"""Tagged sentences as text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from charnn.tasks.tagger.config import TextFormat
from charnn.tasks.tagger.formats import render
from charnn.tasks.tagger.formats.sentence import Annotation
from charnn.tasks.tagger.use.stream import Tagged
from charnn.tasks.tagger.use.tags import Tags

_ENDS_IN_BLANK_LINE = re.compile(r"(?:\A\ufeff?|\n)[ \t]*\r?\n\Z")


@dataclass(slots=True)
class TagWriter:
    """For one output, in the order of its sentences."""

    to: TextFormat
    columns: Sequence[str]
    """Of the tags, in their order."""
    probabilities: bool = False
    """Whether they are written, where they are there."""
    min_confidence: float = 0.0
    unsure: str = "_"
    """Takes the place of a tag that is less probable than that."""
    _last: str = field(default="", init=False)
    """The sentence written before."""

    def text(self, block: Tagged) -> str:
        """The sentences as `render` writes them, each on lines of its own.

        A sentence that lacks its end, as the last of a file may, is given it before another follows.
        Raises UsageError for tags that the format has no place for.
        """
        texts: list[str] = []
        for sentence, tags in block:
            text = render(sentence, [] if tags is None else list(map(self._annotation, self.columns, tags)), self.to)
            if text:
                texts += [self._missing_end(), text]
                self._last = text
        return "".join(texts)

    def _annotation(self, column: str, tags: Tags) -> Annotation:
        names: Sequence[str] = tags.names
        if self.min_confidence and tags.probabilities is not None:
            least, unsure = self.min_confidence, self.unsure
            names = [tag if p >= least else unsure for tag, p in zip(names, tags.probabilities, strict=True)]
        return Annotation(column, names, tags.probabilities if self.probabilities else None, tags.alternatives)

    def _missing_end(self) -> str:
        last = self._last
        if not last or last.endswith("\n\n"):
            return ""
        line_end = "\r\n" if "\r\n" in last else "\n"
        missing = "" if last.endswith("\n") else line_end
        if self.to in ("conllu", "columns") and not _ENDS_IN_BLANK_LINE.search(last + missing):
            missing += line_end
        return missing
