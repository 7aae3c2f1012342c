"""Where a text has said before what it says now, and what came next there: the match model of PAQ (Mahoney 2005).

What has been read lately is a string, with a character for each id and the newest first. It never changes, so that
lanes can share it, and Python finds its own beginning in it once more within a microsecond or two.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from charnn.arrays import Int64s
from charnn.ngrams.packing import Ids

LENGTHS = (3, 5, 8, 12, 20, 32)
"""How many ids in a row are looked for, from the fewest on; more of them from the place where fewer were found on."""
REMEMBERED = 2048
"""So many ids are remembered."""
NOTHING = ""
"""What has been read at the beginning."""


class Match(NamedTuple):
    """The latest place where the last ids stood before."""

    id_: int
    """What came after them there."""
    length: int
    """How many of the ids are the same, one of `LENGTHS`."""
    distance: int
    """How many ids ago that was."""


class Matches(NamedTuple):
    """Those of M of some places that have one."""

    rows_M: npt.NDArray[np.intp]
    """Which places."""
    ids_M: Int64s
    lengths_M: Int64s
    distances_M: Int64s
    last_M: Int64s
    """The id that was read last in each place."""


def match(read: str) -> Match | None:
    """The match of what has been read; None where there is none."""
    place, reached = 0, 0
    for length in LENGTHS:
        # The search begins at 1, for the newest ids match themselves at 0.
        if (found := read.find(read[:length], place or 1)) < 0:
            break
        place, reached = found, length
    return Match(ord(read[place - 1]), reached, place) if reached else None


def remembered(ids_T: Ids) -> str:
    """What has been read after these ids alone."""
    return "".join(map(chr, ids_T[::-1].tolist()))[:REMEMBERED]


def along(read: str, ids_T: Ids) -> tuple[list[Match | None], str]:
    """The match after each of the ids, which are read after `read`, and what has been read then."""
    whole = "".join(map(chr, ids_T[::-1].tolist())) + read
    found = [match(whole[start : start + REMEMBERED]) for start in range(len(ids_T) - 1, -1, -1)]
    return found, whole[:REMEMBERED]


def gathered(found: list[Match | None], last_N: Ids) -> Matches:
    """The matches of N places as arrays, where the ids `last_N` were read last."""
    rows_M = np.array([row for row, each in enumerate(found) if each is not None], np.intp)
    each_M3 = np.array([each for each in found if each is not None], np.int64).reshape(-1, len(Match._fields))
    ids_M, lengths_M, distances_M = each_M3.T
    return Matches(rows_M, ids_M, lengths_M, distances_M, last_N[rows_M].astype(np.int64))
