"""What only real data shows. Skipped where the shared folder is not there."""

from __future__ import annotations

import pytest

from charnn.corpora.data_files import DataFiles
from charnn.segmentation.words import WordSplitter
from charnn.tasks.tagger.config import TextFormat
from charnn.tasks.tagger.formats import open_reader, render
from charnn.tasks.tagger.formats.recognition import recognize
from charnn.tasks.tagger.formats.sentence import Annotation
from charnn.tasks.tagger.treebank import read_treebank
from tests.paths import SHARED_DATA

FILES = ["ud-english-ewt/dev.conllu", "ud-vietnamese-vtb/test.conllu"]

pytestmark = pytest.mark.skipif(not SHARED_DATA.exists(), reason="needs ../shared/data")


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("to", ["conllu", "columns", "slashed"])
def test_a_treebank_goes_through_every_format_and_back(file: str, to: TextFormat) -> None:
    source = (SHARED_DATA / file).read_bytes().decode()
    format: TextFormat = "conllu"
    for _ in range(2):
        reader = open_reader(format, file, columns=("upos", "xpos"))
        sentences = [s for start in range(0, len(source), 5000) for s in reader.feed(source[start : start + 5000])]
        sentences += reader.finish()
        annotations = [[Annotation(column, s.reference_tags(column)) for column in ("upos", "xpos")] for s in sentences]
        written = "".join(render(s, a, to) for s, a in zip(sentences, annotations, strict=True))
        if to == format:
            assert written == source
        assert recognize(source[:4096]).format == format
        source, format = written, to


def test_words_of_raw_text_are_those_of_the_treebank() -> None:
    folder = SHARED_DATA / "ud-english-ewt"
    known = frozenset(w for s in read_treebank(DataFiles([str(folder / "train.conllu")])).training for w in s.words)
    splitter = WordSplitter(known)
    found = gold = both = 0
    for block in (folder / "dev.conllu").read_text().split("\n\n")[:-1]:
        text = next(line.removeprefix("# text = ") for line in block.split("\n") if line.startswith("# text = "))
        words = spans(splitter.split(text)[0])
        expected = spans(gold_words(block))
        found, gold, both = found + len(words), gold + len(expected), both + len(words & expected)
    assert 2 * both / (found + gold) > 0.985


def gold_words(block: str) -> list[str]:
    """The words, but of a range that is not just its words one after the other, the whole."""
    rows = [line.split("\t") for line in block.split("\n") if not line.startswith("#")]
    forms = {row[0]: row[1] for row in rows}
    words: list[str] = []
    range_end = 0
    for number, form in forms.items():
        if "-" in number:
            start, end = map(int, number.split("-"))
            parts = [forms[str(part)] for part in range(start, end + 1)]
            words += parts if "".join(parts) == form else [form]
            range_end = end
        elif "." not in number and int(number) > range_end:
            words.append(form)
    return words


def spans(words: list[str]) -> set[tuple[int, int]]:
    """Where words are in the text without spaces."""
    places: set[tuple[int, int]] = set()
    start = 0
    for word in words:
        places.add((start, start + len(word)))
        start += len(word)
    return places
