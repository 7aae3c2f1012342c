"""What a corpus of labelled texts says of its labels."""

from __future__ import annotations

from pathlib import Path

from charnn.corpora.data_files import DataFiles
from charnn.corpora.labelled_layout import LabelledLayout
from charnn.tasks.classifier.corpus import read_corpus


def remarks(labels: list[str], folder: Path) -> tuple[str, ...]:
    path = folder / "texts.tsv"
    path.write_text("".join(f"{labels[number % len(labels)]}\ttext {number}\n" for number in range(40)))
    return read_corpus(DataFiles([str(path)]), LabelledLayout()).remarks


def test_labels_that_differ_in_capitals_and_spaces_alone_are_named(tmp_path: Path) -> None:
    alike = "labels that differ in capitals and spaces alone, and that are learned as one each: "
    assert not any(alike in one for one in remarks(["Paris", "Rome", "Romeo"], tmp_path))
    (said,) = (one for one in remarks(["Paris", "New York", "new york"], tmp_path) if alike in one)
    assert said == f"{alike}New York, new york"
