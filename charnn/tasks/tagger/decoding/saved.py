"""Decoders made from the arrays of a saved model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from charnn.errors import ModelFormatError
from charnn.tasks.tagger.config import DecoderKind
from charnn.tasks.tagger.decoding.crf import CrfDecoder
from charnn.tasks.tagger.decoding.decoder import Decoder, IndependentDecoder, Transitions
from charnn.tasks.tagger.decoding.feedback import FeedbackDecoder

_PARAMETERS: Mapping[DecoderKind, Mapping[str, str]] = {
    "independent": {},
    "feedback": {
        "tag_vectors": "tag_vectors.weight",
        "output_weight": "output.weight",
        "output_bias": "output.bias",
    },
    "crf": {"transitions": "transitions", "start": "start", "end": "end"},
}
"""The names of the arrays, and those of the parameters of `learn.heads` that they are."""


def decoder_from(
    kind: DecoderKind,
    arrays: Mapping[str, npt.NDArray[Any]],
    *,
    tags: int,
    rule: Transitions | None = None,
) -> Decoder:
    """The decoder of `tags` tags, from the arrays that `learn.heads` gives it.

    The independent decoder has none; the feedback decoder has `tag_vectors` (K + 1, S), `output_weight` (K, S) and
    `output_bias` (K,); the crf has `transitions` (K, K), `start` (K,) and `end` (K,). The feedback decoder is
    greedy; the others are exact. With a `rule` no decoder gives a sequence that breaks it. The independent one is then
    a crf whose transitions all have the score 0: its tags are the best that keep to the rule as a whole, and its
    probabilities are those of a word's tags among all sequences that do.
    Raises ModelFormatError where an array is missing or is one too many, or is not finite floats of the right shape.
    """
    _check(kind, arrays, tags)
    if kind == "crf":
        return CrfDecoder(arrays["transitions"], arrays["start"], arrays["end"], rule=rule)
    if kind == "feedback":
        weights = arrays["tag_vectors"], arrays["output_weight"], arrays["output_bias"]
        return FeedbackDecoder(*weights, rule=rule)
    if rule is not None:
        return CrfDecoder(np.zeros((tags, tags)), np.zeros(tags), np.zeros(tags), rule=rule)
    return IndependentDecoder(tags)


def decoder_of_members(
    kind: DecoderKind,
    each: Sequence[Mapping[str, npt.NDArray[Any]]],
    *,
    tags: int,
    rule: Transitions | None = None,
) -> Decoder:
    """The one decoder of several members, from the arrays of each, as `decoder_from` takes them.

    Independent tags have the mean of the probabilities of the members, whose logarithm is the score of a word's tag.
    Those of the feedback decoder have the mean at each word, after the tag that is chosen for the word before; a word
    has the scores of all members, one after the other. The crf is that of the mean scores, of words and of transitions:
    the probability of a sequence is the geometric mean of those of the members, divided by the sum of all.
    """
    for arrays in each:
        _check(kind, arrays, tags)
    one, *others = each
    if not others or kind == "independent":
        return decoder_from(kind, one, tags=tags, rule=rule)
    if any(arrays[name].shape != one[name].shape for arrays in others for name in one):
        raise ModelFormatError(f"the {kind} decoder: its members have arrays of other shapes")
    stacked = {name: np.stack([arrays[name] for arrays in each]) for name in one}
    if kind == "crf":
        return decoder_from(kind, {name: array.mean(0) for name, array in stacked.items()}, tags=tags, rule=rule)
    weights = stacked["tag_vectors"], stacked["output_weight"], stacked["output_bias"]
    return FeedbackDecoder(*weights, rule=rule)


def saved_arrays(kind: DecoderKind, weights: Mapping[str, npt.NDArray[Any]], head: str) -> dict[str, npt.NDArray[Any]]:
    """The arrays that `decoder_from` takes, from the weights of a network whose head is called `head`."""
    return {
        array: weights[f"{head}.{parameter}"]
        for array, parameter in _PARAMETERS[kind].items()
        if f"{head}.{parameter}" in weights
    }


def _check(kind: DecoderKind, arrays: Mapping[str, npt.NDArray[Any]], tags: int) -> None:
    """Raises ModelFormatError where these are not the arrays of such a decoder."""
    shapes = _shapes(kind, arrays, tags)
    if set(arrays) != set(shapes):
        raise ModelFormatError(f"the {kind} decoder: expected {_listed(shapes)}, found {_listed(arrays)}")
    for name, shape in shapes.items():
        array = arrays[name]
        if array.shape != shape:
            raise ModelFormatError(f"the {kind} decoder: {name}: expected shape {shape}, found {array.shape}")
        if array.dtype.kind != "f" or not np.isfinite(array).all():
            raise ModelFormatError(f"the {kind} decoder: {name}: expected finite floating-point numbers")


def _shapes(kind: DecoderKind, arrays: Mapping[str, npt.NDArray[Any]], tags: int) -> dict[str, tuple[int, ...]]:
    """The shapes that the arrays should have. The hidden size of the feedback decoder is that of its tag vectors."""
    if kind == "crf":
        return {"transitions": (tags, tags), "start": (tags,), "end": (tags,)}
    if kind == "feedback":
        found = arrays["tag_vectors"].shape if "tag_vectors" in arrays else ()
        size = found[-1] if found else 0
        return {"tag_vectors": (tags + 1, size), "output_weight": (tags, size), "output_bias": (tags,)}
    return {}


def _listed(names: Mapping[str, object]) -> str:
    return ", ".join(sorted(names)) or "no arrays"
