"""A text scored in independent crops, as models of a fixed context are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain

import numpy as np
import numpy.typing as npt

from charnn.evaluation.scorer import Scorer
from charnn.evaluation.scores import LanguageScore

Ids = npt.NDArray[np.int32]


def cropped(
    scorer: Scorer,
    documents: Sequence[str],
    encode: Callable[[str], Ids],
    *,
    context: int,
    stop_id: int,
    batch: int = 64,
) -> LanguageScore:
    """The score of `documents`, each cut every `context` characters into crops that are encoded and read by themselves.

    A crop is read from the initial state, after the token before it: the last of the crop before, or the stop token
    where a document begins. The stop token after a document belongs to its last crop and is scored apart. No document
    may contain `stop_id`.

    With a tokenizer of characters this is nanoGPT's protocol for a block of `context`, made exact: it draws crops at
    random, here every character is scored once. A character is predicted from 1 to `context` characters, its place in
    the crop (the stop token stands for the one before a document's first). State carried between crops would do better;
    this is the number to compare with.
    """
    crops = sorted(chain.from_iterable(_crops(text, encode, context, stop_id) for text in documents), key=len)
    score = LanguageScore(0.0, sum(map(len, documents)))
    for first in range(0, len(crops), batch):
        score += _batch_score(scorer, crops[first : first + batch], stop_id)
    return score


def _crops(text: str, encode: Callable[[str], Ids], context: int, stop_id: int) -> Iterator[Ids]:
    """Each crop's tokens after the token before it; the last one's end in the stop token."""
    stop = before = np.array([stop_id], dtype=np.int32)
    last = max(len(text) - 1, 0) // context * context
    for start in range(0, last, context):
        crop = np.concatenate([before, encode(text[start : start + context])])
        yield crop
        before = crop[-1:]
    yield np.concatenate([before, encode(text[last:]), stop])


def _batch_score(scorer: Scorer, crops: Sequence[Ids], stop_id: int) -> LanguageScore:
    """The score of `crops`, in order of length; the shorter ones are padded at their end, where it changes nothing."""
    length_B = np.array([len(crop) - 1 for crop in crops])
    tokens_BT = np.full((len(crops), length_B[-1] + 1), stop_id, dtype=np.int32)
    for row, crop in zip(tokens_BT, crops, strict=True):
        row[: len(crop)] = crop
    inputs_BT, targets_BT = tokens_BT[:, :-1], tokens_BT[:, 1:]
    nats_BT, _ = scorer.nats(inputs_BT, targets_BT, scorer.initial_state(len(crops)))
    scored_BT = np.arange(length_B[-1]) < length_B[:, None]
    return LanguageScore.of_tokens(nats_BT, targets_BT, scored_BT, stop_id)
