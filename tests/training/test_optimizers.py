"""Muon against its definition; what is whose; and that it learns."""

from __future__ import annotations

import math
import subprocess
import sys

import pytest
import torch
from torch import nn
from torch.optim import AdamW

from charnn.config.training import Budget, TrainingConfig
from charnn.network.recurrent import Recurrent
from charnn.training.optimizers import (
    MUON_MOMENTUM,
    MUON_RATE,
    NEWTON_SCHULZ,
    EagerAdamW,
    Muon,
    make_optimizers,
    orthogonalized,
)

CPU = torch.device("cpu")


def config(**changes) -> TrainingConfig:
    return TrainingConfig(Budget(steps=1), **{"optimizer": "muon", "learning_rate": 0.01} | changes)


@pytest.mark.parametrize("shape", [(1, 8, 8), (4, 16, 16), (3, 8, 20), (2, 20, 8)], ids=str)
def test_singular_values_end_near_1_and_singular_vectors_stay(shape: tuple[int, int, int]) -> None:
    torch.manual_seed(0)
    blocks = torch.randn(shape, dtype=torch.float64)
    u, _, vh = torch.linalg.svd(blocks, full_matrices=False)
    inner = u.mT @ orthogonalized(blocks) @ vh.mT
    values = inner.diagonal(dim1=-2, dim2=-1)
    assert (inner - torch.diag_embed(values)).abs().max() < 1e-9
    assert values.min() > 0.5
    assert values.max() < 1.5


def test_all_but_the_smallest_singular_values_end_within_0_48_of_1() -> None:
    values = torch.logspace(math.log10(0.015), 0, 5000, dtype=torch.float64)
    for a, b, c in NEWTON_SCHULZ:
        values = a * values + b * values**3 + c * values**5
    assert (values - 1).abs().max() < 0.48


def test_each_block_is_orthogonalized_by_itself_whatever_the_size_of_the_others() -> None:
    torch.manual_seed(0)
    blocks = torch.randn(3, 6, 5, dtype=torch.float64) * torch.tensor([1.0, 1e-3, 1e3]).reshape(3, 1, 1)
    together = orthogonalized(blocks)
    for block, result in zip(blocks, together, strict=True):
        torch.testing.assert_close(orthogonalized(block[None])[0], result)


def test_zero_stays_zero() -> None:
    assert orthogonalized(torch.zeros(2, 4, 4)).abs().max() == 0


def test_iterating_in_bf16_gives_nearly_the_same_direction() -> None:
    torch.manual_seed(0)
    blocks = torch.randn(4, 32, 32)
    exact, rough = orthogonalized(blocks), orthogonalized(blocks.bfloat16()).float()
    assert torch.nn.functional.cosine_similarity(exact.flatten(), rough.flatten(), dim=0) > 0.99


def test_a_step_is_that_of_the_definition() -> None:
    torch.manual_seed(0)
    matrix = nn.Parameter(torch.randn(8, 2, dtype=torch.float64))  # two blocks of 4 x 2
    before, momentum = matrix.detach().clone(), torch.zeros(8, 2, dtype=torch.float64)
    muon = Muon([{"params": [matrix], "blocks": 2}], lr=0.1, momentum=0.9, dtype=torch.float64)
    expected = before.clone()
    for _ in range(3):
        gradient = torch.randn(8, 2, dtype=torch.float64)
        momentum = 0.9 * momentum + 0.1 * gradient
        nesterov = 0.1 * gradient + 0.9 * momentum
        for rows in (slice(0, 4), slice(4, 8)):
            expected[rows] -= 0.1 * 2**0.5 * orthogonalized(nesterov[rows][None])[0]
        matrix.grad = gradient
        muon.step()
    torch.testing.assert_close(matrix.detach(), expected)


