"""The three ways to end a document, against their plain equations in float64."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy, cross_entropy

from charnn.tasks.language_model.config import LanguageModelNetworkConfig, Stopping
from charnn.tasks.language_model.learn.inference import NumpyLanguageModel
from charnn.tasks.language_model.learn.network import LanguageModelNetwork
from charnn.tasks.language_model.lengths import LENGTH_CLASSES, WIDTHS, class_of, remaining_tokens
from charnn.tokenizers.base import STOP_ID

V = 7
# Two documents, of three tokens and of one, after the stops that open them; and the middle of a longer one.
TOKENS_BT = np.array([[0, 3, 4, 5, 0, 6, 0], [2, 1, 1, 0, 2, 3, 0]])
INPUTS_BT, TARGETS_BT = TOKENS_BT[:, :-1], TOKENS_BT[:, 1:]
REMAINING_BT = remaining_tokens(TARGETS_BT, STOP_ID)
LEFT_BT = torch.from_numpy(class_of(REMAINING_BT))
ROWS = {"countdown": LEFT_BT}
CONDITIONS = {"countdown": REMAINING_BT}


def network_of(stopping: Stopping, cell: str = "lstm") -> LanguageModelNetwork:
    torch.manual_seed(0)
    config = LanguageModelNetworkConfig(V, cell=cell, layers=2, hidden_size=6, embedding_size=5, stopping=stopping)  # type: ignore[arg-type]
    network = LanguageModelNetwork(config).double().eval()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(torch.randn_like(parameter), alpha=0.5)
    return network


def read(network: LanguageModelNetwork) -> tuple[Tensor, Tensor]:
    """(B, T, H) and (B, T, V)."""
    inputs_BT, state = torch.from_numpy(INPUTS_BT), network.initial_state(2)
    y_BTH, _ = network.read(inputs_BT, state, ROWS)
    logits_BTV, _ = network(inputs_BT, state, ROWS)
    return y_BTH, logits_BTV


def test_halting_costs_the_decision_and_then_the_symbol() -> None:
    network = network_of("halt")
    y_BTH, logits_BTV = read(network)
    scores_BTV, targets_BT = network.head(y_BTH), torch.from_numpy(TARGETS_BT)
    is_stop_BT = targets_BT == STOP_ID
    decision = binary_cross_entropy(scores_BTV[..., STOP_ID].sigmoid(), is_stop_BT.double(), reduction="sum")
    symbols = cross_entropy(scores_BTV[~is_stop_BT][:, 1:], targets_BT[~is_stop_BT] - 1, reduction="sum")
    together = cross_entropy(logits_BTV.flatten(0, 1), targets_BT.flatten(), reduction="sum")
    torch.testing.assert_close(together, decision + symbols, rtol=1e-12, atol=0)


def test_gradients_of_halting_are_those_of_the_two_losses() -> None:
    network = network_of("halt")
    y_BTH, logits_BTV = read(network)
    scores_BTV, targets_BT = network.head(y_BTH), torch.from_numpy(TARGETS_BT)
    is_stop_BT = targets_BT == STOP_ID
    apart = binary_cross_entropy(scores_BTV[..., STOP_ID].sigmoid(), is_stop_BT.double(), reduction="sum")
    apart = apart + cross_entropy(scores_BTV[~is_stop_BT][:, 1:], targets_BT[~is_stop_BT] - 1, reduction="sum")
    together = cross_entropy(logits_BTV.flatten(0, 1), targets_BT.flatten(), reduction="sum")
    parameters = list(network.parameters())
    expected = torch.autograd.grad(apart, parameters, retain_graph=True)
    torch.testing.assert_close(torch.autograd.grad(together, parameters), expected)


def test_a_first_guess_of_halting_is_uniform() -> None:
    torch.manual_seed(0)
    network = LanguageModelNetwork(LanguageModelNetworkConfig(V, layers=1, hidden_size=64, stopping="halt"))
    logits_BTV, _ = network(torch.from_numpy(INPUTS_BT), network.initial_state(2))
    torch.testing.assert_close(logits_BTV.softmax(-1), torch.full_like(logits_BTV, 1 / V), rtol=0, atol=0.02)


def test_counting_down_costs_the_length_and_then_the_symbols() -> None:
    """-ln p(length) + sum of -ln p(symbol), with the stop left out of the softmax, and nothing for the stop."""
    network = network_of("length")
    y_BTH, _ = read(network)
    opens_BT = torch.from_numpy(INPUTS_BT == STOP_ID)
    p_NL = network.lengths(y_BTH[opens_BT]).softmax(-1)
    lengths = [3, 1, 2]
    of_lengths = [-math.log(p_NL[n, int(class_of(np.array(k)))].item()) for n, k in enumerate(lengths)]
    scores_BTV, targets_BT = network.head(y_BTH), torch.from_numpy(TARGETS_BT)
    is_text_BT = targets_BT != STOP_ID
    of_text = cross_entropy(scores_BTV[is_text_BT][:, 1:], targets_BT[is_text_BT] - 1, reduction="none")

    costs, _ = NumpyLanguageModel(network).costs(INPUTS_BT, TARGETS_BT, network.initial_state(2), CONDITIONS)
    np.testing.assert_allclose(costs.text_BT[is_text_BT.numpy()], of_text.detach(), rtol=1e-12)
    np.testing.assert_array_equal(costs.text_BT[~is_text_BT.numpy()], 0)
    np.testing.assert_allclose(costs.ends_BT[opens_BT.numpy()], of_lengths, rtol=1e-12)
    np.testing.assert_array_equal(costs.ends_BT[~opens_BT.numpy()], 0)


def test_what_remains_is_added_to_every_symbol_but_not_to_a_stop() -> None:
    network = network_of("length")
    y_BTH, _ = read(network)
    x_BTE = network.embedding(torch.from_numpy(INPUTS_BT)) + network.countdown.weight[LEFT_BT]
    stops_BT = torch.from_numpy(INPUTS_BT == STOP_ID)
    x_BTE[stops_BT] = network.embedding.weight[STOP_ID]
    torch.testing.assert_close(network.recurrent(x_BTE, network.initial_state(2))[0], y_BTH)


def test_the_stop_is_certain_where_nothing_remains_and_impossible_elsewhere() -> None:
    _, logits_BTV = read(network_of("length"))
    p_BT = logits_BTV.softmax(-1)[..., STOP_ID].detach().numpy()
    np.testing.assert_array_equal(p_BT, REMAINING_BT == 0)
    assert not logits_BTV.isnan().any()


def test_gradients_of_counting_down_are_finite_though_logits_are_not() -> None:
    network, targets = network_of("length"), torch.from_numpy(TARGETS_BT).flatten()
    y_BTH, logits_BTV = read(network)
    opens_BT = torch.from_numpy(INPUTS_BT == STOP_ID)
    nats = cross_entropy(logits_BTV.flatten(0, 1), targets, reduction="sum")
    (nats + network.length_nats(y_BTH[opens_BT], LEFT_BT[opens_BT]).sum()).backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in network.parameters())
    assert network.head.weight.grad is not None
    assert not network.head.weight.grad[STOP_ID].any(), "the stop is no matter of the softmax"


def test_lengths_within_a_class_share_its_probability() -> None:
    network, y_NH = network_of("length"), torch.randn(LENGTH_CLASSES, 6, dtype=torch.float64)
    left_N = torch.arange(LENGTH_CLASSES)
    p_N = (-network.length_nats(y_NH[:1].expand(LENGTH_CLASSES, -1), left_N)).exp().detach().numpy()
    assert (p_N * WIDTHS).sum() == pytest.approx(1)
    np.testing.assert_allclose(p_N * WIDTHS, network.lengths(y_NH[0]).softmax(-1).detach())


@pytest.mark.parametrize("stopping", ["halt", "length"])
@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_steps_give_the_logits_of_the_whole_window(stopping: Stopping, cell: str) -> None:
    network = network_of(stopping, cell)
    _, logits_BTV = read(network)
    state = network.initial_state(2)
    for t, (ids_B, left_B) in enumerate(zip(torch.from_numpy(INPUTS_BT).unbind(1), LEFT_BT.unbind(1), strict=True)):
        logits_BV, state = network.step(ids_B, state, {"countdown": left_B})
        torch.testing.assert_close(logits_BV, logits_BTV[:, t])


def test_a_network_with_a_symbol_has_no_parameters_more_and_the_same_beginning() -> None:
    networks = {}
    for stopping in ("symbol", "halt", "length"):
        torch.manual_seed(0)
        networks[stopping] = LanguageModelNetwork(
            LanguageModelNetworkConfig(V, layers=1, hidden_size=6, stopping=stopping)
        )
    symbol, halt, length = (dict(networks[s].named_parameters()) for s in ("symbol", "halt", "length"))
    assert symbol.keys() == halt.keys()
    assert length.keys() - symbol.keys() == {"countdown.weight", "lengths.weight", "lengths.bias"}
    assert all(torch.equal(symbol[name], length[name]) for name in symbol)
    assert all(torch.equal(symbol[name], halt[name]) for name in symbol if name != "head.bias")
