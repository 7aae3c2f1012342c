"""N-grams beside a model that foretells how long a text will be: they have a part in its symbols, and none in the
length."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import charnn
from charnn.errors import UsageError
from charnn.generation.model import conditions_at
from charnn.softmax import log_softmax
from charnn.tasks.language_model.config import LanguageModelNetworkConfig
from charnn.tasks.language_model.directory import LanguageModelDirectory
from charnn.tasks.language_model.learn.adaptation import SEGMENT, adapted_to
from charnn.tasks.language_model.learn.ngrams import ORDER, order_of
from charnn.tasks.language_model.options import LanguageModelEvaluationOptions
from charnn.tasks.language_model.task import LanguageModelTask
from charnn.tasks.language_model.use.mixed_lengths import ForetellingLanguageModel
from charnn.tasks.language_model.use.model import LanguageModel
from charnn.tokenizers.base import STOP_ID
from tests.paths import ROOT
from tests.tasks.language_model.tiny import tiny_model

FABLES = (ROOT / "data" / "fables.txt").read_text(encoding="utf-8")
LINES = "".join(f"{line.strip()}\n" for line in FABLES[:30_000].split(".") if line.strip())


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> LanguageModelDirectory:
    folder = tmp_path_factory.mktemp("lengths")
    return tiny_model(folder, LINES, steps=20, documents="line", stopping="length")


def loaded(directory: LanguageModelDirectory) -> LanguageModel:
    model: LanguageModel = charnn.load(directory.path)
    return model


def with_and_without(directory: LanguageModelDirectory) -> tuple[Any, Any]:
    """The model as it is used, and its network alone."""
    model = loaded(directory)
    network = model.runtime("fp32", threads=1)
    return model.beside_ngrams(network), network


def evaluated(model: LanguageModel, *, adapt: bool = False) -> dict[str, Any]:
    evaluation = LanguageModelTask().evaluate(model, [], LanguageModelEvaluationOptions(adapt=adapt))
    list(evaluation.run())
    return evaluation.to_json()


def test_ngrams_bring_what_an_evaluation_finds(made: LanguageModelDirectory) -> None:
    found = made.config().ngrams
    assert found is not None
    assert found.nats_per_character < found.nats_by_network - 0.5
    assert evaluated(loaded(made))["nats_per_character"] == pytest.approx(found.nats_per_character, abs=0.05)


def test_texts_are_as_long_as_the_network_foretells(made: LanguageModelDirectory) -> None:
    alone = loaded(made)
    alone.counts.ngrams = None  # type: ignore[misc]
    texts = [["".join(model.sample(seed=seed)) for seed in range(6)] for model in (loaded(made), alone)]
    lengths, of_network = (list(map(len, each)) for each in texts)
    assert lengths == of_network
    assert len(set(lengths)) > 1
    assert texts[0] != texts[1]


def test_many_texts_at_once_are_those_that_are_written_alone(made: LanguageModelDirectory) -> None:
    from charnn.generation.config import SamplingConfig

    model, alone = loaded(made), [dict[int, str](), dict[int, str]()]
    for each, batch in zip(alone, (1, 5), strict=True):
        for piece in model.texts([""], SamplingConfig(temperature=0.5), seed=3, number=5, batch=batch):
            number = piece.text.request.number
            each[number] = each.get(number, "") + piece.shown
    assert alone[0] == alone[1]


def test_stepping_is_reading_and_what_cannot_come_cannot_come(made: LanguageModelDirectory) -> None:
    model, network = with_and_without(made)
    assert isinstance(model, ForetellingLanguageModel)
    ids = np.concatenate([[STOP_ID], made.tokenizer().encode("the fox ran")])[np.newaxis]
    conditions = model.conditions(np.append(ids[:, 1:], [[STOP_ID]], 1))
    logits_1TV, _ = model.sequence(ids, model.initial_state(1), conditions)
    by_network_1TV, _ = network.sequence(ids, network.initial_state(1), conditions)
    np.testing.assert_array_equal(np.isneginf(logits_1TV), np.isneginf(by_network_1TV))
    assert np.isneginf(logits_1TV[0, :-1, STOP_ID]).all()
    assert np.isfinite(logits_1TV[0, -1, STOP_ID])
    state, advanced = model.initial_state(1), model.initial_state(1)
    for place, id_ in enumerate(ids[0]):
        of_place = conditions_at(conditions, np.s_[:, place])
        logits_1V, state = model.step(np.array([id_]), state, of_place)
        np.testing.assert_allclose(log_softmax(logits_1V), log_softmax(logits_1TV[:, place]), atol=1e-4)
        np.testing.assert_allclose(model.advance(np.array([id_]), advanced, of_place), logits_1V, atol=1e-4)


def test_lengths_cost_what_they_cost_by_the_network_and_symbols_less(made: LanguageModelDirectory) -> None:
    model, network = with_and_without(made)
    tokens = np.concatenate([part for _ in range(2) for part in ([STOP_ID], made.tokenizer().encode("the fox ran"))])
    inputs, targets = tokens[np.newaxis], np.append(tokens[1:], STOP_ID)[np.newaxis]
    conditions = model.conditions(targets)
    both, _ = model.costs(inputs, targets, model.initial_state(1), conditions)
    alone, _ = network.costs(inputs, targets, network.initial_state(1), conditions)
    np.testing.assert_array_equal(both.ends_BT, alone.ends_BT)
    assert both.text_BT.sum() < alone.text_BT.sum()
    assert (both.text_BT[targets == STOP_ID] == 0).all()


def test_a_model_that_learns_has_its_ngrams_beside_it_and_they_stay(made: LanguageModelDirectory) -> None:
    model: Any = charnn.load(made.path, adapt=True)
    learning = model.counts.learning(model.learner)
    assert isinstance(learning, ForetellingLanguageModel)
    as_it_is, _ = with_and_without(made)
    ids = made.tokenizer().encode(LINES[:200].replace("\n", " "))
    inputs, targets = np.append([STOP_ID], ids)[np.newaxis], np.append(ids, STOP_ID)[np.newaxis]
    conditions = as_it_is.conditions(targets)
    learned, _ = learning.costs(inputs, targets, learning.initial_state(1), conditions)
    plain, _ = as_it_is.costs(inputs, targets, as_it_is.initial_state(1), conditions)
    np.testing.assert_allclose(learned.text_BT[:, :SEGMENT], plain.text_BT[:, :SEGMENT], atol=1e-3)
    assert np.abs(learned.text_BT - plain.text_BT)[:, SEGMENT:].max() > 1e-3


def test_what_has_read_a_text_writes_with_its_ngrams(made: LanguageModelDirectory, tmp_path: Any) -> None:
    read = adapted_to("The fox and the crow.", made, tmp_path / "read")
    np.testing.assert_array_equal(read.ngrams().weights_EF, made.ngrams().weights_EF)
    assert read.recently() is None
    assert "".join(loaded(read).sample(seed=1))


def test_texts_with_labels_whose_lengths_are_foretold_have_none() -> None:
    plain, labelled = (LanguageModelNetworkConfig(9, stopping="length", labels=labels) for labels in (0, 3))
    assert (order_of(None, plain), order_of(None, labelled), order_of(0, labelled)) == (ORDER, 0, 0)
    with pytest.raises(UsageError, match="--conditioned"):
        order_of(5, labelled)
