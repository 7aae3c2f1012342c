"""Learns what becomes of words in lines, where pairs are lines of several words."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
import torch

from charnn.arrays import Floats
from charnn.corpora.pairs import Pair
from charnn.corpora.progress import tell
from charnn.tasks.transducer.learn.line_alignment import aligned_tokens
from charnn.tasks.transducer.learn.pair_ngrams import learn_pair_ngrams
from charnn.tasks.transducer.line_tokens import tokens
from charnn.tasks.transducer.line_words import FEATURES, FIRST_WEIGHTS, LONGEST_LINE, LineWords
from charnn.tasks.transducer.pair_ngrams import PairNgrams
from charnn.tasks.transducer.symbols import Symbols
from charnn.tasks.transducer.token_tables import TokenTables

Line = list[tuple[str, str]]

FEWEST_TOKENS = 3.0
"""The tokens of a line, in the mean, from which on it is several words."""
HELD_OUT = 6
"""One of so many lines is held out to learn the weights from."""
MOST_LINES, MOST_TOKENS, TOKENS_A_SECOND = 50_000, 500_000, 3_000
"""Where there are more lines, or more tokens, or more for each second of a budget, some of the lines at even distances
are looked at."""
MOST_WEIGHED, WEIGHED_A_SECOND = 4_000, 40
"""From no more tokens of these lines, or no more for each second of a budget, weights are learned."""
FEWEST_FOUND = 0.7
"""The part of these tokens that must become one of their candidates."""
CERTAINTY = 4.0
"""How sure the usual weights are, beside the tokens: so many halves of a square weigh as much as a nat."""
ITERATIONS = 60


def learn_line_words(
    pairs: Sequence[Pair],
    symbols: Symbols,
    seconds: float | None = None,
    interrupted: Callable[[], bool] = lambda: False,
) -> LineWords | None:
    """What becomes of the words of these pairs. None where sources are not lines of several words, where a side is not
    made of characters, and where what tokens of lines become is hardly ever what tokens became in others."""
    if symbols.features or {symbols.source.kind, symbols.target.kind} != {"characters"}:
        return None
    some = _some(pairs, MOST_TOKENS if seconds is None else min(MOST_TOKENS, TOKENS_A_SECOND * seconds))
    if not some:
        return None
    tell("aligning words", 0, 1)
    lines = [line for line in aligned_tokens(some) if line]
    held_out = lines[HELD_OUT // 2 :: HELD_OUT]
    weights_F = np.array(FIRST_WEIGHTS, np.float32)
    if held_out:
        others = [line for number, line in enumerate(lines) if number % HELD_OUT != HELD_OUT // 2]
        known = _model(others, symbols, weights_F, seconds, interrupted)
        most = MOST_WEIGHED if seconds is None else min(MOST_WEIGHED, WEIGHED_A_SECOND * seconds)
        found = None if known is None else _weights(known, held_out, most, interrupted)
        if found is None:
            return None
        weights_F = found
    return _model(lines, symbols, weights_F, seconds, interrupted)


def _some(pairs: Sequence[Pair], most: float) -> list[tuple[str, str]]:
    """Pairs at even distances, so that their sources have about so many tokens; none where they have few each."""
    lines = [(pair.source, pair.target) for pair in pairs[:: max(math.ceil(len(pairs) / MOST_LINES), 1)]]
    lines = [(source, target) for source, target in lines if max(len(source), len(target)) <= LONGEST_LINE]
    count = sum(len(tokens(source)) for source, _ in lines)
    return [] if count < FEWEST_TOKENS * len(lines) else lines[:: max(math.ceil(count / most), 1)]


def _model(
    lines: Sequence[Line],
    symbols: Symbols,
    weights_F: Floats,
    seconds: float | None,
    interrupted: Callable[[], bool],
) -> LineWords | None:
    counts = Counter(pair for line in lines for pair in line)
    if not counts:
        return None
    # What is frequent is soon known, and what is rare is like what is new.
    spelt = [
        Pair(token, target, "", 0)
        for (token, target), times in counts.items()
        if target
        for _ in range(math.isqrt(times - 1) + 1)
    ]
    spelling = learn_pair_ngrams(spelt, symbols, seconds, interrupted)
    assert spelling is None or isinstance(spelling, PairNgrams)
    return LineWords(TokenTables.of(lines), spelling, weights_F, symbols)


def _weights(known: LineWords, lines: Sequence[Line], most: float, interrupted: Callable[[], bool]) -> Floats | None:
    """The weights that make what tokens of lines became likeliest among their candidates; None where it is hardly ever
    among these."""
    tables = known.tables
    features, right = list[Floats](), list[int]()
    done = 0
    for number, line in enumerate(lines):
        tell("learning what becomes of words", number, len(lines))
        sources, last = [token for token, _ in line], tables.target_edge
        for at, (one, (_, target)) in enumerate(zip(known.candidates(sources), line, strict=True)):
            features_BCF = known.features(sources, at, one, np.array([last], np.int64))
            last = tables.target_ids.get(target, -1)
            if target in one.texts:
                features.append(features_BCF[0])
                right.append(one.texts.index(target))
        done += len(line)
        if done >= most or interrupted():
            break
    if len(right) < FEWEST_FOUND * done:
        return None
    width = max(map(len, features))
    features_NCF = np.zeros((len(right), width, FEATURES))
    is_there_NC = np.zeros((len(right), width), np.bool_)
    for row, there, own in zip(features_NCF, is_there_NC, features, strict=True):
        row[: len(own)], there[: len(own)] = own, True
    scores_NCF, there_NC, right_N = map(torch.from_numpy, (features_NCF, is_there_NC, np.array(right)))
    usual_F = torch.tensor(FIRST_WEIGHTS, dtype=torch.float64)
    weights_F = usual_F.clone().requires_grad_()
    optimizer = torch.optim.LBFGS([weights_F], max_iter=ITERATIONS, line_search_fn="strong_wolfe")

    def closure() -> float:
        optimizer.zero_grad()
        z_NC = (scores_NCF @ weights_F).masked_fill(~there_NC, -math.inf)
        nats = torch.nn.functional.cross_entropy(z_NC, right_N, reduction="sum")
        cost = nats + CERTAINTY / 2 * (weights_F - usual_F).square().sum()
        cost.backward()  # type: ignore[no-untyped-call]
        return cost.item()

    optimizer.step(closure)  # type: ignore[no-untyped-call]
    return weights_F.detach().numpy().astype(np.float32)
