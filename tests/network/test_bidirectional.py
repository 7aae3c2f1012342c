"""Both directions by gather, against torch's own way with packed sequences, in float64."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from charnn.network.bidirectional import Bidirectional, reversed_within

CELLS: list[str] = ["rnn", "lstm", "gru"]
TORCH_LAYERS = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}
PARAMETERS = ("weight_ih_l", "weight_hh_l", "bias_ih_l", "bias_hh_l")
each_cell = pytest.mark.parametrize("cell", CELLS)
seeds = st.integers(0, 999)
ragged = st.lists(st.integers(1, 7), min_size=1, max_size=5)
any_network = given(cell=st.sampled_from(CELLS), layers=st.integers(1, 3), lengths=ragged, seed=seeds)
few_examples = settings(max_examples=30)
INPUT, HIDDEN = 3, 4


def network_of(cell: str, layers: int, *, dropout: float = 0.0) -> Bidirectional:
    network = Bidirectional(cell, input_size=INPUT, hidden_size=HIDDEN, layers=layers, dropout=dropout).double()
    for parameter in network.parameters():
        nn.init.normal_(parameter, std=0.5)  # biases too
    return network


def batch_of(lengths: list[int], *, padding: float = 0.0, extra: int = 0) -> tuple[Tensor, Tensor]:
    """Random sequences of these lengths, with `padding` behind them, `extra` steps longer than the longest."""
    x_BTE = torch.randn(len(lengths), max(lengths), INPUT, dtype=torch.float64)
    x_BTE = nn.functional.pad(x_BTE, (0, 0, 0, extra))
    lengths_B = torch.tensor(lengths)
    return x_BTE.masked_fill(beyond(x_BTE, lengths_B)[..., None], padding), lengths_B


def beyond(x_BTE: Tensor, lengths_B: Tensor) -> Tensor:
    """(B, T), whether a place is padding."""
    return torch.arange(x_BTE.shape[1]) >= lengths_B[:, None]


def torchs(network: Bidirectional, cell: str) -> tuple[nn.RNNBase, list[Tensor], list[Tensor]]:
    """torch's module with the same weights; our parameters, and theirs in the same order."""
    layers = len(network.forwards)
    reference = TORCH_LAYERS[cell](INPUT, HIDDEN, layers, batch_first=True, bidirectional=True, dtype=torch.float64)
    ours, theirs = dict(network.named_parameters()), dict(reference.named_parameters())
    pairs = [
        (ours.pop(f"{way}.{depth}.layers.0.{name}0"), theirs.pop(f"{name}{depth}{suffix}"))
        for depth in range(layers)
        for name in PARAMETERS
        for way, suffix in (("forwards", ""), ("backwards", "_reverse"))
    ]
    assert not ours
    assert not theirs
    with torch.no_grad():
        for our, their in pairs:
            their.copy_(our)
    return reference, [our for our, _ in pairs], [their for _, their in pairs]


def test_rows_are_reversed_up_to_their_ends() -> None:
    x_BTF = torch.tensor([[1, 2, 3, 4], [1, 2, 9, 8], [1, 9, 8, 7]])[..., None]
    reversed_BTF = reversed_within(x_BTF, torch.tensor([4, 2, 1]))
    assert reversed_BTF[..., 0].tolist() == [[4, 3, 2, 1], [2, 1, 9, 8], [1, 9, 8, 7]]


@given(lengths=ragged, extra=st.integers(0, 3))
@few_examples
def test_reversed_twice_is_as_it_was(lengths: list[int], extra: int) -> None:
    x_BTE, lengths_B = batch_of(lengths, padding=9.0, extra=extra)
    torch.testing.assert_close(reversed_within(reversed_within(x_BTE, lengths_B), lengths_B), x_BTE, rtol=0, atol=0)


