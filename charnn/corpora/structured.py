"""Tells what lines are that are read as they stand, and look as if they had cells, keys or labels."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

from charnn.corpora.foreign import SAMPLE_BYTES, foreign_format, looks_like_table
from charnn.corpora.labelled_recognition import recognize_labelled
from charnn.errors import CharnnWarning

TELLING_LINES = 200
"""So many lines, with their ends, tell."""


def warn_of_structure(name: str, lines: Sequence[str], done: str, *, with_labels: bool, column: str = "") -> None:
    """Warns where the first lines of a file look like markup or a table, or where `with_labels` like lines of labels
    and texts; `done` is what becomes of each line, such as "classified", `column` the option that names a column."""
    sample = "".join(lines[:TELLING_LINES])
    markup = foreign_format(sample[:SAMPLE_BYTES].encode("utf-8", "surrogateescape"))
    labelled = recognize_labelled(sample) if with_labels else None
    has_columns = labelled is not None and labelled.has_names
    if markup is not None and markup.is_text:
        seen = f"it looks like {markup.what}"
    elif labelled is not None:
        seen = f"it has {labelled.reason}"
    elif (table := looks_like_table(sample)) is not None:
        seen, has_columns = f"it looks like {table}", True
    else:
        return
    otherwise = f", or name their column with {column}" if column and has_columns else ""
    warnings.warn(
        f"{name}: {seen}, and each line is {done} as it stands; give the texts alone, one on each line{otherwise}",
        CharnnWarning,
        stacklevel=2,
    )
