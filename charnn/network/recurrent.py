"""A stack of recurrent layers. It reads whole windows with torch's kernels where there are any, and takes single steps
by the equation of the cell."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from charnn.cells import CELLS, TorchKernel
from charnn.network.cells import CellWeights, LayerState, LayerWeights, like, state_type, step, unroll
from charnn.network.drawing import Draws
from charnn.network.gradient_flow import rnn_with_gradient_flow
from charnn.network.gru import gru_window

ON_CPU = {"gru": gru_window}
"""What reads a window on the CPU, for the cells of which torch has nothing but single operations there."""

StackState = tuple[LayerState, ...]
"""The state of a stack, which it carries from step to step: one entry for each layer, that nearest the input first."""


def detach(state: StackState) -> StackState:
    """The state without its history, so that no gradient flows back through it: truncated BPTT ends there."""
    return tuple(like(layer, (tensor.detach() for tensor in layer)) for layer in state)


class LockedDropout(Draws):
    """Dropout with one mask for each lane, the same at every step of a window (Gal and Ghahramani 2016).

    A lane is a row of the batch. What is kept is scaled by 1 / (1 - probability). The next window draws new masks.
    Connections from a layer to itself in time are never dropped. In eval mode and at probability 0 it changes nothing.
    """

    parts: tuple[Sequence[slice], int] | None = None
    """Which lanes of a larger batch are read here, slice by slice, and how many it has. Masks are drawn for all of its
    lanes, so that each lane has the mask that it would have if one process read them all. None stands for the whole
    batch."""

    def __init__(self, probability: float) -> None:
        super().__init__()
        self.probability = probability

    def forward(self, x_BTF: Tensor) -> Tensor:
        if not self.training or self.probability == 0:
            return x_BTF
        batch, _, features = x_BTF.shape
        lanes, of = self.parts or ([slice(batch)], batch)
        mask_B1F = self.dropped(x_BTF.new_ones(of, 1, features), self.probability)
        return x_BTF * torch.cat([mask_B1F[part] for part in lanes])


class Recurrent(nn.Module):
    """A stack of `layers` cells of one kind; B is the batch, T time, E `input_size` and H `hidden_size`.

    In training mode the output of every layer, the last one too, goes through `LockedDropout`.

    With `residual`, from the second layer on, a layer's input, as dropout left it, is added to its output, and dropout
    falls on the sum (He et al. 2016). What a layer carries through time has nothing added.

    With a `recurrent_depth` of N, a layer takes N steps, or ticks, from one symbol to the next, all with the same
    weights. The first tick sees the input and the others see zeros; the output is that of the last tick. So there are N
    transitions from h_(t-1) to h_t (Pascanu et al. 2014; Zhang et al. 2016 call N the recurrent depth).

    With `weight_drop`, in training mode, `WeightDrop` falls on each layer's weight_hh, with one mask for all lanes and
    steps of a window (Merity et al. 2018). The parameter stays as it is.

    `gradient_flow` is the strength of `gradient_flow.rnn_with_gradient_flow` in training mode, for an rnn only.

    Recurrent weights start orthogonal and all others Xavier-uniform, gate by gate. Biases start at 0, except that
    the bias of a gate which the table of cells wants open, such as an lstm's forget gate, starts at 1.
    """

    def __init__(
        self,
        cell: str,
        *,
        input_size: int,
        hidden_size: int,
        layers: int,
        dropout: float = 0.0,
        residual: bool = False,
        recurrent_depth: int = 1,
        weight_drop: float = 0.0,
        gradient_flow: float = 0.0,
    ) -> None:
        super().__init__()
        self.cell = cell
        self.hidden_size = hidden_size
        self.residual = residual
        self.recurrent_depth = recurrent_depth
        self.gradient_flow = gradient_flow
        # Each layer is a module of its own: inside a torch stack, dropout would draw a new mask at every step.
        self.layers = nn.ModuleList(
            _layer(cell, input_size if depth == 0 else hidden_size, hidden_size) for depth in range(layers)
        )
        self.dropout = LockedDropout(dropout)
        self.weight_drop = WeightDrop(weight_drop)
        for layer in self.layers:
            _initialize(_weights(layer, cell), cell)

    def initial_state(self, batch: int) -> StackState:
        """Zeros, with the precision and on the device of the weights."""
        kind, sizes = state_type(self.cell), CELLS[self.cell].sizes(self.hidden_size)
        zeros = next(self.parameters()).new_zeros
        return tuple(kind(*(zeros(batch, size) for size in sizes)) for _ in self.layers)

    def forward(self, x_BTE: Tensor, state: StackState) -> tuple[Tensor, StackState]:
        """The last layer's outputs (B, T, H), and the state after the window, attached to the graph.

        Under autocast the outputs may have its precision; the state keeps the precision that it came with.
        """
        after: list[LayerState] = []
        y_BTF = x_BTE
        for layer, before in zip(self.layers, state, strict=True):
            y_BTH, last = self._read(layer, _with_ticks(y_BTF, self.recurrent_depth), before)
            if self.recurrent_depth > 1:
                y_BTH = y_BTH[:, self.recurrent_depth - 1 :: self.recurrent_depth]
            if self.residual and after:
                y_BTH = y_BTH + y_BTF
            after.append(last)
            y_BTF = self.dropout(y_BTH)
        return y_BTF, tuple(after)

    def _read(self, layer: nn.Module, x_BTE: Tensor, before: LayerState) -> tuple[Tensor, LayerState]:
        """A layer's outputs (B, T, H) and its state after them, where T counts ticks."""
        weights, kernel = _weights(layer, self.cell), CELLS[self.cell].torch
        if not isinstance(weights, CellWeights):
            return unroll(self.cell, x_BTE, before, weights)
        drops = self.training and self.weight_drop.probability > 0
        if drops:
            weights = weights._replace(weight_hh=self.weight_drop(weights.weight_hh))
        if self.training and self.gradient_flow > 0:
            y_BTH, *last = rnn_with_gradient_flow(x_BTE, before.hidden, weights, self.gradient_flow)
            return y_BTH, like(before, last)
        if kernel is None:
            return unroll(self.cell, x_BTE, before, weights)
        if (window := ON_CPU.get(self.cell)) is not None and x_BTE.device.type == "cpu":
            y_BTH, *last = window(x_BTE, before.hidden, weights)
            return y_BTH, like(before, last)
        initial = tuple(tensor_BH.unsqueeze(0) for tensor_BH in before)
        hx = initial if len(initial) > 1 else initial[0]
        if drops:
            y_BTH, *last = _read_with(weights, kernel, x_BTE, hx)
        else:
            # The module itself is called, because on CUDA its own weights lie as the kernel wants them.
            y_BTH, carried = layer(x_BTE, hx)
            last = [*carried] if len(initial) > 1 else [carried]
        return y_BTH, like(before, (tensor_1BH.squeeze(0) for tensor_1BH in last))

    def step(self, x_BE: Tensor, state: StackState) -> tuple[Tensor, StackState]:
        """The last layer's output (B, H) for one step, and the state after it. Nothing is dropped.

        It computes the equation, because `nn.LSTM` packs its weights anew at every call, which one step does not repay.
        """
        after: list[LayerState] = []
        y_BF = x_BE
        for layer, before in zip(self.layers, state, strict=True):
            last, weights = before, _weights(layer, self.cell)
            for tick in range(self.recurrent_depth):
                x_BF = y_BF if tick == 0 else torch.zeros_like(y_BF)
                last = step(self.cell, x_BF, last, weights)
            y_BF = last.hidden + y_BF if self.residual and after else last.hidden
            after.append(last)
        return y_BF, tuple(after)


