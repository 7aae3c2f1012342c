"""A run that was interrupted goes on as if it never had been; and the same seed gives the same run."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from charnn.config.training import Budget
from charnn.errors import ModelFormatError, ModelNotFoundError, UsageError
from charnn.tasks.language_model.corpus import Corpus
from charnn.tasks.language_model.directory import LanguageModelDirectory
from charnn.tasks.language_model.learn.session import LanguageModelSession
from charnn.training.report import Report

pytestmark = pytest.mark.usefixtures("rare_validations")

TEXT = "In the beginning was the word, and the word was short.\n" * 6
TINY: dict[str, Any] = {
    "hidden_size": 8,
    "embedding_size": 6,
    "layers": 2,
    "dropout": 0.3,
    "batch_size": 4,
    "window_length": 10,
}
Arrays = dict[str, npt.NDArray[Any]]


@pytest.fixture
def corpus(corpus_of: Callable[..., Corpus]) -> Corpus:
    return corpus_of(TEXT)


def after(steps: int) -> Callable[[], bool]:
    answers = chain(repeat(False, steps - 1), repeat(True))
    return lambda: next(answers)


def history(directory: LanguageModelDirectory) -> list[dict[str, Any]]:
    """What of it does not depend on the clock: training loss and speed are those since a report, which time decides."""
    keys = ("step", "epoch", "learning_rate", "nats_per_character", "bits_per_character")
    return [{key: entry[key] for key in keys} for entry in directory.history()]


def all_equal(left: Arrays, right: Arrays) -> bool:
    return left.keys() == right.keys() and all(np.array_equal(left[name], right[name]) for name in left)


def assert_same_run(left: LanguageModelDirectory, right: LanguageModelDirectory) -> None:
    """Equal to the last bit: the best weights, all that resuming needs, and the history."""
    assert history(left) == history(right)
    assert all_equal(left.weights(), right.weights())
    (left_arrays, left_values), (right_arrays, right_values) = left.training_state(), right.training_state()
    assert all_equal(left_arrays, right_arrays)
    for values in (left_values, right_values):
        values["progress"].pop("seconds")
        (values["best"] or {}).pop("seconds")
    assert left_values == right_values


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_n_steps_an_interruption_and_n_more_are_2n_steps(start, silent, corpus: Corpus, cell: str) -> None:
    """31 steps end within an epoch and between validations: the carried state and the place in the text count."""
    whole = start(corpus, "whole", steps=62, cell=cell, **TINY)
    assert whole.run(silent) == "budget"
    half = start(corpus, "half", steps=62, cell=cell, **TINY)
    assert half.run(silent, after(31)) == "interrupt"
    assert half.directory.training_state()[1]["progress"]["step"] == 31
    assert LanguageModelSession.resume(half.directory, corpus).run(silent) == "budget"
    assert_same_run(half.directory, whole.directory)


def test_an_interruption_at_every_few_steps_changes_nothing(start, silent, corpus: Corpus) -> None:
    whole = start(corpus, "whole", steps=40, **TINY)
    whole.run(silent)
    session = start(corpus, "broken", steps=40, **TINY)
    outcome = session.run(silent, after(10))
    while outcome == "interrupt":
        session = LanguageModelSession.resume(session.directory, corpus)
        outcome = session.run(silent, after(7))
    assert outcome == "budget"
    assert_same_run(session.directory, whole.directory)


def test_an_interruption_where_a_validation_is_due_changes_nothing(start, silent, corpus: Corpus) -> None:
    """Of 40 steps, every eighth."""
    whole = start(corpus, "whole", steps=40, **TINY)
    whole.run(silent)
    broken = start(corpus, "broken", steps=40, **TINY)
    broken.run(silent, after(16))
    LanguageModelSession.resume(broken.directory, corpus).run(silent)
    assert_same_run(broken.directory, whole.directory)


def test_after_a_crash_a_run_goes_on_from_its_last_saved_state(start, silent, corpus: Corpus) -> None:
    """The third validation is in the history, and perhaps in the weights, but not in the state that is resumed."""
    whole = start(corpus, "whole", steps=40, **TINY)
    whole.run(silent)

    class PowerCut(type(silent)):  # type: ignore[misc]
        def validation(self, report: Report, scores: object, *, best: bool) -> None:
            if report.step >= 20:
                raise InterruptedError

    crashed = start(corpus, "crashed", steps=40, **TINY)
    with pytest.raises(InterruptedError):
        crashed.run(PowerCut())
    before = crashed.directory.training_state()[1]["progress"]["step"]
    assert before < max(entry["step"] for entry in crashed.directory.history())
    LanguageModelSession.resume(crashed.directory, corpus).run(silent)
    assert_same_run(crashed.directory, whole.directory)


def test_the_same_seed_gives_the_same_run(start, silent, corpus: Corpus) -> None:
    first = start(corpus, "one", steps=30, seed=7, **TINY)
    first.run(silent)
    second = start(corpus, "two", steps=30, seed=7, **TINY)
    second.run(silent)
    assert_same_run(first.directory, second.directory)
    assert dataclasses.replace(first.config.scores, seconds=0) == dataclasses.replace(second.config.scores, seconds=0)


def test_another_seed_gives_another_run(start, silent, corpus: Corpus) -> None:
    weights = []
    for seed in (1, 2):
        session = start(corpus, str(seed), steps=5, seed=seed, **TINY)
        session.run(silent)
        weights.append(session.directory.weights())
    assert not any(np.array_equal(weights[0][name], weights[1][name]) for name in weights[0])


def test_a_run_whose_budget_is_spent_is_not_resumed(start, silent, corpus: Corpus) -> None:
    session = start(corpus, steps=5, **TINY)
    session.run(silent)
    history = session.directory.history()
    with pytest.raises(UsageError, match="spent") as caught:
        LanguageModelSession.resume(session.directory, corpus)
    assert "--steps" in str(caught.value.hint)
    assert session.directory.history() == history


@pytest.mark.parametrize("budget", [Budget(steps=12), Budget(epochs=5.0), Budget(seconds=2.0)], ids=str)
def test_under_a_larger_budget_a_finished_run_goes_on(start, silent, corpus: Corpus, budget: Budget) -> None:
    first = start(corpus, steps=5, **TINY)
    first.run(silent)
    again = LanguageModelSession.resume(first.directory, corpus, budget)
    assert any("resumed" in line and "step 5" in line for line in again.description())
    assert again.run(silent) == "budget"
    steps = [entry["step"] for entry in first.directory.history()]
    assert steps == sorted(set(steps))
    assert steps[-1] > 5
    assert first.directory.config().training.budget == budget


def test_a_larger_budget_in_steps_is_counted_from_the_beginning(start, silent, corpus: Corpus) -> None:
    session = start(corpus, steps=5, **TINY)
    session.run(silent)
    LanguageModelSession.resume(session.directory, corpus, Budget(steps=12)).run(silent)
    config = session.directory.config()
    assert config.record.steps == session.directory.training_state()[1]["progress"]["step"] == 12


def test_the_best_of_the_first_sitting_stays_the_best_until_it_is_beaten(start, silent, corpus: Corpus) -> None:
    """The second sitting is at a rate that ruins the model at once."""
    session = start(corpus, steps=40, **{**TINY, "dropout": 0.0, "learning_rate": 0.02})
    session.run(silent, after(30))
    best, config = session.directory.weights(), session.directory.config()
    ruinous = dataclasses.replace(config.training, learning_rate=50.0, average_decay=0.0)
    session.directory.write_config(dataclasses.replace(config, training=ruinous))
    LanguageModelSession.resume(session.directory, corpus).run(silent)
    assert session.directory.config().scores == config.scores
    assert all_equal(session.directory.weights(), best)


@pytest.mark.parametrize(
    "other",
    [{"hidden_size": 12}, {"embedding_size": 5}, {"layers": 1}, {"layers": 3}, {"cell": "gru"}, {"cell": "rnn"}],
    ids=str,
)
def test_the_training_state_of_another_model_is_refused(
    start, silent, corpus: Corpus, tmp_path: Path, other: dict[str, Any]
) -> None:
    ours = start(corpus, "ours", steps=9, **TINY)
    ours.run(silent, after(5))
    start(corpus, "theirs", steps=9, **{**TINY, **other}).run(silent, after(5))
    shutil.rmtree(tmp_path / "ours/training")
    shutil.copytree(tmp_path / "theirs/training", tmp_path / "ours/training")
    with pytest.raises(ModelFormatError, match="training"):
        LanguageModelSession.resume(ours.directory, corpus)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *((key, value) for key in ("progress", "average_updates", "task") for value in (None, [], {"new": 1}, "text")),
        ("best", {"new": 1}),
        ("best", "text"),
    ],
)
def test_damaged_values_are_refused(start, silent, corpus: Corpus, key: str, value: object) -> None:
    session = start(corpus, steps=9, **TINY)
    session.run(silent, after(2))
    arrays, values = session.directory.training_state()
    session.directory.write_training_state(arrays, {**values, key: value})
    with pytest.raises(ModelFormatError, match="training"):
        LanguageModelSession.resume(session.directory, corpus)


def test_a_model_copied_without_its_training_state_cannot_be_resumed(start, silent, corpus: Corpus) -> None:
    session = start(corpus, steps=2, **TINY)
    session.run(silent)
    shutil.rmtree(session.directory.path / "training")
    with pytest.raises(ModelNotFoundError, match="nothing to resume"):
        LanguageModelSession.resume(session.directory, corpus)
