"""Labelled texts to learn from, those held out, and the record that finds the same ones again."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from charnn.corpora.data_files import DataFiles
from charnn.corpora.decoding import OnError, naming_the_tokenizer
from charnn.corpora.documents import HELD_OUT_FRACTION, Fold
from charnn.corpora.folders import corpus_files
from charnn.corpora.labelled import labelled_rows
from charnn.corpora.labelled_layout import LabelledLayout, LabelledText
from charnn.corpora.stratified import hold_out_labelled
from charnn.corpora.table_files import read_table, read_table_again
from charnn.corpora.tables import Table
from charnn.errors import CharnnError, CorpusError, UsageError
from charnn.readable import first_few
from charnn.tasks.classifier.config import LabelledCorpusConfig, LabelledFile
from charnn.tasks.classifier.named_texts import NamedText, NamedTexts

_BETWEEN_LABELS = re.compile(r"[,;|]")
MOST_CHARACTERS, MOST_PROBABILITIES = 2_000_000, 1 << 20
"""The characters to train on, and the held-out texts times the labels, where those texts are learned in the end."""
MOST_SCORES = 1 << 24
"""The held-out texts times the labels, of which a validation has a few numbers each."""
SHOWN = 5
"""The most labels that a remark names."""


@dataclass(frozen=True)
class LabelledCorpus:
    training: NamedTexts
    validation: NamedTexts
    labels: dict[str, int]
    """The labels in alphabetical order, with how many texts to train on have each."""
    config: LabelledCorpusConfig
    remarks: tuple[str, ...]
    """What a person should know of these texts, a line each."""

    @property
    def learns_held_out(self) -> bool:
        """Whether the linear models learn the held-out texts, too, once it is measured how far they can be trusted.
        Texts that were given to validate with are not learned. Where there are many, a tenth more teaches little."""
        config = self.config
        is_small = config.training_characters <= MOST_CHARACTERS
        is_known = len(self.validation) * len(self.labels) <= MOST_PROBABILITIES
        return config.held_out and not config.validation_files and is_small and is_known

    @cached_property
    def measured(self) -> NamedTexts:
        """The texts to validate with: of many texts with many labels so many as have MOST_SCORES together, at even
        distances."""
        count, most = len(self.validation), max(MOST_SCORES // max(len(self.labels), 1), 1)
        return self.validation if count <= most else self.validation.chosen(i * count // most for i in range(most))

    @property
    def texts_of_linear_models(self) -> Sequence[str]:
        """All that the linear models learn in the end, without their labels."""
        own = self.training.bodies
        return [*own, *self.validation.bodies] if self.learns_held_out else own


def read_labelled(
    paths: Sequence[str],
    layout: LabelledLayout,
    *,
    encoding: str,
    on_error: OnError = "fail",
    in_any_form: bool = False,
) -> tuple[NamedTexts, tuple[LabelledFile, ...]]:
    """The texts in the files and folders at `paths`, `-` for standard input, and a record of the files.

    A folder has a folder for each label, whose files are a text each, or a file for each label, whose lines are.
    `in_any_form` reads files that have not the columns of the layout as what they are by themselves: data to validate
    with and to score on may have another form than those that were learned.

    Raises CorpusError for what cannot be read, and for the first row that is malformed.
    """
    files: list[LabelledFile] = []
    texts = NamedTexts(_read(paths, layout, files, encoding=encoding, on_error=on_error, in_any_form=in_any_form))
    if not texts:
        raise CorpusError(f"{', '.join(paths)}: there is no text with a label")
    return texts, tuple(files)


def _read(
    paths: Sequence[str],
    layout: LabelledLayout,
    files: list[LabelledFile],
    *,
    encoding: str,
    on_error: OnError,
    in_any_form: bool,
) -> Iterator[NamedText]:
    """The texts of the files, whose records are added to `files`."""
    for path in paths:
        is_folder = path != "-" and os.path.isdir(path)
        for name, label, is_one_text in _in_folder(path) if is_folder else ((path, None, False),):
            table, source = read_table(name, encoding=encoding, on_error=on_error)
            files.append(LabelledFile(source, label, is_one_text))
            yield from (_texts_in_any_form if in_any_form else _texts)(table, files[-1], layout)


def read_corpus(data: DataFiles, layout: LabelledLayout) -> LabelledCorpus:
    """The corpus in these files and folders. A tenth of the texts of each label is held out.

    Raises what `read_labelled` raises, and CorpusError where nothing is left to train on or to validate with.
    """
    with naming_the_tokenizer():
        texts, files = read_labelled(data.paths, layout, encoding=data.encoding, on_error=data.on_error)
    held_out, held_out_files = NamedTexts(()), tuple[LabelledFile, ...]()
    if data.validation_paths:
        held_out, held_out_files = read_labelled(
            data.validation_paths, layout, encoding=data.encoding, on_error=data.on_error, in_any_form=True
        )
    config = LabelledCorpusConfig(files, layout, held_out_files, data.encoding, data.on_error, data.holds_out)
    return _corpus(texts, held_out, config, data.fold)


def read_corpus_again(config: LabelledCorpusConfig) -> LabelledCorpus:
    """The corpus that `config` records. Raises CorpusError where a file of it is missing or has changed."""
    return _corpus(_again(config.files, config), _validation_again(config), config)


def read_named_again(paths: Sequence[str], config: LabelledCorpusConfig) -> LabelledCorpus | None:
    """The corpus that `config` records, with the texts to train on at `paths`; None where these are others."""
    texts, files = read_labelled(paths, config.layout, encoding=config.encoding, on_error=config.on_error)
    if [(file.source.sha256, file.label) for file in files] != [(f.source.sha256, f.label) for f in config.files]:
        return None
    return _corpus(texts, _validation_again(config), config)


def _validation_again(config: LabelledCorpusConfig) -> NamedTexts:
    return _again(config.validation_files, config, in_any_form=True)


def _again(files: Sequence[LabelledFile], config: LabelledCorpusConfig, *, in_any_form: bool = False) -> NamedTexts:
    def read_all() -> Iterator[NamedText]:
        for file in files:
            table = read_table_again(file.source, encoding=config.encoding, on_error=config.on_error)
            yield from (_texts_in_any_form if in_any_form else _texts)(table, file, config.layout)

    return NamedTexts(read_all())


def _in_folder(path: str) -> Iterator[tuple[str, str, bool]]:
    """The path of each file, its label, and whether it is one text. Hidden files are passed over."""
    for entry in sorted(Path(path).iterdir()):
        if entry.name.startswith("."):
            continue
        if not entry.is_dir():
            yield str(entry), entry.name.removesuffix(".gz").rpartition(".")[0] or entry.name, False
            continue
        for file in corpus_files([str(entry)]):
            yield file, entry.name, True


def _texts(table: Table, file: LabelledFile, layout: LabelledLayout) -> Iterator[NamedText]:
    found: Iterable[LabelledText]
    if file.label is None:
        found = labelled_rows(table, layout)
    elif file.is_one_text:
        found = [LabelledText((file.label,), table.whole(), 1)]
    else:
        labels = (file.label,)
        found = (LabelledText(labels, line, number) for number, line in table.lines())
    for one in found:
        yield NamedText(one.text, one.labels, table.name, one.line)


def _texts_in_any_form(table: Table, file: LabelledFile, layout: LabelledLayout) -> list[NamedText]:
    """What `_texts` gives, or where the file has not the columns of the layout, what it has by itself."""
    try:
        return list(_texts(table, file, layout))
    except UsageError:
        if layout.text is None and layout.label is None:
            raise
        with suppress(CharnnError):
            return list(_texts(table, file, LabelledLayout(separator=layout.separator)))
        raise


def _corpus(
    texts: NamedTexts, held_out: NamedTexts, config: LabelledCorpusConfig, fold: Fold | None = None
) -> LabelledCorpus:
    training, validation, places = texts, held_out, range(len(texts))
    if not config.held_out:
        validation = texts
    elif fold is not None:
        training, validation = map(texts.chosen, fold.of_kinds(places, texts.label_set))
    elif not config.validation_files:
        training, validation = map(texts.chosen, hold_out_labelled(places, HELD_OUT_FRACTION, texts.label_set))
    label_sets = training.label_sets()
    multiple = any(len(some) != 1 for some in label_sets)
    counts = Counter[str]()
    for some, count in label_sets.items():
        counts.update(dict.fromkeys(some, count))
    labels = dict(sorted(counts.items()))
    names = ", ".join(texts.files)
    if len(labels) < 2 and not multiple:
        only = next(iter(labels), None)
        raise CorpusError(
            f"{names}: all texts have the label {only!r}, and a classifier tells two or more apart",
            hint="--label-column, or --label in a table, says where the labels are",
        )
    if not labels:
        raise CorpusError(f"{names}: no text has a label")
    if not validation:
        raise CorpusError(
            f"{names}: no label has two texts, of which one could be held out",
            hint="--valid none learns all of them, and --valid FILE validates with others",
        )
    counted = replace(
        config,
        multiple=multiple,
        training_texts=len(training),
        training_characters=training.characters,
        validation_texts=len(validation),
    )
    return LabelledCorpus(
        training, validation, labels, counted, tuple(_remarks(training, validation, labels, multiple))
    )


def _remarks(training: NamedTexts, validation: NamedTexts, labels: dict[str, int], multiple: bool) -> Iterator[str]:
    if once := [label for label, count in labels.items() if count == 1]:
        yield f"labels with a single text to learn from: {first_few(once, SHOWN)}"
    of_validation = (label for some in validation.label_sets() for label in some)
    if unseen := list(dict.fromkeys(label for label in of_validation if label not in labels)):
        what = "labels that validation texts have and texts to train on have not, so that they cannot be learned"
        yield f"{what}: {first_few(unseen, SHOWN)}"
    if several := [label for label in labels if _looks_like_several(label, labels)]:
        what = "labels that look like several, and that are learned as one each unless --label-separator parts them"
        yield f"{what}: {first_few(several, SHOWN)}"
    if alike := _alike(labels):
        what = "labels that differ in capitals and spaces alone, and that are learned as one each"
        yield f"{what}: {first_few(alike, SHOWN)}"
    if empty := sum(not text.strip() for text in training.bodies):
        yield f"texts without a character, whose labels are learned as those of nothing: {empty:,}"
    if contradicting := training.contradictions():
        yield f"texts that come with different labels, of which none is certain then: {contradicting:,}"
    if multiple and (none := training.label_sets().get((), 0)):
        yield f"texts without a label: {none:,}"


def _alike(labels: Iterable[str]) -> list[str]:
    """The labels that are as others but for capitals and white space, those that are alike after each other."""
    by_letters = dict[str, list[str]]()
    for label in labels:
        by_letters.setdefault("".join(label.split()).casefold(), []).append(label)
    return [label for some in by_letters.values() if len(some) > 1 for label in some]


def _looks_like_several(label: str, labels: dict[str, int]) -> bool:
    """Whether a label is others with commas, semicolons or bars between them."""
    parts = [part.strip() for part in _BETWEEN_LABELS.split(label)]
    return len(parts) > 1 and all(part in labels for part in parts)


def check_layout(layout: LabelledLayout) -> None:
    if layout.separator == "":
        raise UsageError("--label-separator has no characters", hint="say it as in --label-separator ,")
    if layout.label_column is not None and (layout.text is not None or layout.label is not None):
        raise UsageError("--label-column is for lines without a header, and --text and --label for tables with one")
