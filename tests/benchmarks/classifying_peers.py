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
    """How long training took."""
    lines_per_second: float
    """The speed of charnn is from file to file, with its start; that of peers is with texts in memory."""
    lines_per_processor_second: float


class Clock:
    """Counts from when it is made."""

    def __init__(self) -> None:
        self.began, self._processor = time.perf_counter(), time.process_time()

    def speeds(self, lines: int) -> tuple[float, float]:
        """Lines a second of the clock, and of processor time."""
        return lines / (time.perf_counter() - self.began), lines / (time.process_time() - self._processor)


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
            clock = Clock()
            said = pipeline.predict(unseen)
            speeds = clock.speeds(len(unseen))
            f1 = f1_score(gold, said, average="macro", zero_division=0)
            found.append(Result(accuracy_score(gold, said), f1, None, trained, *speeds))
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
            clock = Clock()
            # `model.predict` asks numpy for what its second version no longer gives
            best = [model.f.predict(f"{text}\n", 1, 0.0, "strict") for text in unseen]
            speeds = clock.speeds(len(unseen))
            said = [names[int(each[0][1].removeprefix("__label__"))] if each else names[0] for each in best]
            f1 = f1_score(gold, said, average="macro", zero_division=0)
            found.append(Result(accuracy_score(gold, said), f1, None, trained, *speeds))
    return max(found)


def read(path: Path) -> tuple[Sequence[str], Sequence[str]]:
    """The labels and the texts of a file."""
    rows = [line.split("\t", 1) for line in path.read_text("utf-8").splitlines()]
    return [label for label, _ in rows], [text for _, text in rows]


def lingua(train: Path, test: Path) -> Result | None:
    """lingua, which knows 75 languages already and learns nothing here: the names of languages alone are its labels.

    It chooses among the languages of the training texts that it knows, and is wrong on the texts of all others.
    """
    try:
        peer: Any = importlib.import_module("lingua")
        from sklearn.metrics import accuracy_score, f1_score
    except ImportError:
        return None
    (labels, _), (gold, unseen) = read(train), read(test)
    known = [found for label in sorted(set(labels)) if (found := getattr(peer.Language, label.upper(), None))]
    if len(known) < 2:
        return None
    clock = Clock()
    detector = peer.LanguageDetectorBuilder.from_languages(*known).with_preloaded_language_models().build()
    loaded = time.perf_counter() - clock.began
    clock = Clock()
    found = [detector.detect_language_of(text) for text in unseen]
    speeds = clock.speeds(len(unseen))
    said = ["" if language is None else language.name.capitalize() for language in found]
    f1 = f1_score(gold, said, labels=sorted(set(gold)), average="macro", zero_division=0)
    return Result(accuracy_score(gold, said), f1, None, loaded, *speeds)


PEERS: dict[str, Callable[[Path, Path], Result | None]] = {
    "linear SVM": linear_svm,
    "fastText": fasttext,
    "lingua": lingua,
}
