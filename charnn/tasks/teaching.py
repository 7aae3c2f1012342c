"""What tasks share whose networks learn from what models say."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from charnn.config import SourceFile
from charnn.errors import CharnnWarning, UsageError


def check_teachers_named(start_from: str | None, teachers: Sequence[str] | None) -> None:
    """Raises UsageError where a model to start from and teachers are named."""
    if start_from is not None and teachers:
        raise UsageError("--teacher is for a new network, and --from goes on with one: give one of them")


def taught_by(teachers: Sequence[str], data: str) -> str:
    """What a network with these teachers learned from besides its `data`, the text or the treebank."""
    several = "the mean of what they say" if len(teachers) > 1 else "what it says"
    return f"{', '.join(teachers)}; a fifth of the loss is on the {data}, the rest on {several} about it"


class CorpusRecord(Protocol):
    """What a model was trained on, as its configuration records it."""

    @property
    def sources(self) -> tuple[SourceFile, ...]: ...
    @property
    def validation_sources(self) -> tuple[SourceFile, ...]: ...
    @property
    def held_out(self) -> bool: ...


def may_know(teacher: CorpusRecord, held_out: CorpusRecord, *, splits_alike: bool = True) -> bool:
    """Whether a teacher may have learned what is held out of a corpus, so that validations are better than they should
    be: it has learned some of the same files, and not with the same part held out.

    `splits_alike` says whether the two cut the same files in the same way.
    """
    if not held_out.held_out:
        return False
    whole = {source.sha256 for source in teacher.sources}
    if held_out.validation_sources:
        return any(source.sha256 in whole for source in held_out.validation_sources)
    has_same_part = (
        splits_alike
        and teacher.held_out
        and not teacher.validation_sources
        and [one.sha256 for one in teacher.sources] == [one.sha256 for one in held_out.sources]
    )
    return not has_same_part and any(source.sha256 in whole for source in held_out.sources)


def warn_of_known_data(path: Path, teacher: CorpusRecord, held_out: CorpusRecord, *, splits_alike: bool = True) -> None:
    """Warns where the teacher in `path` may have learned what is held out."""
    if may_know(teacher, held_out, splits_alike=splits_alike):
        warnings.warn(
            f"{path} may have learned what is held out here: the validations may be too good",
            CharnnWarning,
            stacklevel=3,
        )
