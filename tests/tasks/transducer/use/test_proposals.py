"""What n-grams propose is new, allowed, and has the log-probability that the network gives it."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import torch

from charnn.corpora.pairs import Pair
from charnn.tasks.transducer.config import TransducerNetworkConfig
from charnn.tasks.transducer.learn.networks import decoder_of, network_of
from charnn.tasks.transducer.learn.pair_ngrams import learn_pair_ngrams
from charnn.tasks.transducer.pair_search import PairSearch
from charnn.tasks.transducer.symbols import EncodedSource, Symbols
from charnn.tasks.transducer.use.ctc import FramedDecoder
from charnn.tasks.transducer.use.decoding import FoundTarget, SearchOptions, SteppedDecoder
from charnn.tasks.transducer.use.pattern import TargetPattern
from charnn.tasks.transducer.use.proposals import log_probabilities, proposed
from charnn.tasks.transducer.use.search import find_targets

WORDS = ["".join(letters) for length in (2, 3, 4) for letters in itertools.product("abc", repeat=length)]
PAIRS = [Pair(word, word.replace("ab", "w").replace("c", "v"), "", line) for line, word in enumerate(WORDS, 1)]
SYMBOLS = Symbols.of(PAIRS, "characters", "characters")
KINDS: list[dict[str, Any]] = [
    {"attention": "monotonic"}, {"attention": "dot", "members": 2}, {"attention": "none", "copies": False},
    {"decoder": "ctc", "attention": "none", "copies": False, "frames": 2},
]  # fmt: skip


def decoder(**fields: Any) -> SteppedDecoder | FramedDecoder:
    torch.manual_seed(1)
    config = TransducerNetworkConfig(
        SYMBOLS.inputs, SYMBOLS.outputs, hidden_size=8, embedding_size=5, copies=fields.pop("copies", True), **fields
    )
    return decoder_of(network_of(config).eval())


def search() -> PairSearch:
    ngrams = learn_pair_ngrams(PAIRS, SYMBOLS)
    assert ngrams is not None
    return ngrams.search()


def encoded(*words: str) -> list[EncodedSource]:
    return [SYMBOLS.encode_source(word) for word in words]


OPTIONS = SearchOptions(4, SYMBOLS.target.unknown_id, copies=True, wanted=4)
NOTHING: list[list[FoundTarget]] = [[], [], []]


@pytest.mark.parametrize("fields", KINDS, ids=lambda fields: str(fields.get("decoder", fields["attention"])))
def test_a_given_target_is_as_likely_as_when_it_is_found(fields: dict[str, Any]) -> None:
    network, sources = decoder(**fields), encoded("abcb", "ca", "bbc")
    found = find_targets(network, sources, [9, 9, 9], OPTIONS)
    given = [[target.ids for target in targets if not target.is_cut] for targets in found]
    given[1] = []  # a source without any
    scores = log_probabilities(network, sources, given)
    assert scores[1] == []
    for targets, log_p in ((found[0], scores[0]), (found[2], scores[2])):
        whole = [target.log_probability for target in targets if not target.is_cut]
        assert log_p == pytest.approx(whole, abs=1e-4)


def test_what_is_proposed_is_not_among_what_was_found() -> None:
    network, sources = decoder(attention="dot"), encoded("abcb", "ca", "bbc")
    every = proposed(search(), network, sources, NOTHING, OPTIONS, 3)
    texts = [[SYMBOLS.decode(target.ids) for target in targets] for targets in every]
    assert [some[0] for some in texts] == ["wvb", "va", "bbv"]
    found = [targets[:1] for targets in every]
    assert proposed(search(), network, sources, found, OPTIONS, 3) == [targets[1:] for targets in every]
    assert all(np.isfinite(target.log_probability) for targets in every for target in targets)


def test_what_is_proposed_obeys_a_pattern() -> None:
    network, sources = decoder(attention="dot"), encoded("abcb", "ca", "bbc")
    pattern = TargetPattern("v.*|bbv", SYMBOLS.target).constraint()
    options = SearchOptions(4, SYMBOLS.target.unknown_id, copies=True, wanted=4, constraint=pattern)
    texts = [
        [SYMBOLS.decode(target.ids) for target in targets]
        for targets in proposed(search(), network, sources, NOTHING, options, 1)
    ]
    assert texts == [[], ["va"], ["bbv"]]


def test_a_source_with_a_symbol_never_seen_has_no_proposal() -> None:
    network, sources = decoder(attention="dot"), encoded("a☃b", "ca", "ab")
    assert [len(targets) > 0 for targets in proposed(search(), network, sources, NOTHING, OPTIONS, 2)] == [
        False, True, True,
    ]  # fmt: skip
