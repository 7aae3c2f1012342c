"""Evaluates how well a language model predicts a text."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from charnn.corpora.long_documents import LongDocuments
from charnn.corpora.unseen import UnseenCharacters, shown
from charnn.errors import CharnnWarning, CorpusError, UsageError
from charnn.generation.model import NO_CONDITIONS
from charnn.readable import counted
from charnn.tasks.language_model.conditions import COUNTDOWN
from charnn.tasks.language_model.corpus import read_corpus_again
from charnn.tasks.language_model.documents import Documents, characters_of, pieces_of, read_documents
from charnn.tasks.language_model.learned_texts import NOTHING_HELD_OUT
from charnn.tasks.language_model.lengths import Remaining, places_of
from charnn.tasks.language_model.long_ids import EachBackwards, Ids, long_ids
from charnn.tasks.language_model.options import LanguageModelEvaluationOptions
from charnn.tasks.language_model.use.reading import score_carried, score_crops, score_tokens
from charnn.tasks.language_model.use.scores import LanguageScore
from charnn.tasks.task import Evaluation, Finding
from charnn.tokenizers import STOP_ID

if TYPE_CHECKING:
    from charnn.tasks.language_model.use.model import LanguageModel

LANES = 8
WARM_UP = 2048
"""The number of tokens that each lane reads, unscored, before its part of the text. On the fables the score then agreed
with that of a single lane to nine decimals."""


class TextEvaluation(Evaluation):
    """Measures nats, bits and perplexity per character of the text, whatever the tokenizer. The ends of documents are
    scored apart."""

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

        Raises UsageError for options that contradict each other, and warns of characters that were never seen.
        """
        self._model, self._threads = model, threads
        self._crop = options.crop
        if options.adapt and self._crop is not None:
            raise UsageError(
                f"--context {options.context} reads each crop by itself, and --adapt learns from the text before: give "
                "one of them"
            )
        corpus, any_bytes = model.config.corpus, model.tokenizer.kind == "bytes"
        documents: Documents
        if files:
            unit = options.documents or corpus.document
            documents = read_documents(files, unit, encoding=encoding, any_bytes=any_bytes, on_error=options.on_error)
            self._name = ", ".join(files)
        else:
            if options.documents is not None:
                raise UsageError("--documents is for a FILE; the model's own validation text has its own documents")
            if not corpus.held_out:
                raise UsageError(NOTHING_HELD_OUT, hint="name a FILE to score the model on")
            documents = read_corpus_again(corpus, any_bytes=any_bytes).validation
            self._name = "held out of the corpus"
        self._documents = documents
        if not characters_of(self._documents):
            raise CorpusError(f"{self._name}: the text is empty, and no text has no score")
        self._warn_of_unseen()
        self._figures: dict[str, Any] = {}

    def run(self) -> Iterator[Finding]:
        model, adapted = self._model, None
        backwards = model.config.corpus.backwards
        network = model.runtime(model.precision or "fp32", threads=self._threads, backwards=backwards)
        scorer = model.beside_ngrams(network)
        if self._crop is not None:
            score = score_crops(
                scorer,
                self._documents,
                model.tokenizer.encode,
                context=self._crop,
                stop_id=STOP_ID,
                vocabulary_size=model.tokenizer.size,
                backwards=backwards,
            )
            number = score.stops
        else:
            number, score_by = self._carried(backwards=backwards)
            score = score_by(scorer, vocabulary_size=model.tokenizer.size, lanes=LANES, warm_up=WARM_UP)
            if model.learner is not None:
                adapted = score_by(model.counts.learning(model.learner))
        self._figures = {
            "nats_per_character": score.nats_per_character,
            "bits_per_character": score.bits_per_character,
            "perplexity": score.perplexity,
            "characters": score.characters,
            "context": "carried" if self._crop is None else self._crop,
            "documents": number,
            "nats_per_stop": score.nats_per_stop,
            "precision": self._model.precision or "fp32",
            "model": str(self._model.directory.path),
        }
        if adapted is not None:
            self._figures["adapted"] = {
                "nats_per_character": adapted.nats_per_character,
                "bits_per_character": adapted.bits_per_character,
                "perplexity": adapted.perplexity,
                "nats_per_stop": adapted.nats_per_stop,
            }
        return iter(())

    def _carried(self, *, backwards: bool) -> tuple[int, Callable[..., LanguageScore]]:
        """The number of documents, and what scores all of them by a scorer that carries its state."""
        model, characters = self._model, characters_of(self._documents)
        if not isinstance(self._documents, LongDocuments):
            ids = [model.tokenizer.encode(document)[:: -1 if backwards else 1] for document in self._documents]
            return len(ids), partial(score_carried, documents=ids, characters=characters, stop_id=STOP_ID)
        tokens_N: Ids = long_ids(self._documents, model.tokenizer, last_stop=True)
        stops_D = places_of(tokens_N, STOP_ID)
        if backwards:
            tokens_N = EachBackwards(tokens_N, stops_D)
        counts_down = model.config.network.stopping == "length"
        remaining = {COUNTDOWN.name: Remaining(tokens_N, STOP_ID)} if counts_down else NO_CONDITIONS
        score_by = partial(
            score_tokens, tokens_N=tokens_N, characters=characters, stop_id=STOP_ID, conditions=remaining
        )
        return len(stops_D), score_by

    def to_json(self) -> dict[str, Any]:
        return self._figures

    def report(self) -> str:
        result, crop = self._figures, self._crop
        rows = [
            f"model       {result['model']}",
            f"text        {self._name}: {result['characters']:,} characters, "
            f"{counted(result['documents'], 'document')}",
            f"context     {'carried through the text' if crop is None else f'crops of {crop} characters'}",
            f"nats/char   {result['nats_per_character']:.4f}",
            f"bits/char   {result['bits_per_character']:.4f}",
            f"perplexity  {result['perplexity']:.3f} per character",
        ]
        if adapted := result.get("adapted"):
            rows += [
                "",
                "as a model that learns from what it has read:",
                f"nats/char   {adapted['nats_per_character']:.4f}",
                f"bits/char   {adapted['bits_per_character']:.4f}",
                f"perplexity  {adapted['perplexity']:.3f} per character",
            ]
        return "\n".join(rows) + "\n"

    def _warn_of_unseen(self) -> None:
        unseen = UnseenCharacters(self._model.tokenizer.unknown_characters)
        for text in pieces_of(self._documents):
            unseen.see(text)
        if unseen.counts:
            warnings.warn(
                f"the model has never seen {shown(unseen.counts)}: scored as the unknown token{unseen.known_writing}",
                CharnnWarning,
                stacklevel=3,
            )
