"""Evaluates how well a classifier labels texts, and lists those with wrong labels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from charnn.arrays import Bools, Float64s
from charnn.corpora.progress import tell
from charnn.errors import CorpusError, UsageError
from charnn.evaluation.confusions import Confusions, PrecisionRecall, confusion_table, precision_table, ratio
from charnn.readable import counted, escaped, file_name, first_few, percent
from charnn.streaming import in_chunks
from charnn.tasks.classifier.calibration import Calibration, is_right_and_confidence
from charnn.tasks.classifier.corpus import SHOWN, check_layout, read_corpus_again, read_labelled
from charnn.tasks.classifier.named_texts import NamedText, NamedTexts
from charnn.tasks.classifier.options import ClassifierEvaluationOptions
from charnn.tasks.task import Evaluation

if TYPE_CHECKING:
    from charnn.tasks.classifier.use.model import Classification, Classifier

NONE = ""
"""Stands for no label, where a text that may have several lacks one, or gets one too many."""


class LabelScore:
    """How predicted labels agree with those of the data."""

    def __init__(self, known: Sequence[str]) -> None:
        self.confusions = Confusions()
        self.texts = self.correct = 0
        self.unknown: dict[str, None] = {}
        """The labels of the data that the model does not know."""
        self._known = set(known)

    def add(self, reference: Sequence[str], predicted: Sequence[str]) -> None:
        """Adds a text. Where it has one label and gets one, that is a pair; otherwise labels pair with themselves, and
        what is missing or too much with no label."""
        self.texts += 1
        self.correct += set(reference) == set(predicted)
        self.unknown |= dict.fromkeys(label for label in reference if label not in self._known)
        pairs = self.confusions.pairs
        if len(reference) == len(predicted) == 1:
            pairs[reference[0], predicted[0]] += 1
            return
        for label in reference:
            pairs[label, label if label in predicted else NONE] += 1
        for label in predicted:
            if label not in reference:
                pairs[NONE, label] += 1

    @property
    def accuracy(self) -> float | None:
        """Texts whose labels are all right, over texts."""
        return ratio(self.correct, self.texts)

    @property
    def labels(self) -> dict[str, PrecisionRecall]:
        """How well each label was found, the most frequent first."""
        return {label: figures for label, figures in self.confusions.tags.items() if label != NONE}

    @property
    def macro_f1(self) -> float | None:
        """The mean of the labels' F1, each of which weighs the same."""
        every = [figures.f1 for figures in self.labels.values()]
        return sum(every) / len(every) if every else None

    @property
    def micro_f1(self) -> float | None:
        """F1 over all decisions together. Where each text has one label and gets one, it is the accuracy."""
        every = self.labels
        found = sum(self.confusions.pairs[label, label] for label in every)
        return ratio(2 * found, sum(figures.reference + figures.predicted for figures in every.values()))

    def to_json(self) -> dict[str, Any]:
        return {
            "accuracy": self.accuracy,
            "macro_f1": self.macro_f1,
            "micro_f1": self.micro_f1,
            "texts": self.texts,
            "labels": {label: figures.to_json() for label, figures in self.labels.items()},
            "confusions": [
                {"gold": of.reference, "predicted": of.predicted, "texts": of.words}
                for of in self.confusions.confusions()
            ],
        }


BLOCK_CHARACTERS, MOST_SCORES = 1 << 16, 1 << 22
"""Characters of texts that are read together, and the probabilities that these have at most. A longer text is a block
of its own."""


@dataclass(frozen=True, slots=True)
class LabelError:
    """A text whose labels are not those that the data have."""

    file: str
    line: int
    gold: tuple[str, ...]
    predicted: tuple[str, ...]
    probability: float
    """The probability of the most probable label."""
    text: str

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    def to_line(self) -> str:
        """`path:line`, the labels, the probability and the text, between tabs, of which these have none themselves."""
        labels = f"{' '.join(self.gold) or '-'} -> {' '.join(self.predicted) or '-'}"
        cells = f"{self.file}:{self.line}", labels, f"{self.probability:.4f}", self.text
        return "\t".join(escaped(cell, but="\\") for cell in cells) + "\n"


