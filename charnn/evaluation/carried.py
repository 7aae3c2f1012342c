"""A text scored in one long reading, the state carried all the way."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from charnn.evaluation.lengths import remaining_tokens
from charnn.evaluation.scorer import Scorer
from charnn.evaluation.scores import LanguageScore


def carried(
    scorer: Scorer,
    documents: Sequence[npt.NDArray[np.int32]],
    characters: int,
    *,
    stop_id: int,
    lanes: int = 1,
    warm_up: int = 0,
    window: int = 256,
) -> LanguageScore:
    """The score of `documents`, the ids of texts of `characters` characters in all, read as one sequence.

    Each document is followed by a stop token, which is scored apart and is also what the first document is read after.
    The state is carried through everything, `window` steps a call. No document may contain `stop_id`.

    Several lanes read consecutive parts side by side. Each but the first reads the `warm_up` tokens before its part
    first, unscored: the result is that of a single lane up to what the model remembers of more than `warm_up` tokens
    ago. Every token is scored once. There are fewer lanes than asked where a part would be shorter than its warm-up.
    """
    end = np.array([stop_id], dtype=np.int32)
    stream = np.concatenate([end, *(ids for document in documents for ids in (document, end))])
    tokens = len(stream) - 1
    remaining = remaining_tokens(stream[1:], stop_id) if scorer.stopping == "length" else None

    # All lanes read equally far, so what padding there is comes last in a row, where it changes nothing that counts.
    # Lane i reads from token i * part on; its first warm_up tokens are scored by the lane before, where there is one.
    lanes = max(1, min(lanes, (tokens - warm_up) // max(1, warm_up)))
    part = -(-(tokens - warm_up) // lanes)
    reach = warm_up + part
    lane_B1 = np.arange(lanes)[:, None]
    score, state = LanguageScore(0.0, characters), scorer.initial_state(lanes)
    for start in range(0, reach, window):
        step_T = np.arange(start, min(start + window, reach))
        place_BT = lane_B1 * part + step_T
        scored_BT = (place_BT < tokens) & ((lane_B1 == 0) | (step_T >= warm_up))
        place_BT = np.minimum(place_BT, tokens - 1)
        targets_BT = stream[place_BT + 1]
        remaining_BT = None if remaining is None else remaining[place_BT]
        costs, state = scorer.costs(stream[place_BT], targets_BT, state, remaining_BT)
        score += LanguageScore.of_costs(costs, targets_BT, scored_BT, stop_id)
    return score