def _with_ticks(x_BTE: Tensor, ticks: int) -> Tensor:
    """The input (B, T * ticks, E) of all ticks, with zeros for all ticks of a step but the first."""
    if ticks == 1:
        return x_BTE
    return functional.pad(x_BTE.unsqueeze(2), (0, 0, 0, ticks - 1)).flatten(1, 2)


def _layer(cell: str, input_size: int, hidden_size: int) -> nn.Module:
    """torch's module for one layer, or where torch has none, a module with parameters of the same names and shapes."""
    entry = CELLS[cell]
    if entry.torch is not None:
        module: nn.Module = getattr(nn, entry.torch.module)(input_size, hidden_size, batch_first=True)
        return module
    parameters = nn.Module()
    for name, shape in entry.shapes(input_size, hidden_size).items():
        parameters.register_parameter(f"{name}_l0", nn.Parameter(torch.empty(shape)))
    return parameters


def _weights(layer: nn.Module, cell: str) -> LayerWeights:
    if CELLS[cell].further is not None:
        return {name.removesuffix("_l0"): parameter for name, parameter in layer.named_parameters()}
    return CellWeights(*(getattr(layer, f"{name}_l0") for name in CellWeights._fields))


def _read_with(
    weights: CellWeights, kernel: TorchKernel, x_BTE: Tensor, hx: Tensor | Sequence[Tensor]
) -> Sequence[Tensor]:
    """What the kernel's module gives, but with these weights: the outputs (B, T, H), then each part of the state,
    (1, B, H)."""
    has_biases, layers, dropout, training, bidirectional, batch_first = True, 1, 0.0, True, False, True
    with warnings.catch_warnings():
        # Weights made anew for each window cannot lie in one piece, as cuDNN would like.
        warnings.filterwarnings("ignore", "RNN module weights are not part of single contiguous chunk of memory")
        outputs: Sequence[Tensor] = getattr(torch, kernel.function)(
            x_BTE, hx, list(weights), has_biases, layers, dropout, training, bidirectional, batch_first
        )
    return outputs


