"""Named entities: their schemes told from tags, what the schemes forbid, and the spans that tags mean."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charnn.tasks.tagger.entities import EntitySpan, SchemeRecognizer, recognize_scheme, spans, transitions


@pytest.mark.parametrize(
    ("sentences", "scheme"),
    [
        (["B-PER I-PER O B-PER B-PER", "O O"], "BIO"),
        (["I-PER I-PER O I-PER B-PER", "O O"], "IOB1"),
        (["I-PER I-PER O I-LOC"], "IO"),
        (["B-PER O B-LOC"], "BIO"),
        (["B-PER E-PER O S-PER", "B-LOC I-LOC E-LOC"], "IOBES"),
        (["B-PER L-PER O U-PER", "B-LOC I-LOC L-LOC"], "BILOU"),
        (["B-PER E-PER S-PER", "B-LOC M-LOC E-LOC"], "BMES"),
        (["B E S", "B M E"], "BMES"),
        (["B I O", "B B"], "BIO"),
        (["B-New-York I-New-York"], "BIO"),
        (["B-PER O", "I-PER O"], None),  # neither in order
        (["B-PER I-LOC"], None),
        (["B-PER I-PER", "B-PER E-PER"], None),  # an entity that never ends
        (["NOUN VERB X"], None),
        (["O O O"], None),
        (["PER PER O O O", "O O LOC O"], "IO"),
        (["WORK_OF_ART O O O"], "IO"),
        (["PER LOC O", "O ORG PER"], None),  # most words are in some: these may be tags of any kind
        (["O O O B-PER PER"], None),
        (["O O O NOUN"], None),
        (["O O O x"], None),
        (["I S"], None),
        (["B-PER NOUN"], None),
        (["B-PER I-PER b-per"], None),
    ],
)
def test_a_scheme_is_told_by_tags_that_keep_to_it(sentences: list[str], scheme: str | None) -> None:
    assert recognize_scheme(sentence.split() for sentence in sentences) == scheme


def test_tags_whose_order_breaks_every_scheme_still_mark_entities() -> None:
    for tags, expected in (["B-PER", "O", "I-PER"], True), (["NOUN", "O"], False), (["O"], False):
        recognizer = SchemeRecognizer()
        recognizer.add(tags)
        assert recognizer.marks_entities is expected
        assert recognizer.scheme is None


def test_a_word_without_a_tag_breaks_no_scheme() -> None:
    assert recognize_scheme([["B-PER", "", "I-PER", "O"], ["", "I-LOC"], ["B-LOC", "I-LOC"]]) == "BIO"
    assert recognize_scheme([["B-PER", "I-PER", "", "O"], ["O", "I-LOC"]]) is None


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ("B-PER I-PER O B-LOC", [(0, 2, "PER"), (3, 4, "LOC")]),
        ("B-PER B-PER I-PER", [(0, 1, "PER"), (1, 3, "PER")]),
        ("I-PER I-PER B-PER", [(0, 2, "PER"), (2, 3, "PER")]),
        ("I-PER I-LOC O I-LOC", [(0, 1, "PER"), (1, 2, "LOC"), (3, 4, "LOC")]),
        ("B-PER I-LOC", [(0, 1, "PER"), (1, 2, "LOC")]),
        ("B-PER E-PER S-LOC E-LOC", [(0, 2, "PER"), (2, 3, "LOC"), (3, 4, "LOC")]),
        ("B-PER M-PER E-PER S-PER", [(0, 3, "PER"), (3, 4, "PER")]),
        ("B-PER L-PER U-PER I-PER", [(0, 2, "PER"), (2, 3, "PER"), (3, 4, "PER")]),
        ("B I O I", [(0, 2, ""), (3, 4, "")]),
        ("PER PER O LOC PER", [(0, 2, "PER"), (3, 4, "LOC"), (4, 5, "PER")]),
        ("O O", []),
        ("", []),
    ],
)
def test_spans_are_those_of_conlleval(tags: str, expected: list[tuple[int, int, str]]) -> None:
    assert spans(tags.split()) == [EntitySpan(*span) for span in expected]


def conlleval_spans(tags: list[str]) -> list[EntitySpan]:
    """The chunks by the two questions that conlleval asks of neighbouring tags, whether one ends and one starts."""

    def ends(p: str, q: str, kind: str, other: str) -> bool:
        return p in "ES" or (p in "BI" and q in "BSO") or (p != "O" and kind != other)

    def starts(p: str, q: str, kind: str, other: str) -> bool:
        return q in "BS" or (p in "ESO" and q in "EI") or (q != "O" and kind != other)

    found, start = [], 0
    before = ("O", "")
    for place, tag in enumerate([*tags, "O"]):
        now = (tag[0], tag[2:])
        if ends(before[0], now[0], before[1], now[1]):
            found.append(EntitySpan(start, place, before[1]))
        if starts(before[0], now[0], before[1], now[1]):
            start = place
        before = now
    return found


@given(st.lists(st.sampled_from(["O", *(f"{p}-{t}" for p in "BIES" for t in "AB")]), max_size=8))
def test_spans_of_any_tags_are_those_of_conlleval(tags: list[str]) -> None:
    assert spans(tags) == conlleval_spans(tags)


TAGS = {
    "BIO": ["B-A", "B-B", "I-A", "I-B", "O"],
    "IOB1": ["B-A", "I-A", "I-B", "O"],
    "IOBES": ["B-A", "E-A", "I-A", "O", "S-A", "S-B"],
    "BILOU": ["B-A", "I-A", "L-A", "O", "U-A"],
}


@pytest.mark.parametrize("scheme", TAGS)
@given(data=st.data())
def test_what_the_transitions_allow_is_what_is_recognized(scheme: str, data: st.DataObject) -> None:
    tags = TAGS[scheme]
    sentence = data.draw(st.lists(st.sampled_from(tags), min_size=1, max_size=6))
    rule = transitions(scheme, tags)  # type: ignore[arg-type]
    assert rule is not None
    ids = np.array([tags.index(tag) for tag in sentence])
    allowed = rule.first_K[ids[0]] and rule.last_K[ids[-1]] and rule.allowed_KK[ids[:-1], ids[1:]].all()
    whole = {"BIO": "B-A I-A O", "IOB1": "I-A B-A O", "IOBES": "B-A I-A E-A S-A O", "BILOU": "B-A I-A L-A U-A O"}
    assert bool(allowed) == (recognize_scheme([whole[scheme].split(), sentence]) == scheme)


def test_the_rule_of_thousands_of_tags_is_made_at_once() -> None:
    tags = ["O", *(f"{role}-T{number}" for number in range(1500) for role in "BI")]
    rule = transitions("BIO", tags)
    assert rule is not None
    inside = np.array([tag.startswith("I") for tag in tags])
    assert rule.allowed_KK[:, ~inside].all()
    of_type = np.array([tag[2:] for tag in tags])
    assert (rule.allowed_KK[:, inside] == (of_type[:, None] == of_type[inside])).all()
    assert (rule.first_K == ~inside).all()
    assert rule.last_K.all()


def test_where_everything_is_allowed_there_is_no_rule() -> None:
    assert transitions("IO", ["I-A", "I-B", "O"]) is None


def test_words_without_a_tag_break_no_scheme() -> None:
    assert recognize_scheme([["B-PER", "", "I-PER", "O"], ["", "I-LOC"], ["B-LOC", "I-LOC"]]) == "BIO"
    assert recognize_scheme([["B-PER", "", "I-PER", "O"], ["I-LOC"]]) != "BIO"
