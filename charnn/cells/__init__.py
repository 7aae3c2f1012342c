"""The recurrent cells: the equations, and the one table that says all there is to know of each cell.

An equation is written once. PyTorch's tensors go through it in training (`charnn.network.cells`), and values of an ONNX
graph when the graph is written (`charnn.export.cells`), so it uses nothing but arithmetic and the `Operations`.

A cell with G gates has G blocks of weights that lie one under the other, as `torch.nn.RNN`, `LSTM` and `GRU` store
them.
"""

from __future__ import annotations

from charnn.cells import ntm, wavenet
from charnn.cells.cell import Cell as Cell
from charnn.cells.cell import OnnxOperator as OnnxOperator
from charnn.cells.cell import TorchKernel as TorchKernel
from charnn.cells.gated import gru, lstm, rnn
from charnn.cells.operations import Operations as Operations
from charnn.cells.operations import V as V
from charnn.errors import ConfigError

CELLS: dict[str, Cell] = {
    "rnn": Cell(
        rnn,
        gates=1,
        has_gradient_flow=True,
        torch=TorchKernel("RNN", "rnn_tanh"),
        onnx=OnnxOperator("RNN", gate_order=(0,), activations=("Tanh",)),
    ),
    "lstm": Cell(
        lstm,
        gates=4,
        state=("hidden", "cell"),
        open_gate=1,  # the forget gate (Jozefowicz et al. 2015)
        torch=TorchKernel("LSTM", "lstm"),
        onnx=OnnxOperator("LSTM", gate_order=(0, 3, 1, 2), int8_operator="DynamicQuantizeLSTM"),
    ),
    "gru": Cell(
        gru,
        gates=3,
        sums_products=False,  # the reset gate multiplies one of them
        torch=TorchKernel("GRU", "gru"),
        onnx=OnnxOperator("GRU", gate_order=(1, 0, 2), attributes={"linear_before_reset": 1}),
    ),
    "wavenet": Cell(
        wavenet.wavenet,
        gates=1,
        state=wavenet.STATE,
        widths=wavenet.widths,
        further=wavenet.further_weights,
        reads_windows=True,
    ),
    "ntm": Cell(
        ntm.neural_turing_machine,
        gates=4,
        state=ntm.STATE,
        widths=ntm.widths,
        further=ntm.further_weights,
        open_gate=1,  # the forget gate of its controller
    ),
}
"""The cells by the names that `--cell` and config.json have. An entry here is all that a new cell needs."""


def require_known(name: str) -> None:
    """Raises ConfigError where the table has no cell of that name."""
    if name not in CELLS:
        raise ConfigError(f"there is no cell {name!r}; there are {', '.join(CELLS)}")
