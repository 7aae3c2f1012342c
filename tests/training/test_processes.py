"""Processes that train together, seen from one: what each reads, drops and sums, and which says why they end."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import distributed as dist
from torch import nn

from charnn.config.training import Budget, TrainingConfig
from charnn.errors import INTERRUPTED, CorpusError, TrainingError, UsageError
from charnn.tasks.language_model.config import LanguageModelNetworkConfig
from charnn.tasks.language_model.learn.data import EncodedCorpus, Windows
from charnn.tasks.language_model.learn.network import LanguageModelNetwork
from charnn.tasks.language_model.learn.objective import LanguageModelObjective
from charnn.training.distributed.all_reduce import AllReduce, StepInfo
from charnn.training.distributed.failures import FailureReport, WorkerLost
from charnn.training.distributed.processes import ALONE, VARIABLES, Processes


def together(size: int) -> list[Processes]:
    """All of them, in this process: for what they do without telling each other anything."""
    return [Processes(rank, size) for rank in range(size)]


# Who they are.


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Any:
    for name in (*VARIABLES, "LOCAL_RANK"):
        monkeypatch.delenv(name, raising=False)

    def set_to(**variables: str) -> None:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    return set_to


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"RANK": "3", "WORLD_SIZE": "8"},
        {"RANK": "0", "WORLD_SIZE": "1", "LOCAL_RANK": "0", "MASTER_ADDR": "localhost", "MASTER_PORT": "1"},
    ],
    ids=["nothing", "no place to meet at", "of one"],
)
def test_a_process_that_nobody_waits_for_is_alone(environment: Any, variables: dict[str, str]) -> None:
    environment(**variables)
    with Processes.from_environment() as processes:
        assert (processes.rank, processes.size, processes.is_first) == (0, 1, True)
        assert not dist.is_initialized()


@pytest.mark.parametrize("wrong", ["RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_PORT"])
def test_an_environment_that_makes_no_sense_is_refused(environment: Any, wrong: str) -> None:
    right = {"RANK": "0", "WORLD_SIZE": "2", "LOCAL_RANK": "0", "MASTER_ADDR": "localhost", "MASTER_PORT": "29500"}
    environment(**{**right, wrong: "two"})
    with pytest.raises(UsageError, match="two"):
        Processes.from_environment()


def test_alone_nothing_is_packed_copied_or_initialized() -> None:
    value, rows = object(), torch.ones(3, 2)
    assert ALONE.broadcast(lambda: value, pack=lambda value: pytest.fail("packed")) is value
    assert ALONE.join(rows, 3) is rows
    ALONE.meet()
    nats, info = torch.ones(()), StepInfo(3, 1.5, False, True)
    assert AllReduce(ALONE, [])(nats, info) == (nats, info)
    error = CorpusError("gone")
    assert ALONE.error_to_raise(error) is error
    assert not dist.is_initialized()


# What each reads.


@given(count=st.integers(0, 300), size=st.integers(1, 40))
def test_parts_are_contiguous_whole_and_as_even_as_can_be(count: int, size: int) -> None:
    parts = [range(count)[processes.part_of(count)] for processes in together(size)]
    assert [index for part in parts for index in part] == list(range(count))
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


@given(
    size=st.integers(1, 70), lanes=st.integers(1, 12), window_length=st.integers(1, 20), processes=st.integers(1, 12)
)
def test_the_windows_of_all_are_those_of_one(size: int, lanes: int, window_length: int, processes: int) -> None:
    def windows(of: Processes) -> Windows:
        random = np.random.default_rng(0)
        tokens = np.arange(1, size + 1, dtype=np.int32)
        return Windows(tokens, stop_id=0, lanes=lanes, window_length=window_length, random=random, processes=of)

    one, all_of_them = windows(ALONE), [windows(of) for of in together(processes)]
    for _ in range(12):
        whole, parts = one.next(), [part.next() for part in all_of_them]
        assert np.array_equal(whole.inputs_BT, np.concatenate([part.inputs_BT for part in parts]))
        assert np.array_equal(whole.targets_BT, np.concatenate([part.targets_BT for part in parts]))
        assert {part.first for part in parts} == {whole.first}
        assert {part.epoch for part in all_of_them} == {one.epoch}
        assert {part.targets_in_window for part in all_of_them} == {one.targets_in_window}
        assert all(part.position() == one.position() for part in all_of_them)


# What each learns from it.


def objective_of(processes: Processes, lanes: int, **network: Any) -> LanguageModelObjective:
    """41 tokens, so that lanes are ragged; in float64."""
    torch.manual_seed(0)
    model = (
        LanguageModelNetwork(LanguageModelNetworkConfig(9, layers=2, hidden_size=6, embedding_size=4, **network))
        .double()
        .train()
    )
    ids = np.random.default_rng(0).integers(0, 9, 41, np.int32)
    config = TrainingConfig(Budget(steps=1), batch_size=lanes, window_length=4)
    return LanguageModelObjective(model, EncodedCorpus(ids, 41, [ids], 41), config, processes)


def steps_of(objective: LanguageModelObjective, windows: int) -> list[tuple[float, int, list[torch.Tensor]]]:
    """For each window its loss, how many targets it has, and the gradient of the mean over a whole one."""
    torch.manual_seed(1)
    steps = []
    for _ in range(windows):
        nats, targets = objective.loss()
        objective.network.zero_grad()
        torch.autograd.backward(nats / objective.targets_in_batch)
        steps.append(
            (nats.item(), targets, [p.grad.clone() for p in objective.network.parameters() if p.grad is not None])
        )
    return steps


@pytest.mark.parametrize(("lanes", "size"), [(4, 2), (5, 2), (7, 3), (3, 3)])
@pytest.mark.parametrize(
    "network",
    [
        {},
        {"dropout": 0.4},
        {"dropout": 0.4, "weight_drop": 0.3, "embedding_dropout": 0.2, "cell": "gru", "residual": True},
    ],
    ids=["plain", "dropout", "all that is random"],
)
def test_the_gradients_of_all_add_up_to_that_of_one(lanes: int, size: int, network: dict[str, Any]) -> None:
    """Over an epoch and a half: the carried state, the ragged end, and masks that one process draws for all lanes."""
    one = steps_of(objective_of(ALONE, lanes, **network), 8)
    parts = [steps_of(objective_of(processes, lanes, **network), 8) for processes in together(size)]
    for whole, *own in zip(one, *parts, strict=True):
        assert sum(nats for nats, _, _ in own) == pytest.approx(whole[0], rel=1e-12)
        assert sum(targets for _, targets, _ in own) == whole[1]
        for expected, *summands in zip(whole[2], *(gradients for _, _, gradients in own), strict=True):
            torch.testing.assert_close(sum(summands), expected, rtol=1e-9, atol=1e-12)


def test_the_gradient_flow_of_all_adds_up_to_that_of_one() -> None:
    """A mean over lanes: where all steps count, each process has its part of it."""
    network = {"cell": "rnn", "gradient_flow": 2.0}
    (one,) = steps_of(objective_of(ALONE, 5, **network), 1)
    parts = [steps_of(objective_of(processes, 5, **network), 1)[0] for processes in together(2)]
    for expected, *summands in zip(one[2], *(gradients for _, _, gradients in parts), strict=True):
        torch.testing.assert_close(sum(summands), expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("lanes", [1, 2])
def test_fewer_lanes_than_processes_are_refused(lanes: int) -> None:
    with pytest.raises(UsageError, match=rf"lanes \({lanes}\)") as caught:
        objective_of(Processes(0, 3), lanes)
    assert "--batch" in str(caught.value.hint)


# What they tell each other at a step.


class Summing(Processes):
    """Says what it sums; once it knows what the others said, sums it."""

    def __init__(self, rank: int, size: int) -> None:
        super().__init__(rank, size)
        self.said: list[torch.Tensor] = []
        self.total: torch.Tensor | None = None

    def sum(self, tensor: torch.Tensor, patience: int = 0) -> None:
        self.said.append(tensor.clone())
        if self.total is not None:
            tensor.copy_(self.total)


def all_reduced(
    infos: list[StepInfo], nats: list[float], gradients: list[list[float]]
) -> list[tuple[Any, StepInfo, Any]]:
    """For each process the loss, the step info and the gradient after an all-reduce."""
    every = [Summing(rank, len(infos)) for rank in range(len(infos))]

    def all_reduce(rank: int) -> tuple[Any, StepInfo, Any]:
        parameters = [nn.Parameter(torch.zeros(2, 1)), nn.Parameter(torch.zeros(3))]
        parameters[0].grad = torch.tensor(gradients[rank]).view(2, 1)
        summed, info = AllReduce(every[rank], parameters)(torch.tensor(nats[rank]), infos[rank])
        assert parameters[1].grad is None, "what had no gradient has none"
        assert parameters[0].grad is not None
        return summed.item(), info, parameters[0].grad.flatten().tolist()

    for rank in range(len(infos)):
        all_reduce(rank)
    for processes in every:
        processes.total = torch.stack([other.said[0] for other in every]).sum(0)
    return [all_reduce(rank) for rank in range(len(infos))]


def test_gradients_losses_and_targets_are_summed_and_the_first_has_the_clock() -> None:
    infos = [StepInfo(7, 86400.375, False, True), StepInfo(5, 3.0, False, False)]
    results = all_reduced(infos, [1.5, 2.0], [[1.0, 2.0], [0.5, -4.0]])
    assert results == [(3.5, StepInfo(12, 86400.375, False, True), [1.5, -2.0])] * 2


def test_the_clock_keeps_its_milliseconds_for_a_month() -> None:
    seconds = 30 * 86400 + 0.1234
    (_, info, _), _ = all_reduced(
        [StepInfo(1, seconds, False, False), StepInfo(1, 0.0, False, False)], [0, 0], [[0.0] * 2] * 2
    )
    assert info.seconds == pytest.approx(seconds, abs=1e-6)


@pytest.mark.parametrize("asked", range(3))
def test_any_of_them_can_be_interrupted_and_only_the_first_asks_for_reports(asked: int) -> None:
    infos = [StepInfo(1, 0.0, rank == asked, rank == asked) for rank in range(3)]
    results = all_reduced(infos, [0.0] * 3, [[0.0] * 2] * 3)
    assert [(info.is_interrupted, info.is_due) for _, info, _ in results] == [(True, asked == 0)] * 3


def test_a_loss_that_is_not_finite_leaves_the_step_info_readable() -> None:
    infos = [StepInfo(4, 2.0, False, False), StepInfo(4, 2.0, True, False)]
    results = all_reduced(infos, [math.nan, 1.0], [[math.inf, math.nan], [1.0, 1.0]])
    assert all(math.isnan(nats) for nats, _, _ in results)
    assert [info for _, info, _ in results] == [StepInfo(8, 2.0, True, False)] * 2


# Who says why they end.


class Place:
    """Where they met: torch's store, as far as a failure report needs it. Waits for nothing."""

    def __init__(self) -> None:
        self.values: dict[str, bytes] = {}

    def set(self, key: str, value: str) -> None:
        self.values[key] = value.encode()

    def get(self, key: str) -> bytes:
        return self.values[key]

    def add(self, key: str, amount: int) -> int:
        self.values[key] = str(int(self.values.get(key, b"0")) + amount).encode()
        return int(self.values[key])

    def check(self, keys: list[str]) -> bool:
        return all(key in self.values for key in keys)

    def wait(self, keys: list[str], timeout: timedelta) -> None:
        if not self.check(keys):
            raise RuntimeError("timed out")


