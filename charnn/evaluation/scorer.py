"""What an evaluation needs of a model."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from charnn.config import Stopping

Floats = npt.NDArray[np.floating]
Ids = npt.NDArray[np.integer]


class Costs(NamedTuple):
    """What reading cost, place by place, in nats; the two add up to all that it cost."""

    text_BT: Floats
    """-ln p of each target that is a token of the text; 0 where it is a stop."""
    ends_BT: Floats
    """-ln p of each target that is a stop, 0 elsewhere; or, where a model foretells lengths, -ln p of the length of
    the document that each stop among the inputs opens: its end itself costs nothing more."""

    @classmethod
    def of_tokens(cls, nats_BT: Floats, targets_BT: Ids, stop_id: int) -> Costs:
        """Where the end of a document is a token like any other: -ln p of each target."""
        is_stop_BT = targets_BT == stop_id
        zero = nats_BT.dtype.type(0)
        return cls(np.where(is_stop_BT, zero, nats_BT), np.where(is_stop_BT, nats_BT, zero))


class Scorer(Protocol):
    """A recurrent model that tells what its next tokens cost. Rows of a batch know nothing of each other."""

    @property
    def stopping(self) -> Stopping:
        """How it ends a document. With `length` it must be told what remains of each."""

    def initial_state(self, batch: int) -> Any:
        """The state of `batch` rows that have read nothing."""

    def costs(self, inputs_BT: Ids, targets_BT: Ids, state: Any, remaining_BT: Ids | None) -> tuple[Costs, Any]:
        """The costs, given the state and the inputs up to each place; and the state after the last.

        Inputs and targets are ids, (B, T). `remaining_BT`, as `lengths.remaining_tokens` counts, is for a model whose
        `stopping` is `length`; others make no use of it. What a row gives at one step does not depend on its later
        steps, so padding at the end of a row is harmless.
        """
