"""The ids of long documents, in a file that is mapped: one or two bytes each, kept in the user's cache.

The file has the ids, and after them what tells a whole file from a damaged one.
"""

from __future__ import annotations

import hashlib
import mmap
import os
import struct
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import numpy as np
import numpy.typing as npt

from charnn import cache
from charnn.arrays import Integers
from charnn.corpora.blocks import TextBlock
from charnn.corpora.long_documents import LongDocuments
from charnn.corpora.progress import tell
from charnn.corpora.rereading import no_room, temporary_file
from charnn.tokenizers.base import STOP_ID, Tokenizer

AROUND = 1 << 16
"""A system maps about so many bytes around one that is read."""
MOST = 1 << 27
"""After about so many bytes the pages are given back to the system, which keeps them where it has room."""


class Ids(Protocol):
    """The ids (N,) of a text: an array, or what is mapped."""

    def __len__(self) -> int: ...
    def __getitem__(self, part: Any, /) -> Integers: ...


class MappedIds:
    """The first `count` numbers of a file, as an array is read: by slices and by arrays of places. Each is a copy."""

    def __init__(self, file: BinaryIO, dtype: np.dtype[Any], count: int) -> None:
        self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self._ids_N: npt.NDArray[Any] = np.frombuffer(self._map, dtype, count)
        self._read = 0

    def __len__(self) -> int:
        return len(self._ids_N)

    def __getitem__(self, part: slice | Integers) -> Integers:
        found = np.array(self._ids_N[part])
        # Places in a row are neighbours.
        stretches = len(part) if isinstance(part, np.ndarray) and part.ndim else 1
        self._read += found.nbytes + stretches * AROUND
        if self._read > MOST and hasattr(mmap, "MADV_DONTNEED"):
            self._map.madvise(mmap.MADV_DONTNEED)
            self._read = 0
        return found


class Backwards:
    """Ids read from their end to their beginning; where they end in a stop token, that stays the last one.

    So documents that stand end to end are each turned round, and a stop token still follows each.
    """

    def __init__(self, ids: Ids, stop_id: int) -> None:
        self._ids = ids
        self._last = len(ids) - 1 - (len(ids) > 0 and int(ids[np.array([len(ids) - 1])][0]) == stop_id)

    def __len__(self) -> int:
        return len(self._ids)

    def __getitem__(self, part: slice | Integers) -> Integers:
        places = np.arange(*part.indices(len(self))) if isinstance(part, slice) else part
        return self._ids[(self._last - places) % len(self)]


class EachBackwards:
    """Ids of documents that stand end to end, each read from its end to its beginning, in the order that they have."""

    def __init__(self, ids: Ids, stops_D: Integers) -> None:
        """`stops_D` are the places of the stop tokens; one follows every document."""
        self._ids, self._stops_D = ids, stops_D

    def __len__(self) -> int:
        return len(self._ids)

    def __getitem__(self, part: slice | Integers) -> Integers:
        places = np.arange(*part.indices(len(self))) if isinstance(part, slice) else part % len(self)
        number = np.searchsorted(self._stops_D, places)
        stops = self._stops_D[number].astype(np.int64)
        begins = np.where(number > 0, self._stops_D[number - 1].astype(np.int64) + 1, 0)
        return self._ids[np.where(places == stops, stops, begins + stops - 1 - places)]


Chunk = npt.NDArray[np.integer]
FORMAT = 1
"""A number that rises whenever the ids of a text become others."""
MAGIC = b"charnnid"
TRAILER = struct.Struct("<8sQI")
"""MAGIC, the number of ids and the checksum of their bytes."""
PART = 1 << 22
LONGEST_LINE = 1 << 22
"""Pieces of several characters are found line by line, and within a line at most so many characters at once."""


