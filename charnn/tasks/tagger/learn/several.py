"""Chooses whether a time is spent on one tagger's network, or on two that learn side by side and are used as one.

A network that has read its treebank for a long time knows it by heart, and learns little more. Two that differ by
chance are wrong in different places, so that the mean of what they say is better than either; before that, one that
has the machine to itself learns more (docs/figures/taggers.md).
"""

from __future__ import annotations

from charnn.config.training import TrainingConfig
from charnn.tasks.tagger.config import TaggerNetworkConfig
from charnn.training.hardware import choose_device

MEMBERS = 2
"""So many learn side by side where several do."""
LONG_SECONDS = 0.0024
"""A time is long where it is so many seconds for each word of the treebank and a network of the usual width: it is
read some thirteen times then by each of two on a slow machine. That is twice the default time for 200,000 words, the
default one for 50,000, and less than it for fewer. Where a busy machine has them take turns, each has half of it."""
WHY_MEMBERS = "two, as one alone would hardly learn more in so long a time; --members 1 trains one, which tags faster"


def has_time_for_several(
    network: TaggerNetworkConfig, training: TrainingConfig, *, words: int, processors: int
) -> bool:
    """Whether the budget of `training` is a time that is long for so many `words` to learn from, where each of several
    networks has a processor of its own.

    A number of epochs or steps says how far one network is to be trained, and two would take twice the work. On a GPU
    they would take turns.
    """
    seconds, width = training.budget.seconds, network.hidden_size / TaggerNetworkConfig.hidden_size
    if seconds is None or processors < MEMBERS or choose_device(training.device).type != "cpu":
        return False
    return seconds >= LONG_SECONDS * words * width
