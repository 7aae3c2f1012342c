from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charnn.corpora.documents import held_out_characters, hold_out
from charnn.errors import CorpusError

several = st.lists(st.text(alphabet="ab", min_size=1), min_size=2, max_size=12)


def test_tiny_shakespeare_is_cut_where_everyone_cuts_it() -> None:
    text = "x" * 1_115_394
    training, held_out = hold_out([text], held_out_characters(len(text)))
    assert [len(d) for d in training] == [1_003_854]
    assert [len(d) for d in held_out] == [111_540]


@pytest.mark.parametrize(
    ("characters", "held_out"),
    [(2, 1), (10, 1), (70, 7), (9_999_999, 1_000_000), (10_000_000, 1_000_000), (1_000_000_000, 1_000_000)],
)
def test_a_tenth_is_held_out_and_of_a_long_text_a_million(characters: int, held_out: int) -> None:
    assert held_out_characters(characters) == held_out


@given(st.text(min_size=2), st.integers(0, 99))
def test_a_single_document_is_cut_just_there_with_something_on_each_side(text: str, wanted: int) -> None:
    (training,), (held_out,) = hold_out([text], wanted)
    assert training + held_out == text
    assert training
    assert len(held_out) == min(max(wanted, 1), len(text) - 1)


@given(several, st.integers(0, 99))
def test_no_other_cut_between_documents_is_nearer_to_what_is_wanted(documents: list[str], wanted: int) -> None:
    training, held_out = hold_out(documents, wanted)
    assert training + held_out == documents
    assert training
    assert held_out
    missed_by = [abs(len("".join(documents[cut:])) - wanted) for cut in range(1, len(documents))]
    assert abs(len("".join(held_out)) - wanted) == min(missed_by)


@given(several, st.integers(0, 99))
def test_what_was_held_out_is_held_out_again(documents: list[str], wanted: int) -> None:
    training, held_out = hold_out(documents, wanted)
    assert hold_out(documents, len("".join(held_out))) == (training, held_out)


def test_characters_are_counted_and_not_documents() -> None:
    documents = ["x" * 50, "x" * 40, "a", "b", "c" * 7, "d"]
    assert hold_out(documents, 10) == (documents[:2], documents[2:])


def test_the_last_document_is_held_out_however_long() -> None:
    assert hold_out(["ab", "x" * 98], 10) == (["ab"], ["x" * 98])


@pytest.mark.parametrize(("documents", "found"), [([], "is empty"), (["a"], "has 1 character")])
def test_nothing_can_be_held_out_of_too_little(documents: list[str], found: str) -> None:
    with pytest.raises(CorpusError, match=f"the text {found}: nothing can be held out"):
        hold_out(documents, 1)