def long_ids(documents: LongDocuments, tokenizer: Tokenizer, *, last_stop: bool) -> MappedIds:
    """The ids (N,) of the documents end to end, a stop token after each, after the last one only with `last_stop`.

    They are encoded once, in bounded memory, and found in the cache from then on. Where nothing can be kept they are in
    a temporary file. Raises CorpusError where there is no room for it.
    """
    dtype: np.dtype[Any] = np.min_scalar_type(tokenizer.size - 1)
    key = _key(documents, tokenizer, last_stop=last_stop)
    if (path := cache.found("ids", key)) is not None:
        if (ids := _mapped(path, dtype)) is not None:
            return ids
        cache.forget(path)
    chunks = _without_last_stop(_encoded(documents, tokenizer), last_stop=last_stop)
    try:
        if documents.characters * dtype.itemsize <= cache.limit():
            with cache.adding("ids", key) as file:
                if file is not None:
                    return _write(chunks, file, dtype)
        with temporary_file() as file:
            return _write(chunks, file, dtype)
    except OSError as error:
        raise no_room(error, f"the ids of {documents.texts[0].path}") from error


def _key(documents: LongDocuments, tokenizer: Tokenizer, *, last_stop: bool) -> str:
    vocabulary = hashlib.sha256(tokenizer.to_bytes()).hexdigest()
    contents = [text.content for text in documents.texts]
    parts = [FORMAT, contents, documents.unit, documents.start, documents.end, tokenizer.kind, vocabulary, last_stop]
    return hashlib.blake2b(repr(parts).encode(), digest_size=20).hexdigest()


def _encoded(documents: LongDocuments, tokenizer: Tokenizer) -> Iterator[Chunk]:
    """The ids of the documents in parts, a stop token after each document."""
    stop = np.array([STOP_ID], np.int32)
    blocks = documents.blocks()
    for text, ends in blocks if tokenizer.kind in ("characters", "bytes") else _whole_lines(blocks):
        if tokenizer.kind == "characters" or (tokenizer.kind == "bytes" and text.isascii()):
            ids = tokenizer.encode(text)
            yield np.insert(ids, ends, STOP_ID) if len(ends) else ids
            continue
        start = 0
        for end in ends.tolist():
            yield np.concatenate([tokenizer.encode(text[start:end]), stop])
            start = end
        if start < len(text):
            yield tokenizer.encode(text[start:])


def _whole_lines(blocks: Iterable[TextBlock]) -> Iterator[TextBlock]:
    """The same text in blocks that end in a line end, where lines have no more than LONGEST_LINE characters."""
    held, held_ends = "", np.zeros(0, np.int64)
    for text, ends in blocks:
        text, ends = held + text, np.concatenate([held_ends, ends + len(held)])
        known = text.rfind("\n") + 1
        if len(ends):
            known = max(known, int(ends[-1]))
        if len(text) - known > LONGEST_LINE:
            known = len(text)
        is_known = ends <= known
        yield TextBlock(text[:known], ends[is_known])
        held, held_ends = text[known:], ends[~is_known] - known
    if held:
        yield TextBlock(held, held_ends)


def _without_last_stop(chunks: Iterable[Chunk], *, last_stop: bool) -> Iterator[Chunk]:
    before: Chunk = np.zeros(0, np.int32)
    for chunk in chunks:
        yield before
        before = chunk
    yield before if last_stop else before[:-1]


def _write(chunks: Iterable[Chunk], file: BinaryIO, dtype: np.dtype[Any]) -> MappedIds:
    """Writes the ids, and gives them as the file has them."""
    count, checksum = 0, 0
    for chunk in chunks:
        data = chunk.astype(dtype).tobytes()
        file.write(data)
        count, checksum = count + len(chunk), zlib.crc32(data, checksum)
    file.write(TRAILER.pack(MAGIC, count, checksum))
    file.flush()
    return MappedIds(file, dtype, count)


def _mapped(path: Path, dtype: np.dtype[Any]) -> MappedIds | None:
    """The ids in a file of the cache, or None where it is damaged."""
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size - TRAILER.size
            if size < dtype.itemsize:
                return None
            file.seek(size)
            magic, count, expected = TRAILER.unpack(file.read())
            if magic != MAGIC or count * dtype.itemsize != size:
                return None
            file.seek(0)
            checksum = 0
            for at in range(0, size, PART):
                tell("checking the ids that were kept", at, size)
                checksum = zlib.crc32(file.read(min(PART, size - at)), checksum)
            if checksum != expected:
                return None
            return MappedIds(file, dtype, count)
    except (OSError, struct.error, ValueError):
        return None
