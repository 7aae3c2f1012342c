"""The network of a forecaster: recurrent layers that read a series and go on beyond its end, and a head.

They read the rows of the context, and then a step for each row ahead, in which the forecast of the base stands for the
value that nobody knows. What the head makes of the outputs there are the quantiles of all steps at once.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from charnn.network.recurrent import Recurrent
from charnn.tasks.forecaster.config import ForecasterNetworkConfig
from charnn.tasks.forecaster.windows import ColumnStatistics


class ForecasterNetwork(nn.Module):
    """It begins as the base, because the head says the quantiles of its errors and next to nothing else.

    The names of its weights are the names in `weights.safetensors`, so a file depends on them.
    """

    def __init__(self, config: ForecasterNetworkConfig, columns: Sequence[ColumnStatistics]) -> None:
        super().__init__()
        self.config = config
        self.recurrent = Recurrent(
            config.cell,
            input_size=config.inputs,
            hidden_size=config.hidden_size,
            layers=config.layers,
            dropout=config.dropout,
        )
        self.head = nn.Linear(config.hidden_size, config.outputs)
        nn.init.normal_(self.head.weight, std=1e-3)
        with torch.no_grad():
            self.head.bias.copy_(torch.tensor([offset for column in columns for offset in column.offsets]))

    def forward(self, x_BTF: Tensor, horizon: int) -> Tensor:
        """What the head says of the last `horizon` steps, (B, H, C Q)."""
        y_BTH, _ = self.recurrent(x_BTF, self.recurrent.initial_state(len(x_BTF)))
        said: Tensor = self.head(y_BTH[:, -horizon:])
        return said.float()
