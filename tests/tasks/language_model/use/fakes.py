"""A scorer whose costs a test makes up."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from charnn.generation.model import Conditions
from charnn.tasks.language_model.use.scores import Costs

Ids = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float32]

STOP = 0


class Fake:
    """A scorer with `nats`, what each target costs."""

    def conditions(self, targets_BT: Ids, later_B: Ids | None = None) -> Conditions:
        return {}

    def costs(self, inputs_BT: Ids, targets_BT: Ids, state: Ids, conditions: Conditions) -> tuple[Costs, Ids]:
        assert conditions == {}
        nats_BT, after = self.nats(inputs_BT, targets_BT, state)
        return Costs.of_tokens(nats_BT, targets_BT, STOP), after

    def nats(self, inputs_BT: Ids, targets_BT: Ids, state: Ids) -> tuple[Floats, Ids]:
        raise NotImplementedError
