"""Where training runs, in what precision and on how many threads, for hardware of every kind."""

from __future__ import annotations

import pytest
import torch

from charnn.config.training import Device
from charnn.errors import UsageError
from charnn.training.hardware import (
    allowed_threads,
    autocast,
    bf16_share_of_time,
    choose_device,
    choose_precision,
    nearest_allowed,
    thread_counts,
    threads_for,
    threads_set,
)

CPU, CUDA, MPS = (torch.device(name) for name in ("cpu", "cuda", "mps"))


@pytest.fixture
def hardware(monkeypatch: pytest.MonkeyPatch) -> object:
    """`hardware(cuda=..., mps=...)`: PyTorch finds these devices."""

    def pretend(*, cuda: bool = False, mps: bool = False) -> None:
        monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)

    return pretend


@pytest.mark.parametrize(
    ("cuda", "mps", "expected"), [(False, False, "cpu"), (False, True, "mps"), (True, False, "cuda")]
)
def test_auto_is_the_fastest_device_there_is(hardware, cuda: bool, mps: bool, expected: str) -> None:
    hardware(cuda=cuda, mps=mps)
    assert choose_device("auto").type == expected


def test_a_named_device_is_taken_where_it_is_there(hardware) -> None:
    hardware(cuda=True)
    assert choose_device("cpu") == CPU
    assert choose_device("cuda") == CUDA


@pytest.mark.parametrize("device", ["cuda", "mps"])
def test_a_device_that_is_not_there_is_a_usage_error_that_names_the_option(hardware, device: Device) -> None:
    hardware()
    with pytest.raises(UsageError, match=f"--device {device}"):
        choose_device(device)


@pytest.mark.parametrize("device", [CPU, CUDA, MPS], ids=str)
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_named_precision_is_taken_everywhere(precision, device: torch.device) -> None:
    assert choose_precision(precision, device) == precision


@pytest.mark.parametrize(
    ("capabilities", "share_of_time", "expected"),
    [
        ({"amx_bf16": True, "avx512_bf16": True}, 1.9, "bf16"),
        ({"amx_bf16": True}, 1.9, "bf16"),
        ({"amx_bf16": False, "avx512_bf16": True}, 0.5, "bf16"),
        ({"amx_bf16": False, "avx512_bf16": True}, 0.95, "fp32"),
        ({"amx_bf16": False, "avx512_bf16": True}, 1.9, "fp32"),
        ({"amx_bf16": False, "avx512_bf16": False, "avx512_f": True}, 0.5, "fp32"),
        ({}, 0.5, "fp32"),
    ],
)
def test_auto_on_a_cpu_is_bf16_only_with_instructions_that_are_fast(
    monkeypatch, capabilities, share_of_time: float, expected: str
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities)
    monkeypatch.setattr("charnn.training.hardware.bf16_share_of_time", lambda: share_of_time)
    assert choose_precision("auto", CPU) == expected


def test_the_share_of_time_is_a_ratio_of_two_times() -> None:
    assert 0.01 < bf16_share_of_time() < 1000


@pytest.mark.parametrize(("supported", "expected"), [(True, "bf16"), (False, "fp32")])
def test_auto_on_cuda_is_bf16_only_where_it_is_not_emulated(monkeypatch, supported: bool, expected: str) -> None:
    def is_bf16_supported(including_emulation: bool = True) -> bool:
        return supported or including_emulation

    monkeypatch.setattr(torch.cuda, "is_bf16_supported", is_bf16_supported)
    assert choose_precision("auto", CUDA) == expected


def test_auto_on_mps_is_fp32() -> None:
    assert choose_precision("auto", MPS) == "fp32"


def test_autocast_computes_in_bf16_and_may_be_entered_again() -> None:
    context, ones = autocast("bf16", CPU), torch.ones(2, 2)
    for _ in range(2):
        with context():
            assert (ones @ ones).dtype == torch.bfloat16
    assert (ones @ ones).dtype == torch.float32


def test_fp32_is_left_alone() -> None:
    ones = torch.ones(2, 2)
    with autocast("fp32", CPU)():
        assert (ones @ ones).dtype == torch.float32


@pytest.mark.parametrize(("threads", "expected"), [(1, (1,)), (8, (1, 8))])
def test_a_command_lets_training_try_one_thread_and_all(monkeypatch, threads: int, expected: tuple[int, ...]) -> None:
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
    assert thread_counts() == expected


def test_unless_numbers_are_allowed_the_number_of_threads_stays(monkeypatch) -> None:
    monkeypatch.setattr(torch, "get_num_threads", lambda: 6)
    assert list(allowed_threads(None)) == [6]
    assert list(allowed_threads((1, 4))) == [1, 4]


def test_a_small_step_has_the_fewest_threads_that_are_allowed_and_a_larger_one_the_most() -> None:
    assert [threads_for(work, 100, (2, 4)) for work in (1, 100, 101)] == [2, 2, 4]


@pytest.mark.parametrize(("threads", "nearest"), [(1, 2), (2, 2), (3, 2), (4, 4), (64, 4)])
def test_what_another_machine_chose_is_brought_into_what_is_allowed_here(threads: int, nearest: int) -> None:
    assert nearest_allowed(threads, (2, 4)) == nearest


def test_the_number_of_threads_is_put_back_after_an_error_too() -> None:
    before = torch.get_num_threads()

    def fail() -> None:
        with threads_set(before + 1):
            assert torch.get_num_threads() == before + 1
            raise InterruptedError

    with pytest.raises(InterruptedError):
        fail()
    assert torch.get_num_threads() == before
