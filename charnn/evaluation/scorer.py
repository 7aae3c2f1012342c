"""What an evaluation needs of a model."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt


class Scorer(Protocol):
    """A recurrent model that tells what its next tokens cost. Rows of a batch know nothing of each other."""

    def initial_state(self, batch: int) -> Any:
        """The state of `batch` rows that have read nothing."""

    def nats(
        self, inputs_BT: npt.NDArray[np.int32], targets_BT: npt.NDArray[np.int32], state: Any
    ) -> tuple[npt.NDArray[np.floating], Any]:
        """(B, T) of -ln p of each target, given the state and the inputs up to the target's own place; the state after.

        Inputs and targets are ids, (B, T). What a row gives at one step does not depend on its later steps, so padding
        at the end of a row is harmless.
        """
