"""The likeliest texts that beam search finds, in the form of all other texts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from charnn.errors import UsageError
from charnn.generation.beam import beam_search
from charnn.generation.config import SamplingConfig
from charnn.generation.lane import Lane, pattern_of
from charnn.generation.model import NextTokenModel, Opening
from charnn.generation.sampler import Sampler
from charnn.generation.text import Piece, Request, Text
from charnn.tokenizers.base import Tokenizer

LONGEST_SPELLING = 4
"""Tokens that a character may take: the bytes of its UTF-8."""


@dataclass(frozen=True)
class _Place:
    """A `beam.Place`: a lane, and what it has shown so far."""

    lane: Lane
    shown: str = ""

    @property
    def is_over(self) -> bool:
        return self.lane.text.reason is not None

    def allowed(self) -> npt.NDArray[np.bool_] | None:
        return self.lane.allowed() if self.lane.has_pattern else None

    def after(self, token: int) -> _Place:
        lane = self.lane.fork()
        return _Place(lane, self.shown + lane.push(token))


def likeliest(
    model: NextTokenModel,
    tokenizer: Tokenizer,
    sampling: SamplingConfig,
    requests: Iterable[Request | None],
    *,
    number: int,
    may_stop: bool,
    echo: bool,
) -> Iterator[Piece]:
    """For each prompt, the `number` likeliest of the texts that `sampling.beams` find, the best first.

    Their log-probabilities are after bias and bans. Raises UsageError where nothing bounds the length, and as `Lanes`.
    """
    if sampling.length is None:
        raise UsageError("--beam: the search needs an end", hint="give a --length")
    if number > sampling.beams:
        raise UsageError(f"-n {number}: {sampling.beams} beams find no more than {sampling.beams} texts")
    pattern = pattern_of(sampling, tokenizer)
    sampler = Sampler(sampling, tokenizer, may_stop=pattern is not None or (may_stop and model.stopping != "length"))
    opening = Opening(model, tokenizer, may_stop=may_stop)
    count = 0
    for request in requests:
        if request is None:
            continue
        lane = Lane(request, sampling, tokenizer.decoder(), pattern, echo=echo)
        found = [(lane.text, "", 0.0)]
        if lane.text.reason is None:
            opened = opening.read(request.prompt, request.random)
            lane.begin(opened)
        if lane.text.reason is None:
            hypotheses = beam_search(
                model,
                sampler,
                opened.logits_V,
                opened.state,
                _Place(lane),
                beams=sampling.beams,
                max_tokens=LONGEST_SPELLING * sampling.length + 1,
                countdown=opened.countdown,
            )
            found = [(best.place.lane.text, best.place.shown, best.log_probability) for best in hypotheses[:number]]
        for text, shown, log_probability in found:
            own = Request(count, request.prompt, request.random)
            yield Piece(Text(own, text.reason, log_probability), shown, is_last=True)
            count += 1
