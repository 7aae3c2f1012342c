"""The pace is that of this machine, each size measured once, within what the budget allows."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
import torch

from charnn.config.training import Budget
from charnn.tasks.language_model.learn import pace as module
from charnn.tasks.language_model.learn.overrides import LanguageModelOverrides
from charnn.tasks.language_model.learn.pace import Pace
from charnn.training.loop import Loop


class Machine:
    """A clock that a step moves on: by a second for each four hidden units, and by more on one thread."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, second_thread: float) -> None:
        """`second_thread`: what a step takes with two threads, as a fraction of what it takes with one."""
        self.now, self.steps, self.threads = 0.0, 0, 2
        self._second_thread = second_thread
        monkeypatch.setattr(module.time, "perf_counter", lambda: self.now)
        monkeypatch.setattr(torch, "get_num_threads", lambda: self.threads)
        monkeypatch.setattr(torch, "set_num_threads", lambda count: setattr(self, "threads", count))
        monkeypatch.setattr(Loop, "advance", lambda loop: self.step(loop))

    def step(self, loop: Loop) -> None:
        self.steps += 1
        updates = loop.updates
        threads = updates.side_by_side.at_once if updates.are_side_by_side else self.threads
        self.now += loop.objective.network.config.hidden_size / 4 * (1.0 if threads == 1 else self._second_thread)
        loop.progress.targets += loop.objective.targets_in_batch


def pace(
    seconds: float, settings: Mapping[str, object] | None = None, *, ends_are_learned: bool = True, **overrides
) -> Pace:
    """Two threads may be tried beside one."""
    return Pace(
        LanguageModelOverrides(
            budget=Budget(seconds=seconds),
            settings={"device": "cpu", "precision": "fp32", **(settings or {})},
            **overrides,
        ),
        characters=10**5,
        vocabulary_size=9,
        ends_are_learned=ends_are_learned,
        thread_counts=(1, 2),
    )


def test_speed_is_characters_over_seconds_with_the_better_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    Machine(monkeypatch, second_thread=0.5)
    measured = pace(86_400.0, batch_size=3, window_length=5)
    assert measured(8) == pytest.approx(3 * 5 / (8 / 4 * 0.5))
    assert measured.threads(8) == 2


def test_members_are_measured_as_they_learn_each_in_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(monkeypatch, second_thread=0.5)
    measured = pace(86_400.0, batch_size=3, window_length=5, members=2)
    assert measured(8) == pytest.approx(3 * 5 / (8 / 4 * 0.5))
    assert measured.threads(8) == machine.threads == 2


def test_one_thread_is_chosen_where_the_second_costs_time(monkeypatch: pytest.MonkeyPatch) -> None:
    Machine(monkeypatch, second_thread=7.0)
    measured = pace(86_400.0, batch_size=3, window_length=5)
    assert measured(8) == pytest.approx(3 * 5 / (8 / 4))
    assert measured.threads(8) == 1


def test_a_size_is_measured_once_and_what_it_took_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(monkeypatch, second_thread=1.0)
    measured = pace(86_400.0)
    assert measured(8) == measured(8)
    assert measured.spent == machine.now == machine.steps * 8 / 4


def test_beyond_its_part_of_the_budget_known_speeds_tell_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(monkeypatch, second_thread=1.0)
    measured = pace(10.0)
    known, steps = measured(64), machine.steps
    assert 0 < measured(128) < known < measured(32)
    assert machine.steps == steps
    assert measured.threads(128) == measured.threads(64)


def test_the_number_of_threads_is_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(monkeypatch, second_thread=0.5)
    pace(86_400.0)(8)
    assert machine.threads == 2


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_it_runs_what_was_asked_for_here_and_now(cell) -> None:
    measured = pace(0.01, cell=cell, batch_size=2, window_length=4, layers=1, residual=True)
    assert measured(8) > 0
    assert measured.spent > 0
    assert measured.threads(8) in (1, 2)


@pytest.mark.parametrize(("optimizer", "count"), [("adamw", 1), ("muon", 2)])
def test_it_trains_with_the_optimizer_that_the_run_will_have(optimizer: str, count: int) -> None:
    assert len(pace(1.0, {"optimizer": optimizer}).loop(8).updates.optimizers) == count


@pytest.mark.parametrize(("ends_are_learned", "rows"), [(True, 66), (False, 64)])
def test_openings_of_documents_are_measured_where_the_run_reads_some(ends_are_learned: bool, rows: int) -> None:
    loop = pace(60.0, ends_are_learned=ends_are_learned, batch_size=64).loop(8)
    read: list[int] = []
    loop.objective.network.recurrent.register_forward_pre_hook(lambda module, inputs: read.append(len(inputs[0])))
    loop.advance()
    assert read == [rows]
