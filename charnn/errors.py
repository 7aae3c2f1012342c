"""Every error that charnn raises on purpose, and the exit code that each branch ends a command with.

    CharnnError             1  something failed
      UsageError            2  the options contradict each other, or ask for what cannot be
      CorpusError           1  a text or treebank cannot be read as asked; names path and place
      TokenizerError        1  a tokenizer cannot be made from this text, or its file is damaged
      ConfigError           2  a value out of range, or a key that is not known
      ModelError            1  a model directory is missing, damaged, or of another kind
        ModelNotFoundError  1  no model where one was looked for
        ModelFormatError    1  the directory is not what its format version promises
        ModelBusyError      1  another process is training in the directory
      TrainingError         1  training cannot go on
      OutputError           1  a result cannot be written; names the path
      MissingPackageError   1  a package is not installed that only some commands need; the hint says what to install
    CharnnWarning              nothing failed, and the result may not be what was meant; a Python warning

Libraries raise these; only `charnn.cli` prints them and exits. A message is one line that says what failed and where;
`hint` says what to do about it.
"""

from __future__ import annotations

INTERRUPTED = 130
"""The exit code of a command that Ctrl-C, SIGTERM or a closed terminal has ended: what shells have for Ctrl-C."""


class CharnnError(Exception):
    """The root of the tree. `str(error)` is one line for the user; `hint`, where there is one, says what to do next."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


class UsageError(CharnnError):
    exit_code = 2


class CorpusError(CharnnError):
    pass


class TokenizerError(CharnnError):
    pass


class ConfigError(CharnnError):
    exit_code = 2


class ModelError(CharnnError):
    pass


class ModelNotFoundError(ModelError):
    pass


class ModelFormatError(ModelError):
    pass


class ModelBusyError(ModelError):
    pass


class TrainingError(CharnnError):
    pass


class OutputError(CharnnError):
    pass


class MissingPackageError(CharnnError):
    pass


class CharnnWarning(UserWarning):
    """Nothing failed, and yet the result may not be what was meant.

    The command line prints it; in Python it is a warning.
    """


def first_line(error: BaseException) -> str:
    """The first line of what an error of any kind says; those of libraries may have many."""
    return str(error).partition("\n")[0]
