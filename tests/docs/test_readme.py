"""README.md: its Python runs, and every link of the documentation leads somewhere."""

from __future__ import annotations

import re
import warnings
from pathlib import Path

import pytest

from charnn.errors import CharnnWarning
from tests.paths import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
LONGEST_README = 150
EXAMPLES = re.findall(r"^```python\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), ROOT / "data" / "README.md"]
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def headings(page: Path) -> set[str]:
    """The anchors that a viewer of Markdown makes of a page's headings: letters, digits and hyphens."""
    found = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in found}


def test_it_is_short() -> None:
    assert len(README.splitlines()) <= LONGEST_README


@pytest.mark.parametrize("example", EXAMPLES)
def test_its_python_runs(
    example: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """They have a few steps in place of their times."""
    (tmp_path / "corpus.txt").write_text("The cat sat.\nthe dog ran off.\n" * 40)
    (tmp_path / "reviews.tsv").write_text("".join(f"good\ta fine film {n}\nbad\ta dull one {n}\n" for n in range(40)))
    (tmp_path / "words.tsv").write_text("cab\tC A B\nab\tA B\nba\tB A\nbac\tB A C\n")
    (tmp_path / "treebank.txt").write_text("the_DET cat_NOUN sat_VERB\na_DET dog_NOUN ran_VERB\n" * 20)
    monkeypatch.chdir(tmp_path)
    quick, times = re.subn(r'time="\w+"', "steps=3, hidden=8, layers=1", example)
    assert times == example.count("charnn.train(")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CharnnWarning)  # this corpus lacks characters of the example's lines
        exec(quick, {})
    *_, scored, other, label, targets, tags = capsys.readouterr().out.splitlines()
    assert scored.startswith("the cat sat ")
    assert other.startswith("xqz vkj ")
    assert re.fullmatch(r"(good|bad) 0\.\d+", label)
    assert re.fullmatch(r"\['[ABC ]*'\]", targets)
    assert re.fullmatch(r"\[('\w+', ){2}'\w+'\]|\(('\w+', ){2}'\w+'\)", tags)


def test_there_is_an_example() -> None:
    assert EXAMPLES


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_to_a_file(page: Path) -> None:
    targets = [target for target in LINK.findall(page.read_text(encoding="utf-8")) if "://" not in target]
    missing = [target for target in targets if not (page.parent / target.partition("#")[0]).exists()]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_into_a_page_leads_to_a_heading(page: Path) -> None:
    links = [target.partition("#") for target in LINK.findall(page.read_text(encoding="utf-8")) if "://" not in target]
    missing = [
        f"{path}#{anchor}"
        for path, _, anchor in links
        if anchor and anchor not in headings(page.parent / path if path else page)
    ]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_file_of_the_repository_that_is_named_is_there(page: Path) -> None:
    """Pages name them as `tests/...`, `charnn/...` or `docs/...` between backquotes."""
    text = page.read_text(encoding="utf-8")
    named = re.findall(r"`((?:tests|charnn|docs)/[\w./-]+)`", text)
    assert [name for name in named if not (ROOT / name).exists()] == []
