"""A tagger's run that was interrupted goes on as if it never had been; and the same seed gives the same run."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain, repeat

import pytest

from charnn.errors import ModelFormatError
from charnn.tasks.tagger.learn.session import TaggerSession
from charnn.tasks.tagger.treebank import Treebank

TEXT = "".join(
    " ".join(f"{'abc'[(n + k) % 3]}{k}_{'XYZ'[(n * k) % 3]}" for k in range(1 + n % 7)) + "\n" for n in range(20)
)
"""Sentences of all lengths, so that the order of batches matters."""


@pytest.fixture
def treebank(treebank_of: Callable[..., Treebank]) -> Treebank:
    return treebank_of(TEXT)


def after(steps: int) -> Callable[[], bool]:
    answers = chain(repeat(False, steps - 1), repeat(True))
    return lambda: next(answers)


def test_another_seed_takes_other_batches(start, treebank: Treebank) -> None:
    orders = []
    for seed in (1, 1, 2):
        objective = start(treebank, f"seed {len(orders)}", seed=seed).objective
        orders.append([objective.loss()[1] for _ in range(20)])
    assert orders[0] == orders[1]
    assert orders[0] != orders[2]


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
    session = start(treebank, steps=40, linear=False)
    session.run(silent, after(4))
    smaller = treebank_of("a1_X\nb1_Y\n", format="slashed")
    with pytest.raises(ModelFormatError, match="there is no batch"):
        TaggerSession.resume(session.directory, smaller)
