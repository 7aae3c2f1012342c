"""Decides apart from the draw of a token whether a text ends: for a model that halts, and for a pattern."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from charnn.generation.filters import Logits
from charnn.tokenizers.base import STOP_ID

BELOW_ONE = np.nextafter(1.0, 0.0)


def draw_halts(
    logits_BV: Logits, uniforms_B: npt.NDArray[np.float64], *, greedy: bool
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.float64]]:
    """Whether the text of each lane ends, for a model that halts, and the random numbers for the choice of a token.

    The probability of the end is that of the stop token. A random number below it ends the text, and one above it is
    spread over [0, 1) again, for the choice among the other tokens. If `greedy`, a text ends where that is more
    probable than not.
    """
    wide_BV = logits_BV.astype(np.float64)
    mass_BV = np.exp(wide_BV - wide_BV.max(-1, keepdims=True))
    p_B = mass_BV[:, STOP_ID] / mass_BV.sum(-1)
    if greedy:
        return p_B > 0.5, uniforms_B
    halts_B = uniforms_B < p_B
    left_B = (uniforms_B - p_B) / np.where(halts_B, 1.0, 1 - p_B)
    return halts_B, np.where(halts_B, 0.0, np.minimum(left_B, BELOW_ONE))


def end_where_model_leaves(logits_BV: Logits, allowed_BV: npt.NDArray[np.bool_]) -> None:
    """Gives the stop token, where it is allowed, the probability of all that is not allowed, in place.

    So a text that matches a pattern ends where the model would leave the pattern, and goes on where it would not.
    """
    ends_B = allowed_BV[:, STOP_ID]
    here_BV, others_BV = logits_BV[ends_B], ~allowed_BV[ends_B]
    others_BV[:, STOP_ID] = True
    top_B1 = here_BV.max(-1, keepdims=True)
    with np.errstate(divide="ignore"):
        here_BV[:, STOP_ID] = np.log(np.exp(here_BV - top_B1).sum(-1, where=others_BV)) + top_B1[:, 0]
    others_BV[:, STOP_ID] = False
    here_BV[others_BV] = -np.inf
    logits_BV[ends_B] = here_BV
