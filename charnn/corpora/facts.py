"""What a long text is like: how many characters and documents it has, which characters, and where they begin in its
file. It is found in one reading, and kept in the user's cache."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from charnn import cache
from charnn.arrays import Int64s
from charnn.corpora import documents
from charnn.corpora.blocks import Places, blocks_at, blocks_of
from charnn.corpora.code_points import CodePoints, code_points
from charnn.corpora.documents import DocumentUnit
from charnn.corpora.runs import Runs

Counts = npt.NDArray[np.int64]
CODE_POINTS = 0x110000


@dataclass(frozen=True)
class TextFacts:
    characters: int
    size: int
    """The number of bytes up to the text's end in its file."""
    documents: int
    last_ends: list[int]
    """Where documents end, in characters: all among the last ones that may be held out, and the one before."""
    counts: list[list[int]]
    """Each code point of the text, and how often it is there."""
    runs: list[list[int]]
    """What `Runs.to_json` gives."""
    characters_at: list[int]
    """The first character of each stretch of the text."""
    bytes_at: list[int]
    """The first byte of each stretch in the file."""

    @classmethod
    def of(
        cls, pieces: Iterable[tuple[str, int]], unit: DocumentUnit, errors: str, at: Places | None = None
    ) -> TextFacts:
        """The facts of a text that comes in pieces, none of them empty, each with the place of its first byte.
        `errors` are those with which the text is written in UTF-8. Documents end `at` these places, where they are no
        units of the text."""
        characters_at, bytes_at = list[int](), list[int]()
        total, size = 0, 0

        def noted() -> Iterator[str]:
            nonlocal total, size
            piece, at = "", 0
            for piece, at in pieces:
                characters_at.append(total)
                bytes_at.append(at)
                total += len(piece)
                yield piece
            size = at + len(piece.encode("utf-8", errors))

        counts, runs, ends, before = np.zeros(CODE_POINTS, np.int64), Runs(), LastEnds(), 0
        for block in blocks_of(noted(), unit) if at is None else blocks_at(noted(), at):
            codes = code_points(block.text)
            add_counts(counts, codes)
            runs.add(codes, block.ends)
            ends.add(block.ends + before)
            before += len(block.text)
        present = np.flatnonzero(counts)
        return cls(
            total,
            size,
            ends.documents,
            ends.last,
            np.stack([present, counts[present]], axis=1).tolist(),
            runs.to_json(),
            characters_at,
            bytes_at,
        )

    @classmethod
    def kept(cls, key: str) -> TextFacts | None:
        """The facts that are in the cache under the key, where they are whole."""
        if (path := cache.found("texts", key)) is None:
            return None
        try:
            checksum, _, body = path.read_bytes().partition(b"\n")
            if int(checksum) == zlib.crc32(body):
                return cls(**json.loads(body))
        except (OSError, ValueError, TypeError):
            pass
        cache.forget(path)
        return None

    def to_bytes(self) -> bytes:
        """What `kept` reads."""
        value: dict[str, Any] = asdict(self)
        body = json.dumps(value, separators=(",", ":")).encode()
        return b"%d\n%s" % (zlib.crc32(body), body)


class LastEnds:
    """The number of documents of a text, and where those end that are among what may be held out."""

    def __init__(self) -> None:
        self.documents = 0
        self._ends = np.zeros(0, np.int64)

    def add(self, ends: Int64s) -> None:
        self.documents += len(ends)
        if len(ends):
            known = np.concatenate([self._ends, ends])
            # What is held out of more text is never more than this, so the cut is at one of these, or the one before.
            first = np.searchsorted(known, known[-1] - 2 * documents.HELD_OUT_CHARACTERS)
            self._ends = known[max(int(first) - 1, 0) :]

    @property
    def last(self) -> list[int]:
        return self._ends.tolist()


def add_counts(counts: Counts, codes: CodePoints) -> None:
    """Adds how often each code point is in `codes`."""
    if codes.dtype == np.uint8 and len(codes) > 1 << 16:
        # Two at a time take half the time.
        pairs = np.bincount(codes[: len(codes) // 2 * 2].view(np.uint16), minlength=1 << 16).reshape(256, 256)
        counts[:256] += pairs.sum(axis=0) + pairs.sum(axis=1)
        codes = codes[len(codes) // 2 * 2 :]
    seen = np.bincount(codes)
    counts[: len(seen)] += seen
