"""Connectionist temporal classification (Graves et al. 2006): every place of a source gives frames, and each frame a
symbol or a blank. A path of frames writes its symbols with repetitions merged and blanks left out; the probability of a
target is the sum over all paths that write it.

Shapes: N sources; F frames; V target symbols, of which the stop, id 0, is the blank.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from charnn.tasks.transducer.symbols import EncodedSource
from charnn.tasks.transducer.use.decoding import Constraint, FoundTarget, SearchOptions, Wide
from charnn.tokenizers.base import STOP_ID as BLANK

LEAST = 1e-5
"""A symbol to which a frame gives a smaller probability than this does not continue a hypothesis."""
SPARE = 1
"""So many targets more than are wanted get their exact probabilities; the sums of a beam leave out what it dropped."""
NEVER = float("-inf")


class FramedDecoder(ABC):
    """An encoder that gives frames. It may be run by ONNX Runtime or by PyTorch."""

    @abstractmethod
    def frames(self, sources: Sequence[EncodedSource]) -> list[Wide]:
        """ln p (F, V) of each source."""


def log_probability(log_p_FV: Wide, target: Sequence[int]) -> float:
    """ln p of the target in nats: the forward sums over all paths that write it; -inf where none does."""
    states = [BLANK]
    for symbol in target:
        states += [symbol, BLANK]
    skips = np.array([i > 1 and states[i] not in (BLANK, states[i - 2]) for i in range(len(states))])
    emissions_FS = log_p_FV[:, states]
    forward_S = np.full(len(states), NEVER)
    forward_S[:2] = emissions_FS[0, :2]
    for emissions_S in emissions_FS[1:]:
        reached_S = forward_S.copy()
        reached_S[1:] = np.logaddexp(reached_S[1:], forward_S[:-1])
        reached_S[2:] = np.where(skips[2:], np.logaddexp(reached_S[2:], forward_S[:-2]), reached_S[2:])
        forward_S = reached_S + emissions_S
    return float(np.logaddexp.reduce(forward_S[-2:]))


def read_frames(
    decoder: FramedDecoder, sources: Sequence[EncodedSource], options: SearchOptions
) -> list[list[FoundTarget]]:
    """For each source its targets, the best first, as `search.search` gives them.

    With one beam, what the likeliest path writes; else the likeliest targets that a beam of prefixes finds. Where
    symbols are drawn, that of each frame is.
    """
    beams, wanted, unknown = options.beams, options.wanted, options.unknown
    constraint, choose = options.constraint, options.choose
    every = [frames.copy() for frames in decoder.frames(sources)]
    if unknown is not None:
        for source, log_p_FV in zip(sources, every, strict=True):
            per_place = len(log_p_FV) // len(source.ids)
            is_copy = np.repeat([options.copies and symbol == unknown for symbol in source.copies], per_place)
            log_p_FV[~is_copy, unknown] = NEVER
    found = []
    for number, (source, log_p_FV) in enumerate(zip(sources, every, strict=True)):
        if choose is not None:
            path = np.concatenate([choose(frame_V[None], np.array([number])) for frame_V in log_p_FV])
            candidates = [collapsed(path)]
        elif beams == 1 and constraint is None:
            candidates = [collapsed(log_p_FV.argmax(1))]
        else:
            candidates = prefixes(log_p_FV, max(beams, wanted), constraint)[: wanted + SPARE]
        per_place = len(log_p_FV) // len(source.ids)
        targets = [
            FoundTarget(ids, log_probability(log_p_FV, ids), _copied(ids, places, per_place, unknown))
            for ids, places in candidates
        ]
        found.append(sorted(targets, key=lambda one: -one.log_probability)[:wanted])
    return found


Candidate = tuple[list[int], list[int]]
"""The symbols of a target, and the frame that each came from."""


def collapsed(path_F: npt.NDArray[np.intp]) -> Candidate:
    """What a path writes."""
    starts = np.flatnonzero((path_F != BLANK) & np.diff(path_F, prepend=BLANK).astype(np.bool_))
    return path_F[starts].tolist(), starts.tolist()


def prefixes(log_p_FV: Wide, beams: int, constraint: Constraint | None) -> list[Candidate]:
    """The targets at the end of a beam over prefixes (Hannun et al. 2014), the best first. For every prefix it has two
    sums over the paths that write it: of those that end in a blank, and of the others. With a constraint, targets are
    whole. The sums are kept as probabilities, over the largest one of the frame before, so that none becomes 0."""
    beam: dict[tuple[int, ...], tuple[float, float]] = {(): (1.0, 0.0)}
    frames: dict[tuple[int, ...], int] = {}
    p_FV = np.exp(log_p_FV)
    for frame, likely_V in enumerate(p_FV > LEAST):
        p = p_FV[frame].tolist()
        symbols = [symbol for symbol in np.flatnonzero(likely_V).tolist() if symbol != BLANK]
        if constraint is None:
            symbols = sorted(symbols, key=lambda symbol: -p[symbol])[: beams + 1]
        after: dict[tuple[int, ...], tuple[float, float]] = {}
        for prefix, (blank, other) in beam.items():
            total = blank + other
            last = prefix[-1] if prefix else BLANK
            before = after.get(prefix, NOTHING)
            after[prefix] = before[0] + total * p[BLANK], before[1] + (other * p[last] if prefix else 0.0)
            allowed_V = None if constraint is None else constraint.allowed(prefix, None)
            for symbol in symbols:
                if allowed_V is None or allowed_V[symbol]:
                    longer = (*prefix, symbol)
                    before = after.get(longer, NOTHING)
                    after[longer] = before[0], before[1] + (blank if symbol == last else total) * p[symbol]
                    frames.setdefault(longer, frame)
        best = sorted(after.items(), key=lambda item: -sum(item[1]))[:beams]
        largest = sum(best[0][1])
        beam = {prefix: (blank / largest, other / largest) for prefix, (blank, other) in best if blank + other > 0}
    whole = [prefix for prefix in beam if constraint is None or constraint.allowed(prefix, None)[BLANK]]
    return [(list(prefix), [frames[prefix[: n + 1]] for n in range(len(prefix))]) for prefix in whole]


NOTHING = (0.0, 0.0)


def _copied(ids: Sequence[int], frames: Sequence[int], per_place: int, unknown: int | None) -> list[int]:
    return [frame // per_place for symbol, frame in zip(ids, frames, strict=True) if symbol == unknown]
