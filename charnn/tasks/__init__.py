"""The tasks that there are, each in a folder of its own."""

from __future__ import annotations

from collections.abc import Mapping

from charnn.checkpoint.directory import CONFIG, ModelDirectory
from charnn.errors import ModelFormatError
from charnn.tasks.language_model.directory import LanguageModelDirectory
from charnn.tasks.tagger.directory import TaggerDirectory

DIRECTORIES: Mapping[str, type[LanguageModelDirectory] | type[TaggerDirectory]] = {
    directory.name: directory for directory in (LanguageModelDirectory, TaggerDirectory)
}
FILES = frozenset(name for directory in DIRECTORIES.values() for name in directory.files)


def directory_of(model: ModelDirectory) -> LanguageModelDirectory | TaggerDirectory:
    """The same directory, as that of its task. Raises ModelFormatError where that is not known."""
    task = model.task()
    if task not in DIRECTORIES:
        raise ModelFormatError(f"{model.path / CONFIG}: the task {task!r:.30} is not known")
    return DIRECTORIES[task](model.path)
