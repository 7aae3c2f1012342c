"""Where the labels and the texts of a table are: what says it, and the usual names of their columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from charnn.config import Json
from charnn.config.as_json import later
from charnn.corpora.columns import WantedColumns, found_columns

TEXT_NAMES: tuple[str, ...] = (
    *("text", "sentence", "content", "message", "body", "document"),
    *("review", "comment", "tweet", "utterance", "headline", "question", "query", "post"),
    *("comment_text", "review_text", "tweet_text", "review_body", "clean_text"),
)
LABEL_NAMES: tuple[str, ...] = (
    *("label", "labels", "class", "category", "target", "tag", "sentiment"),
    *("rating", "stars", "intent", "topic", "emotion", "polarity", "language", "genre"),
)
"""The usual names of the two columns of a table. They are looked for in this order, in any case."""
NO_TEXT = frozenset({"id", "index", "date", "time", "file", "filename", "path", "image", "url"})
"""Where one of two columns has labels, the other one has the texts unless it is called so."""


class LabelledText(NamedTuple):
    labels: tuple[str, ...]
    """The labels of the text. There is one, but for fastText's lines, lists in JSON, cells with a separator and several
    columns of labels, which may have any number."""
    text: str
    """The text without the end of its line."""
    line: int
    """The number of the line where it begins, counted from 1."""


@dataclass(frozen=True)
class LabelledLayout(Json):
    """Where the labels and the texts of a file are. What is None is told from the file."""

    text: str | None = None
    """The name of the column or key of the texts."""
    label: str | None = None
    """The name of the column or key of the labels, or of several ones with commas between them."""
    label_column: int | None = None
    """Which of two columns without a header has the labels, 1 or 2."""
    separator: str | None = later(None)
    """What stands between the labels of a text that has several in one cell. Without it a cell is one label."""


AS_TOLD = LabelledLayout()


def wanted(layout: LabelledLayout) -> tuple[WantedColumns, WantedColumns]:
    return WantedColumns("--text", layout.text, TEXT_NAMES), WantedColumns("--label", layout.label, LABEL_NAMES)


def usual_places(header: Sequence[str]) -> list[int | None]:
    """The places of the columns that have usual names of texts and of labels."""
    return found_columns(header, wanted(AS_TOLD))


def named_or_left(header: Sequence[str]) -> list[int | None]:
    """The same; where there are two columns and only the one of labels has a usual name, the other has the texts."""
    text, label = usual_places(header)
    if len(header) == 2 and text is None and label is not None and header[1 - label].lower() not in NO_TEXT:
        text = 1 - label
    return [text, label]
