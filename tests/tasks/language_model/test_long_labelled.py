"""Documents with labels that are too long to be held are learned as they would be from memory."""

from __future__ import annotations

import csv
import gzip
import io
import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from charnn import cache, tokenizers
from charnn.api import SilentObserver
from charnn.config.model import TokenizerConfig
from charnn.corpora import rereading, tables
from charnn.corpora.data_files import DataFiles
from charnn.corpora.labelled_layout import LabelledLayout
from charnn.corpora.long_documents import LongDocuments
from charnn.errors import CharnnError, CharnnWarning
from charnn.tasks.language_model import long_labelled
from charnn.tasks.language_model.corpus import Corpus, read_corpus, read_corpus_again
from charnn.tasks.language_model.documents import held
from charnn.tasks.language_model.learn.data import EncodedCorpus
from charnn.tasks.language_model.learn.session import LanguageModelSession
from charnn.tasks.language_model.learned_texts import held_out_texts, numbered_texts

ROWS = [(["Irish", "Färöer", "x"][n * n % 3], f"{'na' * (n % 4)}ïve 日本 𝄞{chr(97 + n % 26)} {n}") for n in range(60)]
LINES = "".join(f"{label}\t{text}\n" for label, text in ROWS)


def table(separator: str) -> str:
    file = io.StringIO(newline="")
    writer = csv.writer(file, delimiter=separator)
    writer.writerows([("text", "label"), *((f'{text}\n"{label}"', label) for label, text in ROWS)])
    return file.getvalue()


OBJECTS = [{"label": label, "text": f"{text}\nof two lines"} for label, text in ROWS]
CASES: dict[str, tuple[str, bytes, dict[str, object]]] = {
    "lines": ("a.tsv", LINES.encode(), {}),
    "lines of Windows with a mark": ("a.tsv", b"\xef\xbb\xbf" + LINES.replace("\n", "\r\n").encode(), {}),
    "labels last": ("a.tsv", "".join(f"{text}\t{label}\n" for label, text in ROWS).encode(), {}),
    "packed": ("a.tsv.gz", gzip.compress(LINES.encode()), {}),
    "latin-1": ("a.tsv", LINES.encode("latin-1", "replace"), {"encoding": "latin-1"}),
    "a table": ("a.csv", table(",").encode(), {}),
    "a table that names its separator": ("a.csv", b"sep=;\r\n" + table(";").encode(), {}),
    "objects on lines": ("a.jsonl", "".join(json.dumps(one) + "\n" for one in OBJECTS).encode(), {}),
    "a list of objects": ("a.json", json.dumps(OBJECTS, indent=1, ensure_ascii=False).encode(), {}),
    "fastText": ("a.txt", "".join(f"__label__{label} {text}\n" for label, text in ROWS).encode(), {}),
    "bad bytes left out": ("a.tsv", LINES.encode() + b"x\tb\xffd\n" + LINES.encode(), {"on_error": "skip"}),
    "bad bytes replaced": ("a.tsv", b"x\tb\xffd\n" + LINES.encode(), {"on_error": "replace"}),
    "few texts of each label": ("a.tsv", b"b\tone\nb\ttwo\na\tone\na\ttwo\nc\tone\nc\ttwo\nd\tone\n", {}),
    "any bytes": ("a.tsv", b"x\tb\xffd\n\xfe\t\xfd\n" + LINES.encode(), {"any_bytes": True}),
    "a NUL": ("a.tsv", LINES.encode() + b"x\t\0\n", {}),
}


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "cache"))


