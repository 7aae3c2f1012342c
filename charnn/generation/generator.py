"""Makes texts with a model, one or many at once.

Each text has a lane, which is a row of the batch, and a lane whose text has ended takes the next one. A text depends on
its prompt and its random numbers alone. Its lane and the texts beside it make no difference, except that sums may be
rounded in another order.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from charnn.arrays import Int64s
from charnn.corpora.runs import RunLengths
from charnn.generation.config import SamplingConfig
from charnn.generation.ending import Reason, draw_halts, end_where_model_leaves
from charnn.generation.model import NO_CONDITIONS, NextTokenModel, PromptReader, stack_conditions
from charnn.generation.sampler import Sampler
from charnn.generation.text import ChosenToken, Lane, Piece, Request, pattern_of, run_limits_of
from charnn.softmax import log_softmax
from charnn.tokenizers.base import STOP_ID, Tokenizer

AHEAD = 64
"""The most batches of texts that are begun before the first text has ended. Texts that end before it wait in memory."""
TOGETHER = 256
"""So many pieces of a text that waits are put together, since each takes more memory than its characters do."""


class TextGenerator:
    """Makes texts with one model, up to `batch` of them at once."""

    def __init__(
        self,
        model: NextTokenModel,
        tokenizer: Tokenizer,
        sampling: SamplingConfig,
        *,
        batch: int = 1,
        may_stop: bool = True,
        echo: bool = True,
        scored: bool = False,
        alternatives: int | None = None,
        runs: Mapping[str, RunLengths] | None = None,
    ) -> None:
        """`may_stop` says whether the model has learned where a text ends. With `echo`, the pattern must match the
        prompt, too. With `scored`, a text gets its log-probability, and with `alternatives` also its `tokens`, each
        with so many alternatives. `runs` are those of the text that the model learned; None says that they are not
        known.

        Raises UsageError where bias, bans or pattern do not suit the tokenizer.
        """
        self._model, self._tokenizer, self._sampling = model, tokenizer, sampling
        self._batch, self._echo = batch, echo
        self._scored, self._alternatives = scored or alternatives is not None, alternatives
        self._halts = may_stop and model.halts
        draws_stop = sampling.pattern is not None or (may_stop and model.draws_stop)
        self._sampler = Sampler(sampling, tokenizer, may_stop=draws_stop and not self._halts)
        self._history = self._sampler.history()
        self._runs = run_limits_of(sampling, runs, tokenizer)
        self._pattern = pattern_of(sampling, tokenizer)
        self._chooses_alone = self._pattern is None and not self._halts
        """Whether a text beside which there is none is written apart."""
        self._prompts = PromptReader(model, tokenizer, may_stop=may_stop)
        self._begun = 0
        self._pauses = False
        """Whether asking for the next request would wait."""
        self._is_settled = False
        """Whether all rows are at work and no row more can be had, so that none is sought until a text has ended."""
        # The following have a row for each text: the text, the logits of its next token, and the model's state.
        self._lanes: list[Lane] = []
        self._logits_BV = np.empty((0, tokenizer.size), np.float32)
        self._state = model.initial_state(0)

    def texts(self, requests: Iterable[Request | None]) -> Iterator[Piece]:
        """The pieces of all texts as they are made. Those of one text are in order, those of several are mixed.

        Requests are numbered from 0 on. A request of None says that asking for the next one would wait, so the texts at
        work go on first. No step is taken before all pieces of the last step have been taken. Raises UsageError where
        a prompt does not go with the pattern and the length, and ModelError where the model's logits are not finite.
        """
        waiting, self._is_settled = iter(requests), False
        while True:
            if not self._is_settled:
                yield from self._fill(waiting)
            if not self._lanes:
                return
            if self._is_settled and len(self._lanes) == 1 and self._chooses_alone:
                yield from self._write_alone(self._lanes[0])
                continue
            ids_B = self._choose()
            for lane, token in zip(self._lanes, ids_B.tolist(), strict=True):
                shown = lane.push(token)
                has_ended = lane.text.reason is not None
                if has_ended:
                    self._is_settled = False
                if shown or has_ended:
                    yield Piece(lane.text, shown, has_ended)
            self._step(ids_B)

    def _fill(self, waiting: Iterator[Request | None]) -> Iterator[Piece]:
        """Gives lanes to new texts, as many as are asked for and fit the batch, and drops the lanes that are left."""
        self._is_settled = False
        busy = [lane.text.request.number for lane in self._lanes if lane.text.reason is None]
        begun: list[Lane] = []
        self._pauses = self._pauses and bool(busy)
        while len(busy) < self._batch and not self._pauses:
            if busy and self._begun >= min(busy) + AHEAD * self._batch:
                break
            try:
                request = next(waiting)
            except StopIteration:
                self._is_settled = True
                break
            if request is None:
                self._pauses = bool(busy)
                continue
            self._begun += 1
            decoder = self._tokenizer.decoder()
            lane = Lane(request, self._sampling, decoder, self._pattern, self._runs, echo=self._echo)
            yield lane.piece("")
            if lane.text.reason is None:
                lane.begin(self._prompts.read(request.prompt, request.random))
                if lane.text.reason is not None:
                    yield lane.piece("")
                    continue
                begun.append(lane)
                busy.append(request.number)
        self._is_settled |= len(busy) == self._batch
        self._seat(begun)

    def _seat(self, begun: list[Lane]) -> None:
        """Puts new texts in the rows whose texts have ended, and in rows of their own beyond."""
        free = [row for row, lane in enumerate(self._lanes) if lane.text.reason is not None]
        for row, lane in zip(free, begun, strict=False):
            self._lanes[row] = lane
            self._logits_BV[row] = lane.prompt.logits_V
            self._model.put(self._state, row, lane.prompt.state)
            self._history.put(row, lane.prompt.ids_T)
        if left_over := set(free[len(begun) :]):
            kept = np.array([row for row in range(len(self._lanes)) if row not in left_over], np.intp)
            self._lanes = [self._lanes[row] for row in kept]
            self._logits_BV = self._logits_BV[kept]
            self._state = self._model.select(self._state, kept)
            self._history.select(kept)
        if more := begun[len(free) :]:
            self._lanes = self._lanes + more
            self._logits_BV = np.concatenate([self._logits_BV, [lane.prompt.logits_V for lane in more]])
            self._state = self._model.join([self._state, *(lane.prompt.state for lane in more)])
            self._history.extend([lane.prompt.ids_T for lane in more])

    def _choose(self) -> Int64s:
        """Chooses a token for every lane from its logits, (B,)."""
        if len(self._lanes) == 1 and self._chooses_alone:
            return np.array([self._choose_alone(self._lanes[0])])
        allowed_BV = None
        if self._pattern is not None:
            allowed_BV = np.stack([lane.allowed() for lane in self._lanes])
            end_where_model_leaves(self._logits_BV, allowed_BV)
        uniforms_B = np.array([lane.text.request.random.random() for lane in self._lanes])
        halts_B = None
        if self._halts:
            halts_B, uniforms_B = draw_halts(self._logits_BV, uniforms_B, greedy=self._sampling.temperature == 0)
            if allowed_BV is not None:
                halts_B &= allowed_BV[:, STOP_ID]
        runs = None if self._runs is None else [lane.run_bounds() for lane in self._lanes]
        ids_B = self._sampler.choose(self._logits_BV, uniforms_B, self._history, allowed_BV, runs)
        if halts_B is not None:
            ids_B[halts_B] = STOP_ID
        if self._scored:
            self._score(ids_B)
        return ids_B

    def _write_alone(self, lane: Lane) -> Iterator[Piece]:
        """Writes the only text to its end: what several texts do at each step, without arrays of one number each."""
        ids_1 = np.empty(1, np.int64)
        id_, conditions, is_conditioned = ids_1.data, NO_CONDITIONS, bool(lane.conditions.values)
        model, state, history, text, push = self._model, self._state, self._history, lane.text, lane.push
        while True:
            id_[0] = token = self._choose_alone(lane)
            shown = push(token)
            if text.reason is not None:
                self._is_settled = False
                yield Piece(text, shown, True)
                return
            if shown:
                yield Piece(text, shown, False)
            history.add(ids_1)
            if is_conditioned:
                conditions = stack_conditions([lane.conditions])
            self._logits_BV = model.advance(ids_1, state, conditions)

    def _choose_alone(self, lane: Lane) -> int:
        """Chooses a token for a text beside which there is none."""
        uniform, bounds = lane.text.request.random.random(), lane.run_bounds()
        plain, token = self._sampler.plain, None
        if plain is not None:
            token = plain.choose(self._logits_BV[0], uniform, bounds)
        if token is None:
            ids_1 = self._sampler.choose(self._logits_BV, np.array([uniform]), self._history, None, [bounds])
            token = int(ids_1[0])
        if self._scored:
            self._score(np.array([token]))
        return token

    def _score(self, ids_B: Int64s) -> None:
        """Adds the model's own log-probability of each token that was chosen to that of its text."""
        log_p_BV = log_softmax(self._logits_BV)
        for lane, token, log_p_V in zip(self._lanes, ids_B.tolist(), log_p_BV, strict=True):
            lane.text.log_probability += float(log_p_V[token])
            if self._alternatives is not None:
                likeliest = np.argsort(-log_p_V, kind="stable")[: self._alternatives].tolist()
                others = tuple((self._tokenizer.decode([other]), float(log_p_V[other])) for other in likeliest)
                lane.text.tokens.append(ChosenToken(self._tokenizer.decode([token]), float(log_p_V[token]), others))

    def _step(self, ids_B: Int64s) -> None:
        """Lets every row read the token that was chosen for it. A row whose text has ended reads, too, which does not
        change its neighbours."""
        if not self._is_settled and all(lane.text.reason is not None for lane in self._lanes):
            return
        self._history.add(ids_B)
        conditions = stack_conditions([lane.conditions for lane in self._lanes])
        self._logits_BV = self._model.advance(ids_B, self._state, conditions)


