"""Finds the files of a corpus: those in folders and those that a list names."""

from __future__ import annotations

import os
import warnings
from collections import defaultdict
from collections.abc import Iterator, Sequence

from charnn.corpora.foreign import foreign_format
from charnn.corpora.lines import bare_lines
from charnn.corpora.sources import read
from charnn.corpora.unpacking import a_model, first_bytes, has_model
from charnn.errors import CharnnWarning, CorpusError
from charnn.readable import file_name, first_few

FEW = 5
"""The most paths that a warning names."""


def corpus_files(
    paths: Sequence[str], list_path: str | None = None, *, any_bytes: bool = False, keeps_folders: bool = False
) -> list[str]:
    """The files that `paths` and a list mean, in their order: a folder means the files in it, at any depth and sorted.

    The list has a path on each line, or paths with a NUL after each, as `find -print0` writes them; `-` is standard
    input. Paths are relative to the working directory. In a folder, hidden, empty and special files, directories of
    models and, unless `any_bytes`, what is no text are left out, and a warning says so. Links to folders are not
    followed. Where it `keeps_folders`, they are given as they are. Raises CorpusError for a list that cannot be read or
    is empty, and for a folder without a text or with a model in it.
    """
    named = [*paths, *([] if list_path is None else _listed(list_path))]
    if keeps_folders:
        return named
    return [file for path in named for file in (_texts_in(path, any_bytes) if os.path.isdir(path) else [path])]


def _listed(list_path: str) -> list[str]:
    text = os.fsdecode(read(list_path, any_bytes=True)[0].encode("utf-8", "surrogateescape"))
    paths = text.split("\0") if "\0" in text else bare_lines(text)
    found = [path for path in paths if path]
    if not found:
        name = file_name(list_path)
        raise CorpusError(f"{name}: the list names no file", hint="write a path on each line")
    return found


def _texts_in(folder: str, any_bytes: bool) -> list[str]:
    if has_model(folder):
        raise a_model(folder)
    left_out = defaultdict[str, list[str]](list)
    files = []
    for path, reason in _walk(folder):
        reason = reason or _reason_against(path, any_bytes)
        if reason:
            left_out[reason].append(path)
        else:
            files.append(path)
    for reason, paths in sorted(left_out.items()):
        warnings.warn(f"left out, {reason}: {first_few(paths, FEW)}", CharnnWarning, stacklevel=2)
    if not files:
        raise CorpusError(f"{folder}: no text in this folder", hint="name files to read one in spite of what it is")
    return files


def folders_of_labels(folder: str) -> list[str]:
    """The names of the folders in this one, where there is nothing else in it and each has several files and nothing
    else, as the folders of labels have; hidden files and folders do not count."""

    def within(place: str) -> tuple[list[str], list[str]]:
        with os.scandir(place) as entries:
            seen = [(entry.name, entry.is_dir()) for entry in entries if not entry.name.startswith(".")]
        return [name for name, is_folder in seen if is_folder], [name for name, is_folder in seen if not is_folder]

    names, files = within(folder)
    found = [within(os.path.join(folder, name)) for name in names]
    are_labels = len(names) > 1 and not files and all(not inner and len(texts) > 1 for inner, texts in found)
    return sorted(names) if are_labels else []


def _walk(folder: str) -> Iterator[tuple[str, str | None]]:
    """What is in the folder, in order, and the reason why it is left out where its name or place is one."""

    def refused(error: OSError) -> None:
        raise CorpusError(f"{error.filename}: {(error.strerror or str(error)).lower()}") from error

    for place, folders, files in os.walk(folder, onerror=refused):
        for name in sorted(folders):
            path = os.path.join(place, name)
            if name.startswith("."):
                yield path, "as hidden"
            elif os.path.islink(path):
                yield path, "as a link to a folder"
            elif has_model(path):
                yield path, "as a model"
            else:
                continue
            folders.remove(name)
        folders.sort()
        for name in sorted(files):
            yield os.path.join(place, name), "as hidden" if name.startswith(".") else None


def _reason_against(path: str, any_bytes: bool) -> str | None:
    if not os.path.isfile(path):
        return "as no regular file"
    start = first_bytes(path)
    if not start:
        return "as empty"
    if any_bytes:
        return None
    found = foreign_format(start)
    is_wide = start.startswith((b"\xff\xfe", b"\xfe\xff", b"\0\0\xfe\xff"))
    return "as no text" if (found is not None and not found.is_text) or (b"\0" in start and not is_wide) else None
