"""The language model as a whole: its names, its contract of steps, its first loss, and that it learns."""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn.functional import cross_entropy

from charnn.network.recurrent import detach
from charnn.tasks.language_model.config import LanguageModelNetworkConfig
from charnn.tasks.language_model.learn.network import LanguageModelNetwork
from charnn.training.hardware import autocast

CELL_KINDS: list[str] = ["rnn", "lstm", "gru"]
each_cell = pytest.mark.parametrize("cell", CELL_KINDS)


def small_model(cell: str, *, dropout: float = 0.0) -> LanguageModelNetwork:
    torch.manual_seed(0)
    config = LanguageModelNetworkConfig(11, cell=cell, layers=2, hidden_size=8, embedding_size=5, dropout=dropout)
    return LanguageModelNetwork(config)


def test_parameter_names_and_shapes_are_those_of_the_weights_file() -> None:
    shapes = {name: tuple(tensor.shape) for name, tensor in small_model("lstm").state_dict().items()}
    assert shapes == {
        "embedding.weight": (11, 5),
        "recurrent.layers.0.weight_ih_l0": (32, 5),
        "recurrent.layers.0.weight_hh_l0": (32, 8),
        "recurrent.layers.0.bias_ih_l0": (32,),
        "recurrent.layers.0.bias_hh_l0": (32,),
        "recurrent.layers.1.weight_ih_l0": (32, 8),
        "recurrent.layers.1.weight_hh_l0": (32, 8),
        "recurrent.layers.1.bias_ih_l0": (32,),
        "recurrent.layers.1.bias_hh_l0": (32,),
        "head.weight": (11, 8),
        "head.bias": (11,),
    }


@each_cell
def test_steps_give_the_logits_of_the_whole_window(cell: str) -> None:
    model = small_model(cell, dropout=0.5).eval()
    ids_BT = torch.randint(11, (3, 7))
    whole_BTV, whole_state = model(ids_BT, model.initial_state(3))

    state, logits = model.initial_state(3), []
    for ids_B in ids_BT.unbind(1):
        logits_BV, state = model.step(ids_B, state)
        logits.append(logits_BV)

    assert whole_BTV.shape == (3, 7, 11)
    torch.testing.assert_close((torch.stack(logits, 1), state), (whole_BTV, whole_state), rtol=0, atol=1e-6)


@each_cell
def test_logits_are_fp32_and_gradients_finite_under_autocast(cell: str) -> None:
    model = small_model(cell, dropout=0.2)
    with autocast("bf16", torch.device("cpu"))():
        logits_BTV, state = model(torch.randint(11, (2, 4)), model.initial_state(2))
        logits_BV, _ = model.step(torch.randint(11, (2,)), state)
    logits_BTV.sum().backward()
    assert logits_BTV.dtype == logits_BV.dtype == torch.float32
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())


@each_cell
def test_the_first_loss_is_that_of_a_uniform_guess(cell: str) -> None:
    model = small_model(cell)
    ids_BT = torch.randint(11, (16, 16))
    logits_BTV, _ = model(ids_BT, model.initial_state(16))
    loss = cross_entropy(logits_BTV.flatten(0, 1), ids_BT.flatten())
    assert loss.item() == pytest.approx(math.log(11), abs=0.01)


def test_dropout_falls_on_embeddings_and_ends_in_eval_mode() -> None:
    model = small_model("lstm", dropout=0.5)
    seen = []
    model.dropout.register_forward_hook(lambda _module, _inputs, output: seen.append(output))
    ids_BT = torch.randint(11, (4, 6))
    model(ids_BT, model.initial_state(4))
    assert (seen[0] == 0).any()

    model.eval()
    first, second = (model(ids_BT, model.initial_state(4))[0] for _ in range(2))
    assert torch.equal(first, second)


@each_cell
def test_a_tiny_model_memorises_one_line(cell: str) -> None:
    line = "the quick brown fox jumps over the lazy dog"
    alphabet = sorted(set(line))
    ids_T = torch.tensor([alphabet.index(character) for character in line])
    torch.manual_seed(0)
    model = LanguageModelNetwork(
        LanguageModelNetworkConfig(len(alphabet), cell=cell, layers=1, hidden_size=32, embedding_size=8)
    )
    optimizer = torch.optim.Adam(model.parameters(), lr=0.03)
    for _ in range(80):
        state = model.initial_state(1)
        for start in range(0, len(line) - 1, 16):
            targets_T = ids_T[start + 1 : start + 17]
            logits_BTV, state = model(ids_T[None, start : start + len(targets_T)], detach(state))
            optimizer.zero_grad()
            cross_entropy(logits_BTV[0], targets_T).backward()
            optimizer.step()

    state, ids_B, written = model.initial_state(1), ids_T[:1], line[0]
    with torch.inference_mode():
        while len(written) < len(line):
            logits_BV, state = model.step(ids_B, state)
            ids_B = logits_BV.argmax(-1)
            written += alphabet[ids_B.item()]
    assert written == line


