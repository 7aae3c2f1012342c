"""docs/python.md is what the classes say of themselves, and has all that is offered."""

from __future__ import annotations

import charnn
from tests.docs.python_page import SECTIONS, page
from tests.paths import ROOT


def test_the_page_is_what_the_classes_say() -> None:
    found = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
    assert found == page(), "docs/python.md is not what the classes say: run `make docs`"


def test_all_classes_that_are_offered_are_on_it() -> None:
    offered = {getattr(charnn, name) for name in charnn.__all__ if name[0].isupper()}
    assert offered - {charnn.CharnnError, charnn.CharnnWarning} == set(SECTIONS)


def test_whatever_has_its_place_on_it_says_what_it_is() -> None:
    for kind, (members, others) in SECTIONS.items():
        assert all(one.__doc__ for one in (kind, *others)), kind
        assert all(getattr(kind, name).__doc__ for name in members), kind
