"""Finds the most probable targets of several sources at once, with a beam for each.

Shapes: N sources, K beams of each, B = N * K rows; V target symbols; L symbols written so far.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from charnn.arrays import Bools
from charnn.tasks.transducer.symbols import EncodedSource
from charnn.tasks.transducer.use.ctc import FramedDecoder, read_frames
from charnn.tasks.transducer.use.decoding import FoundTarget, SearchOptions, SteppedDecoder, Wide, after
from charnn.tokenizers.base import STOP_ID


def find_targets(
    decoder: SteppedDecoder | FramedDecoder,
    sources: Sequence[EncodedSource],
    bounds: Sequence[int],
    options: SearchOptions,
) -> list[list[FoundTarget]]:
    """What `search` or `ctc.read_frames` gives, as the decoder asks for. Frames bound a length by themselves."""
    if isinstance(decoder, FramedDecoder):
        return read_frames(decoder, sources, options)
    return search(decoder, sources, bounds, options)


def search(
    decoder: SteppedDecoder, sources: Sequence[EncodedSource], bounds: Sequence[int], options: SearchOptions
) -> list[list[FoundTarget]]:
    """For each source its targets, the best first.

    Every step keeps the most probable continuations; one that a stop ends is set apart. A target that has as many
    symbols as its bound ends there. The search for a source is over when no live hypothesis can become better than the
    wanted best that have ended, since more symbols only lower a log-probability. A source for which the constraint
    leaves nothing has no target.
    """
    return _Search(decoder, sources, bounds, options).run()


class _Search:
    def __init__(
        self, decoder: SteppedDecoder, sources: Sequence[EncodedSource], bounds: Sequence[int], options: SearchOptions
    ) -> None:
        self.decoder, self.beams, self.wanted = decoder, options.beams, options.wanted
        self.unknown, self.constraint, self.choose = options.unknown, options.constraint, options.choose
        self.bounds = np.array(bounds)
        self.ended: list[list[FoundTarget]] = [[] for _ in sources]
        self.live = np.arange(len(sources))
        """The numbers of the sources that are still searched."""
        self.state = decoder.begin(sources).rows(np.repeat(self.live, self.beams))
        self.score_NK = np.full((len(sources), self.beams), -np.inf)
        self.score_NK[:, 0] = 0.0
        self.ids_NKL = np.zeros((len(sources), self.beams, 0), np.int64)
        self.places_NKL = np.zeros((len(sources), self.beams, 0), np.int64)
        self.unknown_NS = np.zeros((len(sources), self.state.alpha_BS.shape[1]), np.bool_)
        if options.copies and self.unknown is not None:
            for row, source in enumerate(sources):
                found = [place for place, symbol in enumerate(source.copies) if symbol == self.unknown]
                self.unknown_NS[row, found] = True

    def run(self) -> list[list[FoundTarget]]:
        while self.live.size:
            self._step()
        return self.ended

    def _step(self) -> None:
        count, beams, written = len(self.live), self.beams, self.ids_NKL.shape[2]
        last_B = self.ids_NKL[:, :, -1].ravel() if written else np.full(count * beams, STOP_ID)
        step = self.decoder.step(last_B, self.state)
        log_p_BV = step.log_p_BV.astype(np.float64)
        has_unknown_N = self.unknown_NS.any(1)
        if self.unknown is not None:
            log_p_BV[np.repeat(~has_unknown_N, beams), self.unknown] = -np.inf
        self._constrain(log_p_BV)
        size = log_p_BV.shape[1]
        if self.choose is None:
            parents_NC, tokens_NC, totals_NC = self._best(log_p_BV.reshape(count, beams, size))
        else:
            tokens_NC = self.choose(log_p_BV, self.live)[:, None]
            parents_NC = np.zeros_like(tokens_NC)
            totals_NC = self.score_NK + np.take_along_axis(log_p_BV, tokens_NC, 1)
        places_B = np.zeros(count * beams, np.int64)
        if has_unknown_N.any():
            places_B = np.where(np.repeat(self.unknown_NS, beams, 0), step.attention_BS, -1.0).argmax(1)
        kept_NK, goes_on_N = self._sort_out(parents_NC, tokens_NC, totals_NC, places_B.reshape(count, beams))
        parents_NK = np.take_along_axis(parents_NC, kept_NK, 1)
        tokens_NK = np.take_along_axis(tokens_NC, kept_NK, 1)
        rows_B = (parents_NK + beams * np.arange(count)[:, None]).ravel()
        self.state = after(self.state, step, rows_B, tokens_NK.ravel())
        chosen = (np.arange(count)[:, None], parents_NK)
        self.ids_NKL = np.concatenate([self.ids_NKL[chosen], tokens_NK[..., None]], 2)
        places_NK = places_B.reshape(count, beams)[chosen]
        self.places_NKL = np.concatenate([self.places_NKL[chosen], places_NK[..., None]], 2)
        if not goes_on_N.all():
            self._keep(goes_on_N)

    def _constrain(self, log_p_BV: Wide) -> None:
        if self.constraint is None:
            return
        written = self.ids_NKL.shape[2]
        for row, alive in enumerate(np.isfinite(self.score_NK).ravel()):
            if alive:
                number, beam = divmod(row, self.beams)
                left = int(self.bounds[self.live[number]]) - written
                allowed_V = self.constraint.allowed(self.ids_NKL[number, beam].tolist(), left)
                log_p_BV[row, ~allowed_V] = -np.inf

    def _best(self, log_p_NKV: Wide) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], Wide]:
        """The parents, tokens and log-probabilities of twice as many continuations as there are beams, best first: half
        of them may be stops. Where two are equal, the earlier beam and then the lower id ranks first."""
        count, beams, size = log_p_NKV.shape
        total_NC = (self.score_NK[..., None] + log_p_NKV).reshape(count, beams * size)
        candidates = min(2 * beams, beams * size)
        best_NC = np.argpartition(-total_NC, candidates - 1, 1)[:, :candidates]
        best_NC.sort(1)
        order_NC = np.argsort(-np.take_along_axis(total_NC, best_NC, 1), 1, kind="stable")
        best_NC = np.take_along_axis(best_NC, order_NC, 1)
        parents_NC, tokens_NC = np.divmod(best_NC, size)
        return parents_NC, tokens_NC, np.take_along_axis(total_NC, best_NC, 1)

    def _sort_out(
        self,
        parents_NC: npt.NDArray[np.intp],
        tokens_NC: npt.NDArray[np.intp],
        totals_NC: Wide,
        places_NK: npt.NDArray[np.intp],
    ) -> tuple[npt.NDArray[np.intp], Bools]:
        """Sets apart what ends, and gives the candidates (N, K) that live on, and whether each source's search does."""
        count, beams = self.score_NK.shape
        kept_NK = np.zeros((count, beams), np.intp)
        scores_NK = np.full((count, beams), -np.inf)
        goes_on_N = np.ones(count, np.bool_)
        written = self.ids_NKL.shape[2]
        stops_NC = tokens_NC == STOP_ID
        for row in range(count):
            ended, kept = self.ended[self.live[row]], 0
            is_last = written + 1 >= self.bounds[self.live[row]]
            for place in range(parents_NC.shape[1]):
                total = float(totals_NC[row, place])
                if total == -np.inf or kept == beams:
                    break
                parent = int(parents_NC[row, place])
                if stops_NC[row, place]:
                    if place < beams:
                        ids, places = self.ids_NKL[row, parent].tolist(), self.places_NKL[row, parent].tolist()
                        ended.append(FoundTarget(ids, total, self._copied(ids, places)))
                    continue
                if is_last:
                    ids = [*self.ids_NKL[row, parent].tolist(), int(tokens_NC[row, place])]
                    places = [*self.places_NKL[row, parent].tolist(), int(places_NK[row, parent])]
                    ended.append(FoundTarget(ids, total, self._copied(ids, places), is_cut=True))
                kept_NK[row, kept], scores_NK[row, kept] = place, total
                kept += 1
            ended.sort(key=lambda found: -found.log_probability)
            del ended[max(self.beams, self.wanted) :]
            best = float(scores_NK[row].max())
            is_enough = len(ended) >= self.wanted and ended[self.wanted - 1].log_probability >= best
            goes_on_N[row] = not (is_last or kept == 0 or is_enough or (self.choose is not None and bool(ended)))
        self.score_NK = scores_NK
        return kept_NK, goes_on_N

    def _copied(self, ids: Sequence[int], places: Sequence[int]) -> list[int]:
        return [place for symbol, place in zip(ids, places, strict=True) if symbol == self.unknown]

    def _keep(self, goes_on_N: Bools) -> None:
        """Goes on with these sources only."""
        for row in np.flatnonzero(~goes_on_N):
            del self.ended[self.live[row]][self.wanted :]
        self.live = self.live[goes_on_N]
        self.score_NK, self.ids_NKL = self.score_NK[goes_on_N], self.ids_NKL[goes_on_N]
        self.places_NKL, self.unknown_NS = self.places_NKL[goes_on_N], self.unknown_NS[goes_on_N]
        self.state = self.state.rows(np.flatnonzero(np.repeat(goes_on_N, self.beams)))