@any_network
@few_examples
def test_outputs_and_gradients_are_those_of_torch_on_packed_sequences(
    cell: str, layers: int, lengths: list[int], seed: int
) -> None:
    torch.manual_seed(seed)
    network = network_of(cell, layers)
    reference, our_parameters, their_parameters = torchs(network, cell)
    x_BTE, lengths_B = batch_of(lengths, padding=9.0)
    is_word_BT1 = ~beyond(x_BTE, lengths_B)[..., None]

    x_BTE.requires_grad_()
    ours_BTF = network(x_BTE, lengths_B) * is_word_BT1
    packed = pack_padded_sequence(x_BTE, lengths_B, batch_first=True, enforce_sorted=False)
    theirs_BTF, _ = pad_packed_sequence(reference(packed)[0], batch_first=True)
    torch.testing.assert_close(ours_BTF, theirs_BTF, rtol=0, atol=1e-12)

    ours = torch.autograd.grad((ours_BTF**2).sum(), [x_BTE, *our_parameters])
    theirs = torch.autograd.grad((theirs_BTF**2).sum(), [x_BTE, *their_parameters])
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-10)


@any_network
@few_examples
def test_neither_padding_nor_the_rows_beside_it_change_a_row(
    cell: str, layers: int, lengths: list[int], seed: int
) -> None:
    torch.manual_seed(seed)
    network = network_of(cell, layers)
    x_BTE, lengths_B = batch_of(lengths, padding=9.0, extra=2)
    order = torch.randperm(len(lengths))
    together_BTF = network(x_BTE[order], lengths_B[order])[order.argsort()]
    for i, length in enumerate(lengths):
        alone_1TF = network(x_BTE[i : i + 1, :length], lengths_B[i : i + 1])
        torch.testing.assert_close(together_BTF[i : i + 1, :length], alone_1TF, rtol=0, atol=1e-12)


@each_cell
@pytest.mark.parametrize("layers", [1, 2])
def test_no_gradient_reaches_what_pads_a_row(cell: str, layers: int) -> None:
    torch.manual_seed(0)
    network = network_of(cell, layers)
    x_BTE, lengths_B = batch_of([5, 1, 3], padding=9.0, extra=2)
    x_BTE.requires_grad_()
    is_word_BT = ~beyond(x_BTE, lengths_B)
    (gradient_BTE,) = torch.autograd.grad(network(x_BTE, lengths_B)[is_word_BT].square().sum(), x_BTE)
    assert not gradient_BTE[~is_word_BT].any()
    assert (gradient_BTE[is_word_BT].abs().sum(-1) > 0).all()


@each_cell
def test_each_direction_sees_its_own_side_of_a_place_and_the_two_together_both(cell: str) -> None:
    torch.manual_seed(0)
    x_BTE, lengths_B = batch_of([5])
    changed_BTE = x_BTE.clone()
    changed_BTE[0, 2] += 1

    def differs(layers: int) -> Tensor:
        """(2, T), of the half that reads forwards and of the one that reads backwards."""
        network = network_of(cell, layers)
        difference_BTF = (network(x_BTE, lengths_B) - network(changed_BTE, lengths_B)).abs()
        return torch.stack([half_BTH[0].sum(-1) > 1e-9 for half_BTH in difference_BTF.chunk(2, -1)])

    assert differs(layers=1).int().tolist() == [[0, 0, 1, 1, 1], [1, 1, 1, 0, 0]]
    assert differs(layers=2).all()


def test_dropout_falls_on_every_pair_of_layers_in_training_and_never_else() -> None:
    torch.manual_seed(0)
    network = network_of("gru", 3, dropout=0.5)
    x_BTE, lengths_B = batch_of([6, 4])
    seen = []
    network.dropout.register_forward_hook(lambda _module, _inputs, output: seen.append(output))
    network.train()(x_BTE, lengths_B)
    assert len(seen) == 3
    assert all(0.2 < (output == 0).double().mean() < 0.8 for output in seen)
    torch.testing.assert_close(network.eval()(x_BTE, lengths_B), network(x_BTE, lengths_B), rtol=0, atol=0)
    assert not any((output == 0).any() for output in seen[3:])
