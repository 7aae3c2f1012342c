"""Dynamic evaluation: a model learns from what it has read, and only once it has said what that costs."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from charnn.errors import UsageError
from charnn.tasks.language_model.config import LanguageModelNetworkConfig
from charnn.tasks.language_model.directory import LanguageModelDirectory
from charnn.tasks.language_model.learn.adaptation import SEGMENT, AdaptingLanguageModel, adapted_to
from charnn.tasks.language_model.learn.inference import NumpyLanguageModel
from charnn.tasks.language_model.learn.network import LanguageModelNetwork
from charnn.tasks.language_model.use.scores import Costs
from tests.paths import GOLDEN

STOPPINGS = ("symbol", "halt", "length")


def network(stopping: str = "symbol", cell: str = "lstm") -> LanguageModelNetwork:
    torch.manual_seed(1)
    sizes = {"embedding_size": 6, "hidden_size": 12, "layers": 2}
    return LanguageModelNetwork(
        LanguageModelNetworkConfig(vocabulary_size=9, cell=cell, stopping=stopping, dropout=0.5, **sizes)
    ).eval()


def stream(length: int, seed: int = 0) -> np.ndarray:
    """Ids without a stop but the first."""
    return np.concatenate([[0], np.random.default_rng(seed).integers(1, 9, length)])[np.newaxis].astype(np.int64)


def costs(model: NumpyLanguageModel, ids_1T: np.ndarray) -> Costs:
    inputs, targets = ids_1T[:, :-1], ids_1T[:, 1:]
    return model.costs(inputs, targets, model.initial_state(1), model.conditions(targets, np.array([5])))[0]


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
@pytest.mark.parametrize("stopping", STOPPINGS)
def test_the_first_segment_costs_what_the_network_says_and_later_ones_what_it_has_learned(stopping, cell) -> None:
    ids = stream(4 * SEGMENT)
    as_it_was = costs(NumpyLanguageModel(network(stopping, cell)), ids)
    as_it_learns = costs(AdaptingLanguageModel(network(stopping, cell)), ids)
    np.testing.assert_allclose(as_it_learns.text_BT[:, :SEGMENT], as_it_was.text_BT[:, :SEGMENT], rtol=1e-5)
    assert (as_it_learns.text_BT[:, SEGMENT:] != as_it_was.text_BT[:, SEGMENT:]).mean() > 0.9


def test_what_a_symbol_costs_does_not_depend_on_it_having_been_read() -> None:
    """Two texts that differ from one place on cost the same up to it, also within a segment."""
    one, other = stream(5 * SEGMENT), stream(5 * SEGMENT)
    place = 3 * SEGMENT + 7
    other[0, place + 1 :] = other[0, place + 1 :] % 8 + 1
    left, right = (costs(AdaptingLanguageModel(network()), ids).text_BT[0] for ids in (one, other))
    np.testing.assert_array_equal(left[:place], right[:place])
    assert (left[place:] != right[place:]).any()


def test_calls_of_whole_segments_cost_what_one_call_does() -> None:
    ids = stream(6 * SEGMENT)
    whole = costs(AdaptingLanguageModel(network()), ids).text_BT
    model, parts = AdaptingLanguageModel(network()), []
    state = model.initial_state(1)
    for start in range(0, 6 * SEGMENT, 2 * SEGMENT):
        part = ids[:, start : start + 2 * SEGMENT + 1]
        cost, state = model.costs(part[:, :-1], part[:, 1:], state)
        parts.append(cost.text_BT)
    np.testing.assert_array_equal(np.concatenate(parts, 1), whole)


def test_a_text_that_repeats_itself_becomes_cheap() -> None:
    period = stream(SEGMENT)[:, 1:]
    ids = np.concatenate([np.zeros((1, 1), np.int64), *[period] * 60], 1)
    model = AdaptingLanguageModel(network())
    nats = costs(model, ids).text_BT[0].reshape(60, SEGMENT).mean(1)
    assert nats[-1] < nats[0] - 0.02


def test_a_copy_that_has_read_a_text_is_a_model_and_the_original_stays(tmp_path: Path) -> None:
    golden = LanguageModelDirectory.open(GOLDEN / "format-1")
    before = {file.name: file.read_bytes() for file in golden.path.iterdir() if file.is_file()}
    made = adapted_to("naïve naïve naïve naïve naïve naïve\n" * 9, golden, tmp_path / "made")
    assert {file.name: file.read_bytes() for file in golden.path.iterdir() if file.is_file()} == before
    assert made.config() == dataclasses.replace(golden.config(), scores=None, quantization=None)
    moved = [np.abs(array - golden.weights()[name]).max() for name, array in made.weights().items()]
    assert 0 < max(moved) < 0.1
    assert not made.has_training_state()
    with pytest.raises(UsageError, match="exists"):
        adapted_to("naïve", golden, tmp_path / "made")
