"""The files that a run learns from and is validated with, and how they are read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from charnn.corpora.decoding import OnError
from charnn.corpora.documents import Fold


@dataclass(frozen=True)
class DataFiles:
    """The files of a run. How much of them is held out where there are none to validate with, each task says."""

    paths: Sequence[str]
    """The files to train on; `-` is standard input."""
    validation_paths: Sequence[str] = ()
    """The files to validate with. Where there are none, and it `holds_out`, a part of the others is held out."""
    encoding: str = "utf-8"
    on_error: OnError = "fail"
    """What is done about bytes that are not in the encoding, and with skip about rows that are malformed."""
    holds_out: bool = True
    """Whether a part is held out where there are no files to validate with. If not, all is trained on, and the model is
    validated with that."""
    fold: Fold | None = None
    """The part that is held out in a cross-validation; None for what is usual."""
