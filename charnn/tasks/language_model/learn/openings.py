"""The openings of a corpus's documents, which are read from the initial state beside the windows of truncated BPTT.

A text that is generated begins from the initial state and the stop token. In the windows a document is read so only
where it happens to open one, which the few openings of long documents hardly ever do.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from charnn.arrays import Integers
from charnn.tasks.language_model.conditions import ConditionRows
from charnn.tasks.language_model.learn.data import IGNORED, Window, window_at
from charnn.tasks.language_model.lengths import places_of
from charnn.tasks.language_model.long_ids import Ids
from charnn.tokenizers.base import STOP_ID
from charnn.training.distributed.processes import ALONE, Processes

OPENING_LENGTH = 8
"""The number of a document's first tokens that are learned from the initial state."""
OPENING_WEIGHT = 8.0
"""What each of these tokens weighs in the loss, where a token of a window weighs 1. An opening of so many tokens weighs
as much as a lane of 64."""
LANES_PER_OPENING = 32
"""There is one opening for so many lanes of a window."""


class Openings:
    """Reads the openings of a text's documents over and over, each as often as any other, in a new random order each
    time.

    The n-th window has the openings from number n * lanes // LANES_PER_OPENING on, so that where reading stands is one
    number. Processes that train together share the openings of a window as they share its lanes. A text without a stop
    token is a single document of which only a part may be known, and has no opening here.
    """

    def __init__(
        self,
        tokens_N: Ids,
        *,
        lanes: int,
        seed: int,
        processes: Processes = ALONE,
        rows: Mapping[str, ConditionRows] | None = None,
    ) -> None:
        """`tokens_N` and `rows` are those of `Windows`, and `lanes` is how many lanes it has in all processes."""
        self._tokens_N, self._rows = tokens_N, rows or {}
        self._lanes, self._seed, self._processes = lanes, seed, processes
        # The text is a ring: its first token follows the stop at its end.
        stops = places_of(tokens_N, STOP_ID)
        first = stops[-1:] + 1 == len(tokens_N)
        self._places = np.concatenate([np.zeros_like(stops[-1:])[first], stops[: len(stops) - first.sum()] + 1])
        self._order: tuple[int, Integers] = -1, self._places
        self.windows_done = 0

    def __len__(self) -> int:
        """How many documents the text has."""
        return len(self._places)

    @property
    def in_window(self) -> int:
        """How many openings the next window has, in all processes together."""
        return self._first(self.windows_done + 1) - self._first(self.windows_done) if len(self) else 0

    @property
    def own(self) -> slice:
        """Which openings of the next window this process reads."""
        return self._processes.part_of(self.in_window)

    def next(self, length: int) -> Window:
        """The next window's openings that are this process's own: (openings, length), none of them perhaps. There are
        targets up to OPENING_LENGTH, or to the stop of a document that ends before."""
        first, own = self._first(self.windows_done), self.own
        self.windows_done += 1
        places = [self._place(first + number) for number in range(own.start, own.stop)]
        ring_BT = (np.array(places, np.int64)[:, np.newaxis] + np.arange(length)) % len(self._tokens_N)
        window = window_at(ring_BT, self._tokens_N, self._rows, stop_id=STOP_ID, first=True)
        is_stop_BT = window.targets_BT == STOP_ID
        is_over_BT = np.cumsum(is_stop_BT, axis=1) > is_stop_BT
        window.targets_BT[is_over_BT | (np.arange(length) >= OPENING_LENGTH)] = IGNORED
        return window

    def _first(self, window: int) -> int:
        """How many openings all windows before this one have."""
        return window * self._lanes // LANES_PER_OPENING

    def _place(self, number: int) -> int:
        """Where the opening stands that is the `number`-th to be read."""
        reading, place = divmod(number, len(self))
        if self._order[0] != reading:
            self._order = reading, np.random.default_rng([self._seed, reading]).permutation(self._places)
        return int(self._order[1][place])
