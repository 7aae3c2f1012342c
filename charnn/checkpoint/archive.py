"""Packs a model directory into a zip file, and unpacks one that may come from anybody."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO

from charnn.checkpoint.directory import CONFIG, LARGEST_FILE, WEIGHTS, ModelDirectory
from charnn.checkpoint.files import open_regular
from charnn.checkpoint.lock import TRAINING
from charnn.errors import ModelError, ModelFormatError

LARGEST_RATIO = 100
"""A file, and all of them together, may unpack to at most so many times the packed size, and a little more. Weights
hardly shrink at all."""
MAGIC = b"PK\3\4"
"""What a zip file that has anything in it begins with."""
SMALL = 1 << 24
"""So many bytes are unpacked whatever the ratio."""
PACKED_AT = (1980, 1, 1, 0, 0, 0)
"""The date of every file in the zip file, so that the same model makes the same bytes."""


def pack(
    model: ModelDirectory,
    file: IO[bytes],
    names: Collection[str],
    *,
    training: bool,
    made: Mapping[str, bytes] | None = None,
) -> None:
    """Writes the files of a model into a zip file, in one folder that has the model's name.

    `names` are the files and folders that are the model's; others that lie beside them stay behind. So does what
    resuming needs, unless `training` asks for it. Files that were `made` for it are packed where the model lacks them,
    or has only links, which may lead to anything. Raises ModelFormatError for another link that leads out of the model:
    somebody's own files are never packed by its name.
    """
    here = model.path.resolve()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        ready = {Path(one): data for one, data in (made or {}).items()}
        found = {path.relative_to(model.path): path for path in model.path.rglob("*") if path.is_file()}
        for inside in sorted(found.keys() | ready.keys()):
            if inside.parts[0] not in names or (TRAINING in inside.parts and not training):
                continue
            lacks = inside not in found or (inside in ready and found[inside].is_symlink())
            if not lacks and not found[inside].resolve().is_relative_to(here):
                raise ModelFormatError(
                    f"{found[inside]}: a link to a file that is no part of the model", hint="put the file in its place"
                )
            entry = zipfile.ZipInfo(f"{here.name}/{inside.as_posix()}", PACKED_AT)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            if lacks:
                archive.writestr(entry, ready[inside])
                continue
            most = None if found[inside].suffix == Path(WEIGHTS).suffix else LARGEST_FILE
            with open_regular(found[inside], most) as file_of_model:
                entry.file_size = os.fstat(file_of_model.fileno()).st_size
                with archive.open(entry, "w") as packed:
                    shutil.copyfileobj(file_of_model, packed)


@contextmanager
def seekable(given: IO[bytes], name: str) -> Iterator[IO[bytes]]:
    """The zip file that was given, or, where it is no regular file, a temporary copy of it.

    Raises ModelFormatError for what does not begin as one does, of which no more is read, and OSError.
    """
    begins = given.read(len(MAGIC))
    if begins != MAGIC:
        raise ModelFormatError(f"{name}: not a zip file", hint="charnn models export makes one")
    if stat.S_ISREG(os.fstat(given.fileno()).st_mode):
        given.seek(0)
        yield given
        return
    with tempfile.TemporaryFile() as copy:
        copy.write(begins)
        shutil.copyfileobj(given, copy)
        yield copy


def unpack(file: IO[bytes], name: str, into: Path, names: Collection[str]) -> str:
    """Unpacks the model in a zip file into the empty directory `into`, and gives the name that it was packed under.

    Only files and folders of a model (`names`) are taken, and nothing that would be written elsewhere. `name` is what
    messages call the zip file. Raises ModelFormatError for anything else than a model in a zip file.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            folder = _folder(entries, name)
            places = [_inside(entry, folder, names, name) for entry in entries]
            if len(set(places)) < len(places):
                raise ModelFormatError(f"{name}: the same file is in it twice")
            total, size = sum(entry.file_size for entry in entries), file.seek(0, os.SEEK_END)
            if total > LARGEST_RATIO * size + SMALL:
                raise ModelFormatError(f"{name}: the files in it would unpack to {total:,} bytes")
            for entry, place in zip(entries, places, strict=True):
                if entry.file_size > LARGEST_RATIO * entry.compress_size + SMALL:
                    raise ModelFormatError(f"{name}: {entry.filename!r} would unpack to {entry.file_size:,} bytes")
                target = into / place
                target.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(entry) as packed, target.open("xb") as unpacked:
                    shutil.copyfileobj(packed, unpacked)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise ModelFormatError(f"{name}: not a sound zip file: {' '.join(str(error).split())}") from None
    except OSError as error:
        raise ModelError(f"{name}: {error.strerror or error}") from None
    return folder or Path(name).stem


def _folder(entries: list[zipfile.ZipInfo], name: str) -> str:
    """The folder in the zip file that has the model, "" where it lies at the top."""
    found = [PurePosixPath(entry.filename) for entry in entries]
    configs = sorted((path for path in found if path.name == CONFIG), key=lambda path: len(path.parts))
    if not configs or len(configs[0].parts) > 2:
        raise ModelFormatError(f"{name}: no model in it (no {CONFIG})", hint="charnn models export makes such a file")
    folder = configs[0].parent
    return "" if folder == PurePosixPath() else str(folder)


def _inside(entry: zipfile.ZipInfo, folder: str, names: Collection[str], name: str) -> str:
    """The path of a file within the model."""
    path = entry.filename.removeprefix(f"{folder}/") if folder else entry.filename
    parts = path.split("/")
    is_link = stat.S_ISLNK(entry.external_attr >> 16)
    is_plain = not any(part in ("", ".", "..") or "\\" in part or "\0" in part for part in parts)
    if is_link or not is_plain or parts[0] not in names or (folder and path == entry.filename):
        raise ModelFormatError(f"{name}: {entry.filename!r} is no file of a model")
    return path