@torch.no_grad()
def _initialize(weights: LayerWeights, cell: str) -> None:
    gates, open_gate = CELLS[cell].gates, CELLS[cell].open_gate
    if isinstance(weights, CellWeights):
        bias_ih = weights.bias_ih
        for block in weights.weight_hh.chunk(gates):
            nn.init.orthogonal_(block)
        for block in weights.weight_ih.chunk(gates):
            nn.init.xavier_uniform_(block)
        nn.init.zeros_(weights.bias_ih)
        nn.init.zeros_(weights.bias_hh)
    else:
        bias_ih = weights["bias_ih"]
        for weight in weights.values():
            if weight.ndim == 1:
                nn.init.zeros_(weight)
            else:
                for block in weight.chunk(blocks_of(weight, len(bias_ih) // gates)):
                    nn.init.xavier_uniform_(block)
    if open_gate is not None:
        nn.init.ones_(bias_ih.chunk(gates)[open_gate])


def blocks_of(matrix: Tensor, hidden_size: int) -> int:
    """The number of blocks, H rows each, that lie one under the other in a layer's matrix, as the gates of an lstm do.

    A matrix that is not made of such blocks is a single one.
    """
    blocks, rest = divmod(len(matrix), hidden_size)
    return blocks if rest == 0 else 1


class WeightDrop(Draws):
    """Dropout of the single values of a matrix, with a new mask at every call (Wan et al. 2013).

    What is kept is scaled by 1 / (1 - probability). In eval mode and at probability 0 it changes nothing.
    """

    def __init__(self, probability: float) -> None:
        super().__init__()
        self.probability = probability

    def forward(self, weight: Tensor) -> Tensor:
        if not self.training or self.probability == 0:
            return weight
        # On CPUs uniform numbers come several times faster than the Bernoulli ones of `functional.dropout`.
        numbers = torch.rand(weight.shape, generator=self.generator, dtype=weight.dtype, device=weight.device)
        kept = numbers >= self.probability
        return weight * kept.to(weight.dtype).div_(1 - self.probability)
