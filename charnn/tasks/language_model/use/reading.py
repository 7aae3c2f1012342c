"""Scores a text in one long reading, where the state is carried all the way, or in independent crops, as models with a
fixed context are scored."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from charnn.arrays import Integers
from charnn.corpora.long_documents import LongDocuments
from charnn.corpora.progress import tell
from charnn.generation.model import NO_CONDITIONS, conditions_at
from charnn.tasks.language_model import long_ids as mapped_ids
from charnn.tasks.language_model.conditions import ConditionRows
from charnn.tasks.language_model.documents import Documents, blocks_of_documents, characters_of
from charnn.tasks.language_model.use.scores import LanguageScore, Scorer

MOST_LOGITS = 1 << 24
"""The most logits of what is read at once, one for each place and symbol of the vocabulary."""
SORTED = 1 << 16
"""So many crops are put in order of their lengths, so that those of like length are read together."""


def score_carried(
    scorer: Scorer,
    documents: Sequence[Integers],
    characters: int,
    *,
    stop_id: int,
    labels: Sequence[Integers] | None = None,
    vocabulary_size: int = 1,
    lanes: int = 1,
    warm_up: int = 0,
    window: int = 256,
) -> LanguageScore:
    """The score of `documents`, the ids of texts of `characters` characters in all, read as one sequence.

    Each document is followed by a stop token, which is scored apart and is also what the first document is read after.
    The state is carried through everything, `window` steps a call, or fewer where the vocabulary is large. No document
    may contain `stop_id`. `labels` are for documents that have labels: the number of its label for each token of a
    document and for the stop token after them.

    Several lanes read consecutive parts side by side. Each but the first reads the `warm_up` tokens before its part
    first, unscored: the result is that of a single lane up to what the model remembers of more than `warm_up` tokens
    ago. Every token is scored once. There are fewer lanes than asked where a part would be shorter than its warm-up.
    """
    end = np.array([stop_id], dtype=np.int32)
    tokens_N = np.concatenate([end[:0], *(ids for document in documents for ids in (document, end))])
    labels_1T = {} if labels is None else {"labels_BT": np.concatenate(labels)[np.newaxis]}
    conditions = conditions_at(scorer.conditions(tokens_N[np.newaxis], **labels_1T), 0)
    return score_tokens(
        scorer,
        tokens_N,
        characters,
        stop_id=stop_id,
        conditions=conditions,
        vocabulary_size=vocabulary_size,
        lanes=lanes,
        warm_up=warm_up,
        window=window,
    )


def score_tokens(
    scorer: Scorer,
    tokens_N: mapped_ids.Ids,
    characters: int,
    *,
    stop_id: int,
    conditions: Mapping[str, ConditionRows] = NO_CONDITIONS,
    vocabulary_size: int = 1,
    lanes: int = 1,
    warm_up: int = 0,
    window: int = 256,
) -> LanguageScore:
    """What `score_carried` gives for documents that stand end to end in `tokens_N`, a stop token after each. They may
    be in a file that is mapped. `conditions` (N,) are for a model that has some."""
    tokens = len(tokens_N)
    # All lanes read equally far, so what padding there is comes last in a row, where it changes nothing that counts.
    # Lane i reads from token i * part on; its first warm_up tokens are scored by the lane before, where there is one.
    lanes = max(1, min(lanes, (tokens - warm_up) // max(1, warm_up)))
    part = -(-(tokens - warm_up) // lanes)
    reach = warm_up + part
    window = max(min(window, MOST_LOGITS // (lanes * vocabulary_size)), 1)
    lane_B1 = np.arange(lanes)[:, None]
    score, state = LanguageScore(0.0, characters), scorer.initial_state(lanes)
    for start in range(0, reach, window):
        tell("scoring", start, reach)
        step_T = np.arange(start, min(start + window, reach))
        place_BT = lane_B1 * part + step_T
        scored_BT = (place_BT < tokens) & ((lane_B1 == 0) | (step_T >= warm_up))
        place_BT = np.minimum(place_BT, tokens - 1)
        inputs_BT, targets_BT = tokens_N[place_BT - 1].astype(np.int32), tokens_N[place_BT].astype(np.int32)
        inputs_BT[place_BT == 0] = stop_id
        beside = {name: values_N[place_BT] for name, values_N in conditions.items()}
        costs, state = scorer.costs(inputs_BT, targets_BT, state, beside)
        score += LanguageScore.of_costs(costs, targets_BT, scored_BT, stop_id)
    return score


Ids = npt.NDArray[np.int32]


class _Crop(NamedTuple):
    tokens: Ids
    """The token before the crop, and those of the crop; the last crop of a document ends in the stop token."""
    later: int
    """The number of tokens that its document has after it."""


def score_crops(
    scorer: Scorer,
    documents: Documents,
    encode: Callable[[str], Ids],
    *,
    context: int,
    stop_id: int,
    vocabulary_size: int = 1,
    batch: int = 64,
    backwards: bool = False,
) -> LanguageScore:
    """The score of `documents`, each cut every `context` characters into crops that are encoded and read by themselves.

    A crop is read from the initial state, after the token before it: the last of the crop before, or the stop token
    where a document begins. The stop token after a document belongs to its last crop and is scored apart. No document
    may contain `stop_id`. With `backwards` each is read from its end to its beginning.

    With a tokenizer of characters this is nanoGPT's protocol for a block of `context`, made exact: it draws crops at
    random, here every character is scored once. A character is predicted from 1 to `context` characters, its place in
    the crop (the stop token stands for the one before a document's first). State carried between crops would do better;
    this is the number to compare with.

    The documents are read twice, the first time to know how much is left of each, and never held. So many crops as
    `batch` says are read side by side, or fewer where they are long and the vocabulary is large.
    """
    batch = max(min(batch, MOST_LOGITS // (context * vocabulary_size)), 1)
    tokens_D, count, left = array("q"), 0, 0
    for text, is_last in _cut(documents, context, backwards=backwards):
        count, left = count + 1, left + len(encode(text))
        if is_last:
            tokens_D.append(left)
            left = 0
    crops = _crops(_cut(documents, context, backwards=backwards), encode, tokens_D, stop_id)
    score, done = LanguageScore(0.0, characters_of(documents)), 0
    while some := sorted(islice(crops, SORTED), key=_length):
        for first in range(0, len(some), batch):
            tell("scoring", done + first, count)
            score += _batch_score(scorer, some[first : first + batch], stop_id)
        done += len(some)
    return score


def _length(crop: _Crop) -> int:
    return len(crop.tokens)


def _cut(documents: Documents, context: int, *, backwards: bool) -> Iterator[tuple[str, bool]]:
    """The crops of each document in order, and whether a crop is the document's last. There is at least one, for a text
    without a character too."""
    held = ""
    for text, ends in blocks_of_documents(_turned_round(documents) if backwards else documents):
        start = 0
        for end in [*ends.tolist(), None]:
            part, at = held + text[start:end], 0
            while len(part) - at > context:  # what is left may be the last one
                yield part[at : at + context], False
                at += context
            held, start = part[at:], end or 0
            if end is not None:
                yield held, True
                held = ""


def _turned_round(documents: Documents) -> Iterator[str]:
    whole = documents.documents() if isinstance(documents, LongDocuments) else documents
    return (text[::-1] for text in whole)


def _crops(
    cut: Iterable[tuple[str, bool]], encode: Callable[[str], Ids], tokens_D: array[int], stop_id: int
) -> Iterator[_Crop]:
    """The crops as they are read. `tokens_D` is the number of tokens of each document."""
    stop = before = np.array([stop_id], dtype=np.int32)
    left = iter(tokens_D)
    later = next(left, 0)
    for text, is_last in cut:
        part = encode(text)
        later -= len(part)
        crop = np.concatenate([before, part, *([stop] if is_last else [])])
        yield _Crop(crop, later)
        before = crop[-1:]
        if is_last:
            later = next(left, 0)


def _batch_score(scorer: Scorer, crops: Sequence[_Crop], stop_id: int) -> LanguageScore:
    """The score of `crops`, in order of length; the shorter ones are padded at their end, where it changes nothing."""
    length_B = np.array([_length(crop) - 1 for crop in crops])
    tokens_BT = np.full((len(crops), length_B[-1] + 1), stop_id, dtype=np.int32)
    for row, crop in zip(tokens_BT, crops, strict=True):
        row[: _length(crop)] = crop.tokens
    inputs_BT, targets_BT = tokens_BT[:, :-1], tokens_BT[:, 1:]
    conditions = scorer.conditions(targets_BT, np.array([crop.later for crop in crops], np.int32))
    costs, _ = scorer.costs(inputs_BT, targets_BT, scorer.initial_state(len(crops)), conditions)
    scored_BT = np.arange(length_B[-1]) < length_B[:, None]
    return LanguageScore.of_costs(costs, targets_BT, scored_BT, stop_id)
