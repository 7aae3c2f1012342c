"""The stages of a run: one after the other, a network is trained in each, and the next one begins with new weights.

Most runs have one stage. A run with members trains these first, each in a stage of its own, and then a pupil, which
learns from the data and from what the members say about them (Hinton et al. 2015). The members differ by chance, so the
mean of what they say is better than any of them, and so is a pupil that is no larger than one of them.
"""

from __future__ import annotations

from dataclasses import dataclass

PUPIL_SHARE = 1.0
"""The budget of the pupil, where a member's is 1."""

ROUNDING = 1e-9
"""The fraction of a budget that is nothing but rounding."""


@dataclass(frozen=True)
class Stages:
    """The stages of a run with so many members; without any there is a single stage."""

    members: int = 0

    @property
    def last(self) -> int:
        """The number of the last stage; the first one is 0."""
        return self.members

    def first_share(self) -> float:
        """The part of the budget that the first stage has."""
        return self.end(0, 0.0)

    def end(self, stage: int, began: float) -> float:
        """How much of the budget is spent where a stage ends that began at `began`, a fraction of the budget too.

        The stages that are left share what is left, so that one which ends early gives the rest to those after it.
        """
        members_left = max(self.members - stage, 0)
        share = 1.0 if members_left else PUPIL_SHARE
        return began + (1 - began) * share / (members_left + PUPIL_SHARE)

    def within(self, stage: int, began: float, spent: float) -> float:
        """How much of a stage's own part of the budget is spent, where `spent` is how much of the whole is."""
        end = self.end(stage, began)
        is_over = spent > end - ROUNDING  # in floats, 2/3 of a budget may be less than twice a third of it
        return max((spent - began) / max(end - began, ROUNDING), 1.0) if is_over else (spent - began) / (end - began)

    def name(self, stage: int) -> str:
        """The name of a stage for a person; empty where there is a single one."""
        if not self.members:
            return ""
        return "pupil" if stage == self.last else f"member {stage + 1} of {self.members}"