class Gone:
    def __getattr__(self, name: str) -> Any:
        raise RuntimeError("connection refused")


def end(place: Any, errors: dict[int, BaseException], size: int = 4) -> dict[int, BaseException | None]:
    """Each process that has an error ends with it, in this order: what each is to raise."""
    reports = {rank: FailureReport(place, rank, size) for rank in errors}
    for rank, error in errors.items():
        if rank:
            reports[rank].send(error)
    return {rank: reports[rank].error_to_raise(error) for rank, error in errors.items()}


def lost() -> WorkerLost:
    error = WorkerLost()
    error.hint = "go on with --resume"
    return error


def test_what_all_of_them_meet_is_said_by_the_first_as_it_is() -> None:
    errors = {rank: UsageError("no corpus", hint="name one") for rank in range(4)}
    said = end(Place(), errors)
    assert said == {0: errors[0], 1: None, 2: None, 3: None}


def test_what_one_alone_meets_is_said_by_the_first_with_who_met_it() -> None:
    said = end(Place(), {0: lost(), 1: lost(), 2: UsageError("no GPU", hint="look"), 3: lost()})
    assert str(said[0]).startswith("worker 2 on ")
    assert str(said[0]).endswith(": no GPU")
    assert (said[0].hint, said[0].exit_code) == ("look", 2)
    assert (said[1], said[2], said[3]) == (None, None, None)


