"""The files that a model learned from."""

from __future__ import annotations

from dataclasses import dataclass

from charnn.config.as_json import Json


@dataclass(frozen=True)
class SourceFile(Json):
    """One file that a corpus was read from, as it was when it was read."""

    path: str
    """The absolute path; `-` for standard input."""
    sha256: str
    """The hash of the file's bytes, unpacked where it was compressed."""
    characters: int