class ClassifierEvaluation(Evaluation):
    """Accuracy, F1 of all labels and of each, calibration, and what is taken for what."""

    def __init__(
        self,
        model: Classifier,
        files: Sequence[str],
        options: ClassifierEvaluationOptions,
        *,
        encoding: str,
        threads: int,
    ) -> None:
        """Without files it scores what was held out when the model was trained."""
        self._model, self._options = model, options
        model.precision, model.threads = model.precision or "fp32", threads
        check_layout(options.layout)
        if not files and not model.config.corpus.held_out:
            raise UsageError(
                "nothing was held out when the model was trained, which learned all of its data",
                hint="name a FILE to score the model on",
            )
        self.texts = self._read(files, encoding) if files else read_corpus_again(model.config.corpus).validation
        self._direct_NK = None if files else model.direct_logits_of_held_out(len(self.texts))
        self._file: str | None = ", ".join(map(file_name, files)) if files else None
        self.score = LabelScore(model.labels)
        self._calibration = Calibration()
        self._confidences, self._is_right = [np.zeros(0)], [np.zeros(0, np.bool_)]

    def _read(self, files: Sequence[str], encoding: str) -> NamedTexts:
        """The texts, as the options say; where they say nothing, as the training data are, or as each file is."""
        own, learned = self._options.layout, self._model.config.corpus.layout
        is_told = any(value is not None for value in vars(own).values())
        return read_labelled(
            files,
            replace(own, separator=learned.separator) if is_told else learned,
            encoding=encoding,
            on_error=self._options.on_error,
            in_any_form=not is_told,
        )[0]

    @property
    def lists(self) -> bool:
        return self._options.errors

    def run(self) -> Iterator[LabelError]:
        names = self._model.labels
        place = {name: number for number, name in enumerate(names)}
        with self._model as model:
            every = ([text] for text in self.texts)
            size, least = BLOCK_CHARACTERS, BLOCK_CHARACTERS * len(names) // MOST_SCORES
            for block, _ in in_chunks(every, lambda one: max(len(one.text) + 1, least), first=size, largest=size):
                if not block:
                    continue
                tell("classifying", self.score.texts, len(self.texts))
                texts = [one.text for one in block]
                p_NK = self._probabilities(model, texts)
                targets_NK, decided_NK = np.zeros(p_NK.shape, np.bool_), np.zeros(p_NK.shape, np.bool_)
                for row, (one, said) in enumerate(zip(block, model.each_classification(texts, p_NK), strict=True)):
                    targets_NK[row, [place[label] for label in one.labels if label in place]] = True
                    decided_NK[row, [place[label] for label in said.labels]] = True
                    self.score.add(one.labels, said.labels)
                    if self.lists and set(one.labels) != set(said.labels):
                        yield _error(one, said)
                _, (confidences, is_right) = is_right_and_confidence(
                    p_NK, decided_NK, targets_NK, multiple=model.multiple
                )
                self._confidences.append(confidences)
                self._is_right.append(is_right)
                self._calibration.add(confidences, is_right)
        if not self.score.texts:
            raise CorpusError(f"{self._file}: there is no text with a label")
        if self._options.confusion is not None:
            self._draw(self._options.confusion)

    def _probabilities(self, model: Classifier, texts: Sequence[str]) -> Float64s:
        """Those of the next texts, by what the model knew of them before it learned them."""
        if self._direct_NK is None:
            return model.text_classifier.probabilities(texts)
        begin = self.score.texts
        return model.text_classifier.probabilities_beside(self._direct_NK[begin : begin + len(texts)], texts)

    def notices(self) -> Iterator[str]:
        if unknown := self.score.unknown:
            yield f"labels that the model does not know, whose texts are all wrong: {first_few(unknown, SHOWN)}"
        if self.lists:
            yield f"mistakes in {counted(self.score.texts, 'text')}: {self.score.texts - self.score.correct:,}"

    @property
    def calibration_error(self) -> float | None:
        return self._calibration.error

    @property
    def confidences(self) -> tuple[Float64s, Bools]:
        """How probable each label was for the model, and whether it was right, once all has been read."""
        return np.concatenate(self._confidences), np.concatenate(self._is_right)

    def to_json(self) -> dict[str, Any]:
        about = {"file": self._file, "precision": self._model.precision, "model": str(self._model.directory.path)}
        return {**self.score.to_json(), "expected_calibration_error": self.calibration_error, **about}

    def report(self) -> str:
        score, calibrated = self.score, self.calibration_error
        texts = self._file or "held out of the texts"
        parts = [
            [f"model     {self._model.directory.path}", f"texts     {texts}: {score.texts:,}"],
            [
                f"accuracy  {percent(score.accuracy)}%",
                f"macro-F1  {percent(score.macro_f1)}",
                f"micro-F1  {percent(score.micro_f1)}",
                f"expected calibration error  {'-' if calibrated is None else f'{calibrated:.4f}'}",
            ],
            precision_table("label", score.labels, "label", "text"),
            confusion_table("labels", score.confusions, "label", "text"),
        ]
        return "\n\n".join("\n".join(part) for part in parts if part) + "\n"

    def _draw(self, path: str) -> None:
        from charnn.plots.judgements import MOST_LABELS, save_confusion

        title = f"{self._file or 'held out of the texts'}, {self._model.directory.path}"
        save_confusion(*self.score.confusions.matrix(MOST_LABELS), Path(path), title=title)


def _error(one: NamedText, said: Classification) -> LabelError:
    return LabelError(one.file, one.line, one.labels, said.labels, round(said.probability, 6), one.text)
