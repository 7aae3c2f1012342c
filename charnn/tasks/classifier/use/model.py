"""A classifier for its user: texts in, their labels and probabilities out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from charnn.arrays import Float32s, Float64s
from charnn.checkpoint.directory import WEIGHTS
from charnn.corpora.given import given_text, given_texts
from charnn.errors import ModelFormatError, UsageError
from charnn.readable import instead_of
from charnn.tasks.classifier.calibration import THRESHOLD
from charnn.tasks.classifier.config import ClassifierConfig
from charnn.tasks.classifier.directory import BIAS, HELD_OUT, LIKELIHOODS, TABLE, ClassifierDirectory
from charnn.tasks.model import Model

if TYPE_CHECKING:
    from charnn.tasks.classifier.use.text_classifier import TextClassifier

CHUNK, MOST_SCORES = 1024, 1 << 20
"""Texts that `classify` reads together, and the probabilities that these have at most."""


@dataclass(frozen=True, slots=True)
class Classification:
    """What a model says of one text."""

    text: str
    labels: tuple[str, ...]
    """The labels that the text gets, the most probable first: one, unless the model has learned texts with several."""
    probabilities: dict[str, float]
    """The probability of every label, the most probable first."""

    @property
    def label(self) -> str:
        """The most probable label."""
        return next(iter(self.probabilities))

    @property
    def probability(self) -> float:
        """The probability of `label`."""
        return self.probabilities[self.label]


class Classifier(Model[ClassifierDirectory, ClassifierConfig]):
    """A classifier, as `charnn.load` gives it: it says which label a text has, and what spoke for it.

    classifier = charnn.Classifier.load("reviews")
    (said,) = classifier.classify(["a fine film"])
    label, probability = said.label, said.probability
    parts = classifier.explain("a fine film", label)
    """

    directory_class = ClassifierDirectory

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """The labels, in the order of the columns of probabilities."""
        return tuple(self.directory.labels())

    @property
    def multiple(self) -> bool:
        """Whether a text may have any number of labels."""
        return self.config.corpus.multiple

    def classify(self, texts: Iterable[str]) -> list[Classification]:
        """What the model says of each text: its labels, and the probability of every label.

        The precision is what `charnn classify` takes (`auto`) unless another was asked for.
        """
        every = list(given_texts(texts, "classify"))
        found: list[Classification] = []
        size = max(min(CHUNK, MOST_SCORES // len(self.labels)), 1)
        for start in range(0, len(every), size):
            chunk = every[start : start + size]
            found += self.classifications(chunk, self.text_classifier.probabilities(chunk))
        return found

    def classifications(self, texts: Sequence[str], p_NK: Float64s) -> list[Classification]:
        """The texts with their probabilities by name. Labels that are equally probable keep their order."""
        return list(self.each_classification(texts, p_NK))

    def each_classification(self, texts: Iterable[str], p_NK: Float64s) -> Iterator[Classification]:
        """What `classifications` gives, one after the other."""
        names = self.labels
        for text, p_K in zip(texts, p_NK, strict=True):
            order, every = np.argsort(-p_K, kind="stable").tolist(), p_K.tolist()
            probabilities = {names[place]: every[place] for place in order}
            if self.multiple:
                labels = tuple(name for name, p in probabilities.items() if p >= THRESHOLD)
            else:
                labels = (names[order[0]],)
            yield Classification(text, labels, probabilities)

    def explain(self, text: str, label: str | None = None) -> list[WeightedPart]:
        """The parts of a text, and how much each speaks for `label`, which is the most probable one where it is None.

        A part is a word, and in a short text a character. It speaks for the label as much as the label's log-odds fall
        where the part is left out. Raises UsageError for an unknown label.
        """
        return explain(self, given_text(text, "explain"), label)

    @cached_property
    def text_classifier(self) -> TextClassifier:
        """The object that reads many texts at once, with `threads` of its own, which `close` ends.

        Raises UsageError where int8 is asked for and the model has no int8 graph, ModelFormatError where the files are
        not those of one model.
        """
        from charnn.tasks.classifier.use.text_classifier import RuntimeClassifierNetwork, TextClassifier

        directory, network = self.directory, self.config.network
        labels, tokenizer, features = self.labels, directory.tokenizer(), directory.features()
        weights = directory.weights()
        table_FK = weights.get(TABLE, np.zeros((0, len(labels)), np.float32))
        bias_K = weights.get(BIAS)
        likelihoods_FK = weights.get(LIKELIHOODS) if network.likelihoods else None
        tables = [table_FK] if likelihoods_FK is None else [table_FK, likelihoods_FK]
        are_sound = all(table.shape == (len(features), len(labels)) for table in tables)
        if bias_K is None or bias_K.shape != (len(labels),) or not are_sound or len(tables) <= network.likelihoods:
            raise ModelFormatError(f"{directory.path / WEIGHTS}: not the weights of this model")
        if tokenizer.size != network.vocabulary_size:
            raise ModelFormatError(f"{directory.path / tokenizer.file_name}: not the vocabulary of this model")
        graph = directory.graph(quantized=self.is_quantized(self.precision or "auto"))
        return TextClassifier(
            tokenizer,
            features,
            table_FK,
            likelihoods_FK,
            bias_K,
            RuntimeClassifierNetwork(graph, len(labels)),
            longest=self.config.training.window_length,
            multiple=self.multiple,
            threads=self.threads,
        )

    def direct_logits_of_held_out(self, texts: int) -> Float32s | None:
        """(texts, labels): what the direct path said of the texts that were held out, before it learned them; None
        where it has not learned them. Raises ModelFormatError where they are not so many."""
        logits_NK = self.directory.weights().get(HELD_OUT)
        if logits_NK is not None and logits_NK.shape != (texts, len(self.labels)):
            raise ModelFormatError(f"{self.directory.path / WEIGHTS}: not the weights of this model")
        return logits_NK

    def close(self) -> None:
        if "text_classifier" in self.__dict__:
            self.text_classifier.close()
            del self.text_classifier


LONGEST_BY_CHARACTER = 40
"""The most characters of a text whose parts are single characters."""
MOST_PARTS = 400
_WORD = re.compile(r"\w+|[^\w\s]")
_SMALLEST = 1e-12


class WeightedPart(NamedTuple):
    """A part of a text: `text[start:end]`."""

    start: int
    end: int
    weight: float
    """How much it speaks for the label, in nats of its log-odds; below 0 it speaks against it."""


def explain(model: Classifier, text: str, label: str | None) -> list[WeightedPart]:
    """The parts of `text` in their order, with how much each spoke for the label, found by leaving each part out
    (occlusion, Zeiler and Fergus 2014). A text without any has none.

    The weight of a part is the log-odds of the label for the whole text, less its log-odds for the text without that
    part, in nats: where it is above 0, removing the part lowers the probability of the label. This holds for all of the
    model at once, and needs no gradients. Parts are the words of a text, and of a very long one runs of words; of a
    short one they are its characters, unless the network reads words.
    """
    names = model.labels
    if label is not None and label not in names:
        raise UsageError(f"{label!r}: the model has no such label", hint=instead_of(label, names, "its labels are"))
    parts = parts_of(text, reads_words=model.config.tokenizer.kind == "words")
    without = [text[:start] + text[end:] for start, end in parts]
    p_NK = model.text_classifier.probabilities([text, *without])
    column = int(p_NK[0].argmax()) if label is None else names.index(label)
    p_N = np.clip(p_NK[:, column], _SMALLEST, 1 - _SMALLEST)
    log_odds_N = np.log(p_N) - np.log1p(-p_N)
    return [
        WeightedPart(start, end, float(log_odds_N[0] - odds))
        for (start, end), odds in zip(parts, log_odds_N[1:].tolist(), strict=True)
    ]


def parts_of(text: str, *, reads_words: bool) -> list[tuple[int, int]]:
    if len(text) <= LONGEST_BY_CHARACTER and not reads_words:
        return [(place, place + 1) for place, character in enumerate(text) if not character.isspace()]
    words = [match.span() for match in _WORD.finditer(text)]
    if len(words) <= MOST_PARTS:
        return words
    each = -(-len(words) // MOST_PARTS)
    return [(run[0][0], run[-1][1]) for run in (words[i : i + each] for i in range(0, len(words), each))]
