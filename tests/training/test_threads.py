"""The number of threads follows what is faster while training goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import torch

from charnn.training.hardware import INTERVAL, WINDOW, ThreadWatch

STEP = WINDOW / 5
"""A step takes so many seconds."""


@pytest.fixture(autouse=True)
def threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


class Training:
    """Takes steps as a machine of these speeds does, which are targets a second by the number of threads."""

    def __init__(self, speed: Callable[[int], int]) -> None:
        self.watch, self.speed, self.seconds = ThreadWatch(2), speed, 0.0

    def until(self, seconds: float) -> list[int]:
        """The number of threads of each step."""
        used = []
        while self.seconds < seconds:
            used.append(torch.get_num_threads())
            self.seconds += STEP
            self.watch.step(self.seconds, round(STEP * self.speed(used[-1])))
        return used


def quiet(threads: int) -> int:
    return {1: 5000, 2: 9000}[threads]


def busy(threads: int) -> int:
    return {1: 4500, 2: 1000}[threads]


def test_two_threads_stay_where_they_pay_and_trials_are_rare() -> None:
    used = Training(quiet).until(10 * INTERVAL)
    assert used[-1] == 2
    assert 0 < used.count(1) / len(used) < 0.03


def test_one_goes_on_where_another_process_takes_a_core_and_two_when_it_has_ended() -> None:
    training = Training(quiet)
    training.until(INTERVAL / 2)
    training.speed = busy
    assert training.until(training.seconds + 4 * WINDOW)[-1] == 1
    assert training.until(training.seconds + 3 * INTERVAL).count(1) > 0.9 * 3 * INTERVAL / STEP
    training.speed = quiet
    assert training.until(training.seconds + INTERVAL + 4 * WINDOW)[-1] == 2


def test_a_machine_that_slows_down_altogether_is_not_tried_over_and_over() -> None:
    training = Training(quiet)
    training.until(INTERVAL / 2)
    training.speed = lambda threads: quiet(threads) // 4
    used = training.until(training.seconds + 5 * INTERVAL)
    assert used[-1] == 2
    assert used.count(1) / len(used) < 0.05


def test_what_took_some_of_the_time_of_a_window_is_no_slowness() -> None:
    training = Training(quiet)
    training.until(INTERVAL / 2)
    training.seconds += 5
    training.watch.restart()
    assert set(training.until(training.seconds + 4 * WINDOW)) == {2}


def test_other_threads_than_those_of_torch_are_tried_alike() -> None:
    used: list[int] = []
    before, watch = torch.get_num_threads(), ThreadWatch(2, used.append)
    for seconds in (0.0, 1.0, 2.0, 3.0):
        watch.step(seconds, 100)
    assert used == [1, 2], "one is no faster"
    assert torch.get_num_threads() == before
