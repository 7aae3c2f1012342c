"""Chooses whether a time is spent on one tagger's network, or on two that learn side by side and are used as one.

A network that has read its treebank for a long time knows it by heart, and learns little more. Two that differ by
chance are wrong in different places, so that the mean of what they say is better than either
(docs/figures/taggers.md).
"""

from __future__ import annotations

from collections.abc import Sequence

from charnn.config.training import Budget, Device
from charnn.training.hardware import choose_device

MEMBERS = 2
"""So many learn side by side where several do."""
LONG_TIME = 2
"""A time is long where it is so many times the default one. So each member has the default time even where a busy
machine has them take turns."""
WHY_MEMBERS = "two, as one alone would hardly learn more in so long a time; --members 1 trains one"


def has_time_for_several(budget: Budget, default: Budget, thread_counts: Sequence[int], *, device: Device) -> bool:
    """Whether `budget` is a time that is long beside the `default` one, where each of several networks has a processor
    of its own. A number of epochs or steps says how far one network is to be trained, and two would take twice the
    work. On a GPU they would take turns."""
    on_cpu = choose_device(device).type == "cpu"
    is_long = (
        budget.seconds is not None and default.seconds is not None and budget.seconds >= LONG_TIME * default.seconds
    )
    return is_long and on_cpu and max(thread_counts) >= MEMBERS
