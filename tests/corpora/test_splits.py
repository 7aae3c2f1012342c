from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charnn.corpora.splits import hold_out
from charnn.errors import CorpusError

several = st.lists(st.text(alphabet="ab", min_size=1), min_size=2, max_size=12)
fractions = st.floats(0, 1, exclude_min=True, exclude_max=True)


def test_tiny_shakespeare_is_cut_where_everyone_cuts_it() -> None:
    text = "x" * 1_115_394
    training, held_out = hold_out([text], 0.1)
    assert [len(d) for d in training] == [1_003_854]
    assert [len(d) for d in held_out] == [111_540]


@given(st.text(min_size=2), fractions)
def test_a_single_document_is_cut_at_the_fraction_with_something_on_each_side(text: str, fraction: float) -> None:
    (training,), (held_out,) = hold_out([text], fraction)
    assert training + held_out == text
    assert training
    assert held_out
    assert len(training) in {int(len(text) * (1 - fraction)), 1, len(text) - 1}


@given(several, fractions)
def test_no_other_cut_between_documents_is_nearer_to_the_fraction(documents: list[str], fraction: float) -> None:
    training, held_out = hold_out(documents, fraction)
    assert training + held_out == documents
    assert training
    assert held_out
    wanted = fraction * len("".join(documents))
    missed_by = [abs(len("".join(documents[cut:])) - wanted) for cut in range(1, len(documents))]
    assert abs(len("".join(held_out)) - wanted) == pytest.approx(min(missed_by))


def test_the_fraction_counts_characters_not_documents() -> None:
    documents = ["x" * 50, "x" * 40, "a", "b", "c" * 7, "d"]
    assert hold_out(documents, 0.1) == (documents[:2], documents[2:])


def test_the_last_document_is_held_out_however_long() -> None:
    assert hold_out(["ab", "x" * 98], 0.1) == (["ab"], ["x" * 98])


@pytest.mark.parametrize(("documents", "found"), [([], "is empty"), (["a"], "has 1 character")])
def test_nothing_can_be_held_out_of_too_little(documents: list[str], found: str) -> None:
    with pytest.raises(CorpusError, match=f"the text {found}: nothing can be held out"):
        hold_out(documents, 0.1)


@pytest.mark.parametrize("fraction", [0.0, 1.0, -0.1, float("nan")])
def test_all_or_nothing_is_no_fraction(fraction: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        hold_out(["abc"], fraction)
