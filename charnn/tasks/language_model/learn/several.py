"""Chooses whether a time is spent on one network, or on several that learn side by side and are used as one.

A network that has read its text often learns little more from it but the text itself by heart. Two that differ by
chance are wrong in different places, so that the mean of their probabilities is better than either. With a processor
for each, two take hardly longer than one. In turn they gain hardly more than one does that learns for as long as both
(docs/figures/language-models.md).
"""

from __future__ import annotations

from collections.abc import Sequence

from charnn.config.training import Budget, TrainingConfig
from charnn.tasks.language_model.config import CorpusConfig
from charnn.tasks.language_model.learn.overrides import LanguageModelOverrides
from charnn.tasks.language_model.learn.sizing import Speed, characters_read, epochs_before_growth
from charnn.training.hardware import choose_device

MEMBERS = 2
"""So many learn side by side where several do. What a third brings is less than what it takes from the others."""
EPOCHS_EACH = 20
"""Each of them reads the text at least so often, or a single one learns instead."""
FEWEST_CHARACTERS = 50_000
"""A shorter text has one network: its time is short, and a second brings less than a hundredth of a nat beside what is
counted."""


def may_be_several(overrides: LanguageModelOverrides, corpus: CorpusConfig, thread_counts: Sequence[int]) -> bool:
    """Whether there may be several networks that nobody asked for: not of texts with labels, which take as many
    readings to classify as there are labels; not of a model that reads backwards, since a tagger reads with one
    network; and not where they would take turns, as on a GPU or a single processor."""
    plain = overrides.members is None and not overrides.labels and not corpus.backwards
    on_cpu = choose_device(overrides.settings.get("device", TrainingConfig.device)).type == "cpu"
    return plain and on_cpu and max(thread_counts) >= MEMBERS


def reads_often(characters: int, budget: Budget, hidden_size: int, speed: Speed, *, has_grown: bool) -> bool:
    """Whether networks of this size read a text of so many `characters`, which is no short one, often enough in the
    budget to be several. The `speed` is what each of them reads while all learn.

    Only a time may be spent on several: a number of epochs or steps says how far a network is to be trained, and two
    would take twice the work. A longer time is never spent on fewer, though the size that is right for it may be
    larger, and read less often. So where the size `has_grown` with the budget, it is enough that the next smaller one
    would have been read so often before.
    """
    if budget.seconds is None or characters < FEWEST_CHARACTERS:
        return False
    epochs = characters_read(characters, budget, hidden_size, speed) / characters
    before = epochs_before_growth(characters, hidden_size) if has_grown else 0.0
    return max(epochs, before) >= EPOCHS_EACH
