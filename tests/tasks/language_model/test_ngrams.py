"""N-grams beside a language model, from a run to what its users get."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import charnn
from charnn import api
from charnn.checkpoint.files import read_arrays, write_arrays
from charnn.errors import ModelFormatError
from charnn.generation.config import SamplingConfig
from charnn.softmax import log_softmax
from charnn.tasks.language_model.directory import NGRAMS, LanguageModelDirectory
from charnn.tasks.language_model.learn.adaptation import AdaptingLanguageModel, adapted_to
from charnn.tasks.language_model.learn.ngrams import FEWEST_HELD_OUT, ORDER
from charnn.tasks.language_model.learn.powers import measured
from charnn.tasks.language_model.learn.session import LanguageModelSession
from charnn.tasks.language_model.learn.usual import usual_powers
from charnn.tasks.language_model.learned_texts import with_replay
from charnn.tasks.language_model.options import LanguageModelEvaluationOptions
from charnn.tasks.language_model.task import LanguageModelTask
from charnn.tasks.language_model.use.mixed import MixedLanguageModel
from charnn.tasks.language_model.use.model import LanguageModel
from charnn.tokenizers.base import STOP_ID
from charnn.training.distributed.processes import ALONE
from charnn.training.report import Report
from charnn.training.verdict import TWICE
from tests.paths import ROOT
from tests.tasks.language_model.tiny import tiny_model

FABLES = (ROOT / "data" / "fables.txt").read_text(encoding="utf-8")
TEXT = FABLES[:30_000]
TINY: dict[str, Any] = {"layers": 1, "hidden_size": 16, "embedding_size": 8, "dropout": 0.0}
LINE = "The fox and the crow went down to the river."


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> LanguageModelDirectory:
    """A model whose n-grams bring something, without words. It is never changed."""
    return tiny_model(tmp_path_factory.mktemp("ngrams"), TEXT, steps=20, words=False)


@pytest.fixture
def copied(made: LanguageModelDirectory, tmp_path: Path) -> LanguageModelDirectory:
    return LanguageModelDirectory(Path(shutil.copytree(made.path, tmp_path / "copied")))


def alone(directory: LanguageModelDirectory) -> LanguageModel:
    """The model without its n-grams."""
    model: LanguageModel = charnn.load(directory.path)
    model.counts.ngrams = None  # type: ignore[misc]
    return model


def mixed(directory: LanguageModelDirectory, precision: str = "fp32") -> MixedLanguageModel:
    model: LanguageModel = charnn.load(directory.path)
    found = model.beside_ngrams(model.runtime(precision, threads=1))  # type: ignore[arg-type]
    assert isinstance(found, MixedLanguageModel)
    return found


def evaluated(model: LanguageModel, *, adapt: bool = False) -> dict[str, Any]:
    """What `charnn eval --json` says of the held-out text."""
    evaluation = LanguageModelTask().evaluate(model, [], LanguageModelEvaluationOptions(adapt=adapt))
    list(evaluation.run())
    return evaluation.to_json()


def nats(model: LanguageModel, line: str) -> float:
    return next(iter(model.score([line]))).nats


# What a run learns.


def test_a_run_counts_ngrams_and_says_what_they_bring(made: LanguageModelDirectory) -> None:
    config = made.config()
    assert config.ngram_order == ORDER
    found = config.ngrams
    assert found is not None
    assert found.ngrams == len(made.ngrams().table.ids_E)
    assert found.nats_per_character < found.nats_by_network - 0.5
    assert found.nats_by_ngrams > 1
    assert found.characters == config.corpus.validation_characters == 3000


def test_what_they_bring_is_what_an_evaluation_finds(made: LanguageModelDirectory) -> None:
    found = made.config().ngrams
    assert evaluated(charnn.load(made.path))["nats_per_character"] == pytest.approx(found.nats_per_character, abs=0.02)


def test_a_text_of_which_little_is_held_out_has_ngrams_with_the_usual_powers(start, corpus_of, silent) -> None:
    session = start(corpus_of(TEXT[: 9 * FEWEST_HELD_OUT]), steps=20, **TINY)
    session.run(silent)
    found, ngrams = session.config.ngrams, session.directory.ngrams()
    np.testing.assert_array_equal(ngrams.weights_EF, usual_powers(ngrams.contexts))
    assert found.characters == 180
    assert found.nats_per_character < found.nats_by_network - 0.3
    assert session.config.result.nats_per_character == found.nats_per_character


def test_a_text_of_which_a_few_hundred_characters_are_held_out_counts_some(start, corpus_of, silent) -> None:
    session = start(corpus_of(TEXT[:4000]), steps=20, **TINY)
    session.run(silent)
    found = session.config.ngrams
    assert found is not None
    assert found.characters == 400
    assert found.nats_per_character < found.nats_by_network - 0.5


@pytest.mark.parametrize("learns", [True, False])
def test_what_they_bring_is_measured_with_powers_that_other_symbols_or_none_have_decided(*, learns: bool) -> None:
    """The n-grams are right where the network is wrong, and there is one context."""
    random, number = np.random.default_rng(0), 1000
    ids_N = random.integers(0, 2, number)
    is_own_2N2 = np.arange(2) == ids_N[:, np.newaxis]
    network_NV, ngrams_NV = (np.log(np.where(is_own_2N2, p, 1 - p)).astype(np.float32) for p in (0.4, 0.8))
    half_N, usual = np.arange(number) * 2 // number, np.array([[0.5], [0.5]], np.float32)
    found = measured(
        np.ones((number, 1)),
        [network_NV, ngrams_NV],
        ids_N,
        half_N,
        usual_EF=usual,
        learns=learns,
        characters_each=1.0,
    )
    weights, figures = found.weights_EF, found.figures
    assert (weights == usual).all() != learns
    expected = 1 / (1 + (0.2 / 0.8) ** 0.5 * (0.6 / 0.4) ** 0.5)
    assert figures.nats_by_network == pytest.approx(-np.log(0.4), abs=1e-5)
    if not learns:
        assert figures.nats_per_character == pytest.approx(-np.log(expected), abs=1e-5)
    else:
        assert figures.nats_per_character < figures.nats_by_ngrams - 0.05


def test_ngrams_that_bring_nothing_are_left_out_and_that_is_said(start, corpus_of, silent) -> None:
    random = np.random.default_rng(0)
    noise = "".join(random.choice(list("abcdefgh"), 20_000))
    session = start(corpus_of(noise), steps=100, **TINY)
    session.run(silent)
    assert session.config.ngrams is None
    assert session.remarks == ["n-grams of its text bring nothing beside the network, and are left out"]


def test_none_are_counted_where_none_are_wanted(start, corpus_of, silent) -> None:
    session = start(corpus_of(TEXT), steps=2, ngram_order=0, **TINY)
    session.run(silent)
    assert session.config.ngrams is None
    assert session.remarks == []


def test_a_run_that_goes_on_ends_with_the_same_bytes(start, corpus_of, silent) -> None:
    whole = start(corpus_of(TEXT), "whole", steps=16, batch_size=4, **TINY)
    whole.run(silent)
    steps = iter(range(100))
    corpus = corpus_of(TEXT)
    parts = start(corpus, "parts", steps=16, batch_size=4, **TINY)
    assert parts.run(silent, lambda: next(steps) >= 7) == "interrupt"
    assert parts.config.ngrams is not None, "what was interrupted can be used"
    again = LanguageModelSession.resume(parts.directory, corpus)
    assert again.config.ngrams is None, "until it is known how far they are to be believed beside other weights"
    again.run(silent)
    assert again.directory.read(NGRAMS) == whole.directory.read(NGRAMS)
    assert again.config.ngrams == whole.config.ngrams


def test_a_text_read_backwards_is_counted_backwards(start, corpus_of, silent) -> None:
    corpus = corpus_of(TEXT)
    corpus = dataclasses.replace(corpus, config=dataclasses.replace(corpus.config, backwards=True))
    session = start(corpus, steps=40, **TINY)
    session.run(silent)
    ngrams, tokenizer = session.directory.ngrams(), session.directory.tokenizer()
    states = ngrams.model.states(np.zeros(1, np.int32), tokenizer.encode("eh")[np.newaxis])[0]
    t, n = tokenizer.encode("tn")
    after = ngrams.model.probabilities(states[-1:])[0]
    assert after[t] > 3 * after[n], "t comes before he, and n after it"


def test_a_text_learned_later_adds_to_what_was_counted(start, corpus_of, silent) -> None:
    old = start(corpus_of(FABLES[:60_000]), "old", steps=20, **TINY)
    old.run(silent)
    new = corpus_of("Zorbax and zorbine. " * 20)  # what is held out of it alone would be too little
    corpus = with_replay(new, old.config.corpus, any_bytes=False)
    assert corpus.replayed
    session = start(corpus, "new", steps=20, source=old.directory, **TINY)
    session.run(silent)
    ngrams, tokenizer = session.directory.ngrams(), session.directory.tokenizer()

    def likeliest(prompt: str) -> str:
        states = ngrams.model.states(np.zeros(1, np.int32), tokenizer.encode(prompt)[np.newaxis])[0]
        return tokenizer.decode([int(ngrams.model.probabilities(states[-1:])[0].argmax())])

    assert likeliest("Zorb") in "ai"
    assert likeliest("zorbax an") == "d"
    assert likeliest("the mille") == likeliest("The mille") == "r", "only in the old text"


# What its users get.


def test_sampling_is_the_same_one_by_one_and_side_by_side(made: LanguageModelDirectory) -> None:
    model, sampling = charnn.load(made.path), SamplingConfig(length=80)
    together = [p.shown for p in model.texts([LINE], sampling, seed=3, number=5, batch=4) if p.shown]
    one_by_one = [p.shown for p in model.texts([LINE], sampling, seed=3, number=5, batch=1) if p.shown]
    assert "".join(together) == "".join(one_by_one)


@pytest.mark.parametrize(
    "how",
    [{}, {"beams": 3}, {"pattern": "[a-z ]{20}"}, {"stop_strings": ("e",)}, {"temperature": 0.0}, {"top_k": 3}],
    ids=["plain", "beams", "pattern", "stops", "likeliest", "top-k"],
)
def test_what_is_written_has_the_probability_that_it_is_scored_with(made: LanguageModelDirectory, how: Any) -> None:
    model = charnn.load(made.path, precision="fp32")
    pieces = list(model.texts(["The fox"], SamplingConfig(length=20, **how), seed=1, scored=True, echo=False))
    text = "".join(piece.shown for piece in pieces)
    assert text
    if not {"beams", "pattern", "stop_strings", "top_k", "temperature"} & how.keys():
        expected = nats(model, "The fox" + text) - nats(model, "The fox")
        assert -pieces[-1].text.log_probability == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_steps_the_whole_sequence_and_costs_agree(made: LanguageModelDirectory, precision: str) -> None:
    model = mixed(made, precision)
    ids = np.concatenate([[STOP_ID], made.tokenizer().encode(LINE)])
    whole, _ = model.sequence(ids[np.newaxis, :-1], model.initial_state(1))
    costs, _ = model.costs(ids[np.newaxis, :-1], ids[np.newaxis, 1:], model.initial_state(1))
    stepped, advanced = model.initial_state(1), model.initial_state(1)
    for place, id_ in enumerate(ids[:-1]):
        by_step, stepped = model.step(ids[place : place + 1], stepped)
        log_p = log_softmax(by_step)[0]
        by_advance = model.advance(ids[place : place + 1], advanced)
        np.testing.assert_allclose(log_p, log_softmax(whole[0, place]), atol=1e-3)
        np.testing.assert_array_equal(by_advance, by_step)
        assert costs.text_BT[0, place] == pytest.approx(-log_p[ids[place + 1]], abs=1e-4)
        assert id_ == ids[place]


def test_lanes_can_be_chosen_joined_and_replaced(made: LanguageModelDirectory) -> None:
    model = mixed(made)
    ids = made.tokenizer().encode("the fox ran")
    states = [model.sequence(ids[np.newaxis, :length], model.initial_state(1))[1] for length in (3, 7)]
    both = model.join(states)
    expected = np.concatenate([model.step(ids[8:9], state)[0] for state in states])
    beside = np.repeat(ids[8:9], 2)
    np.testing.assert_allclose(model.step(beside, both)[0], expected, atol=1e-5)
    turned = model.select(both, np.array([1, 0]))
    np.testing.assert_allclose(model.step(beside, turned)[0], expected[::-1], atol=1e-5)
    model.put(both, 0, states[1])
    np.testing.assert_allclose(model.step(beside, both)[0], expected[[1, 1]], atol=1e-5)


def test_lines_are_likelier_than_by_the_network_alone(made: LanguageModelDirectory) -> None:
    assert nats(charnn.load(made.path), LINE) < nats(alone(made), LINE) - 5


def test_a_model_that_learns_from_what_it_reads_has_them_too(made: LanguageModelDirectory) -> None:
    model: LanguageModel = charnn.load(made.path, adapt=True)
    without = alone(made)
    without.learner = AdaptingLanguageModel.of(made)
    assert nats(model, LINE) < nats(without, LINE) - 5
    held_out = evaluated(charnn.load(made.path), adapt=True)
    assert held_out["adapted"]["nats_per_character"] < made.config().ngrams.nats_by_network - 0.1


def test_a_model_that_has_read_a_text_keeps_them(made: LanguageModelDirectory, tmp_path: Path) -> None:
    again = adapted_to(LINE, made, tmp_path / "adapted")
    assert again.read(NGRAMS) == made.read(NGRAMS)
    assert charnn.load(again.path).counts.ngrams is not None


def test_an_old_directory_has_none(made: LanguageModelDirectory, copied: LanguageModelDirectory) -> None:
    document = json.loads(copied.read("config.json"))
    del document["ngrams"], document["ngram_order"]
    copied.write("config.json", json.dumps(document).encode())
    (copied.path / NGRAMS).unlink()
    assert charnn.load(copied.path).counts.ngrams is None
    assert nats(charnn.load(copied.path), LINE) == nats(alone(made), LINE)


# Models that come from anybody.


def spoil_array(name: str, change: Callable[[np.ndarray], np.ndarray]) -> Callable[[LanguageModelDirectory], None]:
    def spoil(directory: LanguageModelDirectory) -> None:
        arrays, _ = read_arrays(directory.path / NGRAMS)
        arrays[name] = change(arrays[name])
        write_arrays(directory.path / NGRAMS, arrays)

    return spoil


SPOILED: dict[str, Callable[[LanguageModelDirectory], object]] = {
    "missing": lambda directory: (directory.path / NGRAMS).unlink(),
    "empty": lambda directory: directory.write(NGRAMS, b""),
    "cut": lambda directory: directory.write(NGRAMS, directory.read(NGRAMS)[:-5]),
    "other ids": spoil_array("ids_E", lambda ids: ids[::-1]),
    "no powers": spoil_array("power.weights", lambda weights: weights * np.float32("nan")),
    "of another vocabulary": spoil_array("ids_E", lambda ids: ids + 100),
    "larger than any": lambda directory: os.truncate(directory.path / NGRAMS, 1 << 33),
}


@pytest.mark.parametrize("spoil", SPOILED.values(), ids=SPOILED)
def test_a_damaged_file_is_refused_in_one_line(copied: LanguageModelDirectory, spoil: Any) -> None:
    spoil(copied)
    with pytest.raises(ModelFormatError, match=r"ngrams\.safetensors: .*\Z") as found:
        copied.check()
    assert "\n" not in str(found.value)


def test_ngrams_beside_a_network_that_cannot_have_them_are_refused(copied: LanguageModelDirectory) -> None:
    config = copied.config()
    network = dataclasses.replace(config.network, stopping="length", labels=2)
    copied.write_config(dataclasses.replace(config, network=network))
    with pytest.raises(ModelFormatError, match="with labels that foretell no lengths"):
        copied.ngrams()


@pytest.mark.parametrize("order", [-1, 9, "7"])
def test_an_order_that_cannot_be_is_refused(copied: LanguageModelDirectory, order: Any) -> None:
    document = json.loads(copied.read("config.json"))
    copied.write("config.json", json.dumps({**document, "ngram_order": order}).encode())
    with pytest.raises(ModelFormatError):
        copied.config()


# What is said of a model.


def test_what_is_said_of_a_model_is_what_it_reaches_with_its_ngrams(made: LanguageModelDirectory) -> None:
    config = made.config()
    result, found = config.result, config.ngrams
    assert result.nats_per_character == found.nats_per_character < config.scores.nats_per_character
    assert result.summary.startswith(f"{found.nats_per_character:.4f} nats {found.nats_per_character / np.log(2):.4f}")
    phrase = (
        f"(the network alone {found.nats_by_network:.4f} nats, the n-grams alone {found.nats_by_ngrams:.4f}; 3,000 "
    )
    assert phrase in str(result)
    rows = dict(LanguageModelTask().describe(made).scores)
    assert rows["best"].startswith(str(result))
    assert "n-grams" not in rows


def test_a_model_without_ngrams_reaches_its_best_validation(made: LanguageModelDirectory) -> None:
    config = dataclasses.replace(made.config(), ngrams=None)
    assert config.result is config.scores
    assert dataclasses.replace(made.config(), scores=None).result is None


def test_validations_and_the_verdict_say_that_they_are_of_the_network_alone(start, corpus_of, silent) -> None:
    session = start(corpus_of(TEXT), steps=20, **TINY)
    assert session.measured == "valid, network alone"
    session.run(silent)
    assert session.verdict.startswith("the network alone: ")
    without = start(corpus_of(TEXT), "without", steps=20, ngram_order=0, **TINY)
    assert without.measured == "valid"
    without.run(silent)
    assert "network alone" not in without.verdict


def test_a_preview_is_written_by_both(start, corpus_of) -> None:
    report = Report(0, 0.0, 0.0, 0.0, 1.0, 0.1, 1.0, "character")
    both, alone = (
        start(corpus_of(TEXT), name, steps=20, ngram_order=order, **TINY).glimpse(report)
        for name, order in (("both", 7), ("alone", 0))
    )
    known = set(TEXT.lower().split())
    right_of_both, right_alone = (
        sum(word in known for word in text.lower().split()) / len(text.split()) for text in (both, alone)
    )
    assert right_of_both > 0.5 > right_alone, "the network has learned nothing yet"


def test_a_preview_of_a_model_of_labels_is_written_by_both(tmp_path: Path) -> None:
    data = ROOT / "data" / "speakers-train.tsv"
    options = {"layers": 1, "hidden": 16, "embedding": 8, "dropout": 0.0, "steps": 20, "conditioned": True}
    session = api.start(
        [str(data)], "language-model", options, out=tmp_path / "model", overwrite=False, processes=ALONE
    )
    reports = [Report(step, 0.0, 0.0, 0.0, 1.0, 0.1, 1.0, "character") for step in range(5)]
    text, known = " ".join(map(session.glimpse, reports)), set(data.read_text(encoding="utf-8").lower().split())
    assert sum(word in known for word in text.lower().split()) > 0.3 * len(text.split()) > 0


def test_pieces_of_a_larger_vocabulary_have_ngrams_too(start, corpus_of, silent) -> None:
    session = start(corpus_of(FABLES[:60_000]), steps=30, tokenizer="bpe", vocabulary_size=400, **TINY)
    session.run(silent)
    found = session.config.ngrams
    assert found.nats_per_character < found.nats_by_network - 0.3
    model = charnn.load(session.directory.path)
    assert nats(model, LINE) < nats(alone(session.directory), LINE) - 5
    assert "".join(model.sample("The fox", seed=1, length=30))


def test_a_verdict_foretells_less_beside_ngrams(start, corpus_of, silent, monkeypatch) -> None:
    monkeypatch.setattr("charnn.training.validation.VALIDATIONS", 10)
    session = start(corpus_of(TEXT), steps=80, batch_size=8, **TINY)
    session.run(silent)
    assert TWICE in session.verdict
    assert session.verdict.endswith("; less beside its n-grams")
    without = start(corpus_of(TEXT), "without", steps=80, batch_size=8, ngram_order=0, **TINY)
    without.run(silent)
    assert TWICE in without.verdict
    assert "n-grams" not in without.verdict


# Models whose texts end by a decision apart from the symbols.


@pytest.fixture(scope="module")
def halting(tmp_path_factory: pytest.TempPathFactory) -> LanguageModelDirectory:
    options = {"words": False, "documents": "paragraph", "stopping": "halt"}
    return tiny_model(tmp_path_factory.mktemp("halting"), TEXT, steps=20, **options)


def test_symbols_of_a_model_that_halts_are_likelier_and_its_ends_as_likely(halting: LanguageModelDirectory) -> None:
    both, network = evaluated(charnn.load(halting.path)), evaluated(alone(halting))
    assert both["nats_per_character"] < network["nats_per_character"] - 0.5
    assert both["nats_per_stop"] == pytest.approx(network["nats_per_stop"], rel=1e-4)
    found = halting.config().ngrams
    assert both["nats_per_character"] == pytest.approx(found.nats_per_character, abs=0.03)
    assert network["nats_per_character"] == pytest.approx(found.nats_by_network, abs=0.03)


def test_steps_and_the_whole_sequence_of_a_model_that_halts_are_probabilities(halting: LanguageModelDirectory) -> None:
    model = mixed(halting)
    ids = np.concatenate([[STOP_ID], halting.tokenizer().encode(LINE)])
    whole, _ = model.sequence(ids[np.newaxis], model.initial_state(1))
    np.testing.assert_allclose(np.exp(whole.astype(np.float64)).sum(-1), 1, atol=1e-4)
    state = model.initial_state(1)
    for place in range(len(ids)):
        np.testing.assert_allclose(model.advance(ids[place : place + 1], state)[0], whole[0, place], atol=1e-3)
    assert model.halts
    assert not model.draws_stop


def test_a_model_that_halts_goes_on_learning_with_its_ngrams(halting: LanguageModelDirectory) -> None:
    adapted = evaluated(charnn.load(halting.path), adapt=True)
    assert adapted["adapted"]["nats_per_character"] < adapted["nats_per_character"] + 0.02
    lines = [LINE] * 6
    nats_of_each = [score.nats for score in charnn.load(halting.path, adapt=True).score(lines)]
    assert nats_of_each[-1] < 0.7 * nats_of_each[0]
    assert "".join(charnn.load(halting.path).sample("The fox", seed=1, length=30))
