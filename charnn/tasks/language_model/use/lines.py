"""Scores many short texts, such as lines, each by itself. Texts of like length are batched, several batches at once.

A stream of lines is scored in order and in bounded memory. Where the input pauses, each line is scored as soon as it is
read; where it does not, many are scored at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from threading import Event
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from charnn.arrays import Floats
from charnn.corpora.decoding import without_byte_order_marks
from charnn.corpora.lines import without_end
from charnn.errors import ModelError
from charnn.generation.model import conditions_at
from charnn.streaming import batches_by_length, results_in_order
from charnn.tasks.language_model.use.labels import marginal_nats
from charnn.tasks.language_model.use.scores import Scorer, bits
from charnn.tokenizers.base import STOP_ID, Tokenizer

Ids = npt.NDArray[np.int32]

ROWS = 16
"""The most lines that are read side by side. With 256 a core is no faster."""
PADDING = 0.5
"""The fraction of a batch that may be padding, so that a long line does not make many short ones as slow as itself."""
BLOCK_TOKENS = 4096
"""The number of tokens that are read at once, padding included. The state is carried from block to block, so a line may
be longer."""
BLOCK_LOGITS = 1 << 22
"""The most logits that are made at once, for a large vocabulary. There is always room for one step."""
FIRST_CHUNK, LARGEST_CHUNK = 1024, 1 << 14
"""The characters of lines, ends included, that are scored together. They are few at first, so that the reader of the
result need not wait, and then twice as many each time. A longer line is a chunk of its own."""


@dataclass(frozen=True)
class LineModel:
    """A model as a reader of lines."""

    scorer: Scorer
    """The model, which is called from several threads at once."""
    tokenizer: Tokenizer
    first_ids: Ids
    """The ids that it reads before every line (`tokenizers.base.first_ids`)."""
    stops: bool = False
    """Whether the score of a line includes that the document ends after it."""
    by_label: Sequence[Scorer] = ()
    """The model under each of its labels, where it knows some and a line's label is not given. `scorer` is not used
    then."""
    label_probabilities: Sequence[float] = ()
    """How probable each of these labels is before a line is read."""
    learns: bool = False
    """Whether the model changes as it reads. Lines are then read one at a time, in their order."""


@dataclass(frozen=True)
class LineScore:
    """The score of a line by one model."""

    text: str
    """The text that is scored: the line without its end, or with it where ends are scored."""
    nats_T: Floats
    """-ln p of each token of the text and, where that is scored, of the end of the document."""
    label_nats_K: Floats | None = None
    """-ln p of the whole under each label, where the model knows labels and that of the line is not given."""

    @property
    def characters(self) -> int:
        """How many characters the text has."""
        return len(self.text)

    @cached_property
    def nats(self) -> float:
        """-ln p of the whole text."""
        return float(self.nats_T.sum(dtype=np.float64))

    @property
    def bits_per_character(self) -> float | None:
        """The cost per character in bits, or None for a text without characters."""
        return bits(self.nats) / self.characters if self.characters else None


class _Row(NamedTuple):
    tokens: Ids
    """The tokens after the model's first ids. The stop token is the last one where it is scored."""
    later: int
    """The number of further tokens of the line that are not scored: those of its end."""


