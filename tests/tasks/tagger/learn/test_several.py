"""A time that is long for a treebank is spent on two networks that learn side by side."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from charnn.api import SilentObserver
from charnn.config.training import Budget, TrainingConfig
from charnn.tasks.tagger.config import TaggerNetworkConfig
from charnn.tasks.tagger.learn.plan import TaggerOverrides, TaggerPlan, decide, default_budget
from charnn.tasks.tagger.learn.session import TaggerSession
from charnn.tasks.tagger.learn.several import LONG_SECONDS, MEMBERS, has_time_for_several
from charnn.tasks.tagger.treebank import Treebank

TREEBANK = "a_DET fox_NOUN ran_VERB ._PUNCT\n\n" * 40
WORDS = 144  # to learn from; a tenth is held out
LONG = Budget(seconds=LONG_SECONDS * WORDS)


@pytest.fixture
def planned(treebank_of: Callable[..., Treebank]) -> Callable[..., TaggerPlan]:
    def plan(threads: tuple[int, ...] = (1, 2), device: str = "cpu", **asked: Any) -> TaggerPlan:
        overrides = TaggerOverrides(**{"budget": LONG, "settings": {"device": device}, **asked})
        return decide(treebank_of(TREEBANK), overrides, thread_counts=threads)

    return plan


@pytest.mark.parametrize("given", [{}, {"threads": (1, 2, 4)}, {"hidden_size": 64}], ids=str)
def test_a_long_time_is_spent_on_several_each_with_a_thread(
    planned: Callable[..., TaggerPlan], given: dict[str, Any]
) -> None:
    plan = planned(**given)
    assert (plan.config.network.members, plan.chose_members, plan.threads) == (MEMBERS, True, MEMBERS)
    assert plan.config.training.budget == LONG


def test_the_default_time_is_long_for_a_small_treebank_alone() -> None:
    network = TaggerNetworkConfig(words=100, characters=30, tags=(5,))
    several = {
        words: has_time_for_several(network, TrainingConfig(budget=default_budget(words)), words=words, processors=2)
        for words in (1_000, 6_000, 20_000, 50_000, 100_000, 200_000, 10_000_000)
    }
    assert [words for words, is_so in several.items() if is_so] == [1_000, 6_000, 20_000, 50_000]


@pytest.mark.parametrize(
    "given",
    [
        {"budget": Budget(seconds=0.99 * LONG_SECONDS * WORDS)},
        {"hidden_size": 256},
        {"budget": Budget(epochs=1000.0)},
        {"budget": Budget(steps=100_000)},
        {"threads": (1,)},
        {"members": 1},
    ],
    ids=str,
)
def test_one_learns_in_a_short_time_or_a_number_of_epochs_or_on_one_processor_or_where_one_is_asked_for(
    planned: Callable[..., TaggerPlan], given: dict[str, Any]
) -> None:
    plan = planned(**given)
    assert (plan.config.network.members, plan.chose_members) == (1, False)


def test_what_is_asked_for_is_not_said_to_have_been_chosen(planned: Callable[..., TaggerPlan]) -> None:
    plan = planned(members=3)
    assert (plan.config.network.members, plan.chose_members) == (3, False)


def test_a_model_to_start_from_keeps_its_shape_and_a_tagger_that_is_taught_is_one(
    treebank_of: Callable[..., Treebank], start: Callable[..., TaggerSession], silent: SilentObserver
) -> None:
    treebank = treebank_of(TREEBANK)
    session = start(treebank, steps=1)
    session.run(silent)
    directory = session.directory
    for models in ({"source": directory}, {"teachers": [directory]}):
        plan = decide(treebank, TaggerOverrides(budget=LONG), thread_counts=(1, 2), **models)
        assert (plan.config.network.members, plan.chose_members) == (1, False)


def test_a_run_says_that_it_chose_several(
    treebank_of: Callable[..., Treebank], start: Callable[..., TaggerSession]
) -> None:
    session = start(treebank_of(TREEBANK), steps=None, budget=LONG, thread_counts=(1, 2))
    assert session.config.network.members == MEMBERS
    assert any("--members 1 trains one" in line for line in session.description())
    session = start(treebank_of(TREEBANK), "asked", steps=3, members=2)
    assert not any("--members 1" in line for line in session.description())
