from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charnn.corpora import rereading
from charnn.corpora.data_files import DataFiles
from charnn.corpora.documents import held_out_characters, hold_out
from charnn.corpora.long_documents import LongDocuments
from charnn.errors import CorpusError
from charnn.tasks.language_model.corpus import read_corpus

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


def test_the_last_document_of_little_text_is_held_out_however_long() -> None:
    assert hold_out(["ab", "x" * 98], 10) == (["ab"], ["x" * 98])


@pytest.mark.parametrize(
    ("lengths", "trained", "held_out"),
    [
        ([5000, 5000], [5000, 4000], [1000]),
        ([9000, 500, 500], [9000], [500, 500]),
        ([8000, 2000], [8000], [2000]),
        ([7999, 2001], [7999, 1001], [1000]),
        ([9500, 500], [9500], [500]),
        ([9501, 499], [9000], [501, 499]),
        ([5000, 4800, 200], [5000, 4000], [800, 200]),
    ],
)
def test_long_documents_are_cut_where_far_more_or_less_would_be_held_out(
    lengths: list[int], trained: list[int], held_out: list[int]
) -> None:
    documents = ["abc"[number] * length for number, length in enumerate(lengths)]
    parts = hold_out(documents, held_out_characters(10_000))
    assert [[len(document) for document in part] for part in parts] == [trained, held_out]
    assert "".join(parts[0] + parts[1]) == "".join(documents)
    assert hold_out(documents, sum(held_out)) == parts


def test_of_two_files_the_end_of_the_second_is_held_out_whether_they_are_held_or_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in (1, 2):
        (tmp_path / f"{number}.txt").write_text(f"a line of text {number}\n" * 200)
    files = [str(tmp_path / "1.txt"), str(tmp_path / "2.txt")]
    held = read_corpus(DataFiles(files)).config
    monkeypatch.setattr(rereading, "LONG", 0)
    long = read_corpus(DataFiles(files))
    assert isinstance(long.training, LongDocuments)
    assert long.config == held
    assert held.validation_characters == (held.training_characters + held.validation_characters) // 10


@pytest.mark.parametrize(("documents", "found"), [([], "is empty"), (["a"], "has 1 character")])
def test_nothing_can_be_held_out_of_too_little(documents: list[str], found: str) -> None:
    with pytest.raises(CorpusError, match=f"the text {found}: nothing can be held out"):
        hold_out(documents, 1)