@pytest.fixture
def long(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Makes every text from now on one that is too long to be held, read and copied a few bytes at a time."""

    def make() -> None:
        monkeypatch.setattr(rereading, "LONG", 0)
        monkeypatch.setattr(rereading, "PIECE", 7)
        monkeypatch.setattr(long_labelled, "TOGETHER", 50)

    return make


def read(path: Path, *, any_bytes: bool = False, **how: Any) -> Corpus:
    files = DataFiles([str(path)], **how)
    if files.on_error != "fail" or ("\0" in path.read_bytes().decode("latin-1") and path.suffix != ".gz"):
        with pytest.warns(CharnnWarning) as said:
            corpus = read_corpus(files, labelled=LabelledLayout(), any_bytes=any_bytes)
        assert len(said) == 1
        return corpus
    return read_corpus(files, labelled=LabelledLayout(), any_bytes=any_bytes)


def assert_alike(corpus: Corpus, expected: Corpus, kind: tokenizers.base.TokenizerKind) -> None:
    assert isinstance(corpus.training, LongDocuments)
    assert corpus.config == expected.config
    assert held(corpus.training) == expected.training
    assert held(corpus.validation) == expected.validation
    assert list(corpus.training_labels) == list(expected.training_labels)
    assert list(corpus.validation_labels) == list(expected.validation_labels)
    assert corpus.run_lengths() == expected.run_lengths()
    tokenizer = tokenizers.train(TokenizerConfig(kind), expected.user_texts)
    assert tokenizers.train(TokenizerConfig(kind), corpus.user_texts).to_bytes() == tokenizer.to_bytes()
    for limit in (None, 40):
        found, wanted = (EncodedCorpus.encode(one, tokenizer, limit) for one in (corpus, expected))
        assert np.array_equal(found.training[:], wanted.training)
        places = np.arange(len(found.training))
        assert found.training_labels is not None
        assert wanted.training_labels is not None
        assert np.array_equal(found.training_labels[places], wanted.training_labels[places])
        for one, other in (
            (found.validation, wanted.validation),
            (found.validation_labels or [], wanted.validation_labels or []),
        ):
            assert list(map(list, one)) == list(map(list, other))


@pytest.mark.parametrize("case", CASES)
def test_a_long_corpus_is_what_it_would_be_in_memory(case: str, tmp_path: Path, long: Callable[[], None]) -> None:
    name, content, how = CASES[case]
    (tmp_path / name).write_bytes(content)
    kind = "bytes" if how.get("any_bytes") else "characters"
    expected = read(tmp_path / name, **how)
    long()
    assert_alike(read(tmp_path / name, **how), expected, kind)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CharnnWarning)
        again = read_corpus_again(expected.config, any_bytes=bool(how.get("any_bytes")))
    assert_alike(again, expected, kind)


def test_a_separate_validation_file_and_none_at_all(tmp_path: Path, long: Callable[[], None]) -> None:
    (tmp_path / "a.tsv").write_text(LINES)
    (tmp_path / "valid.tsv").write_text("Irish\tone\nunheard of\ttwo\nx\tthree\nx\tfour\n")
    ways = ({"validation_paths": [str(tmp_path / "valid.tsv")]}, {"holds_out": False})
    expected = [read(tmp_path / "a.tsv", **way) for way in ways]
    long()
    for way, wanted in zip(ways, expected, strict=True):
        assert_alike(read(tmp_path / "a.tsv", **way), wanted, "characters")


REFUSED = {
    "a line without a tab": ("a.tsv", LINES.encode() + b"none\n"),
    "an empty label": ("a.tsv", LINES.encode() + b" \ttext\n"),
    "which side has the labels": ("a.tsv", b"a\tb\nc\td\n"),
    "no text": ("a.tsv", b"\n\n"),
    "a row that is too short": ("a.csv", table(",").encode() + b"one\n"),
    "a mark of quotation in the wrong place": ("a.csv", table(",").encode() + b'a"b,"c"d\n'),
    "what is no object": ("a.jsonl", json.dumps(OBJECTS[0]).encode() + b"\n[1]\n"),
    "a list that is cut": ("a.json", json.dumps(OBJECTS, indent=1).encode()[:-30]),
    "half a character": ("a.jsonl", b'{"text": "\\ud800", "label": "a"}\n'),
    "several labels": ("a.txt", b"__label__a __label__b text\n"),
    "one text of each label": ("a.csv", b"label,text\na,one\nb,two\n"),
    "bad bytes": ("a.tsv", LINES.encode() + b"a\t\xff\n"),
    "a picture": ("a.tsv", b"%PDF-1.4\n" + LINES.encode()),
    "a damaged archive": ("a.tsv.gz", gzip.compress(LINES.encode())[:-9]),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_wrong_is_said_as_it_is_of_a_short_text(case: str, tmp_path: Path, long: Callable[[], None]) -> None:
    name, content = REFUSED[case]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(CharnnError) as expected:
        read(tmp_path / name)
    long()
    with pytest.raises(CharnnError) as found:
        read(tmp_path / name)
    if "archive" not in case:
        assert str(found.value) == str(expected.value)


def test_no_more_than_a_row_is_held(tmp_path: Path, long: Callable[[], None], monkeypatch: pytest.MonkeyPatch) -> None:
    long()
    monkeypatch.setattr(tables, "LONGEST_ROW", 100)
    (tmp_path / "a.json").write_text('[{"text": "a",' + "\n" * 1000 + ' "label": "b"}]')
    with pytest.raises(CharnnError, match=r"a\.json:1: what begins here is not a JSON object"):
        read(tmp_path / "a.json")


@pytest.mark.parametrize("stopping", ["symbol", "length"])
def test_the_same_seed_gives_the_same_weights_to_the_byte(
    stopping: str, tmp_path: Path, long: Callable[[], None], start: Callable[..., LanguageModelSession]
) -> None:
    (tmp_path / "a.tsv").write_text(LINES)
    run = {"steps": 6, "layers": 1, "hidden_size": 16, "batch_size": 4, "window_length": 16, "stopping": stopping}
    found = []
    for name in ("short", "long"):
        session = start(read(tmp_path / "a.tsv"), name, **run)
        session.run(SilentObserver())
        found.append({n: array.tobytes() for n, array in session.directory.weights().items()})
        long()
    assert found[0] == found[1]


MIXED = {
    "one.tsv": "".join(f"{'ab'[n % 2]}\tthe {n} words\n" for n in range(40)),
    "two.tsv": "a\tthe 3 words\n\n" + "".join(f"{'ab'[n % 3 == 0]}\tétés {n}\n" for n in range(30)),
}


@pytest.mark.parametrize("names", [["one.tsv"], ["one.tsv", "two.tsv"]])
def test_what_was_learned_of_long_files_has_the_places_that_it_would_have_in_memory(
    names: list[str], tmp_path: Path, long: Callable[[], None]
) -> None:
    paths = [str(tmp_path / name) for name in names]
    for path in paths:
        Path(path).write_text(MIXED[Path(path).name], "utf-8")
    config = read_corpus(DataFiles(paths), labelled=LabelledLayout()).config
    expected, held_out = numbered_texts(config), held_out_texts(config, 30)
    long()
    found = numbered_texts(config)
    assert not any(isinstance(one.text, str) for one in found)
    assert [(one.path, one.text[:], list(one.numbers or [])) for one in found] == [
        (one.path, one.text, list(one.numbers or [])) for one in expected
    ]
    for one, other in zip(found, expected, strict=True):
        for start in range(0, len(other.text), 13):
            assert one.text[start : start + 50] == other.text[start : start + 50]
    assert "".join(held_out_texts(config, 30)) == "".join(held_out)


def test_the_lines_of_what_was_learned_are_those_of_its_file(tmp_path: Path, long: Callable[[], None]) -> None:
    (tmp_path / "two.tsv").write_text(MIXED["two.tsv"], "utf-8")
    long()
    ((_, text, numbers),) = numbered_texts(
        read_corpus(DataFiles([str(tmp_path / "two.tsv")]), labelled=LabelledLayout()).config
    )
    lines = MIXED["two.tsv"].splitlines()
    assert numbers is not None
    assert [lines[number - 1].partition("\t")[2] for number in numbers] == text[:].splitlines()
