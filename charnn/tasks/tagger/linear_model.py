"""The linear model of words in their context, which stands beside a tagger's network.

The scores of a word's tags are sums over what the word looks like, and over what each of the two words on either side
of it looks like. No feature is of two words at once. So what a word adds to the scores of its neighbours and to its own
depends on that word alone, and is found once for each word, as its vector is.

F features; K tags of all columns, one column after the other; C columns; D distances; B sentences of up to T words;
M = 2 experts, the network and this model; W = 2 kinds of words, those that the training data have and all others.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from charnn.arrays import Float32s, Int64s
from charnn.linear.rows import SparseRows
from charnn.readable import both_ends
from charnn.tasks.tagger.lexicon import LONGEST_AFFIX, LONGEST_WORD, normalized

DISTANCES = (-2, -1, 0, 1, 2)
"""Where the words that a word's scores depend on stand, as seen from it."""
REACH = max(DISTANCES)
EDGE = ""
"""The word that is taken to stand before the first word of a sentence and after the last."""
LONGEST_LENGTH, LONGEST_SHAPE, NEIGHBOUR_END = 6, 8, 3
MOST_PARTS = 4
EXPERTS = KINDS = 2
_HASH_BITS = 29
_PART = re.compile(r"[^\W_]+")
"""What stands between spaces, hyphens, apostrophes and the like: the syllables of a Vietnamese word, say."""
MOST_KEPT = 1 << 26
"""What words add to scores is kept where it is no more numbers than these, and else found for each batch anew."""
WORDS_AT_ONCE = 4096
"""Words whose hashes are numbers of Python at once, which take nine times as much memory."""


def appearance(word: str) -> list[list[int]]:
    """What the word looks like from each of DISTANCES, as hashes. They ascend, from each distance and in all."""
    lower, shape = normalized(word), _shape(both_ends(word, LONGEST_WORD))
    beside = [f"w{lower}", f"s{shape}", *(f"e{lower[-length:]}" for length in range(2, NEIGHBOUR_END + 1))]
    affixes = range(1, min(len(lower), LONGEST_AFFIX) + 1)
    own = [
        *(f"w{lower}", f"W{word}", f"s{shape}", f"l{min(len(word), LONGEST_LENGTH)}"),
        *chain.from_iterable((f"b{lower[:length]}", f"e{lower[-length:]}") for length in affixes),
    ]
    if parts := _PART.findall(lower):
        own += [f"f{parts[0]}", f"t{parts[-1]}", f"n{min(len(parts), MOST_PARTS)}"]
    of_distances = {0: own, 1: beside, 2: [beside[0], beside[-1]]}
    return [
        sorted({number << _HASH_BITS | _hash(feature) for feature in of_distances[abs(distance)]})
        for number, distance in enumerate(DISTANCES)
    ]


def appearances(words: Sequence[str]) -> tuple[npt.NDArray[np.uint32], Int64s]:
    """The hashes of all words, from each distance in turn, and where those of each word from each distance begin,
    (words * D + 1,)."""
    hashes, lengths = [np.zeros(0, np.uint32)], [0]
    for first in range(0, len(words), WORDS_AT_ONCE):
        parts = list(chain.from_iterable(map(appearance, words[first : first + WORDS_AT_ONCE])))
        hashes.append(np.fromiter(chain.from_iterable(parts), np.uint32))
        lengths += map(len, parts)
    return np.concatenate(hashes), np.cumsum(lengths, dtype=np.int64)


def hashes_of_words(words: Sequence[str]) -> npt.NDArray[np.uint32]:
    """The hash that says which word stands at each of DISTANCES, (D, words), of words as `normalized` gives them."""
    own = [_hash(f"w{word}") for word in words]
    return np.array([[number << _HASH_BITS | one for one in own] for number in range(len(DISTANCES))], np.uint32)


def _shape(word: str) -> str:
    """Which kinds of characters the word has, in order, each run of a kind as one."""
    kinds = ""
    for character in word:
        if character.isupper():
            kind = "X"
        elif character.islower():
            kind = "x"
        elif character.isdigit():
            kind = "0"
        else:
            kind = "c" if character.isalnum() else character
        if not kinds.endswith(kind):
            kinds += kind
            if len(kinds) == LONGEST_SHAPE:
                break
    return kinds


def _hash(feature: str) -> int:
    """Unlike `hash`, it is the same on every machine and in every process."""
    return zlib.crc32(feature.encode("utf-8", "surrogatepass")) >> (32 - _HASH_BITS)