def test_a_parameter_without_a_gradient_stays() -> None:
    matrix = nn.Parameter(torch.ones(2, 2))
    Muon([{"params": [matrix], "blocks": 1}], lr=1.0, momentum=0.9, dtype=torch.float32).step()
    assert torch.equal(matrix.detach(), torch.ones(2, 2))


@pytest.mark.parametrize(("cell", "gates"), [("lstm", 4), ("gru", 3), ("rnn", 1)])
def test_muon_has_the_recurrent_matrices_gate_by_gate_and_adamw_has_all_else(cell, gates: int) -> None:
    network = nn.Sequential(nn.Embedding(9, 3), Recurrent(cell, input_size=3, hidden_size=5, layers=2), nn.Linear(5, 9))
    adamw, muon = make_optimizers(network, config(), CPU, "fp32")
    assert all(group["blocks"] == gates for group in muon.param_groups)
    matrices = {id(p) for group in muon.param_groups for p in group["params"]}
    assert matrices == {id(p) for p in network[1].parameters() if p.ndim == 2}
    others = [id(p) for group in adamw.param_groups for p in group["params"]]
    assert len(others) == len(set(others))
    assert {*others} == {id(p) for p in network.parameters()} - matrices


def test_rates_are_the_one_rate_and_its_multiple() -> None:
    adamw, muon = make_optimizers(Recurrent("rnn", input_size=3, hidden_size=5, layers=1), config(), CPU, "fp32")
    assert {group["initial_lr"] for group in adamw.param_groups} == {0.01}
    assert {group["initial_lr"] for group in muon.param_groups} == {0.01 * MUON_RATE}
    assert {group["momentum"] for group in muon.param_groups} == {MUON_MOMENTUM}


def test_biases_are_not_decayed_and_matrices_are() -> None:
    (adamw,) = make_optimizers(nn.Linear(2, 2), config(optimizer="adamw", weight_decay=0.3), CPU, "fp32")
    decays = {p.ndim: group["weight_decay"] for group in adamw.param_groups for p in group["params"]}
    assert decays == {2: 0.3, 1: 0.0}


def test_adamw_alone_where_it_is_asked_for_or_nothing_is_recurrent() -> None:
    recurrent = Recurrent("gru", input_size=3, hidden_size=5, layers=1)
    assert len(make_optimizers(recurrent, config(optimizer="adamw"), CPU, "fp32")) == 1
    assert len(make_optimizers(nn.Linear(2, 2), config(), CPU, "fp32")) == 1


@pytest.mark.parametrize("fused", [False, True])
def test_adamw_is_that_of_torch_to_the_bit(fused: bool) -> None:
    torch.manual_seed(0)
    weights = [nn.Parameter(torch.randn(5, 3)) for _ in range(2)]
    weights[1].data.copy_(weights[0].data)
    optimizers = [
        kind([w], lr=0.1, weight_decay=0.1, fused=fused) for kind, w in zip((AdamW, EagerAdamW), weights, strict=True)
    ]
    for _ in range(4):
        gradient = torch.randn(5, 3)
        for weight, optimizer in zip(weights, optimizers, strict=True):
            weight.grad = gradient.clone()
            optimizer.step()
    assert torch.equal(*weights)


def test_a_run_does_not_wait_for_the_compiler_of_torch() -> None:
    """Its import takes more than a second, and no run uses it."""
    script = """if True:
        import sys, torch
        from charnn.config.training import Budget, TrainingConfig
        from charnn.network.recurrent import Recurrent
        from charnn.training.optimizers import make_optimizers
        network = Recurrent("lstm", input_size=3, hidden_size=4, layers=1, dropout=0.0)
        for optimizer in make_optimizers(network, TrainingConfig(Budget(steps=1)), torch.device("cpu"), "fp32"):
            for parameter in network.parameters():
                parameter.grad = torch.zeros_like(parameter)
            optimizer.step()
        print("torch._dynamo" in sys.modules)
    """
    finished = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert finished.stdout == "False\n"
