"""A corpus as ids, each document encoded once, and the windows of truncated BPTT that it is cut into."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from charnn.arrays import Integers
from charnn.corpora.long_documents import LongDocuments
from charnn.tasks.language_model.conditions import ConditionRows
from charnn.tasks.language_model.corpus import Corpus
from charnn.tasks.language_model.documents import beginning, held
from charnn.tasks.language_model.lengths import places_of
from charnn.tasks.language_model.long_ids import Backwards, Ids, long_ids
from charnn.tasks.language_model.long_labelled import NamedLabels
from charnn.tokenizers.base import STOP_ID, Tokenizer
from charnn.training.distributed.processes import ALONE, Processes


@dataclass(frozen=True)
class EncodedCorpus:
    training: Ids
    """(N,): the documents end to end, a stop token after each that is whole."""
    training_characters: int
    validation: Sequence[Integers]
    """Each document, without its stop token."""
    validation_characters: int
    training_labels: ConditionRows | None = None
    """(N,): the number of the label of the document that each token belongs to, for documents that have labels."""
    validation_labels: Sequence[Integers] | None = None
    """For each document, the number of its label for each of its tokens and for the stop token after them."""
    counted: Sequence[Integers] | None = None
    """The texts whose n-grams are counted where they are not `training`: each document once, though it may be read
    several times, and all of the text that pieces of are read beside them."""

    @classmethod
    def encode(cls, corpus: Corpus, tokenizer: Tokenizer, validation_characters: int | None = None) -> EncodedCorpus:
        """The corpus as ids, with no more of what was held out than its first `validation_characters`."""
        limit = validation_characters
        validation = corpus.held_validation if limit is None else beginning(corpus.validation, limit)
        held_out = [tokenizer.encode(document) for document in validation]
        whole, labels_N, held_out_labels, counted = corpus.config.has_whole_documents, None, None, None
        if isinstance(corpus.training, LongDocuments) and not corpus.replayed:
            tokens: Ids = long_ids(corpus.training, tokenizer, last_stop=whole)
        else:
            training = [tokenizer.encode(document) for document in held(corpus.training)]
            if corpus.replayed:
                tokens = _among(training * corpus.repeats, corpus, tokenizer)
                known = [(tokenizer.encode(part.text), part.ends) for part in corpus.known]
                counted = [_ended(ids, ends) for ids, ends in [*((ids, whole) for ids in training), *known]]
            else:
                tokens = _end_to_end(training, whole)
        if names := corpus.config.label_names:
            labels_N = LabelsBeside(tokens, label_numbers(corpus.training_labels, names))
            numbers_D = label_numbers(corpus.validation_labels[: len(held_out)], names)
            held_out_labels = [np.full(len(ids) + 1, n, np.int32) for ids, n in zip(held_out, numbers_D, strict=True)]
        if corpus.config.backwards:  # with labels no text is read backwards
            tokens, held_out = Backwards(tokens, STOP_ID), [ids[::-1] for ids in held_out]
            counted = counted and [Backwards(ids, STOP_ID)[:] for ids in counted]
        return cls(
            tokens,
            corpus.characters_to_read,
            held_out,
            sum(map(len, validation)),
            labels_N,
            held_out_labels,
            counted,
        )


def _ended(ids: Integers, ends: bool) -> Integers:
    """The ids, with a stop token after them where the document `ends`."""
    return np.append(ids, np.int32(STOP_ID)) if ends else ids


def _among(training: Sequence[Integers], corpus: Corpus, tokenizer: Tokenizer) -> Integers:
    """The documents in their order, with the pieces that are replayed spread evenly among them."""
    stop = np.array([STOP_ID], np.int32)
    unended = not corpus.config.has_whole_documents
    ours = [(ids, not unended) for ids in training]
    theirs = [(tokenizer.encode(piece.text), piece.ends) for piece in corpus.replayed]
    places = [(number / len(part), *item) for part in (theirs, ours) for number, item in enumerate(part, 1)]
    ordered = sorted(places, key=lambda place: place[0])
    return np.concatenate([part for _, ids, ends in ordered for part in (ids, stop)[: 1 + ends]])


def _end_to_end(documents: Sequence[Integers], ends_whole: bool) -> Integers:
    stop = np.array([STOP_ID], np.int32)
    parts = [part for document in documents for part in (document, stop)]
    return np.concatenate(parts if ends_whole else parts[:-1])


class LabelsBeside:
    """The number of the label of the document that each token belongs to, the stop token after it included."""

    def __init__(self, tokens_N: Ids, labels_D: Integers) -> None:
        """`labels_D` are those of the documents, of which a stop token ends each but perhaps the last."""
        self._count, self._labels_D = len(tokens_N), labels_D
        self._stops = places_of(tokens_N, STOP_ID)

    def __getitem__(self, part: slice | Integers) -> Integers:
        places = np.arange(*part.indices(self._count)) if isinstance(part, slice) else part
        found: Integers = self._labels_D[np.searchsorted(self._stops, places)]
        return found


def label_numbers(labels: Sequence[str], names: Sequence[str]) -> Integers:
    """The number of each label among the names."""
    number = {name: place for place, name in enumerate(names)}
    if isinstance(labels, NamedLabels):  # names that no document has are not among the others
        smallest = np.min_scalar_type(len(names))
        return np.array([number.get(name, 0) for name in labels.names], smallest)[labels.numbers_D]
    return np.array([number[label] for label in labels], np.int32)


WindowIds = npt.NDArray[np.int64]

IGNORED = -100
"""Stands where there is no target: in the padding of the last window. Torch's cross entropy leaves it out."""


