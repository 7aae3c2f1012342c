"""Many sources at once to their targets: in batches of like lengths, each distinct source once."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from charnn.corpora.pairs import split_features
from charnn.errors import UsageError
from charnn.streaming import batches_by_length
from charnn.tasks.transducer.config import DEFAULT_BEAM, PairsConfig, TransducerNetworkConfig
from charnn.tasks.transducer.lookup import Lookup
from charnn.tasks.transducer.symbols import EncodedSource, Symbols
from charnn.tasks.transducer.use.ctc import FramedDecoder
from charnn.tasks.transducer.use.decoding import (
    END,
    Attention,
    FoundTarget,
    SearchOptions,
    SteppedDecoder,
    Wide,
    weights_of,
)
from charnn.tasks.transducer.use.pattern import TargetPattern
from charnn.tasks.transducer.use.ranking import TrustedNgrams
from charnn.tasks.transducer.use.search import find_targets

BATCH_ROWS = 320
"""The most hypotheses that the decoder steps at once."""
BATCH_NUMBERS = 4_000_000
"""The most numbers that hard attention keeps for a step of them: 16 MB."""
FRAME_NUMBERS = 1 << 24
"""The most probabilities of symbols in the frames of a batch, with the decoder `ctc`."""
PADDING = 0.25
"""The most of a batch that is padding."""


class Source(NamedTuple):
    """What is to be transduced."""

    text: str
    features: str = ""
    number: int = 0
    """Its number among all sources, from 0, from which what is drawn for it depends."""
    file: str = ""
    """The name of its file, as messages have it; "" where it is of none."""
    line: int = 0
    """The number of its line in its file, counted from 1; 0 where it is of none."""


@dataclass(frozen=True, slots=True)
class Target:
    """What a source becomes."""

    text: str
    """What is written."""
    log_probability: float
    """The log-probability of the target, its end counted, in nats; 0 for one that was looked up."""
    is_cut: bool = False
    """Whether the bound on the length ended it, and not the model."""
    is_looked_up: bool = False
    """Whether training had the source, and this is its target."""

    @property
    def probability(self) -> float:
        """How probable the target is, from 0 to 1."""
        return math.exp(self.log_probability)


@dataclass(frozen=True)
class TransduceOptions:
    """Says how targets are found."""

    beam: int = DEFAULT_BEAM
    """How many hypotheses are followed side by side. Where a model has n-grams of aligned pairs, edits, or words in
    lines, they rank the targets that two and more find, and may add some."""
    nbest: int = 1
    """How many targets are given for each source, at most."""
    pattern: str | None = None
    """A regular expression that every target matches as a whole."""
    temperature: float | None = None
    """Each symbol is drawn, from probabilities at this temperature, instead of sought; None seeks."""
    seed: int = 0
    """Where the random numbers of targets that are drawn begin."""


class LineTransducer:
    """Transduces sources with `threads` of its own. Several threads must not use it at once."""

    def __init__(
        self,
        symbols: Symbols,
        decoder: SteppedDecoder | FramedDecoder,
        network: TransducerNetworkConfig,
        corpus: PairsConfig,
        lookup: Lookup | None,
        ngrams: TrustedNgrams | None = None,
        *,
        threads: int = 1,
    ) -> None:
        """`lookup` has the targets of the sources that are answered without the network; None for no such source.
        `ngrams` rank what a beam has found, and may add to it."""
        self._symbols, self.decoder, self._network, self._corpus = symbols, decoder, network, corpus
        self._lookup, self._ngrams = lookup, ngrams
        self._pool = ThreadPoolExecutor(threads, "transducer")
        self._pattern: TargetPattern | None = None

    def close(self) -> None:
        """Drops what was begun and is not done."""
        self._pool.shutdown(cancel_futures=True)

    def transduce(self, sources: Sequence[Source], options: TransduceOptions) -> list[list[Target]]:
        """For each source its targets, the best first. An empty source has an empty target."""
        return self.begin(sources, options)()

    def begin(self, sources: Sequence[Source], options: TransduceOptions) -> Callable[[], list[list[Target]]]:
        """Begins to transduce the sources, and returns what waits for the result of `transduce`.

        A source's targets do not depend on the others, but for rounding. Raises UsageError for a pattern that cannot
        be read, or that no target matches. Where the pattern leaves a source no target, it has none.
        """
        if options.pattern is not None and (self._pattern is None or self._pattern.expression != options.pattern):
            self._pattern = TargetPattern(options.pattern, self._symbols.target)
        draws = options.temperature is not None
        if draws:
            distinct = dict(enumerate(sources))
            keys = list(range(len(sources)))
        else:
            first: dict[tuple[str, str], int] = {}
            keys = [first.setdefault((source.text, source.features), n) for n, source in enumerate(sources)]
            distinct = {number: sources[number] for number in first.values()}
        encoded = {
            number: self._symbols.encode_source(source.text, source.features)
            for number, source in distinct.items()
            if source.text and self._known(source, options) is None
        }
        numbers = list(encoded)
        lengths = [len(encoded[number].ids) for number in numbers]
        begun = []
        beams = 1 if draws else max(options.beam, options.nbest)
        rows, places_in_all = max(BATCH_ROWS // beams, 1), self._places(beams)
        for places in batches_by_length(lengths, rows=rows, padded_total=places_in_all, padding=PADDING):
            chosen = [numbers[place] for place in places]
            batch = [encoded[number] for number in chosen]
            drawn = [distinct[number].number for number in chosen]
            begun.append((chosen, self._pool.submit(self._search, batch, drawn, beams, options)))

        def result() -> list[list[Target]]:
            targets: dict[int, list[Target]] = {}
            for chosen, future in begun:
                for number, found in zip(chosen, future.result(), strict=True):
                    targets[number] = [self._target(encoded[number], one) for one in found]
            for number, source in distinct.items():
                if not source.text:
                    targets[number] = [Target("", 0.0)]
                elif number not in targets:
                    known = self._known(source, options)
                    assert known is not None
                    targets[number] = [Target(known, 0.0, is_looked_up=True)]
            return [targets[key] for key in keys]

        return result

    def attention(self, source: Source, target: str) -> Attention:
        """Where the network looks when it writes this target. Raises UsageError for a network without attention."""
        decoder = self.attending
        encoded, ids = self._symbols.encode_source(source.text, source.features), self._symbols.encode_target(target)
        weights_TS = weights_of(decoder, encoded, ids)
        return Attention(
            [*split_features(source.features), *self._symbols.parts(self._symbols.source, source.text), END],
            [*self._symbols.parts(self._symbols.target, target), END],
            weights_TS,
        )

    @property
    def attending(self) -> SteppedDecoder:
        """The decoder, which has attention. Raises UsageError where it has none."""
        if isinstance(self.decoder, FramedDecoder) or self._network.attention == "none":
            has = "the decoder ctc" if self._network.decoder == "ctc" else "one vector for the whole source"
            raise UsageError(f"this model has {has}, and no attention", hint="charnn train --attention KIND learns one")
        return self.decoder

    def _known(self, source: Source, options: TransduceOptions) -> str | None:
        """The target of a source that is looked up: the best one is asked for, and nothing more."""
        if self._lookup is None or options.nbest > 1 or options.pattern is not None or options.temperature is not None:
            return None
        return self._lookup.find(source.text, source.features)

    def _places(self, beams: int) -> int:
        """The most places of a batch, padding counted, so that its memory is bounded."""
        network = self._network
        most = BATCH_NUMBERS // (beams * (network.outputs if network.is_hard else network.hidden_size))
        if network.decoder == "ctc":
            copied = 2 if network.copies else 1
            most = min(most, FRAME_NUMBERS // (copied * network.frames * network.outputs))
        return max(most, 1)

    def _search(
        self, batch: list[EncodedSource], drawn: list[int], beams: int, options: TransduceOptions
    ) -> list[list[FoundTarget]]:
        bounds = [self._corpus.length_bound(len(source.ids)) for source in batch]
        constraint = None
        if self._pattern is not None and options.pattern is not None:
            constraint = self._pattern.constraint()
            bounds = [max(bound, constraint.shortest + 1) for bound in bounds]
        choose = None
        if options.temperature is not None:
            choose = SymbolSampler(
                [np.random.default_rng([options.seed, number]) for number in drawn], options.temperature
            )
        ngrams = self._ngrams if beams > 1 else None
        wanted = 1 if options.temperature is not None else options.nbest if ngrams is None else beams
        unknown, copies = self._symbols.target.unknown_id, self._network.copies
        asked = SearchOptions(beams, unknown, copies, wanted, constraint, choose)
        found = find_targets(self.decoder, batch, bounds, asked)
        if ngrams is None:
            return found
        return [best[: options.nbest] for best in ngrams.best(self.decoder, batch, found, asked)]

    def _target(self, source: EncodedSource, found: FoundTarget) -> Target:
        unknown = [source.texts[place] for place in found.places]
        return Target(self._symbols.decode(found.ids, unknown), found.log_probability, found.is_cut)


class SymbolSampler:
    """Draws a symbol for each source, each with random numbers of its own."""

    def __init__(self, random: Sequence[np.random.Generator], temperature: float) -> None:
        self._random, self._temperature = random, temperature

    def __call__(self, log_p_NV: Wide, live: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
        """The symbols (N,) of the sources with the numbers `live`."""
        if self._temperature == 0:
            best_N: npt.NDArray[np.intp] = log_p_NV.argmax(1)
            return best_N
        heated_NV = log_p_NV / self._temperature
        with np.errstate(invalid="ignore"):  # where a pattern leaves nothing, all is -inf
            p_NV = np.exp(heated_NV - heated_NV.max(1, keepdims=True))
        total_NV = np.nan_to_num(p_NV).cumsum(1)
        points_N = np.array([self._random[number].random() for number in live]) * total_NV[:, -1]
        drawn_N: npt.NDArray[np.intp] = (total_NV > points_N[:, None]).argmax(1)
        return drawn_N
