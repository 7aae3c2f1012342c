"""docs/figures.md has a row for every part of the benchmarks, and leads to every section of the pages of figures."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.paths import ROOT

PAGES = ROOT / "docs" / "figures"


def index() -> str:
    figures = (ROOT / "docs" / "figures.md").read_text("utf-8")
    return figures.partition("| figures of |")[2].partition("\n## ")[0]


def test_every_part_of_the_benchmarks_has_a_row_of_the_index() -> None:
    program = (ROOT / "tests" / "benchmarks" / "__main__.py").read_text("utf-8")
    parts = re.findall(r'^        "([a-z-]+)": ', program, re.MULTILINE)
    assert {"startup", "loops", "gaps"} <= set(parts)
    assert [part for part in parts if f"`{part}`" not in index()] == []


def test_the_index_leads_to_every_page_and_nothing_else() -> None:
    linked = set(re.findall(r"\]\(figures/([^)#]*)", index()))
    assert linked == {page.name for page in PAGES.glob("*.md")}


SCREEN = 24
"""The lines of a terminal's window."""


@pytest.mark.parametrize("page", sorted(PAGES.glob("*.md")), ids=lambda page: page.name)
def test_every_page_shows_a_table_on_its_first_screen(page: Path) -> None:
    """What charnn reaches today comes first, and how it was measured after it."""
    assert any(line.startswith("| --- |") for line in page.read_text("utf-8").splitlines()[:SCREEN])