@dataclass(frozen=True)
class Window:
    inputs_BT: WindowIds
    targets_BT: WindowIds
    """What follows each input; IGNORED where a lane has ended."""
    places_BT: WindowIds
    """Where each target stands in the text."""
    first: bool
    """Whether the lanes begin here, so that no state is carried in."""
    rows: Mapping[str, WindowIds] = field(default_factory=dict)
    """For each condition, by its name, the rows (B, T) of its embedding that the inputs are given."""


def window_at(
    ring_BT: WindowIds, tokens: Ids, rows: Mapping[str, ConditionRows], *, stop_id: int, first: bool
) -> Window:
    """The window of which the targets are the `tokens` (N,) at the places `ring_BT`, each from 0 to N - 1.

    The input before each is the token before it; before the first of all it is the stop token. `rows` are those that
    `Windows` is made with.
    """
    inputs_BT, targets_BT = tokens[ring_BT - 1].astype(np.int64), tokens[ring_BT].astype(np.int64)
    inputs_BT[ring_BT == 0] = stop_id
    return Window(
        inputs_BT, targets_BT, ring_BT, first, {name: rows_N[ring_BT].astype(np.int64) for name, rows_N in rows.items()}
    )


class Windows:
    """Reads a text over and over, `lanes` places at a time, `window_length` tokens a window.

    An epoch is the text as a ring, entered at a random offset and cut into `lanes` contiguous parts of equal length (to
    one token). Window k continues each lane where window k - 1 ended, so the state can be carried. Every token of the
    text is a target exactly once an epoch, in the last, ragged window too. The first token's input is the stop token,
    which opens a text as it ends one.

    Processes that train together share the lanes: each reads some of them, but counts and draws as if it read all.
    """

    def __init__(
        self,
        tokens: Ids,
        *,
        stop_id: int,
        lanes: int,
        window_length: int,
        random: np.random.Generator,
        processes: Processes = ALONE,
        rows: Mapping[str, ConditionRows] | None = None,
    ) -> None:
        """`tokens` (N,), at least one. More lanes than tokens are never made; `own` are those that are read here.

        `rows` are, for each condition, the rows (N,) of its embedding that the input before each token is given.
        """
        self._targets = tokens
        self._rows = rows or {}
        self._stop_id = stop_id
        self.lanes = min(lanes, len(tokens))
        self.own = processes.part_of(self.lanes)
        self.window_length = window_length
        self.random = random
        self.epochs_done = 0
        self._start = 0
        self._offset = self._draw_offset()

    @property
    def epoch(self) -> float:
        """Epochs read so far, the current one in part."""
        return self.epochs_done + self._start / self._lane_length

    @property
    def targets_in_window(self) -> int:
        """The targets of a whole window, (lanes, window_length) or as much of it as an epoch has."""
        return self.lanes * min(self.window_length, self._lane_length)

    @property
    def _lane_length(self) -> int:
        return -(-len(self._targets) // self.lanes)

    def next(self) -> Window:
        """The next window of the own lanes: (lanes, window_length), or shorter at the end of an epoch."""
        size = len(self._targets)
        first = self._start == 0
        steps_T = np.arange(self._start, min(self._start + self.window_length, self._lane_length))
        bounds = np.arange(self.lanes + 1) * size // self.lanes
        starts_B, ends_B = bounds[:-1][self.own], bounds[1:][self.own]
        place_BT = starts_B[:, None] + steps_T
        ring_BT = (self._offset + place_BT) % size
        window = window_at(ring_BT, self._targets, self._rows, stop_id=self._stop_id, first=first)
        window.targets_BT[place_BT >= ends_B[:, None]] = IGNORED
        self._start += len(steps_T)
        if self._start >= self._lane_length:
            self.epochs_done += 1
            self._start = 0
            self._offset = self._draw_offset()
        return window

    def _draw_offset(self) -> int:
        return int(self.random.integers(len(self._targets)))

    def position(self) -> dict[str, int]:
        """Where reading stands, for `restore`. The generator's state is its owner's to save."""
        return {"epochs_done": self.epochs_done, "start": self._start, "offset": self._offset, "lanes": self.lanes}

    def restore(self, position: dict[str, int]) -> None:
        """Goes on where `position` was taken; with another number of lanes, at the beginning of that epoch."""
        self.epochs_done = position["epochs_done"]
        if position["lanes"] == self.lanes:
            self._start, self._offset = position["start"], position["offset"]