class LinearModel:
    """The features that are known with their weights, and how far the network and these weights are believed."""

    def __init__(
        self,
        hashes_F: npt.NDArray[np.uint32],
        weights_FK: npt.NDArray[np.float16],
        bias_K: Float32s,
        powers_MCW: Float32s,
        tags: Sequence[int],
    ) -> None:
        """`powers_MCW` are what the scores by the network and those by this model are multiplied by before they are
        added up, for words of each kind; `tags` is how many each column has. Raises ValueError where these are not the
        arrays of such a model.
        """
        arrays: list[npt.NDArray[Any]] = [hashes_F, weights_FK, bias_K, powers_MCW]
        size, known, powers = sum(tags), len(hashes_F), (EXPERTS, len(tags), KINDS)
        sound = (
            [array.dtype.name for array in arrays] == ["uint32", "float16", "float32", "float32"]
            and [array.shape for array in arrays] == [(known,), (known, size), (size,), powers]
            and all(np.isfinite(array).all() for array in arrays)
            and bool((hashes_F[1:] > hashes_F[:-1]).all())
        )
        if not sound:
            raise ValueError("not a linear model of these tags")
        self.hashes_F, self.weights_FK, self.bias_K, self.powers_MCW = hashes_F, weights_FK, bias_K, powers_MCW
        self._table_FK = np.asfortranarray(weights_FK.astype(np.float32))
        self._ends = np.cumsum(tags)[:-1]
        self._tags = sum(tags)
        self.size = len(DISTANCES) * self._tags + 1
        """The numbers of what a word adds to scores, from all distances, and of which kind it is."""

    def __len__(self) -> int:
        return len(self.hashes_F)

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        return {"hashes": self.hashes_F, "weights": self.weights_FK, "bias": self.bias_K, "powers": self.powers_MCW}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]], tags: Sequence[int]) -> Self:
        """The model of what `arrays` gives. Early versions had the same powers for all words, and wrote those of the
        network alone, (C,), with weights that were multiplied already. Raises ValueError for anything else."""
        if set(arrays) != {"hashes", "weights", "bias", "powers"} or not all(array.ndim for array in arrays.values()):
            raise ValueError("not the arrays of a linear model")
        powers = arrays["powers"]
        if powers.ndim == 1:
            powers = np.stack([powers, np.ones_like(powers)])[:, :, np.newaxis].repeat(KINDS, axis=2)
        return cls(arrays["hashes"], arrays["weights"], arrays["bias"], powers, tags)

    def additions(self, words: Sequence[str], knows: Callable[[str], bool]) -> Float32s:
        """What each word adds to the scores of the words at each distance from it, and last of which kind it is,
        (words, D * K + 1). `knows` says whether the training data have a word."""
        added = np.empty((len(words), self.size), np.float32)
        rows = known_rows(self.hashes_F, *appearances(words)).times(self._table_FK)
        for number in range(len(DISTANCES)):
            added[:, self._from_distance(number)] = rows[number :: len(DISTANCES)]
        added[:, -1] = _kinds(words, knows)
        return added

    def add_to(self, scores: Sequence[Float32s], additions: Float32s, rows_TB: npt.NDArray[np.intp]) -> list[Float32s]:
        """The scores of each column, (T, B, its tags), with this model's added to them. `additions` is a table of what
        words add, whose row 0 is that of EDGE, and `rows_TB` are the rows of the words, 0 where a sentence has ended.
        """
        return self._mixed(scores, self.total(additions, rows_TB), additions[rows_TB, -1].astype(np.intp))

    def add_to_words(
        self, scores: Sequence[Float32s], sentences: Sequence[Sequence[str]], knows: Callable[[str], bool]
    ) -> list[Float32s]:
        """What `add_to` gives, for sentences of these words, where nothing is kept of what words add."""
        places = {EDGE: 0}
        rows_TB = np.zeros(scores[0].shape[:2], np.intp)
        for number, words in enumerate(sentences):
            rows_TB[: len(words), number] = [places.setdefault(word, len(places)) for word in words]
        rows = known_rows(self.hashes_F, *appearances(list(places)))
        each = np.arange(len(places)) * len(DISTANCES)
        total_TBK = self._total(lambda number: rows.chosen(each + number).times(self._table_FK), rows_TB)
        return self._mixed(scores, total_TBK, _kinds(list(places), knows)[rows_TB])

    def total(self, additions: Float32s, rows_TB: npt.NDArray[np.intp]) -> Float32s:
        """The scores by this model alone, (T, B, K), with the arguments of `add_to`."""
        return self._total(lambda number: additions[:, self._from_distance(number)], rows_TB)

    def _from_distance(self, number: int) -> slice:
        """Where in a row of `additions` that stands which a word adds to those at the distance of a number."""
        return slice(number * self._tags, (number + 1) * self._tags)

    def _total(self, added: Callable[[int], Float32s], rows_TB: npt.NDArray[np.intp]) -> Float32s:
        """`total`, where `added` gives what words add to those at the distance of a number, (words, K)."""
        time = len(rows_TB)
        seen = np.zeros((time + 2 * REACH, rows_TB.shape[1]), np.intp)
        seen[REACH : REACH + time] = rows_TB
        total_TBK: Float32s = np.broadcast_to(self.bias_K, (*rows_TB.shape, self._tags)).copy()
        for number, distance in enumerate(DISTANCES):
            total_TBK += added(number)[seen[REACH + distance : REACH + distance + time]]
        return total_TBK

    def _mixed(self, scores: Sequence[Float32s], total_TBK: Float32s, kinds_TB: npt.NDArray[np.intp]) -> list[Float32s]:
        """The scores by the network and by this model, each times the power that it has for a word of that kind."""
        powers_MCTB = self.powers_MCW[:, :, kinds_TB]
        each = zip(scores, np.split(total_TBK, self._ends, axis=2), *powers_MCTB[..., np.newaxis], strict=True)
        return [
            own_power_TB1 * own_TBK + network_power_TB1 * network_TBK
            for network_TBK, own_TBK, network_power_TB1, own_power_TB1 in each
        ]


def _kinds(words: Sequence[str], knows: Callable[[str], bool]) -> npt.NDArray[np.intp]:
    """The kind of each word: 0 where the training data have it, else 1."""
    return np.array([not knows(word) for word in words], np.intp)


def known_rows(hashes_F: npt.NDArray[np.uint32], hashes: npt.NDArray[np.uint32], starts: Int64s) -> SparseRows:
    """What `appearances` gives, as rows with a 1 for each feature that is among `hashes_F`, which ascend."""
    places = np.searchsorted(hashes_F, hashes)
    is_known = places < len(hashes_F)
    is_known[is_known] = hashes_F[places[is_known]] == hashes[is_known]
    before = np.concatenate(([0], np.cumsum(is_known)))
    known = places[is_known].astype(np.int32)
    return SparseRows(known, np.ones(len(known), np.float32), before[starts])
