"""Evaluates a language model of texts with labels: how well it predicts each text when it is told the label and when it
is not, and how often it finds the label of a text."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any

from charnn.corpora.long_documents import LongDocuments
from charnn.corpora.unseen import UnseenCharacters, shown
from charnn.errors import CorpusError, UsageError
from charnn.readable import counted, percent
from charnn.tasks.language_model.corpus import read_corpus_again
from charnn.tasks.language_model.labelled_documents import read_labelled
from charnn.tasks.language_model.learned_texts import NOTHING_HELD_OUT
from charnn.tasks.language_model.options import LanguageModelEvaluationOptions
from charnn.tasks.language_model.use.lines import LineScorer, score_stream
from charnn.tasks.task import Evaluation, Finding

if TYPE_CHECKING:
    from charnn.tasks.language_model.use.model import LanguageModel


class LabelledTextEvaluation(Evaluation):
    """Reads each text by itself, under every label. Figures are per character, line ends included."""

    def __init__(
        self,
        model: LanguageModel,
        files: Sequence[str],
        options: LanguageModelEvaluationOptions,
        *,
        encoding: str,
        threads: int,
    ) -> None:
        """Without files the model is scored on what was held out when it was trained.

        Raises UsageError for options that a model of labelled lines does not have. Data without a label that the model
        knows are a CorpusError when it runs.
        """
        self._model, self._threads = model, threads
        others = (("--context", options.crop), ("--documents", options.documents), ("--adapt", options.adapt or None))
        for option, given in others:
            if given is not None:
                raise UsageError(
                    f"{option} is for texts without labels; {model.path} reads each labelled line by itself"
                )
        any_bytes = model.tokenizer.kind == "bytes"
        if files:
            layout = model.config.corpus.layout
            texts = read_labelled(files, layout, encoding=encoding, any_bytes=any_bytes, on_error=options.on_error)
        else:
            if not model.config.corpus.held_out:
                raise UsageError(NOTHING_HELD_OUT, hint="name a FILE to score the model on")
            corpus = read_corpus_again(model.config.corpus, any_bytes=any_bytes)
            held_out = corpus.validation
            documents = held_out.documents() if isinstance(held_out, LongDocuments) else held_out
            texts = zip(corpus.validation_labels, documents, strict=True)
        self._name = ", ".join(files) if files else "held out of the corpus"
        self._texts: Iterator[tuple[str, str]] = texts
        self._unknown = 0
        self._unseen = UnseenCharacters(model.tokenizer.unknown_characters)
        self._figures: dict[str, Any] = {}

    def run(self) -> Iterator[Finding]:
        reader = self._model.line_model(ends=True)
        told, untold, right, number, characters = 0.0, 0.0, 0, 0, 0
        place, labels = {label: number for number, label in enumerate(self._model.labels)}, deque[int]()

        def known() -> Iterator[list[str]]:
            for label, text in self._texts:
                if label in place:
                    labels.append(place[label])
                    self._unseen.see(text)
                    yield [text]
                else:
                    self._unknown += 1

        with closing(LineScorer([reader], ends=True, threads=self._threads)) as scorer:
            for line in (line for chunk in score_stream(known(), scorer) for line in chunk):
                (score,), label = line.scores, labels.popleft()
                assert score.label_nats_K is not None
                number, characters = number + 1, characters + len(line.line)
                told += float(score.label_nats_K[label])
                untold += score.nats
                right += self._model.likeliest_label(score) == self._model.labels[label]
        if not number:
            raise CorpusError(f"{self._name}: no text with a label that the model knows")
        self._figures = {
            "nats_per_character": told / characters,
            "bits_per_character": told / characters / math.log(2),
            "bits_per_character_without_label": untold / characters / math.log(2),
            "label_accuracy": right / number,
            "labels": len(self._model.labels),
            "characters": characters,
            "documents": number,
            "precision": self._model.precision or "fp32",
            "model": str(self._model.path),
        }
        return iter(())

    def notices(self) -> Iterator[str]:
        if self._unknown:
            yield f"{counted(self._unknown, 'text')} left out: the model does not know the label"
        if counts := self._unseen.counts:
            otherwise = self._unseen.known_writing
            yield f"the model has never seen {shown(counts)}: scored as the unknown token{otherwise}"

    def to_json(self) -> dict[str, Any]:
        return self._figures

    def report(self) -> str:
        result = self._figures
        rows = (
            f"model          {result['model']}",
            f"texts          {self._name}: {counted(result['documents'], 'text')} with "
            f"{counted(result['labels'], 'label')}, {result['characters']:,} characters",
            f"bits/char      {result['bits_per_character']:.4f} when the label is known",
            f"               {result['bits_per_character_without_label']:.4f} when it is not",
            f"labels found   {percent(result['label_accuracy'])}% of the texts have the label that is most probable",
        )
        return "\n".join(rows) + "\n"
