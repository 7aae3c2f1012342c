"""What is counted beside a single text, symbol by symbol: to the last bit what the plain sums give."""

from __future__ import annotations

import numpy as np
import pytest

from charnn.ngrams import remembered
from charnn.ngrams.counting import count
from charnn.ngrams.remembered import Remembered
from charnn.ngrams.table import NgramTable
from charnn.ngrams.word_table import WordTable
from charnn.ngrams.words import WordSymbols
from charnn.tasks.language_model.contexts import LARGEST_POWER
from charnn.tasks.language_model.mixing import MixedNgrams
from charnn.tasks.language_model.single import SingleText

SPELLINGS = [b"", b"", b" ", *(bytes([letter]) for letter in b"abcdefghijklmnop")]
SIZE = len(SPELLINGS)
RANDOM = np.random.default_rng(0)
TEXT = RANDOM.choice(SIZE - 2, 3000, p=RANDOM.dirichlet(np.full(SIZE - 2, 0.5))).astype(np.int32) + 2
LENGTHS = 5


@pytest.fixture(scope="module", params=["n-grams", "with words"])
def ngrams(request: pytest.FixtureRequest) -> MixedNgrams:
    table, words = NgramTable.of(count([TEXT[:2000]], SIZE, LENGTHS, before=0), SIZE), None
    if request.param == "with words":
        symbols = WordSymbols.of(SPELLINGS)
        assert symbols is not None
        words = WordTable.count([TEXT[:2000]], symbols, most=10_000)
    shape = (2, LENGTHS + 3) if words is None else (3, LENGTHS + 3 + 3 * 4)
    return MixedNgrams(table, RANDOM.normal(0.3, 0.4, shape).astype(np.float32), SIZE, words)


def plainly(ngrams: MixedNgrams, contexts_1, network_1V):
    """What the definition gives: a sum of products in the order of the powers, the network's first."""
    (state,), words, found = ngrams.contexts.symbols(contexts_1), ngrams.contexts.words, []
    counted = ngrams.contexts.log_probabilities(contexts_1)
    if words is not None:
        found = [contexts[0] for _, contexts in words.find(contexts_1["words"])]
    logits_V = np.zeros(SIZE, np.float32)
    for number, by_V in enumerate([network_1V, *counted]):
        power = float(ngrams.unbounded_SE[state, number]) + sum(float(ngrams.added_SE[each, number]) for each in found)
        logits_V += by_V[0] * np.float32(np.clip(power, 0, LARGEST_POWER))
    return logits_V


@pytest.mark.parametrize("rows", [remembered.REMEMBERED, 4 * SIZE // remembered.USUAL_VOCABULARY + 8, 0])
def test_a_text_gets_what_the_definition_gives_whatever_is_remembered(
    ngrams: MixedNgrams, rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remembered, "REMEMBERED", rows)
    contexts = ngrams.contexts.initial(1)
    text, plain = SingleText(ngrams, Remembered(ngrams.model), contexts), ngrams.contexts.initial(1)
    kinds = set()
    for id_ in TEXT[1800:2300].tolist():  # of which the last were not counted
        network_1V = RANDOM.normal(0, 2, (1, SIZE)).astype(np.float32)
        plain = ngrams.contexts.advance(plain, np.array([id_]))
        text.read(id_)
        np.testing.assert_array_equal(contexts, plain)
        np.testing.assert_array_equal(text.logits(network_1V)[0], plainly(ngrams, plain, network_1V))
        np.testing.assert_array_equal(ngrams.logits(plain, network_1V)[0], plainly(ngrams, plain, network_1V))
        kinds.add(int(ngrams.model.facts.lengths_S[ngrams.contexts.symbols(plain)[0]]))
    assert len(kinds) == LENGTHS - 1, "contexts of all lengths but 0 came"


def test_a_lane_whose_context_is_set_to_another_goes_on_from_there(ngrams: MixedNgrams) -> None:
    contexts = ngrams.contexts.initial(1)
    text, network_1V = SingleText(ngrams, Remembered(ngrams.model), contexts), np.zeros((1, SIZE), np.float32)
    other = ngrams.contexts.states(ngrams.contexts.initial(1), TEXT[np.newaxis, :40])[0]
    for id_ in TEXT[100:120].tolist():
        text.read(id_)
    contexts[0] = other[38]
    text.read(int(TEXT[39]))
    np.testing.assert_array_equal(contexts, other[39:])
    np.testing.assert_array_equal(text.logits(network_1V)[0], plainly(ngrams, other[39:], network_1V))


@pytest.mark.parametrize("lanes", [2, remembered.TOGETHER, 90])
def test_texts_side_by_side_get_what_is_remembered_to_the_last_bit(ngrams: MixedNgrams, lanes: int) -> None:
    model, known = ngrams.model, Remembered(ngrams.model)
    states = model.states(np.zeros(lanes, np.int32), TEXT[: 30 * lanes].reshape(lanes, 30))
    for states_B in [*states.T, *states.T]:
        np.testing.assert_array_equal(known.probabilities(states_B), model.probabilities(states_B))
    np.testing.assert_array_equal(known.of_one(int(states[0, 0])), model.probabilities(states[:1, 0])[0])
