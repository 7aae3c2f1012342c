"""The base class of the models of all tasks."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Generic, Self, TypeVar

from charnn.config.model import InferencePrecision
from charnn.errors import UsageError
from charnn.tasks.directory import C, TaskDirectory

D = TypeVar("D", bound=TaskDirectory[Any])


class Model(Generic[D, C]):
    """A trained model, read from its directory. Nothing runs before a method of its task is called.

    Several threads must not use one model at once; the work of one call may be spread over `threads`.
    """

    directory_class: ClassVar[type[Any]]

    def __init__(self, directory: D, *, precision: InferencePrecision | None = None, threads: int = 1) -> None:
        """`precision` is that of inference: `auto` is int8 where the model's own measurement found it worth it, and
        None leaves it to each method, which says what it takes. Raises ModelFormatError where config.json is damaged.
        """
        self.directory = directory
        self.config: C = directory.config()
        self.precision = precision
        self.threads = threads

    @classmethod
    def load(
        cls, path: str | os.PathLike[str], *, precision: InferencePrecision | None = None, threads: int = 1
    ) -> Self:
        """The model at `path`, a directory or a name under ./checkpoints/, which must be of this task.

        Raises ModelNotFoundError where there is none, and ModelError where it is damaged or of another task.
        """
        return cls.find(os.fspath(path), precision=precision, threads=threads)

    @classmethod
    def find(cls, name: str | None, *, precision: InferencePrecision | None = None, threads: int = 1) -> Self:
        """Does what `load` does; without a name it takes $CHARNN_MODEL or else the default under ./checkpoints/."""
        return cls(cls.directory_class.find(name), precision=precision, threads=threads)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.path)!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        """A copy, also one that is pickled for another process, reads the model from its directory."""
        load = partial(type(self).load, precision=self.precision, threads=self.threads)
        return load, (os.path.abspath(self.path),)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends the threads that the model has started, and drops what they have begun. A later call starts new ones."""

    @property
    def path(self) -> Path:
        return self.directory.path

    def is_quantized(self, precision: InferencePrecision) -> bool:
        """Whether that precision means int8 for this model. Raises UsageError where it has no int8 graph."""
        if precision == "int8" and not self.directory.has_quantized_graph():
            raise UsageError(f"{self.path}: it has no int8 graph", hint="leave --precision out, or use fp32")
        if precision == "auto":
            return self.config.quantization is not None and self.config.quantization.used
        return precision == "int8"
