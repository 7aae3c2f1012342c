"""The loop with a objective so small that every number is known: when it stops, validates, keeps and clips."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import chain, repeat
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.optim.optimizer import register_optimizer_step_pre_hook

from charnn.config.training import Budget, TrainingConfig
from charnn.errors import CharnnWarning, TrainingError
from charnn.tasks.language_model.config import LanguageModelValidation
from charnn.tasks.language_model.use.scores import bits
from charnn.training.loop import Loop
from charnn.training.report import Report
from charnn.training.schedule import rate_factor


class Slope(nn.Module):
    def __init__(self, size: int) -> None:
        super().__init__()
        self.matrix = nn.Parameter(torch.ones(1, size))
        self.bias = nn.Parameter(torch.ones(1))


class Slopes:
    """A loss of `slope` . matrix for each target. `scores` are what validations give, the last again and again."""

    unit = "character"
    validation_type: type[LanguageModelValidation] = LanguageModelValidation
    units_per_target = 1.0
    targets_in_batch = 4

    def __init__(
        self,
        slope: tuple[float, ...] = (1.0,),
        *,
        scores: tuple[float, ...] = (1.0,),
        targets: tuple[int, ...] = (4,),
        nan_at: int | None = None,
        broken_call: int | None = None,
        factor: float = 1.0,
        start: float = 0.0,
        steps_an_epoch: int = 10,
    ) -> None:
        """The loss is NaN at the step `nan_at`, whenever that is taken, and `factor` times as large, once, at the
        `broken_call`th step. Each target's loss is larger by `start`."""
        self.network = Slope(len(slope))
        self.steps = self._calls = 0
        self._broken_call, self._factor, self._start = broken_call, factor, start
        self._slope = torch.tensor([slope])
        self._scores = chain(scores, repeat(scores[-1]))
        self._targets = targets
        self._nan_at = nan_at
        self._steps_an_epoch = steps_an_epoch
        self.validated: list[tuple[bool, float]] = []
        """At each validation: whether the network was in training mode, and its first weight."""

    def loss(self) -> tuple[Tensor, int]:
        assert self.network.training
        targets = self._targets[self.steps % len(self._targets)]
        self.steps += 1
        self._calls += 1
        factor = math.nan if self.steps == self._nan_at else 1.0
        factor = self._factor if self._calls == self._broken_call else factor
        return ((self.network.matrix * self._slope).sum() + self._start) * targets * factor, targets

    def validate(self, report: Report) -> LanguageModelValidation:
        self.validated.append((self.network.training, self.network.matrix[0, 0].item()))
        nats = next(self._scores)
        return self.validation_type(nats, bits(nats), report.step, report.epoch, report.seconds)

    def train_loss(self) -> float:
        return self.network.matrix[0, 0].item()

    @property
    def epoch(self) -> float:
        return self.steps / self._steps_an_epoch

    def position(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        return {}, {"steps": self.steps}

    def restore(self, tensors: dict[str, Tensor], values: dict[str, Any]) -> None:
        self.steps = values["steps"]


class Uncertain(LanguageModelValidation):
    """One whose loss may be off by a half."""

    @property
    def standard_error(self) -> float:
        return 0.5


class UncertainSlopes(Slopes):
    validation_type = Uncertain


class Told:
    """An observer that remembers."""

    def __init__(self) -> None:
        self.reports: list[Report] = []
        self.bests: list[bool] = []

    def step(self, report: Report) -> None:
        self.reports.append(report)

    def validation(self, report: Report, scores: LanguageModelValidation, *, best: bool) -> None:
        self.bests.append(best)


class Kept:
    """A keeper that remembers what it was given."""

    def __init__(self, *, replaces: bool = False) -> None:
        self.replaces = replaces
        self.bests: list[LanguageModelValidation] = []
        self.validations: list[int] = []
        """The steps that they were after."""
        self.training_nats: list[float] = []
        """The training loss of each validation."""
        self.states: list[int] = []
        """The steps that they are of."""
        self.unvalidated_weights = 0

    def best(self, scores: LanguageModelValidation) -> None:
        self.bests.append(scores)

    def unvalidated(self) -> None:
        self.unvalidated_weights += 1

    def validation(self, report: Report, scores: LanguageModelValidation) -> None:
        self.validations.append(report.step)
        self.training_nats.append(report.training_nats)

    def state(self, tensors: dict[str, Tensor], values: dict[str, Any]) -> bool:
        self.states.append(values["progress"]["step"])
        return True


def loop_of(objective: Slopes, budget: Budget | None = None, **settings: Any) -> Loop:
    config = TrainingConfig(budget or Budget(steps=40), **{"patience": 0, **settings})
    return Loop(objective, config, torch.device("cpu"), "fp32")


def after(steps: int) -> Callable[[], bool]:
    """An `interrupted` that is true once it has been asked after so many steps."""
    answers = chain(repeat(False, steps - 1), repeat(True))
    return lambda: next(answers)


@pytest.fixture
def updates() -> Iterator[list[dict[str, Any]]]:
    """What the optimizer was about to do at each step: gradients, learning rate, decay of matrices and of biases."""
    seen: list[dict[str, Any]] = []

    def look(optimizer: torch.optim.Optimizer, arguments: Any, keywords: Any) -> None:
        matrices, biases = optimizer.param_groups
        (matrix,) = matrices["params"]
        seen.append(
            {
                "gradient": matrix.grad.flatten().tolist(),
                "rate": (matrices["lr"], biases["lr"]),
                "decay": (matrices["weight_decay"], biases["weight_decay"]),
            }
        )

    handle = register_optimizer_step_pre_hook(look)
    yield seen
    handle.remove()


# Where a run ends.


def test_a_budget_of_steps_is_that_many_steps() -> None:
    objective = Slopes()
    assert loop_of(objective, Budget(steps=17)).run(Told(), Kept()) == "budget"
    assert objective.steps == 17


@pytest.mark.parametrize(("epochs", "steps"), [(2.0, 20), (0.5, 5), (0.01, 1)])
def test_a_budget_of_epochs_ends_with_the_first_step_that_completes_it(epochs: float, steps: int) -> None:
    objective = Slopes(steps_an_epoch=10)
    assert loop_of(objective, Budget(epochs=epochs)).run(Told(), Kept()) == "budget"
    assert objective.steps == steps


def test_a_budget_of_seconds_ends_and_is_not_left_early() -> None:
    loop = loop_of(Slopes(), Budget(seconds=0.2))
    assert loop.run(Told(), Kept()) == "budget"
    assert 0.2 <= loop.progress.seconds < 2


def test_patience_counts_validations_without_a_better_loss_and_leaves_time_to_cool_down(
    updates: list[dict[str, Any]],
) -> None:
    """Every tenth of 400 steps is followed by a validation. Patience ends at the eighth, and a fifth more is taken."""
    kept = Kept()
    loop = loop_of(
        Slopes(scores=(3, 2, 2.5, 2.0, 1.9, 2, 2, 2)), Budget(steps=400), patience=3, warmup_fraction=0.0,
        final_rate_fraction=0.1,
    )  # fmt: skip
    assert loop.run(Told(), kept) == "early stop"
    assert kept.validations == [*range(10, 100, 10), 96]
    assert kept.states[-1] == 96
    factors = [update["rate"][0] / loop.config.learning_rate for update in updates]
    assert factors[79] == pytest.approx(rate_factor(79 / 400, warmup_fraction=0.0, final_fraction=0.1))
    top = rate_factor(80 / 400, warmup_fraction=0.0, final_fraction=0.1)
    assert factors[80:] == pytest.approx(np.linspace(top, 0.1, 17)[:-1])


def test_what_is_best_may_come_while_it_cools_down() -> None:
    loop = loop_of(Slopes(scores=(2, 3, 3, 3, 3, 3, 1)), Budget(steps=40), patience=5)
    assert loop.run(Told(), Kept()) == "early stop"
    assert loop.progress.step == 8
    assert loop.best is not None
    assert loop.best.loss == 1


def test_reports_count_what_is_left_of_a_run_that_cools_down() -> None:
    told = Told()
    loop_of(Slopes(scores=(1, 2)), Budget(steps=400), patience=2).run(told, Kept())
    fractions = {report.step: report.fraction for report in told.reports}
    assert [fractions[step] for step in (10, 20, 30, 36)] == pytest.approx([10 / 400, 20 / 400, 30 / 400, 1.0])


def test_patience_of_nothing_never_ends_a_run() -> None:
    assert loop_of(Slopes(scores=(1, 2)), patience=0).run(Told(), Kept()) == "budget"


def test_a_budget_that_is_spent_is_a_budget_though_patience_is_too() -> None:
    assert loop_of(Slopes(scores=(1, 2)), Budget(steps=2), patience=1).run(Told(), Kept()) == "budget"
    assert loop_of(Slopes(scores=(1, 2)), Budget(steps=10), patience=8).run(Told(), Kept()) == "budget"


def test_a_run_that_is_interrupted_while_it_cools_down_goes_on_cooling() -> None:
    whole, kept = loop_of(Slopes(scores=(1, 2)), Budget(steps=400), patience=3), Kept()
    whole.run(Told(), kept)
    first = loop_of(Slopes(scores=(1, 2)), Budget(steps=400), patience=3)
    assert first.run(Told(), Kept(), after(44)) == "interrupt"
    second = loop_of(Slopes(scores=(2,)), Budget(steps=400), patience=3)
    second.restore(*first.state())
    assert second.run(Told(), Kept()) == "early stop"
    assert second.progress.step == whole.progress.step == 48
    assert torch.equal(second.objective.network.matrix, whole.objective.network.matrix)


@pytest.mark.parametrize("steps", [400, 800], ids=["the same budget", "a longer one"])
def test_a_run_that_stopped_early_goes_on_where_it_is_asked_to(steps: int) -> None:
    first = loop_of(Slopes(scores=(1, 2)), Budget(steps=400), patience=3)
    assert first.run(Told(), Kept()) == "early stop"
    second = loop_of(Slopes(scores=(2,)), Budget(steps=steps), patience=3)
    second.restore(*first.state())
    assert second.progress.cooling_since is None
    assert second.run(Told(), Kept()) == "early stop"
    assert second.progress.step > 1.2 * 48


# Interruption.


def test_an_interruption_after_a_validation_saves_the_state_and_keeps_the_best() -> None:
    kept, objective = Kept(), Slopes()
    assert loop_of(objective, Budget(steps=400)).run(Told(), kept, after(25)) == "interrupt"
    assert objective.steps == 25
    assert kept.states[-1] == 25
    assert kept.validations[-1] < 25


def test_what_is_better_than_an_old_best_is_kept_where_a_run_is_interrupted() -> None:
    """It counts as no validation, so the run goes on as if it had never been interrupted."""
    kept, told, objective = Kept(), Told(), Slopes(scores=(3.0, 2.0))
    loop = loop_of(objective, Budget(steps=400))
    assert loop.run(told, kept, after(15)) == "interrupt"
    assert [(best.step, best.nats_per_character) for best in kept.bests] == [(10, 3.0), (15, 2.0)]
    assert told.bests == [True, True]
    assert kept.validations == [10]
    assert loop.best is not None
    assert loop.best.step == 10
    assert len(loop.progress.validations) == 1
    assert [is_training for is_training, _ in objective.validated] == [False, False]


@pytest.mark.parametrize("score", [3.5, math.nan, math.inf])
def test_what_is_worse_than_the_best_is_not_kept_where_a_run_is_interrupted(score: float) -> None:
    kept, told = Kept(), Told()
    assert loop_of(Slopes(scores=(3.0, score)), Budget(steps=400)).run(told, kept, after(15)) == "interrupt"
    assert [best.step for best in kept.bests] == [10]
    assert told.bests == [True, False]
    assert kept.states[-1] == 15


def test_an_interruption_right_after_a_validation_measures_nothing_again() -> None:
    kept, objective = Kept(), Slopes(scores=(3.0, 2.0))
    assert loop_of(objective, Budget(steps=400)).run(Told(), kept, after(10)) == "interrupt"
    assert len(objective.validated) == 1
    assert [best.step for best in kept.bests] == [10]


def test_an_interruption_before_the_first_validation_leaves_a_model_all_the_same() -> None:
    kept = Kept()
    assert loop_of(Slopes(), Budget(steps=4000)).run(Told(), kept, after(3)) == "interrupt"
    assert kept.states == [3]
    assert kept.unvalidated_weights == 1
    assert kept.bests == kept.validations == []


def test_a_budget_that_is_spent_is_not_an_interruption() -> None:
    kept = Kept()
    assert loop_of(Slopes(), Budget(steps=3)).run(Told(), kept, after(3)) == "budget"
    assert kept.validations[-1] == 3


# Losses that break.


breaks = pytest.mark.filterwarnings("ignore:the loss broke")


@breaks
def test_a_loss_that_is_not_finite_before_any_validation_is_an_error() -> None:
    kept = Kept()
    with pytest.raises(TrainingError, match="again and again") as caught:
        loop_of(Slopes(nan_at=3), Budget(steps=400)).run(Told(), kept)
    assert "--learning-rate" in str(caught.value.hint)
    assert kept.bests == kept.validations == kept.states == []


@breaks
def test_a_loss_that_is_never_finite_from_some_step_on_ends_the_run_and_no_state_of_it_is_saved() -> None:
    kept = Kept()
    loop = loop_of(Slopes(nan_at=25, scores=(3, 2, 1)), Budget(steps=400))
    assert loop.run(Told(), kept) == "diverged"
    assert max(kept.states + kept.validations) < 25
    assert loop.best == kept.bests[-1]
    assert math.isfinite(kept.bests[-1].nats_per_character)


@pytest.mark.parametrize("factor", [math.nan, math.inf, -math.inf, 1e9])
def test_a_loss_that_breaks_once_goes_back_and_on_with_a_smaller_rate(factor: float) -> None:
    kept, told, objective = Kept(), Told(), Slopes(broken_call=25, factor=factor, start=5.0, scores=(3, 2, 1))
    loop = loop_of(objective, Budget(steps=40), warmup_fraction=0.0, final_rate_fraction=1.0)
    with pytest.warns(CharnnWarning, match="back to step 24, with 0.3 of the learning rate"):
        assert loop.run(told, kept) == "budget"
    assert kept.states == list(range(1, 41))
    assert kept.validations == list(range(1, 41))
    assert loop.progress.step == objective.steps == 40
    assert told.reports[-1].learning_rate == pytest.approx(0.3 * told.reports[0].learning_rate)
    assert all(math.isfinite(report.training_nats) for report in told.reports if report.step != 25)


def test_a_run_whose_loss_breaks_more_often_than_it_may_ends() -> None:
    loop = loop_of(Slopes(nan_at=25), Budget(steps=40))
    with pytest.warns(CharnnWarning) as caught:
        assert loop.run(Told(), Kept()) == "diverged"
    assert len(caught) == 4
    assert loop.progress.rate == pytest.approx(0.3**4)


@breaks
def test_a_loss_that_is_not_finite_when_interrupted_is_not_saved() -> None:
    kept = Kept()
    loop = loop_of(Slopes(broken_call=25, factor=math.nan), Budget(steps=400))
    assert loop.run(Told(), kept, after(25)) == "interrupt"
    assert kept.states == [10, 20, 21]
    assert all(torch.isfinite(tensor).all() for tensor in loop.state()[0].values() if tensor.is_floating_point())


@breaks
@pytest.mark.parametrize("score", [math.nan, math.inf])
def test_a_validation_that_is_not_finite_is_never_kept(score: float) -> None:
    kept = Kept()
    with pytest.raises(TrainingError):
        loop_of(Slopes(scores=(score,))).run(Told(), kept)
    assert kept.bests == kept.validations == kept.states == []
    assert loop_of(Slopes(scores=(2, 1, score)), Budget(steps=400)).run(Told(), kept) == "diverged"
    assert [scores.nats_per_character for scores in kept.bests] == [2, 1]
    assert len(kept.states) == 2


# The training loss of validations.


def test_a_validation_has_the_mean_loss_since_the_last_one_whenever_reports_come(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def training_nats(interval: float) -> list[float]:
        monkeypatch.setattr("charnn.training.report.Meter.INTERVAL", interval)
        kept = Kept()
        loop_of(Slopes((0.7, 0.3)), Budget(steps=400)).run(Told(), kept)
        return kept.training_nats

    often, never = training_nats(0.0), training_nats(1e9)
    assert len(often) == 40
    assert often == never


# What is saved before there is a validation.


def test_there_is_something_to_resume_before_the_first_validation(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr("time.perf_counter", lambda: clock[0])

    def step() -> bool:
        clock[0] += 0.3
        return False

    kept = Kept()
    loop_of(Slopes(), Budget(steps=1000)).run(Told(), kept, step)
    assert kept.states[0] == 5
    assert kept.unvalidated_weights == 1
    assert kept.validations[0] == 25
    # Afterwards every validation saves, and they are closer together than a minute.
    assert kept.states[1:] == kept.validations


# What is validated, when, and what is kept.


def test_a_model_is_not_replaced_before_anything_is_learned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("charnn.training.recovery.FIRST_SAVE", 0.0)
    first_saves = []
    for replaces in (False, True):
        kept = Kept(replaces=replaces)
        loop_of(Slopes(), Budget(steps=40)).run(Told(), kept)
        first_saves.append(kept.states[0])
    assert first_saves == [1, 2]  # the second step is the first one whose loss is below another


def test_only_a_better_validation_is_the_best() -> None:
    kept, told = Kept(), Told()
    loop = loop_of(Slopes(scores=(3, 4, 2, 2, 1.5, 9)), Budget(steps=400))
    loop.run(told, kept)
    assert [scores.nats_per_character for scores in kept.bests] == [3, 2, 1.5]
    assert told.bests[:6] == [True, False, True, False, True, False]
    assert loop.best == kept.bests[-1]
    assert kept.bests[0].bits_per_character == pytest.approx(3 / math.log(2))


def test_weights_that_learned_for_longer_are_kept_where_they_are_behind_by_chance_alone() -> None:
    kept, told = Kept(), Told()
    loop = loop_of(UncertainSlopes(scores=(3, 3.4, 3.6, 2, 2.4, 2.5, 2.3)), Budget(steps=70))
    loop.run(told, kept)
    assert [scores.nats_per_character for scores in kept.bests[:5]] == [3, 3.4, 2, 2.4, 2.3]
    assert told.bests[:7] == [True, True, False, True, True, False, True]
    assert loop.best is not None
    assert loop.best.loss == 2, (
        "what comes later is compared with the best one, or else one could follow the other down"
    )


def test_what_differs_by_chance_alone_counts_as_no_gain_for_patience() -> None:
    loop = loop_of(UncertainSlopes(scores=(1, 1.1)), Budget(steps=400), patience=3)
    assert loop.run(Told(), Kept()) == "early stop"


def test_what_is_behind_the_best_by_chance_alone_is_kept_where_a_run_is_interrupted() -> None:
    for score, is_kept in ((1.4, True), (1.6, False)):
        kept = Kept()
        loop = loop_of(UncertainSlopes(scores=(1, score)), Budget(steps=400))
        assert loop.run(Told(), kept, after(12)) == "interrupt"
        assert (kept.bests[-1].loss == score) is is_kept


@pytest.mark.parametrize("steps", [40, 80, 120, 400, 1000])
def test_validations_are_evenly_spread_over_a_budget_of_steps(steps: int) -> None:
    kept = Kept()
    loop_of(Slopes(), Budget(steps=steps)).run(Told(), kept)
    assert kept.validations == [steps // 40 * (i + 1) for i in range(40)]
    assert kept.states == kept.validations


@pytest.mark.parametrize("steps", [1, 2, 39, 41, 77, 990])
def test_there_are_at_most_forty_validations_and_one_is_at_the_end(steps: int) -> None:
    kept = Kept()
    loop_of(Slopes(), Budget(steps=steps)).run(Told(), kept)
    assert min(steps, 20) <= len(kept.validations) <= 40
    assert kept.validations[-1] == steps


@pytest.mark.parametrize(
    ("validation", "fewest", "most"),
    [(0.1, 35, 40), (10, 4, 7), (150, 4, 6)],
    ids=["fast", "a twentieth of the time", "slow, but still five times"],
)
def test_slow_validations_come_less_often(
    monkeypatch: pytest.MonkeyPatch, validation: float, fewest: int, most: int
) -> None:
    """On a clock where a step takes 1 s and a validation `validation` s, of a budget of 1000 s."""
    clock = [0.0]
    monkeypatch.setattr("time.perf_counter", lambda: clock[0])

    class SlowSlopes(Slopes):
        def loss(self) -> tuple[Tensor, int]:
            clock[0] += 1
            return super().loss()

        def validate(self, report: Report) -> LanguageModelValidation:
            clock[0] += validation
            return super().validate(report)

    kept = Kept()
    loop_of(SlowSlopes(), Budget(seconds=1000.0)).run(Told(), kept)
    assert fewest <= len(kept.validations) <= most


def test_the_average_is_validated_in_eval_mode_and_the_network_goes_on_with_its_own_weights() -> None:
    objective = Slopes()
    loop_of(objective, learning_rate=0.1, average_decay=0.99, final_rate_fraction=1.0).run(Told(), Kept())
    modes, validated = zip(*objective.validated, strict=True)
    assert not any(modes)
    assert validated[-1] > objective.network.matrix[0, 0].item() + 0.1, "the average lags behind a weight that falls"


def test_without_an_average_the_weights_themselves_are_validated() -> None:
    objective = Slopes()
    loop_of(objective, learning_rate=0.1, average_decay=0.0).run(Told(), Kept())
    assert objective.validated[-1][1] == objective.network.matrix[0, 0].item()


def test_reports_give_the_loss_per_target_since_the_last_one() -> None:
    """The weight hardly moves, so each target costs 1 nat, in ragged batches too."""
    told = Told()
    loop_of(Slopes(targets=(4, 4, 1)), learning_rate=1e-9).run(told, Kept())
    assert [report.training_nats for report in told.reports] == pytest.approx([1.0] * len(told.reports))
    assert told.reports[-1].step == 40
    assert told.reports[-1].fraction == 1
    assert told.reports[-1].epoch == 4


# One update.


def test_a_target_weighs_the_same_in_a_ragged_batch(updates: list[dict[str, Any]]) -> None:
    """4, 4 and 1 targets, of batches of 4."""
    loop_of(Slopes((0.5,), targets=(4, 4, 1)), Budget(steps=3)).run(Told(), Kept())
    assert [update["gradient"] for update in updates] == [[0.5], [0.5], [0.125]]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"clip_norm": 1.0}, [0.6, 0.8]),
        ({"clip_norm": 10.0}, [3.0, 4.0]),
        ({"clip_norm": None}, [3.0, 4.0]),
        ({"clip_norm": None, "clip_value": 3.5}, [3.0, 3.5]),
        ({"clip_norm": None, "clip_value": 0.1}, [0.1, 0.1]),
    ],
    ids=["norm", "norm large enough", "neither", "one value", "both values"],
)
def test_gradients_are_clipped_as_asked(
    updates: list[dict[str, Any]], settings: dict[str, Any], expected: list[float]
) -> None:
    loop_of(Slopes((3.0, 4.0)), Budget(steps=1), **settings).run(Told(), Kept())
    assert updates[0]["gradient"] == pytest.approx(expected, rel=1e-5)


def test_gradients_of_one_step_do_not_stay_for_the_next(updates: list[dict[str, Any]]) -> None:
    loop_of(Slopes((0.5,)), Budget(steps=3)).run(Told(), Kept())
    assert [update["gradient"] for update in updates] == [[0.5]] * 3


def test_the_learning_rate_follows_the_schedule_in_every_group(updates: list[dict[str, Any]]) -> None:
    settings = {"learning_rate": 0.2, "warmup_fraction": 0.1, "final_rate_fraction": 0.5}
    loop_of(Slopes(), Budget(steps=100), **settings).run(Told(), Kept())
    rates, rates_of_biases = zip(*(update["rate"] for update in updates), strict=True)
    assert rates == rates_of_biases
    assert [rates[step] for step in (0, 5, 10, 55)] == pytest.approx([0.002, 0.1, 0.2, 0.15])
    assert rates[99] == pytest.approx(0.1, rel=1e-3)


def test_matrices_are_decayed_and_biases_are_not(updates: list[dict[str, Any]]) -> None:
    loop_of(Slopes(), Budget(steps=1), weight_decay=0.3).run(Told(), Kept())
    assert updates[0]["decay"] == (0.3, 0.0)
