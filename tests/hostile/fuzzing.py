"""Spoils what every loader reads, at random: texts, treebanks, labels, pairs, tokenizers, archives, kept ids, models.

`spoilt_model` and `spoilt_data` each try one input. They give what is wrong with it in a line, or None where it was
read, or refused in one line.
"""

from __future__ import annotations

import gzip
import io
import random
import re
import shutil
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import pytest

from charnn import tokenizers
from charnn.checkpoint.directory import ModelDirectory
from charnn.config.model import ReadKind, TokenizerConfig
from charnn.corpora import rereading
from charnn.corpora.data_files import DataFiles
from charnn.corpora.decoding import BadBytes, marking
from charnn.corpora.labelled import labelled_rows
from charnn.corpora.labelled_layout import AS_TOLD as AS_LABELLED
from charnn.corpora.labelled_layout import LabelledText
from charnn.corpora.long_documents import LongDocuments
from charnn.corpora.long_rows import LongRows
from charnn.corpora.long_texts import long_text
from charnn.corpora.pairs import AS_TOLD as AS_PAIRED
from charnn.corpora.rereading import RereadableFile
from charnn.corpora.series_layout import AS_TOLD as AS_SERIES
from charnn.corpora.sources import read
from charnn.corpora.tables import Table
from charnn.errors import CharnnError, CharnnWarning
from charnn.models import catalog
from charnn.tasks.classifier.corpus import read_corpus as read_classifier_corpus
from charnn.tasks.forecaster.dataset import read_corpus as read_series_corpus
from charnn.tasks.language_model.corpus import read_corpus
from charnn.tasks.table import TASKS
from charnn.tasks.tagger.treebank import read_treebank
from charnn.tasks.transducer.dataset import read_pair_set
from tests.hostile.specimens import MODELS
from tests.paths import GOLDEN

TEXT = ("The cat — naïve, 日本語 𝄞 — sat.\r\n\r\nThe dog\tsat on\x00the log.\r" * 6).encode()
CONLLU = (
    "# text = The cat sat\n1\tThe\tthe\tDET\tDT\tA=B\t2\tdet\t_\t_\n2-3\tcats\t_\t_\t_\t_\t_\t_\t_\t_\n"
    "2\tcat\tcat\tNOUN\tNN\t_\t3\tnsubj\t_\t_\n3\tsät\tsit\tVERB\tVBD\t_\t0\troot\t_\tSpaceAfter=No\n\n"
).encode() * 6
COLUMNS = b"The\tDT\tB-X\ncat\tNN\tO\n\nA\tDT\tO\ndog\tNN\tB-X\n\n" * 6
LABELS = "good\tit was gut\nbad\tit was schl\u00e9cht\n".encode() * 8
CSV = b'text,label\n"a ""quoted"", text",good\r\n"of two\nlines",bad\r\nplain,good\r\nplainer,bad\r\n' * 4
JSON_LINES = b'{"text": "a \\u00e9 b", "label": "x"}\n{"text": "c", "label": "y", "n": [1, {"m": null}]}\n' * 6
SERIES = b"day,x,y\n" + b"".join(b"2024-01-%02d,%d.5,%d\n" % (n, n % 7, n * n % 5) for n in range(1, 30))
PAIRS = "cat\tk æ t\ndog\td ɒ k\n".encode() * 8


def _on_error() -> str:
    return random.choice(["fail", "skip", "replace"])


def _long(path: Path) -> None:
    unit = random.choice(["file", "line", "paragraph"])
    text = long_text(RereadableFile(str(path)), any_bytes=random.random() < 0.3, on_error="fail", unit=unit)
    documents = LongDocuments.of([text], unit)
    assert "".join(documents.documents()) == text[:]
    documents.run_lengths()


def _long_rows(path: Path) -> None:
    """What is read in pieces is what is read as a whole, and so is what is said of it."""
    on_error = random.choice(["fail", "skip"])

    def rows(text: str | LongRows) -> list[LabelledText]:
        return list(labelled_rows(Table(text, str(path), BadBytes(str(path), "utf-8", on_error))))

    try:
        found = rows(LongRows(RereadableFile(str(path)), on_error=on_error))
    except CharnnError as error:
        with pytest.raises(CharnnError, match=re.escape(str(error).partition(":")[0])):
            rows(read(str(path), on_error=marking(on_error))[0])
        raise
    assert found == rows(read(str(path), on_error=marking(on_error))[0])


def _tokenizer(path: Path) -> None:
    kind = random.choice(get_args(ReadKind))
    tokenizer = tokenizers.load(kind, path.read_bytes())
    tokenizer.decode(tokenizer.encode("The cat, 日本語").tolist())


