"""Decoders from saved arrays: the same as before, and refused where the arrays are not a decoder's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from charnn.errors import ModelFormatError
from charnn.tasks.tagger.config import DecoderKind
from charnn.tasks.tagger.decoding.crf import CrfDecoder
from charnn.tasks.tagger.decoding.decoder import IndependentDecoder
from charnn.tasks.tagger.decoding.feedback import FeedbackDecoder
from charnn.tasks.tagger.decoding.saved import decoder_from

Arrays = dict[str, NDArray[Any]]


def arrays_of(kind: DecoderKind) -> Arrays:
    """The arrays of a decoder of three tags, with a hidden layer of five."""
    shapes: dict[str, dict[str, tuple[int, ...]]] = {
        "independent": {},
        "feedback": {"tag_vectors": (4, 5), "output_weight": (3, 5), "output_bias": (3,)},
        "crf": {"transitions": (3, 3), "start": (3,), "end": (3,)},
    }
    random = np.random.default_rng(0)
    return {name: random.normal(size=shape).astype(np.float32) for name, shape in shapes[kind].items()}


def test_what_is_made_again_decodes_as_what_was_made() -> None:
    scores_BTS = np.random.default_rng(1).normal(size=(2, 4, 5)).astype(np.float32)
    lengths_B = np.array([4, 3])
    f, c = arrays_of("feedback"), arrays_of("crf")
    for kind, arrays, made in (
        ("independent", {}, IndependentDecoder(3)),
        ("feedback", f, FeedbackDecoder(f["tag_vectors"], f["output_weight"], f["output_bias"])),
        ("crf", c, CrfDecoder(c["transitions"], c["start"], c["end"])),
    ):
        again = decoder_from(kind, arrays, tags=3)  # type: ignore[arg-type]
        assert type(again) is type(made)
        assert (again.tags, again.score_size) == (made.tags, made.score_size) == (3, 5 if kind == "feedback" else 3)
        scores = scores_BTS[..., : made.score_size]
        theirs, ours = (d.decode(scores, lengths_B, probabilities=True) for d in (again, made))
        np.testing.assert_array_equal(theirs.tags_BT, ours.tags_BT)
        np.testing.assert_array_equal(theirs.probabilities_BTK, ours.probabilities_BTK)


@pytest.mark.parametrize("precision", [np.float32, np.float64])
def test_a_decoder_keeps_its_own_weights(precision: type[np.floating]) -> None:
    scores_BTS, lengths_B = np.ones((1, 4, 5), np.float32), np.array([4])
    kinds: tuple[DecoderKind, ...] = ("feedback", "crf")
    for kind in kinds:
        arrays = {name: array.astype(precision) for name, array in arrays_of(kind).items()}
        decoder = decoder_from(kind, arrays, tags=3)
        before = decoder.decode(scores_BTS[..., : decoder.score_size], lengths_B, probabilities=True)
        for array in arrays.values():
            array[:] = 0
        after = decoder.decode(scores_BTS[..., : decoder.score_size], lengths_B, probabilities=True)
        np.testing.assert_array_equal(before.probabilities_BTK, after.probabilities_BTK)


@pytest.mark.parametrize("kind", ["feedback", "crf"])
def test_a_missing_array_is_named_by_what_was_expected_and_found(kind: DecoderKind) -> None:
    for name in arrays_of(kind):
        arrays = arrays_of(kind)
        del arrays[name]
        with pytest.raises(ModelFormatError) as caught:
            decoder_from(kind, arrays, tags=3)
        expected, found = ", ".join(sorted(arrays_of(kind))), ", ".join(sorted(arrays))
        assert str(caught.value) == f"the {kind} decoder: expected {expected}, found {found}"


def test_an_array_too_many_is_an_error() -> None:
    with pytest.raises(ModelFormatError, match=r"^the independent decoder: expected no arrays, found end$"):
        decoder_from("independent", {"end": np.zeros(3)}, tags=3)
    with pytest.raises(ModelFormatError, match=r"found end, more, start, transitions$"):
        decoder_from("crf", {**arrays_of("crf"), "more": np.zeros(3)}, tags=3)


@pytest.mark.parametrize(
    ("kind", "name", "shape"),
    [
        ("crf", "transitions", (3, 4)),
        ("crf", "transitions", (9,)),
        ("crf", "start", (4,)),
        ("crf", "end", (3, 1)),
        ("feedback", "tag_vectors", (3, 5)),
        ("feedback", "tag_vectors", ()),
        ("feedback", "output_weight", (3, 6)),
        ("feedback", "output_bias", (4,)),
    ],
)
def test_an_array_of_another_shape_is_an_error(kind: DecoderKind, name: str, shape: tuple[int, ...]) -> None:
    with pytest.raises(ModelFormatError, match="expected shape"):
        decoder_from(kind, {**arrays_of(kind), name: np.zeros(shape, np.float32)}, tags=3)


def test_another_number_of_tags_is_an_error_that_says_where() -> None:
    with pytest.raises(ModelFormatError) as caught:
        decoder_from("crf", arrays_of("crf"), tags=4)
    assert str(caught.value) == "the crf decoder: transitions: expected shape (4, 4), found (3, 3)"


@pytest.mark.parametrize("values", [[1, 2, 3], [1.0, np.nan, 0.0], [1.0, np.inf, 0.0], ["a", "b", "c"]])
def test_what_is_not_finite_floats_is_an_error(values: list[object]) -> None:
    with pytest.raises(ModelFormatError, match="start: expected finite"):
        decoder_from("crf", {**arrays_of("crf"), "start": np.array(values)}, tags=3)
