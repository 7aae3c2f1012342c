"""Classifiers that learn from labelled lines and are a `pip install` away: what charnn's is measured beside.

Each has the best of several settings by its accuracy on the test texts themselves, which flatters it. One that is not
installed is passed over.
"""

from __future__ import annotations

import importlib
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple


class Result(NamedTuple):
    accuracy: float
    macro_f1: float
    calibration_error: float | None
    seconds: float
    """Of training."""
    lines_per_second: float
    """For charnn from file to file, the start included; for peers with texts in memory."""


def linear_svm(train: Path, test: Path) -> Result | None:
    """A linear SVM on TF-IDF of character n-grams, across and within words, or of words, with two strengths."""
    try:
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.metrics import accuracy_score, f1_score
        from sklearn.pipeline import make_pipeline
        from sklearn.svm import LinearSVC
    except ImportError:
        return None
    kinds: list[dict[str, Any]] = [
        {"analyzer": "char", "ngram_range": (1, 5)},
        {"analyzer": "char_wb", "ngram_range": (1, 5)},
        {"analyzer": "word", "ngram_range": (1, 2)},
    ]
    (labels, texts), (gold, unseen) = read(train), read(test)
    found = []
    for kind in kinds:
        for strength in (0.25, 1.0):
            pipeline = make_pipeline(TfidfVectorizer(sublinear_tf=True, **kind), LinearSVC(C=strength))
            started = time.perf_counter()
            pipeline.fit(texts, labels)
            trained = time.perf_counter() - started
            started = time.perf_counter()
            said = pipeline.predict(unseen)
            speed = len(unseen) / (time.perf_counter() - started)
            f1 = f1_score(gold, said, average="macro", zero_division=0)
            found.append(Result(accuracy_score(gold, said), f1, None, trained, speed))
    return max(found)


FASTTEXT = [
    {"minn": minn, "maxn": maxn, "wordNgrams": words, "lr": rate, "epoch": 25, "dim": 100}
    for minn, maxn, words in ((0, 0, 2), (2, 5, 1), (1, 5, 2))
    for rate in (0.1, 0.5, 1.0)
]
"""fastText's settings: without and with n-grams of characters, three rates; its default of 5 passes is too few here."""


def fasttext(train: Path, test: Path) -> Result | None:
    """fastText's supervised mode, on one thread, which is deterministic."""
    try:
        peer: Any = importlib.import_module("fasttext")
        from sklearn.metrics import accuracy_score, f1_score
    except ImportError:
        return None
    (labels, texts), (gold, unseen) = read(train), read(test)
    names = sorted(set(labels))
    found = []
    with tempfile.TemporaryDirectory() as scratch:
        lines = Path(scratch) / "train.txt"
        written = (f"__label__{names.index(label)} {text}\n" for label, text in zip(labels, texts, strict=True))
        lines.write_text("".join(written), "utf-8")
        for settings in FASTTEXT:
            started = time.perf_counter()
            model = peer.train_supervised(str(lines), thread=1, verbose=0, **settings)
            trained = time.perf_counter() - started
            started = time.perf_counter()
            # `model.predict` asks numpy for what its second version no longer gives
            best = [model.f.predict(f"{text}\n", 1, 0.0, "strict") for text in unseen]
            speed = len(unseen) / (time.perf_counter() - started)
            said = [names[int(each[0][1].removeprefix("__label__"))] if each else names[0] for each in best]
            f1 = f1_score(gold, said, average="macro", zero_division=0)
            found.append(Result(accuracy_score(gold, said), f1, None, trained, speed))
    return max(found)


def read(path: Path) -> tuple[Sequence[str], Sequence[str]]:
    """The labels and the texts of a file."""
    rows = [line.split("\t", 1) for line in path.read_text("utf-8").splitlines()]
    return [label for label, _ in rows], [text for _, text in rows]


PEERS: dict[str, Callable[[Path, Path], Result | None]] = {"linear SVM": linear_svm, "fastText": fasttext}
