"""What a tagger can say of the words of a sentence, and how it is taken from what a decoder says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from charnn.tasks.tagger.decoding.decoder import Decoder
from charnn.tasks.tagger.use.word_vectors import Floats


@dataclass(frozen=True, slots=True)
class Tags:
    """Of a sentence, in one column."""

    names: list[str]
    """The tag of each word."""
    probabilities: list[float] | None = None
    """Of those tags, where they were asked for."""
    alternatives: list[list[tuple[str, float]]] | None = None
    """Of each word the likeliest tags with their probabilities, best first, as many as were asked for."""


@dataclass(frozen=True, slots=True)
class TagOptions:
    """What a tagger is to say."""

    columns: Sequence[str] | None = None
    """The columns to tag, in this order; all of them where it is None."""
    probabilities: bool = False
    alternatives: int = 0
    """How many tags of each word, or all where there are fewer; 0 is none."""


JUST_TAGS = TagOptions()


def decoded(
    decoder: Decoder,
    names: npt.NDArray[np.object_],
    scores_BTS: Floats,
    lengths_B: npt.NDArray[np.intp],
    wanted: TagOptions,
) -> list[Tags]:
    """Of each sentence. `names` has the tags by their ids; of equally likely alternatives the lower id is first."""
    needs = wanted.probabilities or wanted.alternatives > 0
    decoding = decoder.decode(scores_BTS, lengths_B, probabilities=needs)
    lengths = lengths_B.tolist()
    chosen = [row[:length].tolist() for row, length in zip(names[decoding.tags_BT], lengths, strict=True)]
    if decoding.probabilities_BTK is None:
        return list(map(Tags, chosen))
    every_BTK = decoding.probabilities_BTK
    own_BT = np.take_along_axis(every_BTK, decoding.tags_BT[..., None].astype(np.intp), 2)[..., 0]
    probabilities = [row[:length].tolist() for row, length in zip(own_BT, lengths, strict=True)]
    alternatives: list[list[list[tuple[str, float]]] | None] = [None] * len(lengths)
    if count := min(wanted.alternatives, len(names)):
        best_BTN = np.argsort(-every_BTK, axis=2, kind="stable")[..., :count]
        values_BTN = np.take_along_axis(every_BTK, best_BTN, 2)
        alternatives = [
            [
                list(zip(tags, values, strict=True))
                for tags, values in zip(best[:n].tolist(), value[:n].tolist(), strict=True)
            ]
            for best, value, n in zip(names[best_BTN], values_BTN, lengths, strict=True)
        ]
    return [
        Tags(tags, own if wanted.probabilities else None, others)
        for tags, own, others in zip(chosen, probabilities, alternatives, strict=True)
    ]
