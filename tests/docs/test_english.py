"""Docstrings, comments and documentation keep to the rules of English that a search can find."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.paths import ROOT

BEGINS_WITH_OF = re.compile(r'(?:"""|[.:!?] |^ *# |^)Of [a-z0-9\"`]', re.MULTILINE)
"""A sentence that begins with "Of"; a line of text may, where a sentence goes on in it."""


@pytest.mark.parametrize("folder", ["charnn", "docs"])
def test_no_sentence_begins_with_of(folder: str) -> None:
    files = [path for ending in ("py", "md") for path in Path(ROOT, folder).rglob(f"*.{ending}")]
    assert files
    found = [
        f"{path.relative_to(ROOT)}:{text.count(chr(10), 0, match.start()) + 1}: {match[0]}"
        for path in [*files, ROOT / "README.md"]
        for text in [path.read_text(encoding="utf-8")]
        for match in BEGINS_WITH_OF.finditer(text)
    ]
    assert found == []