def in_order(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """The same texts, one after the other. Pieces of the first text that has not ended are given at once; those of a
    later one wait, and come as one piece when it is that text's turn."""
    waiting: dict[int, _Held] = defaultdict(_Held)
    current = 0
    for piece in pieces:
        if (number := piece.text.request.number) != current:
            waiting[number].add(piece)
            continue
        yield piece
        is_last = piece.is_last
        while is_last:
            current += 1
            if current not in waiting:
                break
            held = waiting.pop(current).piece()
            yield held
            is_last = held.is_last


class _Held:
    """The pieces of a text that waits, in little more memory than its characters need."""

    def __init__(self) -> None:
        self._joined, self._recent = list[str](), list[str]()

    def add(self, piece: Piece) -> None:
        self._text, self._is_last = piece.text, piece.is_last
        self._recent.append(piece.shown)
        if len(self._recent) == TOGETHER:
            self._joined.append("".join(self._recent))
            self._recent.clear()

    def piece(self) -> Piece:
        """All that was added, which is one piece at least."""
        return Piece(self._text, "".join([*self._joined, *self._recent]), self._is_last)


class Generation(Iterator[str]):
    """A text in non-empty pieces, none of which has half a character. `reason` is why it ended, None until it has."""

    def __init__(self, pieces: Iterator[Piece]) -> None:
        self.reason: Reason | None = None
        self._pieces = pieces

    def __next__(self) -> str:
        for piece in self._pieces:
            self.reason = piece.text.reason
            if piece.shown:
                return piece.shown
        raise StopIteration


def generate(
    model: NextTokenModel,
    tokenizer: Tokenizer,
    prompt: str,
    sampling: SamplingConfig,
    random: np.random.Generator,
    *,
    may_stop: bool = True,
    runs: Mapping[str, RunLengths] | None = None,
) -> Generation:
    """The text that follows `prompt`, which is not repeated; stop strings and limits count only in what follows.

    From the zero state the model reads the ids that open a document (`tokenizers.base.first_ids`), and then the prompt.
    The unknown token is never chosen, and neither is the stop token if the model may not stop because it has seen no
    document end. Nothing runs before the first piece is asked for, which raises what `TextGenerator.texts` raises.
    """
    generator = TextGenerator(model, tokenizer, sampling, may_stop=may_stop, runs=runs)
    return Generation(generator.texts([Request(0, prompt, random)]))
