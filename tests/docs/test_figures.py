"""docs/figures.md has a row for every part of the benchmarks."""

from __future__ import annotations

import re

from tests.paths import ROOT


def test_every_part_of_the_benchmarks_has_a_row_of_the_index() -> None:
    figures = (ROOT / "docs" / "figures.md").read_text("utf-8")
    index = figures.partition("| in this file |")[2].partition("\n## ")[0]
    program = (ROOT / "tests" / "benchmarks" / "__main__.py").read_text("utf-8")
    parts = re.findall(r'^        "([a-z-]+)": ', program, re.MULTILINE)
    assert {"startup", "loops", "gaps"} <= set(parts)
    assert [part for part in parts if f"`{part}`" not in index] == []


def test_every_link_of_the_index_leads_to_a_heading() -> None:
    figures = (ROOT / "docs" / "figures.md").read_text("utf-8")
    headings = {heading.lower().replace(" ", "-") for heading in re.findall(r"^## (.*)$", figures, re.MULTILINE)}
    links = re.findall(r"\]\(#([^)]*)\)", figures)
    assert len(links) > 20
    assert [link for link in links if link not in headings] == []