def test_an_error_that_is_none_of_ours_is_named_and_says_how_to_go_on() -> None:
    said = end(Place(), {0: lost(), 1: MemoryError("64 GB\nmore")})
    assert str(said[0]).endswith(": MemoryError: 64 GB")
    assert (said[0].hint, said[0].exit_code) == ("go on with --resume", 1)


def test_a_worker_that_was_killed_is_said_by_the_first() -> None:
    errors = {0: lost(), 1: lost(), 3: lost()}
    assert end(Place(), errors) == {0: errors[0], 1: None, 3: None}


def test_where_the_first_was_killed_one_of_the_others_speaks() -> None:
    said = end(Place(), {1: lost(), 2: lost(), 3: lost()})
    assert str(said[1]).startswith("worker 1 on ")
    assert said[1].hint == "go on with --resume"
    assert (said[2], said[3]) == (None, None)


def test_what_a_worker_said_because_the_first_was_busy_is_not_said_again() -> None:
    said = end(Place(), {1: CorpusError("gone"), 0: lost()})
    assert isinstance(said[1], TrainingError)
    assert said[0] is None


def test_where_torchrun_ends_the_first_one_because_another_failed_the_failure_is_said() -> None:
    said = end(Place(), {0: KeyboardInterrupt(), 1: CorpusError("gone")})
    assert str(said[0]).endswith(": gone")