# embedding dropout


def embedded(model: LanguageModelNetwork, ids_BT: torch.Tensor) -> torch.Tensor:
    """(B, T, E): what the model makes of its ids before `dropout`, which drops nothing here."""
    seen: list[torch.Tensor] = []
    hook = model.dropout.register_forward_hook(lambda _module, inputs, _output: seen.append(inputs[0]))
    model(ids_BT, model.initial_state(len(ids_BT)))
    hook.remove()
    return seen[0]


def model_that_drops_symbols(probability: float = 0.3, vocabulary: int = 500) -> LanguageModelNetwork:
    torch.manual_seed(0)
    config = LanguageModelNetworkConfig(
        vocabulary, layers=1, hidden_size=4, embedding_size=5, embedding_dropout=probability
    )
    return LanguageModelNetwork(config)


def test_a_symbol_is_dropped_or_scaled_wherever_the_window_has_it() -> None:
    model, ids_BT = model_that_drops_symbols(), torch.arange(500).repeat(3, 2)[:, torch.randperm(1000)]
    x_BTE = embedded(model, ids_BT)
    dropped_BT = (x_BTE == 0).all(-1)
    expected_BTE = torch.where(dropped_BT[..., None], 0, model.embedding.weight[ids_BT] / 0.7)
    torch.testing.assert_close(x_BTE, expected_BTE)
    times_V = torch.zeros(500).index_add(0, ids_BT.flatten(), dropped_BT.flatten().float())
    assert set(times_V.tolist()) == {0.0, 6.0}
    assert 0.24 < (times_V > 0).float().mean() < 0.36


def test_the_next_window_drops_other_symbols() -> None:
    model, ids_BT = model_that_drops_symbols(), torch.arange(500)[None]
    first_BT, second_BT = ((embedded(model, ids_BT) == 0).all(-1) for _ in range(2))
    assert not torch.equal(first_BT, second_BT)


def test_dropped_symbols_have_no_gradient_and_kept_ones_a_scaled_one() -> None:
    model, ids_BT = model_that_drops_symbols(), torch.arange(400)[None]
    x_BTE = embedded(model, ids_BT)
    x_BTE.sum().backward()
    kept_V = torch.cat([(x_BTE[0] != 0).any(-1), torch.zeros(100, dtype=torch.bool)])
    torch.testing.assert_close(model.embedding.weight.grad, (kept_V / 0.7)[:, None].expand(-1, 5))


def test_no_symbol_is_dropped_in_eval_mode_nor_in_a_step_nor_at_0() -> None:
    model, never = model_that_drops_symbols(0.9), model_that_drops_symbols(0.0)
    ids_BT = torch.arange(500)[None]
    assert torch.equal(embedded(never, ids_BT), never.embedding(ids_BT))
    state = model.initial_state(1)
    in_training, in_use = model.step(ids_BT[:, 3], state), model.eval().step(ids_BT[:, 3], state)
    torch.testing.assert_close(in_training, in_use, rtol=0, atol=0)
    assert torch.equal(embedded(model, ids_BT), model.embedding(ids_BT))


@pytest.mark.parametrize("cell", CELL_KINDS)
def test_everything_that_refines_a_network_trains_together(cell: str) -> None:
    """The loss falls, and the network is then the same in windows and steps."""
    torch.manual_seed(0)
    config = LanguageModelNetworkConfig(
        11, cell=cell, layers=2, hidden_size=24, embedding_size=8, residual=True, recurrent_depth=2,
        weight_drop=0.2, embedding_dropout=0.05, gradient_flow=0.1 if cell == "rnn" else 0.0,
    )  # fmt: skip
    model, ids_BT = LanguageModelNetwork(config), torch.arange(18).remainder(11).expand(4, -1)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    losses = []
    for _ in range(50):
        logits_BTV, _ = model(ids_BT[:, :-1], model.initial_state(4))
        loss = cross_entropy(logits_BTV.flatten(0, 1), ids_BT[:, 1:].flatten())
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert sum(losses[-10:]) / 10 < 0.3 * losses[0]
    model.eval()
    whole_BTV, state = model(ids_BT, model.initial_state(4))[0], model.initial_state(4)
    for place, ids_B in enumerate(ids_BT.unbind(1)):
        logits_BV, state = model.step(ids_B, state)
        torch.testing.assert_close(logits_BV, whole_BTV[:, place], rtol=0, atol=1e-4)
