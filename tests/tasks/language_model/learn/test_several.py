"""A time that is long for its text is spent on several networks, and a short one, or another budget, on one."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from charnn.config.model import TokenizerConfig
from charnn.config.training import Budget
from charnn.tasks.language_model.corpus import Corpus
from charnn.tasks.language_model.learn import plan as module
from charnn.tasks.language_model.learn.overrides import LanguageModelOverrides
from charnn.tasks.language_model.learn.plan import LanguageModelPlan, decide
from charnn.tasks.language_model.learn.session import LanguageModelSession
from charnn.tasks.language_model.learn.several import EPOCHS_EACH, FEWEST_CHARACTERS, MEMBERS, reads_often
from charnn.tasks.language_model.learn.sizing import HIDDEN_SIZES, choose_sizes, epochs_before_growth, weights

TEXT = "to be or not to be, that is the question\n" * 1400
a_length = st.floats(2, 9).map(lambda exponent: int(10**exponent))
a_time = st.floats(0, 6).map(lambda exponent: 10**exponent)
a_machine = st.floats(7, 13).map(lambda exponent: 10**exponent)


def are_several(characters: int, seconds: float, operations: float, hidden_size: int | None = None) -> bool:
    """On a machine that does so many operations a second, 6 for each weight and character."""

    def speed(hidden: int) -> float:
        return operations / (6 * weights(hidden))

    budget = Budget(seconds=seconds)
    sizes = choose_sizes(characters=characters, budget=budget, hidden_size=hidden_size, speed=speed)
    return reads_often(characters, budget, sizes.hidden_size, speed, has_grown=hidden_size is None)


@given(a_length, a_time, a_time, a_machine, st.none() | st.sampled_from(HIDDEN_SIZES))
@example(10**6, 3600.0, 7200.0, 1e11, None)
def test_more_time_is_never_spent_on_fewer(
    characters: int, one: float, other: float, operations: float, hidden_size: int | None
) -> None:
    less, more = sorted((one, other))
    assert are_several(characters, less, operations, hidden_size) <= are_several(
        characters, more, operations, hidden_size
    )


@given(st.integers(FEWEST_CHARACTERS, 10**9), st.integers(FEWEST_CHARACTERS, 10**9), a_time, a_machine)
def test_a_longer_text_is_never_learned_by_more(one: int, other: int, seconds: float, operations: float) -> None:
    less, more = sorted((one, other))
    assert are_several(less, seconds, operations) >= are_several(more, seconds, operations)


def test_a_text_that_is_read_often_is_learned_by_several_and_a_short_one_and_one_that_is_not_by_one() -> None:
    assert are_several(FEWEST_CHARACTERS, 3600.0, 1e11)
    assert not are_several(FEWEST_CHARACTERS - 1, 1e6, 1e13)
    assert not are_several(10**6, 60.0, 1e11)
    assert not are_several(10**8, 3600.0, 1e11)


def test_so_often_is_counted_at_the_size_that_is_asked_for() -> None:
    read = EPOCHS_EACH * 10**5
    budget = Budget(seconds=10.0)
    assert reads_often(10**5, budget, 777, lambda _: read / 10, has_grown=False)
    assert not reads_often(10**5, budget, 777, lambda _: read / 10 - 1, has_grown=False)


@pytest.mark.parametrize("budget", [Budget(epochs=1000.0), Budget(steps=10**6)], ids=str)
def test_another_budget_than_a_time_is_for_one(budget: Budget) -> None:
    assert not reads_often(10**5, budget, 64, lambda _: 1e9, has_grown=True)


@given(a_length, st.sampled_from(range(1, len(HIDDEN_SIZES))))
def test_the_budgets_of_a_larger_network_read_the_text_more_often_before_it_grows(characters: int, place: int) -> None:
    smaller, larger = HIDDEN_SIZES[place - 1 : place + 1]
    assert 0 <= epochs_before_growth(characters, smaller) < epochs_before_growth(characters, larger)


class Machine:
    """The pace of one that reads so many characters a second with one network of any size, and as many with members,
    the fastest with so many threads."""

    def __init__(self, speed: float, threads: int) -> None:
        self.speed, self.best = speed, threads

    def __call__(self, *_: Any, **__: Any) -> Measured:
        return Measured(self)


class Measured:
    spent = 1.0

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    def __call__(self, hidden_size: int) -> float:
        return self._machine.speed

    def threads(self, hidden_size: int) -> int:
        return self._machine.best


@pytest.fixture
def planned(monkeypatch: pytest.MonkeyPatch, corpus_of: Callable[..., Corpus]) -> Callable[..., LanguageModelPlan]:
    def plan(
        epochs: float, *, text: str = TEXT, threads: tuple[int, ...] = (1, 2), best: int = 2, **asked: Any
    ) -> LanguageModelPlan:
        """Where each network reads the text so often in the time, of these numbers of threads, fastest with `best`."""
        backwards = asked.pop("backwards", False)
        corpus = corpus_of(text)
        corpus = dataclasses.replace(corpus, config=dataclasses.replace(corpus.config, backwards=backwards))
        monkeypatch.setattr(module, "Pace", Machine(epochs * corpus.characters_to_read / 10, best))
        settings = {"device": "cpu", "precision": "fp32"}
        overrides = LanguageModelOverrides(**{"budget": Budget(seconds=10.0), "settings": settings, **asked})
        return decide(corpus, TokenizerConfig(), overrides, thread_counts=threads)

    return plan


def test_several_are_planned_where_each_would_read_the_text_often(planned: Callable[..., LanguageModelPlan]) -> None:
    plan = planned(EPOCHS_EACH + 1)
    assert (plan.config.network.members, plan.chose_members, plan.threads) == (MEMBERS, True, MEMBERS)
    assert plan.measuring_seconds == 2.0, "one network was measured, and then several"


@pytest.mark.parametrize(
    ("epochs", "given"),
    [
        (EPOCHS_EACH - 1, {}),
        (1000, {"text": TEXT[:9000]}),
        (1000, {"threads": (1,)}),
        (1000, {"best": 1}),
        (1000, {"backwards": True}),
        (1000, {"members": 1}),
        (1000, {"budget": Budget(epochs=1000.0)}),
    ],
    ids=lambda given: " ".join(given) if isinstance(given, dict) else str(given),
)
def test_one_is_planned_where_several_would_bring_little_or_take_turns_or_one_is_asked_for(
    planned: Callable[..., LanguageModelPlan], epochs: float, given: dict[str, Any]
) -> None:
    plan = planned(epochs, **given)
    assert (plan.config.network.members, plan.chose_members) == (1, False)


def test_what_is_asked_for_is_not_said_to_have_been_chosen(planned: Callable[..., LanguageModelPlan]) -> None:
    plan = planned(1000, members=3)
    assert (plan.config.network.members, plan.chose_members) == (3, False)


def test_a_run_says_that_it_chose_several(corpus_of: Callable[..., Corpus], start: Callable[..., Any]) -> None:
    session = start(corpus_of(TEXT), steps=3, members=2, hidden_size=4)
    assert not any("--members 1" in line for line in session.description())
    plan = LanguageModelPlan(session.config, session.tokenizer, 1, chose_members=True)
    session = LanguageModelSession(session.directory, plan, corpus_of(TEXT))
    assert any("--members 1 trains one" in line for line in session.description())