@pytest.mark.parametrize("first", [KeyboardInterrupt(), lost()], ids=["too", "only later"])
def test_an_interruption_that_reaches_all_is_no_failure(first: BaseException) -> None:
    said = end(Place(), {0: first, 1: KeyboardInterrupt(), 2: lost()})
    assert isinstance(said[0], KeyboardInterrupt)
    assert isinstance(said[1], KeyboardInterrupt)
    assert said[2] is None


def test_a_failure_counts_for_more_than_an_interruption() -> None:
    said = end(Place(), {0: lost(), 1: KeyboardInterrupt(), 2: CorpusError("gone")})
    assert str(said[0]).endswith(": gone")
    assert said[0].exit_code != INTERRUPTED


def test_torchruns_answer_to_a_worker_that_was_killed_hides_it_from_nobody() -> None:
    """It interrupts the others, and does so while they are on their way out."""

    def interrupted(error: WorkerLost) -> KeyboardInterrupt:
        try:
            try:
                raise error
            finally:
                raise KeyboardInterrupt
        except KeyboardInterrupt as interrupt:
            return interrupt

    errors = {0: lost(), 1: lost(), 2: lost()}
    said = end(Place(), {rank: interrupted(error) for rank, error in errors.items()})
    assert said == {0: errors[0], 1: None, 2: None}


def test_where_nobody_can_be_told_each_says_its_own() -> None:
    errors = {0: lost(), 1: CorpusError("gone"), 2: lost()}
    assert end(Gone(), errors) == errors