class LineScorer:
    """Scores lines with `threads` of its own. Several threads must not use it at once."""

    def __init__(self, models: Sequence[LineModel], *, ends: bool = False, threads: int = 1) -> None:
        """With `ends`, line ends are scored, too, as characters of their lines. A model that learns needs a scorer with
        one thread."""
        self._models, self._ends = models, ends
        self._any_bytes = all(model.tokenizer.kind == "bytes" for model in models)
        self._pool = ThreadPoolExecutor(threads, "lines")
        self._closed = Event()

    def close(self) -> None:
        """Drops the work that was begun and is not done."""
        self._closed.set()
        self._pool.shutdown(cancel_futures=True)

    def text(self, line: str) -> str:
        """The text of the line that is scored: the line without its end, or with it where ends are scored.

        A byte order mark is no part of it, but for models of bytes alone.
        """
        text = line if self._ends else without_end(line)
        return text if self._any_bytes else without_byte_order_marks(text)

    def score(self, lines: Sequence[str]) -> list[tuple[LineScore, ...]]:
        """The scores of each line by each model. The score of a line does not depend on other lines."""
        return self.begin(lines)()

    def begin(self, lines: Sequence[str]) -> Callable[[], list[tuple[LineScore, ...]]]:
        """Begins to score the lines, and gives a function that waits for the result of `score`.

        That function raises ModelError where a model's answer is not finite. A character that a model has never seen
        costs as much as its unknown token.
        """
        begun = [self._begin(model, lines) for model in self._models]
        return lambda: list(zip(*(wait() for wait in begun), strict=True))

    def _begin(self, model: LineModel, lines: Sequence[str]) -> Callable[[], list[LineScore]]:
        texts = [self.text(line) for line in lines]
        ends = ["" if self._ends else line[len(without_end(line)) :] for line in lines]
        later = {end: len(model.tokenizer.encode(end)) for end in set(ends)}
        rows = [_row(model, text, later[end]) for text, end in zip(texts, ends, strict=True)]
        lengths = [len(row.tokens) for row in rows]
        in_order = ([i] for i in range(len(rows)))
        batches = in_order if model.learns else batches_by_length(lengths, rows=ROWS, padding=PADDING)
        begun = [(chosen, self._pool.submit(self._nats, model, [rows[i] for i in chosen])) for chosen in batches]

        def result() -> list[LineScore]:
            by_label = np.zeros(len(model.by_label)) if model.by_label else None
            nats: list[tuple[Floats, Floats | None]] = [(np.zeros(0, np.float32), by_label)] * len(rows)
            for chosen, future in begun:
                for i, of_row in zip(chosen, future.result(), strict=True):
                    nats[i] = of_row
            return [LineScore(text, *of_row) for text, of_row in zip(texts, nats, strict=True)]

        return result

    def _nats(self, model: LineModel, rows: list[_Row]) -> list[tuple[Floats, Floats | None]]:
        """The nats that the `LineScore` of each row has, and those under each label."""
        if not model.by_label:
            return [(nats_T, None) for nats_T in self._nats_by(model.scorer, model, rows)]
        by_label = [self._nats_by(scorer, model, rows) for scorer in model.by_label]
        if self._closed.is_set():
            return []
        probabilities_K = np.array(model.label_probabilities)
        of_rows = [np.stack(nats) for nats in zip(*by_label, strict=True)]
        return [(marginal_nats(nats_KT, probabilities_K), nats_KT.sum(1, dtype=np.float64)) for nats_KT in of_rows]

    def _nats_by(self, scorer: Scorer, model: LineModel, rows: list[_Row]) -> list[Floats]:
        """The nats of each row by one scorer. Rows are padded at their end, where it changes nothing."""
        before = len(model.first_ids)
        tokens_BT = np.full((len(rows), before + max(len(row.tokens) for row in rows)), STOP_ID, np.int32)
        tokens_BT[:, :before] = model.first_ids
        for tokens_T, row in zip(tokens_BT, rows, strict=True):
            tokens_T[before : before + len(row.tokens)] = row.tokens
        inputs_BT, targets_BT = tokens_BT[:, :-1], tokens_BT[:, 1:]
        conditions = scorer.conditions(targets_BT, np.array([row.later for row in rows], np.int32))
        text_BT, ends_BT = np.empty((2, *inputs_BT.shape), np.float32)
        state = scorer.initial_state(len(rows))
        length = max(1, min(BLOCK_TOKENS, BLOCK_LOGITS // model.tokenizer.size) // len(rows))
        for start in range(0, inputs_BT.shape[1], length):
            if self._closed.is_set():  # nobody waits for the result
                return []
            block = np.s_[:, start : start + length]
            of_block = conditions_at(conditions, block)
            costs, state = scorer.costs(inputs_BT[block], targets_BT[block], state, of_block)
            text_BT[block], ends_BT[block] = costs
        scored = [slice(before - 1, before - 1 + len(row.tokens)) for row in rows]
        nats = [nats_T[places] for nats_T, places in zip(text_BT, scored, strict=True)]
        if model.stops:
            ends = [nats_T[places].sum() for nats_T, places in zip(ends_BT, scored, strict=True)]
            nats = [np.append(nats_T[:-1], end) for nats_T, end in zip(nats, ends, strict=True)]
        if not all(np.isfinite(nats_T).all() for nats_T in nats):
            raise ModelError("the model's answer is not finite")
        return [np.maximum(nats_T, 0) for nats_T in nats]  # Rounding can make the cost of what is certain negative.


def _row(model: LineModel, text: str, later: int) -> _Row:
    tokens = model.tokenizer.encode(text)
    return _Row(np.append(tokens, np.int32(STOP_ID)) if model.stops else tokens, later)


class ScoredLine(NamedTuple):
    line: str
    """The line as it was read, with its end."""
    text: str
    """The part of the line that is scored."""
    scores: Sequence[LineScore]
    """The line's score by each model."""


def score_stream(read: Iterable[Sequence[str]], scorer: LineScorer) -> Iterator[list[ScoredLine]]:
    """Chunks of scored lines, in the order of the input. Each should be written and flushed when it comes.

    `read` gives the lines that are complete by now, and an empty list at a pause of the input. At a pause all lines
    before it are scored and given. An error that `read` raises is raised once everything before it has been given.
    """

    def begin(lines: list[str]) -> Callable[[], list[ScoredLine]]:
        result = scorer.begin(lines)
        return lambda: [
            ScoredLine(line, scorer.text(line), scores) for line, scores in zip(lines, result(), strict=True)
        ]

    return results_in_order(read, begin, len, first=FIRST_CHUNK, largest=LARGEST_CHUNK)
