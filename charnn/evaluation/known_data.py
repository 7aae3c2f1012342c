"""Tells which of the files that a model is scored on it knows already, from learning or from being chosen by them."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from charnn.config import ModelConfig
from charnn.config.model import SourceFile
from charnn.readable import first_few

SHOWN = 3
"""The most files that a sentence names."""


@dataclass(frozen=True)
class KnownData:
    """The files among those that were read whose bytes are those of files that a run had."""

    learned_from: tuple[str, ...]
    """The files that the model learned from, all or most of them: part of one may have been held out."""
    chosen_by: tuple[str, ...]
    """The other files, by which the best weights were chosen (`--valid`)."""

    def sentences(self) -> Iterator[str]:
        """What it means for the score, a sentence for each kind of file that there is."""
        if self.learned_from:
            yield (
                f"{_named(self.learned_from)}: the model learned from {_it(self.learned_from)}, so the score does not "
                f"say how well it does on new data"
            )
        if self.chosen_by:
            yield (
                f"{_named(self.chosen_by)}: the model's weights were chosen by {_it(self.chosen_by)} (--valid), so the "
                f"score is a little better than on new data"
            )

    def to_json(self) -> dict[str, Any]:
        return {"learned_from": list(self.learned_from), "chosen_by": list(self.chosen_by)}


def known_data(config: ModelConfig, files: Sequence[SourceFile], given: Sequence[str] = ()) -> KnownData:
    """Which of `files` the model of this configuration knows; they are known by their hashes, whatever they are called.

    Files without a byte say nothing, and are never known. A file at one of the paths `given` is called by that path.
    """
    learned, chosen = set[str](), set[str]()
    for field, source in sources_of(config):
        (chosen if field.startswith("validation") else learned).add(source.sha256)
    found = [file for file in files if file.characters]
    called = {"-": "standard input"} | {os.path.abspath(path): path for path in given if path != "-"}
    names = [(called.get(file.path, file.path), file.sha256) for file in found]
    return KnownData(
        tuple(dict.fromkeys(name for name, sha256 in names if sha256 in learned)),
        tuple(dict.fromkeys(name for name, sha256 in names if sha256 in chosen - learned)),
    )


def sources_of(value: Any, field: str = "") -> Iterator[tuple[str, SourceFile]]:
    """The files in a configuration, at any depth, with the names of the fields that they are in."""
    if isinstance(value, SourceFile):
        yield field, value
    elif isinstance(value, tuple):
        for item in value:
            yield from sources_of(item, field)
    elif dataclasses.is_dataclass(value):
        for declared in dataclasses.fields(value):
            is_inside = field.startswith("validation")
            yield from sources_of(getattr(value, declared.name), field if is_inside else declared.name)


def _named(files: Sequence[str]) -> str:
    return first_few(files, SHOWN) + " files" * (len(files) > SHOWN)


def _it(files: Sequence[str]) -> str:
    return "it" if len(files) == 1 else "them"
