"""What members do apart in a step, in threads of their own or in turn."""

from __future__ import annotations

import threading

import torch

from charnn.training.side_by_side import SideBySide


def test_members_at_once_have_threads_of_their_own_which_compute_alone() -> None:
    side_by_side, meeting = SideBySide(), threading.Barrier(2, timeout=30)
    side_by_side.use(2)

    def work(number: int, letter: str) -> tuple[str, int, int]:
        meeting.wait()  # none passes before another comes
        return f"{number}{letter}", torch.get_num_threads(), threading.get_ident()

    (first, alone, one), (second, also, other) = side_by_side.each(work, (1, 2), "ab")
    assert (first, second, alone, also) == ("1a", "2b", 1, 1)
    assert len({one, other, threading.get_ident()}) == 3


def test_members_in_turn_have_the_thread_of_all_else() -> None:
    side_by_side = SideBySide()
    assert side_by_side.each(lambda number: (number, threading.get_ident()), (1, 2)) == [
        (1, threading.get_ident()),
        (2, threading.get_ident()),
    ]
