"""Stages share a budget, and those that end early leave the rest to those after them."""

from __future__ import annotations

import pytest

from charnn.training.stages import Stages


def test_without_members_the_only_stage_has_the_whole_budget() -> None:
    stages = Stages()
    assert (stages.last, stages.first_share(), stages.name(0)) == (0, 1.0, "")
    assert stages.within(0, 0.0, 0.25) == 0.25


@pytest.mark.parametrize("members", [1, 2, 5])
def test_stages_that_spend_what_they_have_end_one_after_the_other_and_the_last_with_the_budget(members: int) -> None:
    stages, began, ends = Stages(members), 0.0, []
    for stage in range(members + 1):
        began = stages.end(stage, began)
        ends.append(began)
    assert ends == sorted(set(ends))
    assert ends[-1] == 1.0
    assert ends[0] == stages.first_share()
    assert ends[:-1] == pytest.approx([stages.first_share() * (stage + 1) for stage in range(members)])


def test_what_a_stage_leaves_is_shared_by_those_after_it() -> None:
    stages = Stages(2)
    early = 0.1
    assert early < stages.end(0, 0.0)
    rest = stages.end(1, early) - early
    assert rest > stages.end(1, stages.first_share()) - stages.first_share()
    assert stages.within(1, early, early + rest / 2) == pytest.approx(0.5)


def test_a_stage_that_begins_when_everything_is_spent_is_over() -> None:
    assert Stages(1).within(1, 1.0, 1.0) == 1.0
    assert Stages(1).within(1, 1.2, 1.2) == 1.0


def test_the_last_stage_is_the_pupil() -> None:
    assert [Stages(2).name(stage) for stage in range(3)] == ["member 1 of 2", "member 2 of 2", "pupil"]
