"""Samples of a model beside what it learned from: how undecided, known and copied they are, and how long."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from charnn.corpora.lines import bare_lines, lines_of
from charnn.errors import CorpusError
from charnn.generation.config import SamplingConfig
from charnn.novelty.common_runs import common_runs
from charnn.tasks.language_model.corpus import read_corpus_again
from charnn.tasks.language_model.documents import held
from charnn.tasks.language_model.use.model import LanguageModel
from charnn.tasks.language_model.use.scores import bits

WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")  # noqa: RUF001
LONGEST = 4000
"""The most characters of a written text whose length is compared."""
BATCH = 32


class SampleFigures(NamedTuple):
    """What samples of one temperature are like."""

    bits_per_character: float
    """What they cost the model: how surprising it finds them at temperature 1."""
    known_words: float
    """The fraction of their words that stand in the learned text."""
    copied: float
    """The fraction of their characters that lie in runs of the learned text."""


class Samples:
    """Draws samples and compares them with the documents that the model learned from."""

    def __init__(self, model: LanguageModel, *, seed: int) -> None:
        """Raises CorpusError where what the model learned from is gone or has changed."""
        self._model, self._seed = model, seed
        try:
            corpus = read_corpus_again(model.config.corpus, any_bytes=model.tokenizer.kind == "bytes")
        except CorpusError as error:
            raise CorpusError(str(error), hint="what the model learned from must be where it was") from None
        self._learned = held(corpus.training)

    def at(self, temperature: float, *, characters: int, number: int, at_least: int) -> SampleFigures:
        """`number` samples of so many characters at most. Runs of `at_least` characters count as copied."""
        sampling = SamplingConfig(temperature=temperature, length=characters)
        texts, log_probability = [], 0.0
        for text, log_p in self._written(sampling, number):
            texts.append(text)
            log_probability += log_p
        total = sum(map(len, texts))
        words = [word for text in texts for word in _whole_words(text)]
        known = {word for text in self._learned for word in WORD.findall(text)}
        copied = sum(found.copied for found in common_runs(texts, self._learned, at_least))
        return SampleFigures(
            bits(-log_probability) / max(total, 1),
            sum(word in known for word in words) / max(len(words), 1),
            copied / max(total, 1),
        )

    def lengths(self, temperature: float, number: int) -> tuple[str, list[int], list[int]]:
        """What is counted, its lengths in the learned text, and those in what the model writes, `number` at least.

        These are documents where the model has learned where one ends, and otherwise the lines of longer texts.
        """
        model = self._model
        if model.may_stop:
            sampling = SamplingConfig(temperature=temperature, length=LONGEST)
            written = [len(text) for text, _ in self._written(sampling, number)]
            return "documents", [min(len(text), LONGEST) for text in self._learned if text], written
        learned = _lines(self._learned)
        usual = sum(learned) / max(len(learned), 1) + 1
        length = max(round(usual * number / BATCH), 200)
        texts = [text for text, _ in self._written(SamplingConfig(temperature=temperature, length=length), BATCH)]
        # The last line of a text is cut where the text is as long as was asked.
        return "lines", learned, _lines(["".join(lines_of(text)[:-1]) for text in texts])

    def _written(self, sampling: SamplingConfig, number: int) -> Iterator[tuple[str, float]]:
        """Each text with its log-probability."""
        pieces = self._model.texts([""], sampling, seed=self._seed, number=number, batch=BATCH, scored=True)
        shown = list[str]()
        for text, piece, is_last in pieces:
            shown.append(piece)
            if is_last:
                yield "".join(shown), text.log_probability
                shown.clear()


def _whole_words(text: str) -> list[str]:
    """The words but the last, which may be cut."""
    return WORD.findall(text)[:-1]


def _lines(texts: Sequence[str]) -> list[int]:
    return [len(line) for text in texts for line in bare_lines(text) if line]
