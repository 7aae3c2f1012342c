"""Reads and writes kinds of files in a model directory: arrays, the history of validations, the text of config.json.

Each is written so that it is there as a whole or not at all."""

from __future__ import annotations

import ctypes
import json
import os
import re
import stat
import sys
import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from charnn.config import Json
from charnn.config.as_json import json_text
from charnn.errors import ModelError, ModelFormatError
from charnn.version import __version__

Array = npt.NDArray[Any]
FORMAT_VERSION = 1
LARGEST_HISTORY = 1 << 26
"""The most bytes of a history that are read. That is more than a hundred thousand validations."""
LARGEST_HEADER = 100_000_000
"""The most bytes of the header of a file of arrays, as the format has it."""
RANDOM_CHARACTERS = 8
"""The number of characters that `tempfile` makes up at the end of a name."""

_VERSION = re.compile(r"[0-9][0-9A-Za-z.+-]{0,19}")


def write_atomic(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Replaces the file at `path`: `data` are written under a temporary name beside it, flushed to disk and renamed.

    A reader sees the old file or the new one, and so does whoever comes after a crash. `mode` says who may read and
    write it. Raises OSError.
    """
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, mode)  # mkstemp lets only the owner read it
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    _flush_directory(path.parent)


def write_output(path: Path, data: bytes) -> None:
    """Writes a file that somebody has named. Raises OSError.

    A file is there as a whole or not at all. Whoever might read and write it before still may. Where a link leads to
    one it stays a link, and a device or a pipe is written to and not replaced.
    """
    if not path.exists():
        write_atomic(path.resolve(), data)
    elif path.is_file():
        write_atomic(path.resolve(), data, stat.S_IMODE(path.stat().st_mode))
    else:
        path.write_bytes(data)


def is_temporary(name: str, of: Collection[str]) -> bool:
    """Whether a file of this name is what `write_atomic` leaves when it is killed while it writes one of the files."""
    whole, dot, random = name.removeprefix(".").rpartition(".")
    return name.startswith(".") and bool(dot) and len(random) == RANDOM_CHARACTERS and whole in of


def exchange(left: Path, right: Path) -> bool:
    """Gives each of two directories the name of the other at one stroke, where the system and the disk can do that."""
    function, flag = {"linux": ("renameat2", 2), "darwin": ("renameatx_np", 2)}.get(sys.platform, ("", 0))
    rename = getattr(ctypes.CDLL(None), function, None) if function else None
    if rename is None:
        return False
    at_working_directory = -2 if sys.platform == "darwin" else -100
    return bool(rename(at_working_directory, os.fsencode(left), at_working_directory, os.fsencode(right), flag) == 0)


def _flush_directory(path: Path) -> None:
    """Makes a rename survive a power cut, where the system lets a directory be flushed."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:  # Windows opens no directories
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def open_regular(path: Path, largest: int | None = None) -> Iterator[BinaryIO]:
    """Opens a file of a model directory, which may come from anybody.

    Raises ModelFormatError where it is missing, is no regular file, such as a pipe or a device, or has more than
    `largest` bytes; ModelError where it cannot be read.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except FileNotFoundError:
        raise ModelFormatError(f"{path}: missing") from None
    except OSError as error:
        raise ModelError(f"{path}: {error.strerror}") from None
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        raise ModelFormatError(f"{path}: not a regular file")
    with os.fdopen(descriptor, "rb") as file:
        if largest is not None and status.st_size > largest:
            raise ModelFormatError(f"{path}: {status.st_size:,} bytes are more than such a file has")
        try:
            yield file
        except OSError as error:
            raise ModelError(f"{path}: {error.strerror}") from None


def read_arrays(path: Path, *, largest: int | None = None) -> tuple[dict[str, Array], dict[str, str]]:
    """The arrays of the file by name, and its metadata. Raises ModelFormatError for anything else than such a file, or
    for one of more than `largest` bytes."""
    from safetensors import SafetensorError, safe_open  # imported here, because it takes 20 ms and sampling needs none

    with open_regular(path, largest) as opened:
        check_extent(opened, path)
    try:
        with safe_open(path, framework="numpy") as file:
            return {key: file.get_tensor(key) for key in file.keys()}, file.metadata() or {}  # noqa: SIM118
    except MemoryError:
        raise ModelFormatError(f"{path}: {path.stat().st_size:,} bytes are more than this process may hold") from None
    except (SafetensorError, AttributeError, TypeError, ValueError) as error:  # the middle two: a type numpy lacks
        raise ModelFormatError(f"{path}: damaged: {' '.join(str(error).split())}") from None


def check_extent(file: BinaryIO, path: Path) -> None:
    """Raises ModelFormatError where a file of arrays has another size than its header says, before any of it is read
    or mapped. The file is at its beginning then."""
    size = os.fstat(file.fileno()).st_size
    length = int.from_bytes(file.read(8), "little")
    if not 0 < length <= min(size - 8, LARGEST_HEADER):
        raise ModelFormatError(f"{path}: damaged: no header")
    try:
        entries = json.loads(file.read(length))
        end = max((entry["data_offsets"][1] for name, entry in entries.items() if name != "__metadata__"), default=0)
        is_whole = 8 + length + end == size
    except (ValueError, RecursionError, KeyError, IndexError, TypeError, AttributeError):
        raise ModelFormatError(f"{path}: damaged: its header is none") from None
    if not is_whole:
        raise ModelFormatError(f"{path}: damaged: {size:,} bytes, and its header is one of {8 + length + end:,}")
    file.seek(0)


def arrays_in(data: bytes, name: str) -> dict[str, Array]:
    """The arrays in the bytes of such a file, which messages call `name`. Raises ModelFormatError."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        return load(data)
    except (SafetensorError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise ModelFormatError(f"{name}: damaged: {' '.join(str(error).split())}") from None


def write_arrays(path: Path, arrays: Mapping[str, Array], metadata: dict[str, str] | None = None) -> None:
    from safetensors.numpy import save

    write_atomic(path, save({key: np.ascontiguousarray(array) for key, array in arrays.items()}, metadata))


def read_history(path: Path) -> list[dict[str, Any]]:
    """The entries of the file, up to the first line that is damaged. A crash may have cut the last line short, and
    nothing needs a history: what is no file that can be read has no entries."""
    entries: list[dict[str, Any]] = []
    data = b""
    with suppress(ModelError), open_regular(path) as file:
        data = file.read(LARGEST_HISTORY)
    for line in data.splitlines():
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError):
            break
        if not isinstance(entry, dict) or type(entry.get("step")) is not int:
            break
        entries.append(entry)
    return entries


def append_history(path: Path, *entries: Mapping[str, Any]) -> None:
    """Adds lines to the file, all of them or none. Raises OSError."""
    with path.open("ab", buffering=0) as file:
        end = file.seek(0, os.SEEK_END)
        data = "".join(json.dumps(entry) + "\n" for entry in entries).encode("utf-8")
        try:
            if (written := file.write(data)) < len(data):
                file.write(data[written:])  # says why not all of it could be written
        except OSError:
            file.truncate(end)
            raise


def cut_history(path: Path, step: int) -> None:
    """Drops the validations after `step`, because a resumed run makes them again."""
    kept = [json.dumps(entry) + "\n" for entry in read_history(path) if entry["step"] <= step]
    write_atomic(path, "".join(kept).encode("utf-8"))


def dump_config(config: Json) -> str:
    document: dict[str, Any] = {"format_version": FORMAT_VERSION, **config.to_json()}
    return json_text(document, indent=2)


def of_writer(document: object) -> str | None:
    """What to do about a configuration that cannot be read, where another version of charnn says that it wrote it; None
    where this one did, or nothing tells."""
    record = document.get("record") if isinstance(document, dict) else None
    version = record.get("charnn_version") if isinstance(record, dict) else None
    if not isinstance(version, str) or version == __version__ or not _VERSION.fullmatch(version):
        return None
    return f"charnn {version} wrote it, and this is charnn {__version__}: use that one, or train the model again"


def load_config(data: bytes, name: str) -> dict[str, Any]:
    """The object that `dump_config` wrote, without the format version. It has a `task`, which is a string.

    `name` is what messages call the file. Raises ModelFormatError for another version, and for anything else.
    """
    try:
        document = json.loads(data.decode("utf-8"))
    except UnicodeDecodeError:
        raise ModelFormatError(f"{name}: not UTF-8") from None
    except (ValueError, RecursionError) as error:
        raise ModelFormatError(f"{name}: not JSON: {str(error) or 'nested too deep'}") from None
    version = document.pop("format_version", None) if isinstance(document, dict) else None
    if version != FORMAT_VERSION:
        raise ModelFormatError(
            f"{name} has format version {version!r:.20}; this charnn reads version {FORMAT_VERSION}",
            hint=of_writer(document) or "use the version of charnn that wrote the model, or train it again",
        )
    if not isinstance(document.get("task"), str):
        raise ModelFormatError(f"{name}: the task {document.get('task')!r:.30} is not known")
    return dict(document)
