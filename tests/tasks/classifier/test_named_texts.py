"""Texts with labels come out of a few bytes each as they went in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charnn.corpora import large_arrays, stored_strings
from charnn.tasks.classifier.named_texts import NamedText, NamedTexts

LABELS = st.lists(st.sampled_from(["a", "b", "c"]), max_size=3, unique=True).map(tuple)
TEXTS = st.lists(
    st.builds(
        NamedText,
        st.text(alphabet="xy é語😀\udc80", max_size=4),
        LABELS,
        st.sampled_from(["one", "two"]),
        st.integers(1, 1 << 40),
    ),
    max_size=8,
)


@given(TEXTS, st.data())
def test_texts_and_any_choice_of_them_are_those_that_were_read(texts: list[NamedText], data: st.DataObject) -> None:
    found = NamedTexts(texts)
    assert list(found) == texts
    assert list(found.bodies) == [one.text for one in texts]
    assert found.characters == sum(len(one.text) for one in texts)
    places = data.draw(st.lists(st.integers(0, len(texts) - 1), max_size=9) if texts else st.just([]))
    chosen = found.chosen(places)
    assert list(chosen) == [texts[place] for place in places]
    assert chosen.characters == sum(len(texts[place].text) for place in places)
    assert list(chosen[1:3]) == [texts[place] for place in places][1:3]


@given(TEXTS)
def test_texts_that_come_with_other_labels_are_counted_once(texts: list[NamedText]) -> None:
    by_text: dict[str, set[frozenset[str]]] = {}
    for one in texts:
        by_text.setdefault(one.text, set()).add(frozenset(one.labels))
    assert NamedTexts(texts).contradictions() == sum(len(found) > 1 for found in by_text.values())


def test_a_text_that_comes_with_three_sets_of_labels_is_counted_once() -> None:
    labels = [("a",), ("b",), ("a", "b"), ("b", "a")]
    assert NamedTexts(NamedText("x", some, "f", 1) for some in labels).contradictions() == 1


def test_label_sets_are_those_of_the_chosen_texts_with_their_counts() -> None:
    texts = NamedTexts(NamedText("x", some, "f", 1) for some in [("a",), (), ("b",), ("a",)])
    assert texts.label_sets() == {("a",): 2, (): 1, ("b",): 1}
    assert list(texts.chosen([2, 3]).label_sets().items()) == [(("b",), 1), (("a",), 1)]


def test_many_texts_are_in_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [NamedText(f"text {number}", ("a",), "f", number) for number in range(300)]
    monkeypatch.setattr(stored_strings, "TOGETHER", 50)
    monkeypatch.setattr(large_arrays, "HELD", 100)
    assert list(NamedTexts(texts)) == texts
