"""N-grams beside a language model of texts with labels: those of all texts, and those of each label's."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import charnn
from charnn.checkpoint.files import read_arrays, write_arrays
from charnn.errors import ModelFormatError
from charnn.generation.config import SamplingConfig
from charnn.ngrams.counting import count
from charnn.ngrams.table import NgramTable
from charnn.softmax import log_softmax, softmax
from charnn.tasks.language_model.directory import NGRAMS, LanguageModelDirectory
from charnn.tasks.language_model.labelled_ngrams import CONTEXTS, LABELS, LabelledNgrams
from charnn.tasks.language_model.options import LanguageModelEvaluationOptions
from charnn.tasks.language_model.task import LanguageModelTask
from charnn.tasks.language_model.use.mixed_labelled import LabelledLanguageModel
from charnn.tasks.language_model.use.model import LanguageModel
from charnn.tokenizers.base import STOP_ID
from tests.paths import ROOT

SPEAKERS = ROOT / "data" / "speakers-train.tsv"
HELD_OUT = ROOT / "data" / "speakers-test.tsv"
TINY: dict[str, Any] = {"layers": 1, "hidden": 16, "embedding": 8, "dropout": 0.0, "seed": 1, "conditioned": True}
LINE = "The fox went down to the river."


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> LanguageModelDirectory:
    """A model whose n-grams bring something. It is never changed."""
    folder = tmp_path_factory.mktemp("labelled")
    return LanguageModelDirectory(charnn.train(SPEAKERS, out=folder / "model", steps=24, **TINY).path)


@pytest.fixture
def copied(made: LanguageModelDirectory, tmp_path: Path) -> LanguageModelDirectory:
    return LanguageModelDirectory(Path(shutil.copytree(made.path, tmp_path / "copied")))


def alone(directory: LanguageModelDirectory) -> LanguageModel:
    """The model without its n-grams."""
    model: LanguageModel = charnn.load(directory.path)
    model.counts.ngrams = None  # type: ignore[misc]
    return model


def evaluated(model: LanguageModel) -> dict[str, Any]:
    evaluation = LanguageModelTask().evaluate(model, [str(HELD_OUT)], LanguageModelEvaluationOptions())
    list(evaluation.run())
    return evaluation.to_json()


def mixed(directory: LanguageModelDirectory, *weights: float) -> LabelledLanguageModel:
    model: LanguageModel = charnn.load(directory.path)
    mixture = model.mixture({label: weight for label, weight in zip(model.labels, weights, strict=False) if weight})
    found = model.beside_ngrams(model.runtime("fp32", threads=1).with_labels(mixture))
    assert isinstance(found, LabelledLanguageModel)
    return found


def test_probability_is_in_proportion_to_the_product_of_powers_of_all_three() -> None:
    random, size = np.random.default_rng(0), 6
    texts = [random.choice(own, 300) for own in ([1, 1, 2, 3], [3, 4, 5, 5])]
    common, *tables = (
        NgramTable.of(count([text], size, 3, before=0), size) for text in (np.concatenate(texts), *texts)
    )
    weights = random.normal([[0.5], [0.2], [0.4]], 0.1, (3, 2 * (3 + 3))).astype(np.float32)
    ngrams = LabelledNgrams(common, tables, weights, size)
    contexts, states = np.array([0, 1, 2], np.int32), np.array([[0, 0], [1, 1], [2, 0]], np.int32)
    labels, logits = np.array([[1, 0], [0, 1], [0.25, 0.75]]), random.normal(0, 2, (3, size)).astype(np.float32)
    known, _ = ngrams.contexts.known(contexts, states, labels)
    powers = (weights @ known.T).clip(0, 4)
    first, second = ngrams.contexts.of_labels
    own = labels[:, :1] * first.probabilities(states[:, 0]) + labels[:, 1:] * second.probabilities(states[:, 1])
    factors = [softmax(logits), ngrams.contexts.model.probabilities(contexts), own]
    product = np.prod([p ** power[:, np.newaxis] for p, power in zip(factors, powers, strict=True)], axis=0)
    found = softmax(ngrams.logits(contexts, states, labels, logits))
    np.testing.assert_allclose(found, product / product.sum(1, keepdims=True), rtol=1e-4)


def test_a_run_counts_them_and_they_predict_texts_and_labels_better(made: LanguageModelDirectory) -> None:
    found = made.config().ngrams
    assert found.nats_per_character < found.nats_by_network - 0.3
    both, network = evaluated(charnn.load(made.path)), evaluated(alone(made))
    for figure in ("bits_per_character", "bits_per_character_without_label"):
        assert both[figure] < network[figure] - 0.3
    assert both["label_accuracy"] > network["label_accuracy"]


def test_a_run_that_goes_on_ends_with_the_same_bytes(made: LanguageModelDirectory, tmp_path: Path) -> None:
    begun = charnn.train(SPEAKERS, out=tmp_path / "begun", steps=12, **TINY)
    charnn.train(resume=begun.path, steps=24)
    again = LanguageModelDirectory(begun.path)
    arrays, others = read_arrays(again.path / NGRAMS)[0], read_arrays(made.path / NGRAMS)[0]
    assert arrays.keys() == others.keys()
    for name in arrays.keys() - {"power.weights"}:
        np.testing.assert_array_equal(arrays[name], others[name])


@pytest.mark.parametrize("weights", [(1,), (0, 1), (0.5, 0.2, 0.3)])
def test_steps_the_whole_sequence_and_costs_agree(made: LanguageModelDirectory, weights: tuple[float, ...]) -> None:
    model = mixed(made, *weights)
    ids = np.concatenate([[STOP_ID], made.tokenizer().encode(LINE)])
    inputs, targets = ids[np.newaxis, :-1], ids[np.newaxis, 1:]
    conditions = model.conditions(targets)
    whole, _ = model.sequence(inputs, model.initial_state(1), conditions)
    costs, _ = model.costs(inputs, targets, model.initial_state(1), conditions)
    stepped, advanced = model.initial_state(1), model.initial_state(1)
    for place in range(len(ids) - 1):
        now = {name: values[:, place] for name, values in conditions.items()}
        by_step, stepped = model.step(ids[place : place + 1], stepped, now)
        log_p = log_softmax(by_step)[0]
        np.testing.assert_allclose(log_p, log_softmax(whole[0, place]), atol=1e-3)
        np.testing.assert_allclose(model.advance(ids[place : place + 1], advanced, now), by_step, atol=1e-5)
        assert costs.text_BT[0, place] == pytest.approx(-log_p[ids[place + 1]], abs=1e-3)


def test_lanes_can_be_chosen_joined_and_replaced(made: LanguageModelDirectory) -> None:
    model = mixed(made, 0, 1)
    ids = made.tokenizer().encode("the fox ran")
    states = [
        model.sequence(ids[np.newaxis, :length], model.initial_state(1), model.conditions(ids[np.newaxis, :length]))[1]
        for length in (3, 7)
    ]
    both, beside = model.join(states), np.repeat(ids[8:9], 2)
    one, two = ({name: v[0] for name, v in model.conditions(np.zeros((1, n), int)).items()} for n in (1, 2))
    expected = np.concatenate([model.step(ids[8:9], state, one)[0] for state in states])
    np.testing.assert_allclose(model.step(beside, both, two)[0], expected, atol=1e-5)
    turned = model.select(both, np.array([1, 0]))
    np.testing.assert_allclose(model.step(beside, turned, two)[0], expected[::-1], atol=1e-5)
    model.put(both, 0, states[1])
    np.testing.assert_allclose(model.step(beside, both, two)[0], expected[[1, 1]], atol=1e-5)


@pytest.mark.parametrize("label", ["Fox", {"Fox": 0.5, "Lion": 0.5}, None])
def test_writing_is_the_same_one_by_one_and_side_by_side(made: LanguageModelDirectory, label: Any) -> None:
    model, sampling = charnn.load(made.path), SamplingConfig(length=40)
    wanted = dict.fromkeys(model.labels[:2], 1.0) if isinstance(label, dict) else label and model.labels[0]
    texts = [
        "".join(p.shown for p in model.texts([""], sampling, seed=3, label=wanted, number=5, batch=batch))
        for batch in (4, 1)
    ]
    assert texts[0] == texts[1] != ""


def test_what_is_written_has_the_probability_that_it_is_scored_with(made: LanguageModelDirectory) -> None:
    model = charnn.load(made.path, precision="fp32")
    label, sampling = model.labels[1], SamplingConfig(length=20)
    pieces = list(model.texts(["The"], sampling, seed=1, label=label, scored=True, echo=False, alternatives=1))
    text = "".join(piece.shown for piece in pieces).rstrip("\n")
    written = [-token.log_probability for token in pieces[-1].text.tokens]
    scored = next(iter(model.score(["The" + text], label=label))).nats_T[3:]
    assert len(text) > 3
    np.testing.assert_allclose(scored, written[: len(text)], atol=1e-3)


# Models that come from anybody.


def spoil_array(name: str, change: Callable[[np.ndarray], np.ndarray]) -> Callable[[LanguageModelDirectory], None]:
    def spoil(directory: LanguageModelDirectory) -> None:
        arrays, _ = read_arrays(directory.path / NGRAMS)
        arrays[name] = change(arrays[name])
        write_arrays(directory.path / NGRAMS, arrays)

    return spoil


SPOILED: dict[str, Callable[[LanguageModelDirectory], object]] = {
    "a label less": spoil_array(CONTEXTS, lambda sizes: sizes[:-1]),
    "sizes below 1": spoil_array(CONTEXTS, lambda sizes: sizes * 0),
    "sizes too large": spoil_array(CONTEXTS, lambda sizes: sizes * 2**50),
    "other sizes": spoil_array(CONTEXTS, lambda sizes: sizes[::-1]),
    "other ids": spoil_array(LABELS + "ids_E", lambda ids: ids[::-1]),
    "no powers": spoil_array("power.weights", lambda weights: weights * np.float32("nan")),
    "fewer powers": spoil_array("power.weights", lambda weights: weights[:2]),
}


@pytest.mark.parametrize("spoil", SPOILED.values(), ids=SPOILED)
def test_a_damaged_file_is_refused_in_one_line(copied: LanguageModelDirectory, spoil: Any) -> None:
    spoil(copied)
    with pytest.raises(ModelFormatError, match=r"ngrams\.safetensors: .*\Z") as found:
        copied.check()
    assert "\n" not in str(found.value)


def test_texts_with_labels_that_end_by_a_decision_of_their_own_have_ngrams_too(tmp_path: Path) -> None:
    path = charnn.train(SPEAKERS, out=tmp_path / "halting", steps=24, stopping="halt", **TINY).path
    directory = LanguageModelDirectory(path)
    found = directory.config().ngrams
    assert found.nats_per_character < found.nats_by_network - 0.3
    both, network = evaluated(charnn.load(path)), evaluated(alone(directory))
    assert both["bits_per_character"] < network["bits_per_character"] - 0.3
    model = mixed(directory, 1)
    ids = np.concatenate([[STOP_ID], directory.tokenizer().encode(LINE)])[np.newaxis]
    logits, _ = model.sequence(ids, model.initial_state(1), model.conditions(ids))
    np.testing.assert_allclose(np.exp(logits.astype(np.float64)).sum(-1), 1, atol=1e-4)
    assert "".join(charnn.load(path).sample(seed=1, label="animal", length=30))