def _archive(path: Path) -> None:
    catalog.take_in(io.BytesIO(path.read_bytes()), str(path), path.parent / "models", "taken")


def _sentencepiece() -> bytes:
    return tokenizers.train(TokenizerConfig("unigram", vocabulary_size=300), ["the cat sat " * 30]).to_bytes()


def _packed() -> bytes:
    packed = io.BytesIO()
    catalog.export(ModelDirectory(GOLDEN / MODELS["classifier"]), packed, training=False)
    return packed.getvalue()


LOADERS: dict[str, tuple[Callable[[], bytes], Callable[[Path], object]]] = {
    "a text": (lambda: TEXT, lambda path: read_corpus(DataFiles([str(path)], on_error=_on_error()))),
    "a packed text": (lambda: gzip.compress(TEXT), lambda path: read_corpus(DataFiles([str(path)]))),
    "a long text": (lambda: random.choice([TEXT, gzip.compress(TEXT)]), _long),
    "a treebank": (lambda: CONLLU, lambda path: read_treebank(DataFiles([str(path)], on_error=_on_error()))),
    "columns of tags": (lambda: COLUMNS, lambda path: read_treebank(DataFiles([str(path)]), columns=("pos", "ner"))),
    "labelled texts": (
        lambda: random.choice([LABELS, CSV, JSON_LINES]),
        lambda path: read_classifier_corpus(DataFiles([str(path)], on_error=_on_error()), AS_LABELLED),
    ),
    "long rows with labels": (lambda: random.choice([LABELS, CSV, JSON_LINES]), _long_rows),
    "pairs": (
        lambda: PAIRS,
        lambda path: read_pair_set(DataFiles([str(path)], on_error=_on_error()), layout=AS_PAIRED),
    ),
    "a series": (
        lambda: SERIES,
        lambda path: read_series_corpus(DataFiles([str(path)], on_error=_on_error()), AS_SERIES),
    ),
    "a tokenizer": (lambda: (GOLDEN / MODELS["language-model"] / "tokenizer.json").read_bytes(), _tokenizer),
    "a list of words": (
        lambda: tokenizers.train(TokenizerConfig("words"), ["a cat, a bee"] * 9).to_bytes(),
        _tokenizer,
    ),
    "a SentencePiece model": (_sentencepiece, _tokenizer),
    "an archive of a model": (_packed, _archive),
}


def spoilt(data: bytes) -> bytes:
    """The data with one or some random changes."""
    changed = bytearray(data)
    for _ in range(random.choice([1, 1, 3, 30])):
        place = random.randrange(len(changed) + 1)
        match random.randrange(4):
            case 0:
                changed[place : place + 1] = bytes([random.randrange(256)])
            case 1:
                del changed[place : place + random.randrange(1, 50)]
            case 2:
                changed[place:place] = random.randbytes(random.randrange(1, 50))
            case _:
                changed[place:place] = changed[: random.randrange(1, 200)]
    return bytes(changed)


def spoilt_data(folder: Path, seen: Counter[str]) -> str | None:
    """Spoils a file of data, a tokenizer or an archive, and loads it."""
    name = random.choice(list(LOADERS))
    make, load = LOADERS[name]
    path = folder / "spoilt"
    path.write_bytes(spoilt(make()))
    before, rereading.PIECE = rereading.PIECE, random.choice([7, 64, rereading.PIECE])
    try:
        return _tried(name, lambda: load(path), seen)
    finally:
        rereading.PIECE = before


def spoilt_model(folder: Path, seen: Counter[str]) -> str | None:
    """Spoils a file of a model, and reads it as using it does."""
    task = random.choice(list(MODELS))
    path = Path(shutil.copytree(GOLDEN / MODELS[task], folder / "m"))
    file = random.choice([f for f in path.rglob("*") if f.is_file() and f.suffix != ".onnx"])
    file.write_bytes(spoilt(file.read_bytes()))
    directory = TASKS[task].directory(path)

    def read() -> None:
        directory.check()
        TASKS[task].describe(directory)
        directory.history()
        directory.training_state()

    return _tried(file.name, read, seen)


def _tried(name: str, load: Callable[[], object], seen: Counter[str]) -> str | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", CharnnWarning)
            load()
    except CharnnError as error:
        if "\n" in str(error):
            return f"{name}: more than a line: {error}"
        seen[f"refused: {name}"] += 1
    except Exception as error:
        return f"{name}: {type(error).__name__}: {error}"
    else:
        seen[f"read: {name}"] += 1
    return None
