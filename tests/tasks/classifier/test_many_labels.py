"""Thousands of labels take bounded memory and time: some texts are worked on at a time, and what would take too long is
left out, which is said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import charnn
from charnn import api
from charnn.linear import matrix
from charnn.tasks.classifier import corpus
from charnn.tasks.classifier.directory import LIKELIHOODS, TABLE, ClassifierDirectory
from charnn.tasks.classifier.learn import linear, objective
from charnn.tasks.classifier.options import ClassifierEvaluationOptions
from charnn.tasks.classifier.use import evaluation, stream
from charnn.tasks.classifier.use.evaluation import ClassifierEvaluation
from charnn.training.distributed.processes import ALONE

LABELS, EACH = 30, 12


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    """Each label has a word of its own."""
    random = np.random.default_rng(0)
    words = ["".join(random.choice(list("abcdefghij"), 5)) for _ in range(LABELS)]
    lines = [f"L{n % LABELS:02d}\t{words[n % LABELS]} {words[random.integers(LABELS)]}\n" for n in range(EACH * LABELS)]
    path = tmp_path / "texts.tsv"
    path.write_text("".join(lines))
    return path


def session_of(texts: Path, out: str, **options: Any) -> Any:
    given = {"hidden": 4, "label_column": 1, "steps": 2, "seed": 1, **options}
    return api.start([str(texts)], "classifier", given, out=texts.parent / out, overwrite=False, processes=ALONE)


def trained(texts: Path, out: str, **options: Any) -> ClassifierDirectory:
    session_of(texts, out, **options).run(api.SilentObserver())
    return ClassifierDirectory(texts.parent / out)


@pytest.mark.parametrize("options", [{}, {"valid": ["none"]}, {"balance": True}])
def test_some_texts_at_a_time_teach_and_score_what_all_do(
    texts: Path, monkeypatch: pytest.MonkeyPatch, options: dict[str, Any]
) -> None:
    whole = trained(texts, "whole", **options).config().scores
    monkeypatch.setattr(matrix, "MOST_SCORES", 20 * LABELS)
    monkeypatch.setattr(matrix, "PART_SCORES", 20 * LABELS)
    monkeypatch.setattr(objective, "MEASURED_SCORES", 20 * LABELS)
    parts = trained(texts, "parts", **options).config().scores
    assert whole is not None
    assert parts is not None
    assert parts.nats_per_text == pytest.approx(whole.nats_per_text, abs=0.15)
    assert parts.accuracy == pytest.approx(whole.accuracy, abs=0.1)
    assert parts.macro_f1 == pytest.approx(whole.macro_f1, abs=0.1)


def test_validations_read_as_many_texts_as_have_so_many_scores_which_is_said(
    texts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(corpus, "MOST_SCORES", 10 * LABELS)
    monkeypatch.setattr(corpus, "MOST_PROBABILITIES", 10 * LABELS)
    session = session_of(texts, "model")
    assert any(f"validations read 10 texts of these, since each has a probability of {LABELS} labels" in line
               for line in session.description())  # fmt: skip
    session.run(api.SilentObserver())
    assert session.config.corpus.validation_texts == LABELS


def test_where_solving_would_take_too_long_ngrams_are_counted_alone_which_is_said(
    texts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(linear, "MOST_WORK", 0)
    session = session_of(texts, "model")
    assert any("n-grams are counted, and no linear models are solved" in line for line in session.description())
    session.run(api.SilentObserver())
    directory = ClassifierDirectory(texts.parent / "model")
    assert not directory.weights()[TABLE].any()
    assert directory.weights()[LIKELIHOODS].any()
    with charnn.load(directory.path) as model:
        lines = texts.read_text().splitlines()
        right = [said.label for said in model.classify([line.split("\t")[1] for line in lines])]
    assert np.mean([label == line.split("\t")[0] for label, line in zip(right, lines, strict=True)]) > 0.5


def test_few_labels_leave_nothing_out(texts: Path) -> None:
    said = "\n".join(session_of(texts, "model").description())
    assert "validations read" not in said
    assert "no linear models" not in said


def test_some_texts_at_a_time_are_labelled_and_evaluated_as_all_are(
    texts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = trained(texts, "model")
    lines = [line.split("\t")[1] for line in texts.read_text().splitlines()]
    alone = texts.parent / "alone.txt"
    alone.write_text("\n".join(lines))

    def evaluated() -> tuple[Any, Any]:
        with charnn.load(directory.path) as model:
            one = ClassifierEvaluation(
                model, [str(texts)], ClassifierEvaluationOptions(errors=True), encoding="utf-8", threads=1
            )
            return list(one.run()), one.to_json()

    def labelled() -> list[str]:
        with charnn.load(directory.path) as model:
            read = stream.items([str(alone)], "line", encoding="utf-8", any_bytes=False)
            chunks = stream.classify_stream(read, model.text_classifier)
            sizes, found = zip(*((len(chunk), p_NK.argmax(1).tolist()) for chunk, p_NK in chunks), strict=True)
            assert max(sizes) <= most
            return [label for some in found for label in some]

    most = len(lines)
    expected = evaluated(), labelled()
    for module in (evaluation, stream):
        monkeypatch.setattr(module, "MOST_SCORES", 5 * LABELS)
    most = 5
    (errors, figures), labels = evaluated(), labelled()
    (expected_errors, expected_figures), expected_labels = expected
    near = pytest.approx(expected_figures.pop("expected_calibration_error"), abs=1e-4)
    assert figures.pop("expected_calibration_error") == near
    assert (errors, figures, labels) == (expected_errors, expected_figures, expected_labels)
