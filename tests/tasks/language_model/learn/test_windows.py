"""The windows of truncated BPTT, and the state that is carried through them."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from charnn.config.training import Budget, TrainingConfig
from charnn.tasks.language_model.config import LanguageModelNetworkConfig
from charnn.tasks.language_model.learn.data import IGNORED, EncodedCorpus, Window, Windows
from charnn.tasks.language_model.learn.network import LanguageModelNetwork
from charnn.tasks.language_model.learn.objective import LanguageModelObjective

STOP = 0


def windows_of(size: int, lanes: int, window_length: int, seed: int = 0) -> Windows:
    """Over the text 1, 2, ..., size: what precedes each token is one less, and the stop token 0 precedes the first."""
    tokens = np.arange(1, size + 1, dtype=np.int32)
    return Windows(tokens, stop_id=STOP, lanes=lanes, window_length=window_length, random=np.random.default_rng(seed))


def read_epoch(windows: Windows) -> list[Window]:
    epoch, read = windows.epochs_done, []
    while windows.epochs_done == epoch:
        read.append(windows.next())
    return read


def same(left: Window, right: Window) -> bool:
    arrays = ((left.inputs_BT, right.inputs_BT), (left.targets_BT, right.targets_BT))
    return left.first == right.first and all(np.array_equal(a, b) for a, b in arrays)


of_any_size = given(size=st.integers(1, 70), lanes=st.integers(1, 12), window_length=st.integers(1, 20))


@of_any_size
def test_every_token_is_a_target_exactly_once_an_epoch(size: int, lanes: int, window_length: int) -> None:
    windows = windows_of(size, lanes, window_length)
    for _ in range(3):
        targets = np.concatenate([window.targets_BT.ravel() for window in read_epoch(windows)])
        assert sorted(targets[targets != IGNORED]) == list(range(1, size + 1))


@of_any_size
def test_each_input_is_the_token_before_its_target_and_the_stop_token_before_the_first(
    size: int, lanes: int, window_length: int
) -> None:
    windows = windows_of(size, lanes, window_length)
    for window in read_epoch(windows) + read_epoch(windows):
        is_target_BT = window.targets_BT != IGNORED
        assert np.array_equal(window.inputs_BT[is_target_BT], window.targets_BT[is_target_BT] - 1)


@of_any_size
def test_the_windows_of_a_lane_are_contiguous_and_lanes_follow_each_other_round_the_text(
    size: int, lanes: int, window_length: int
) -> None:
    windows = windows_of(size, lanes, window_length)
    padded_BT = np.concatenate([window.targets_BT for window in read_epoch(windows)], axis=1)
    parts = [lane[lane != IGNORED] for lane in padded_BT]
    for lane, part in zip(padded_BT, parts, strict=True):
        assert np.array_equal(lane[: len(part)], part), "padding before the end of a lane"
    ring = np.concatenate(parts)
    assert np.array_equal(ring % size, (ring[0] + np.arange(size)) % size)
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


@of_any_size
def test_only_the_last_window_of_an_epoch_is_shorter_and_only_the_first_is_first(
    size: int, lanes: int, window_length: int
) -> None:
    windows = windows_of(size, lanes, window_length)
    epoch = read_epoch(windows)
    lane_length = -(-size // windows.lanes)
    lengths = [window.inputs_BT.shape[1] for window in epoch]
    assert all(window.inputs_BT.shape == window.targets_BT.shape for window in epoch)
    assert sum(lengths) == lane_length
    assert all(length == windows.window_length for length in lengths[:-1])
    assert [window.first for window in epoch] == [True] + [False] * (len(epoch) - 1)
    assert windows.next().first


def test_the_ragged_end_of_a_text_is_used() -> None:
    """7 tokens in 2 lanes of 4 and 3 (one token of padding), 3 steps a window: the last window has 1 target."""
    shapes = [(w.targets_BT.shape, int((w.targets_BT != IGNORED).sum())) for w in read_epoch(windows_of(7, 2, 3))]
    assert shapes == [((2, 3), 6), ((2, 1), 1)]


@pytest.mark.parametrize(("size", "lanes", "window_length", "expected"), [(100, 4, 10, 40), (12, 4, 10, 12)])
def test_a_whole_window_has_as_many_targets_as_are_said(
    size: int, lanes: int, window_length: int, expected: int
) -> None:
    windows = windows_of(size, lanes, window_length)
    assert windows.targets_in_window == expected == np.count_nonzero(windows.next().targets_BT != IGNORED)


def test_there_are_never_more_lanes_than_tokens() -> None:
    windows = windows_of(3, lanes=32, window_length=64)
    assert windows.lanes == 3
    assert windows.next().inputs_BT.shape == (3, 1)


def test_epochs_start_at_new_offsets() -> None:
    windows = windows_of(1000, lanes=1, window_length=1000)
    starts = [int(windows.next().targets_BT[0, 0]) for _ in range(20)]
    assert len(set(starts)) > 15


def test_another_seed_starts_elsewhere() -> None:
    starts = {int(windows_of(1000, 1, 5, seed).next().targets_BT[0, 0]) for seed in range(20)}
    assert len(starts) > 15


def test_the_epoch_counts_what_has_been_read() -> None:
    windows = windows_of(10, lanes=1, window_length=4)
    seen = [windows.epoch]
    for _ in range(4):
        windows.next()
        seen.append(windows.epoch)
    assert seen == pytest.approx([0, 0.4, 0.8, 1, 1.4])


@given(st.integers(1, 70), st.integers(1, 12), st.integers(1, 20), st.integers(0, 30))
def test_restored_windows_go_on_with_exactly_the_same_ones(
    size: int, lanes: int, window_length: int, read: int
) -> None:
    windows, restored = windows_of(size, lanes, window_length), windows_of(size, lanes, window_length, seed=1)
    for _ in range(read):
        windows.next()
    saved = json.loads(json.dumps([windows.position(), windows.random.bit_generator.state]))
    restored.restore(saved[0])
    restored.random.bit_generator.state = saved[1]
    assert restored.epoch == windows.epoch
    for _ in range(20):
        assert same(restored.next(), windows.next())


def test_restored_with_another_number_of_lanes_the_epoch_begins_again() -> None:
    windows = windows_of(100, lanes=4, window_length=5)
    read_epoch(windows)
    windows.next()
    restored = windows_of(100, lanes=5, window_length=5)
    restored.restore(windows.position())
    assert restored.epochs_done == 1
    assert restored.epoch == 1
    assert restored.next().first


# The state that is carried from window to window.


def task_of(size: int, lanes: int, window_length: int, tokens: list[int] | None = None) -> LanguageModelObjective:
    torch.manual_seed(0)
    network = LanguageModelNetwork(LanguageModelNetworkConfig(9, layers=2, hidden_size=6, embedding_size=4)).train()
    ids = np.random.default_rng(0).integers(0, 9, size, np.int32) if tokens is None else np.array(tokens, np.int32)
    config = TrainingConfig(Budget(steps=1), batch_size=lanes, window_length=window_length)
    return LanguageModelObjective(network, EncodedCorpus(ids, size, [ids], size), config)


def test_no_gradient_flows_back_into_the_window_before() -> None:
    task, embedded = task_of(40, lanes=2, window_length=5), []
    task.network.embedding.register_forward_hook(lambda module, inputs, output: embedded.append(output))
    task.loss()
    second, _ = task.loss()
    for output in embedded:
        output.retain_grad()
    second.backward()
    before, own = embedded
    assert before.grad is None
    assert own.grad is not None
    assert own.grad.abs().sum() > 0


def test_windows_of_one_epoch_cost_what_one_long_window_costs() -> None:
    """The state goes on from window to window: 4 + 4 + 2 steps are 10 steps."""
    short, long = task_of(30, lanes=3, window_length=4), task_of(30, lanes=3, window_length=10)
    with torch.no_grad():
        parts = [short.loss() for _ in range(3)]
        whole, targets = long.loss()
    assert sum(count for _, count in parts) == targets == 30
    assert sum(float(nats) for nats, _ in parts) == pytest.approx(float(whole), rel=1e-5)


def test_the_state_is_zero_where_an_epoch_begins_and_only_there() -> None:
    task, states = task_of(20, lanes=2, window_length=4), []
    task.network.recurrent.register_forward_pre_hook(lambda module, inputs: states.append(inputs[1]))
    for _ in range(7):
        task.loss()
    is_zero = [all(not part.any() for layer in state for part in layer) for state in states]
    assert is_zero == [True, False, False, True, False, False, True]


def test_the_loss_is_the_sum_over_the_targets_and_padding_costs_nothing() -> None:
    """7 tokens in 2 lanes, the last step of one of them padding. Logits of 0 cost ln 9 a target."""
    task = task_of(7, lanes=2, window_length=4)
    torch.nn.init.zeros_(task.network.head.weight)
    nats, targets = task.loss()
    assert targets == 7
    assert nats.item() == pytest.approx(7 * math.log(9), rel=1e-6)


def test_the_loss_is_of_what_follows_each_input() -> None:
    """A head that always says token 8 pays for every other one: its logit is 20, and the text has 3 of them in 12."""
    task = task_of(12, lanes=3, window_length=4, tokens=[8, 0, 1, 8, 2, 3, 4, 8, 5, 6, 7, 1])
    torch.nn.init.zeros_(task.network.head.weight)
    with torch.no_grad():
        task.network.head.bias[8] = 20
    nats, _ = task.loss()
    assert nats.item() == pytest.approx(9 * 20, rel=1e-6)
