"""The targets that n-grams of aligned pairs, edits or words in lines propose beside those that a search with the
network has found.

Shapes: R targets of all sources; L symbols of the longest, its stop counted.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from charnn.tasks.transducer.pair_model import Proposer
from charnn.tasks.transducer.symbols import EncodedSource
from charnn.tasks.transducer.use.ctc import FramedDecoder, log_probability
from charnn.tasks.transducer.use.decoding import Constraint, FoundTarget, SearchOptions, SteppedDecoder, after
from charnn.tokenizers.base import STOP_ID


def proposed(
    proposer: Proposer,
    decoder: SteppedDecoder | FramedDecoder,
    sources: Sequence[EncodedSource],
    found: Sequence[Sequence[FoundTarget]],
    options: SearchOptions,
    most: int,
) -> list[list[FoundTarget]]:
    """For each source, those of the `most` likeliest targets by the proposer that are not among its targets `found`,
    with their log-probabilities by the network. A constraint holds for them, too. The unknown symbol stands for copies
    of what training had not, in their order, and is in none where that does not tell which."""
    new = []
    for source, targets in zip(sources, found, strict=True):
        known = [target.ids for target in targets]
        likeliest = proposer.proposed(source, most)
        new.append([ids for ids in likeliest if ids not in known and _may_be(ids, source, options)])
    scores = log_probabilities(decoder, sources, new)
    return [
        [
            FoundTarget(ids, log_p, _copied_from(source, options)[: ids.count(_unknown(options))])
            for ids, log_p in zip(targets, scores_of, strict=True)
        ]
        for source, targets, scores_of in zip(sources, new, scores, strict=True)
    ]


def _unknown(options: SearchOptions) -> int:
    return -1 if options.unknown is None else options.unknown


def _copied_from(source: EncodedSource, options: SearchOptions) -> list[int]:
    """The places of a source with a symbol that training had not."""
    return [place for place, symbol in enumerate(source.copies) if symbol == _unknown(options)]


def _may_be(ids: Sequence[int], source: EncodedSource, options: SearchOptions) -> bool:
    copies = list(ids).count(_unknown(options))
    places = _copied_from(source, options)
    is_told = copies == len(places) or len({source.texts[place] for place in places}) == 1
    if copies and not (options.copies and copies <= len(places) and is_told):
        return False
    return options.constraint is None or _obeys(ids, options.constraint)


def _obeys(ids: Sequence[int], constraint: Constraint) -> bool:
    return all(constraint.allowed(ids[:n], None)[symbol] for n, symbol in enumerate([*ids, STOP_ID]))


def log_probabilities(
    decoder: SteppedDecoder | FramedDecoder,
    sources: Sequence[EncodedSource],
    targets: Sequence[Sequence[Sequence[int]]],
) -> list[list[float]]:
    """ln p of each target of each source by the network, in nats, its stop counted."""
    chosen = [number for number, some in enumerate(targets) if some]
    if not chosen:
        return [[] for _ in targets]
    read = [sources[number] for number in chosen]
    if isinstance(decoder, FramedDecoder):
        frames = dict(zip(chosen, decoder.frames(read), strict=True))
        return [[log_probability(frames[number], ids) for ids in some] for number, some in enumerate(targets)]
    state = decoder.begin(read).rows(np.repeat(np.arange(len(chosen)), [len(targets[number]) for number in chosen]))
    flat = [ids for some in targets for ids in some]
    rows_R, lengths_R = np.arange(len(flat)), np.array([len(ids) + 1 for ids in flat])
    ids_RL = np.full((len(flat), int(lengths_R.max())), STOP_ID, np.int64)
    for row, ids in zip(ids_RL, flat, strict=True):
        row[: len(ids)] = ids
    total_R, last_R = np.zeros(len(flat)), np.full(len(flat), STOP_ID, np.int64)
    for written, next_R in enumerate(ids_RL.T):
        step = decoder.step(last_R, state)
        total_R += np.where(written < lengths_R, step.log_p_BV[rows_R, next_R], 0.0)
        last_R = next_R
        state = after(state, step, rows_R, next_R)
    each = iter(total_R.tolist())
    return [[next(each) for _ in some] for some in targets]
