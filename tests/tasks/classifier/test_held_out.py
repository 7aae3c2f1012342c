"""The linear models learn the texts that were held out, too, and the model is still measured as if they had not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import charnn
from charnn.errors import ModelFormatError
from charnn.linear.solving import Solving
from charnn.tasks.classifier.config import ClassifierValidation
from charnn.tasks.classifier.corpus import read_corpus_again
from charnn.tasks.classifier.directory import HELD_OUT, ClassifierDirectory
from charnn.tasks.classifier.options import ClassifierEvaluationOptions
from charnn.tasks.classifier.use.evaluation import ClassifierEvaluation
from charnn.tasks.classifier.use.model import Classifier


def some_texts(count: int, seed: int = 0) -> str:
    """Lines whose first character tells the label four times of five; the others can be known by heart alone."""
    random = np.random.default_rng(seed)
    lines = []
    for _ in range(count):
        letters = random.choice(list("cdefghij"), 12)
        is_told = random.random() < 0.8
        lines.append(f"{'a' if (letters[0] < 'g') == is_told else 'b'}\t{''.join(letters)}\n")
    return "".join(lines)


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Classifier:
    folder = tmp_path_factory.mktemp("held-out")
    (folder / "texts.tsv").write_text(some_texts(200))
    return train(folder)


def train(folder: Path, **options: object) -> Classifier:
    given = {"task": "classifier", "label_column": 1, "steps": 2, "tokenizer": "characters", **options}
    model = charnn.train(folder / "texts.tsv", out=folder / "model", **given)
    assert isinstance(model, Classifier)
    return model


def evaluated(model: Classifier) -> ClassifierEvaluation:
    evaluation = ClassifierEvaluation(model, [], ClassifierEvaluationOptions(), encoding="utf-8", threads=1)
    assert list(evaluation.run()) == []
    return evaluation


def right(model: Classifier, labels: list[tuple[str, ...]], texts: list[str]) -> float:
    return float(np.mean([said.labels == own for said, own in zip(model.classify(texts), labels, strict=True)]))


def test_held_out_texts_are_known_by_heart_and_measured_as_before_they_were_learned(trained: Classifier) -> None:
    held_out = read_corpus_again(trained.config.corpus).validation
    assert len(held_out) == 20
    by_heart = right(trained, [one.labels for one in held_out], [one.text for one in held_out])
    measured = evaluated(trained)
    scores = trained.config.scores
    assert isinstance(scores, ClassifierValidation)
    assert measured.score.accuracy == pytest.approx(scores.accuracy)
    assert measured.calibration_error == pytest.approx(scores.calibration_error, abs=1e-4)
    assert measured.score.accuracy < 0.8 < 0.9 < by_heart


def test_texts_that_are_given_to_validate_with_are_not_learned(tmp_path: Path) -> None:
    (tmp_path / "texts.tsv").write_text(some_texts(200))
    (tmp_path / "others.tsv").write_text(some_texts(30, seed=1))
    model = train(tmp_path, valid=[str(tmp_path / "others.tsv")])
    held_out = read_corpus_again(model.config.corpus).validation
    assert HELD_OUT not in model.directory.weights()
    measured = evaluated(model).score.accuracy
    assert measured == right(model, [one.labels for one in held_out], [one.text for one in held_out])


def test_held_out_texts_are_not_learned_where_there_is_no_time_for_it(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "texts.tsv").write_text(some_texts(200))
    solutions = 0

    def next_is_cut_short(solving: Solving) -> None:
        nonlocal solutions
        solutions += 1
        solving.is_cut_short |= solutions == 3

    monkeypatch.setattr(Solving, "next", next_is_cut_short)
    model = train(tmp_path)
    assert HELD_OUT not in model.directory.weights()


def test_what_was_said_of_other_texts_than_were_held_out_is_refused(trained: Classifier) -> None:
    with pytest.raises(ModelFormatError, match="not the weights of this model"):
        trained.direct_logits_of_held_out(19)
    assert HELD_OUT in ClassifierDirectory(trained.directory.path).weights()
