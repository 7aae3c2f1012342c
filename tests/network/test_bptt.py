"""Back-propagation through time, written out in numpy, against the gradients that training uses.

Equation numbers are those of Goodfellow, Bengio and Courville, Deep Learning (2016), section 10.2.2.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch.nn.functional import cross_entropy

from charnn.network.cells import state_type
from charnn.network.recurrent import detach
from charnn.tasks.language_model.config import LanguageModelNetworkConfig
from charnn.tasks.language_model.learn.network import LanguageModelNetwork

Array = NDArray[np.float64]


def gradients_written_out(
    U: Array, W: Array, b: Array, V: Array, c: Array, x: Array, targets: list[int], h_0: Array, window: int
) -> dict[str, Array]:
    """The gradients of L = sum over t of -log y^_t[target_t], each a sum over time.

    x is (T, E), h_0 (H,). Gradients flow back within consecutive windows of `window` steps, never between them.
    """
    steps = range(len(x))
    h = {-1: h_0}
    grad_o = {}
    for t in steps:
        h[t] = np.tanh(b + W @ h[t - 1] + U @ x[t])  # 10.8, 10.9
        o = c + V @ h[t]  # 10.10
        y = np.exp(o) / np.exp(o).sum()  # 10.11
        grad_o[t] = y - np.eye(len(c))[targets[t]]  # 10.18

    grad_h = {}
    for t in reversed(steps):
        grad_h[t] = V.T @ grad_o[t]  # 10.19
        last_of_window = (t + 1) % window == 0 or t + 1 == len(x)
        if not last_of_window:
            grad_h[t] = W.T @ np.diag(1 - h[t + 1] ** 2) @ grad_h[t + 1] + V.T @ grad_o[t]  # 10.21

    def total(term: object) -> Array:
        return np.sum([term(t) for t in steps], axis=0)  # type: ignore[operator]

    return {
        "c": total(lambda t: grad_o[t]),  # 10.22
        "b": total(lambda t: np.diag(1 - h[t] ** 2) @ grad_h[t]),  # 10.23
        "V": total(lambda t: np.outer(grad_o[t], h[t])),  # 10.24
        "W": total(lambda t: np.diag(1 - h[t] ** 2) @ np.outer(grad_h[t], h[t - 1])),  # 10.26
        "U": total(lambda t: np.diag(1 - h[t] ** 2) @ np.outer(grad_h[t], x[t])),  # 10.28
    }


@pytest.mark.parametrize(
    ("vocabulary", "embedding", "hidden", "steps", "window"),
    [
        pytest.param(3, 2, 4, 1, 1, id="one-step"),
        pytest.param(5, 3, 4, 6, 6, id="one-window"),
        pytest.param(2, 7, 1, 20, 20, id="one-hidden-unit"),
        pytest.param(11, 4, 16, 40, 40, id="long"),
        pytest.param(5, 3, 4, 12, 4, id="truncated"),
        pytest.param(5, 3, 4, 11, 4, id="truncated-ragged-last-window"),
        pytest.param(5, 3, 4, 6, 1, id="truncated-at-every-step"),
    ],
)
def test_gradients_of_the_plain_rnn_are_the_sums_over_time_of_the_book(
    vocabulary: int, embedding: int, hidden: int, steps: int, window: int
) -> None:
    torch.manual_seed(steps)
    config = LanguageModelNetworkConfig(vocabulary, cell="rnn", layers=1, hidden_size=hidden, embedding_size=embedding)
    model = LanguageModelNetwork(config).double()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.5)  # Every term of every sum is to matter.
    ids_T = torch.randint(vocabulary, (steps,))
    targets_T = torch.randint(vocabulary, (steps,))
    h_0 = torch.randn(1, hidden, dtype=torch.float64)

    state = (state_type("rnn")(h_0),)
    for ids, targets in zip(ids_T.split(window), targets_T.split(window), strict=True):
        logits_BTV, state = model(ids[None], detach(state))
        cross_entropy(logits_BTV[0], targets, reduction="sum").backward()

    layer, head = model.recurrent.layers[0], model.head
    expected = gradients_written_out(
        U=layer.weight_ih_l0.detach().numpy(),
        W=layer.weight_hh_l0.detach().numpy(),
        b=(layer.bias_ih_l0 + layer.bias_hh_l0).detach().numpy(),
        V=head.weight.detach().numpy(),
        c=head.bias.detach().numpy(),
        x=model.embedding(ids_T).detach().numpy(),
        targets=targets_T.tolist(),
        h_0=h_0[0].numpy(),
        window=window,
    )
    by_autograd = {
        "c": head.bias.grad,
        "b": layer.bias_ih_l0.grad,
        "V": head.weight.grad,
        "W": layer.weight_hh_l0.grad,
        "U": layer.weight_ih_l0.grad,
    }
    for name, gradient in by_autograd.items():
        np.testing.assert_allclose(gradient.numpy(), expected[name], rtol=1e-9, atol=1e-12, err_msg=name)
    torch.testing.assert_close(layer.bias_hh_l0.grad, layer.bias_ih_l0.grad)
