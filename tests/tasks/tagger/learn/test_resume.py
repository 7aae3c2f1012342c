"""A tagger's run that was interrupted goes on as if it never had been; and the same seed gives the same run."""

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
from charnn.tasks.tagger.directory import TaggerDirectory
from charnn.tasks.tagger.learn.session import TaggerSession
from charnn.tasks.tagger.treebank import Treebank

pytestmark = pytest.mark.usefixtures("rare_validations")

TEXT = "".join(
    " ".join(f"{'abc'[(n + k) % 3]}{k}_{'XYZ'[(n * k) % 3]}" for k in range(1 + n % 7)) + "\n" for n in range(20)
)
"""Sentences of all lengths, so that the order of batches matters."""
Arrays = dict[str, npt.NDArray[Any]]


@pytest.fixture
def treebank(treebank_of: Callable[..., Treebank]) -> Treebank:
    return treebank_of(TEXT)


def after(steps: int) -> Callable[[], bool]:
    answers = chain(repeat(False, steps - 1), repeat(True))
    return lambda: next(answers)


def history(directory: TaggerDirectory) -> list[dict[str, Any]]:
    """What of it does not depend on the clock: training loss and speed are those since a report, which time decides."""
    keys = ("step", "epoch", "learning_rate", "accuracies", "all_columns_accuracy", "unknown_accuracy")
    return [{key: entry[key] for key in keys} for entry in directory.history()]


def all_equal(left: Arrays, right: Arrays) -> bool:
    return left.keys() == right.keys() and all(np.array_equal(left[name], right[name]) for name in left)


def assert_same_run(left: TaggerDirectory, right: TaggerDirectory) -> None:
    """Equal to the last bit: what inference uses, all that resuming needs, and the history."""
    assert history(left) == history(right)
    for name in ("lexicon.json", "words.onnx", "model.onnx", "weights.safetensors"):
        assert (left.path / name).read_bytes() == (right.path / name).read_bytes()
    (left_arrays, left_values), (right_arrays, right_values) = left.training_state(), right.training_state()
    assert all_equal(left_arrays, right_arrays)
    for values in (left_values, right_values):
        values["progress"].pop("seconds")
        (values["best"] or {}).pop("seconds")
    assert left_values == right_values


@pytest.mark.parametrize(
    "overrides",
    [{"cell": "lstm", "decoder": "crf"}, {"cell": "gru", "words_from": "lstm", "decoder": "feedback", "layers": 2}],
    ids=str,
)
def test_n_steps_an_interruption_and_n_more_are_2n_steps(
    start, silent, treebank: Treebank, overrides: dict[str, Any]
) -> None:
    """19 steps end within an epoch and between validations; every kind of dropout draws its random numbers."""
    whole = start(treebank, "whole", steps=38, dropout=0.3, **overrides)
    assert whole.run(silent) == "budget"
    half = start(treebank, "half", steps=38, dropout=0.3, **overrides)
    assert half.run(silent, after(19)) == "interrupt"
    assert half.directory.training_state()[1]["progress"]["step"] == 19
    assert TaggerSession.resume(half.directory, treebank).run(silent) == "budget"
    assert_same_run(half.directory, whole.directory)


def test_an_interruption_at_every_few_steps_changes_nothing(start, silent, treebank: Treebank) -> None:
    whole = start(treebank, "whole", steps=20, patience=99, dropout=0.3)
    whole.run(silent)
    session = start(treebank, "broken", steps=20, patience=99, dropout=0.3)
    outcome = session.run(silent, after(4))  # where a validation is due
    while outcome == "interrupt":
        session = TaggerSession.resume(session.directory, treebank)
        outcome = session.run(silent, after(5))
    assert outcome == "budget"
    assert_same_run(session.directory, whole.directory)


def test_the_same_seed_gives_the_same_run(start, silent, treebank: Treebank) -> None:
    first = start(treebank, "one", steps=6, seed=7, dropout=0.3)
    first.run(silent)
    second = start(treebank, "two", steps=6, seed=7, dropout=0.3)
    second.run(silent)
    assert_same_run(first.directory, second.directory)
    assert dataclasses.replace(first.config.scores, seconds=0) == dataclasses.replace(second.config.scores, seconds=0)


def test_another_seed_gives_another_run(start, silent, treebank: Treebank) -> None:
    weights = []
    for seed in (1, 2):
        session = start(treebank, str(seed), steps=2, seed=seed)
        session.run(silent)
        weights.append(session.directory.weights())
    assert not any(np.array_equal(weights[0][name], weights[1][name]) for name in weights[0])


def test_another_seed_takes_other_batches(start, treebank: Treebank) -> None:
    orders = []
    for seed in (1, 1, 2):
        objective = start(treebank, f"seed {len(orders)}", seed=seed).objective
        orders.append([objective.loss()[1] for _ in range(20)])
    assert orders[0] == orders[1]
    assert orders[0] != orders[2]


def test_a_run_whose_budget_is_spent_is_resumed_only_under_a_larger_one(start, silent, treebank: Treebank) -> None:
    session = start(treebank, steps=3)
    session.run(silent)
    with pytest.raises(UsageError, match="spent"):
        TaggerSession.resume(session.directory, treebank)
    again = TaggerSession.resume(session.directory, treebank, Budget(steps=6))
    assert any("resumed" in line and "step 3" in line for line in again.description())
    assert again.run(silent) == "budget"
    config = session.directory.config()
    assert (config.training.budget, config.record.steps) == (Budget(steps=6), 6)
    assert [entry["step"] for entry in session.directory.history()] == [1, 2, 3, 5, 6]


@pytest.mark.parametrize("other", [{"hidden_size": 9}, {"layers": 2}, {"cell": "gru"}, {"decoder": "crf"}], ids=str)
def test_the_training_state_of_another_model_is_refused(
    start, silent, treebank: Treebank, tmp_path: Path, other: dict[str, Any]
) -> None:
    ours = start(treebank, "ours", steps=3)
    ours.run(silent, after(1))
    start(treebank, "theirs", steps=3, **other).run(silent, after(1))
    shutil.rmtree(tmp_path / "ours/training")
    shutil.copytree(tmp_path / "theirs/training", tmp_path / "ours/training")
    with pytest.raises(ModelFormatError, match="training"):
        TaggerSession.resume(ours.directory, treebank)


def test_damaged_values_are_refused(start, silent, treebank: Treebank) -> None:
    session = start(treebank, steps=3)
    session.run(silent, after(1))
    arrays, values = session.directory.training_state()
    batches = values["task"]["batches"]
    for task in (None, [], {}, {"batches": {}}, *({"batches": {**batches, key: "text"}} for key in batches)):
        session.directory.write_training_state(arrays, {**values, "task": task})
        with pytest.raises(ModelFormatError, match="training"):
            TaggerSession.resume(session.directory, treebank)


def test_the_state_of_a_run_on_fewer_sentences_is_not_taken_for_one_on_more(
    start, silent, treebank: Treebank, treebank_of: Callable[..., Treebank]
) -> None:
    session = start(treebank, steps=40)
    session.run(silent, after(4))
    smaller = treebank_of("a1_X\nb1_Y\n", format="slashed")
    with pytest.raises(ModelFormatError, match="there is no batch"):
        TaggerSession.resume(session.directory, smaller)


def test_a_model_copied_without_its_training_state_cannot_be_resumed(start, silent, treebank: Treebank) -> None:
    session = start(treebank, steps=2)
    session.run(silent)
    shutil.rmtree(session.directory.path / "training")
    with pytest.raises(ModelNotFoundError, match="nothing to resume"):
        TaggerSession.resume(session.directory, treebank)
