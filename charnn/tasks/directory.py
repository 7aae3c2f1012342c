"""The model directory of a task: what charnn.checkpoint reads and writes, with that task's classes."""

from __future__ import annotations

from typing import ClassVar, Generic, Self, TypeVar

from charnn.checkpoint.directory import CONFIG, ModelDirectory
from charnn.checkpoint.locate import find_model, wrong_task
from charnn.config import ModelConfig
from charnn.errors import ConfigError, ModelFormatError

C = TypeVar("C", bound=ModelConfig)


class TaskDirectory(ModelDirectory, Generic[C]):
    """A subclass for each task says which configuration is in config.json, and adds the task's own files."""

    name: ClassVar[str]
    """The task's name, as config.json has it."""
    config_class: type[C]

    @classmethod
    def find(cls, name: str | None) -> Self:
        """The model that `name` means (`find_model`), which must be of this task."""
        return cls(find_model(name, cls.name).path)

    def check(self) -> None:
        """Reads what using the model reads. Raises ModelFormatError where a file is missing or damaged.

        A task whose models have files of their own reads them as well. Graphs are read by whoever runs them.
        """
        self.config()
        self.weights()
        self.graph_path()

    def config(self) -> C:
        """Raises ModelFormatError where config.json is missing or damaged, ModelError where the task is another."""
        document = self.document()
        if document["task"] != self.name:
            raise wrong_task(self, document["task"], self.name)
        try:
            return self.config_class.from_json(document)
        except ConfigError as error:
            raise ModelFormatError(f"{self.path / CONFIG}: {error}") from None
