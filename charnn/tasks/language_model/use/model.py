"""The language model that a user has: it writes text, and scores lines."""

from __future__ import annotations

import itertools
import secrets
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from functools import cached_property
from typing import TYPE_CHECKING, Any

from charnn.config.model import InferencePrecision
from charnn.corpora.given import given_number, given_text, given_texts
from charnn.errors import CharnnWarning, UsageError
from charnn.generation.config import SamplingConfig, sampling_config
from charnn.tasks.language_model.config import LanguageModelConfig
from charnn.tasks.language_model.directory import LanguageModelDirectory
from charnn.tasks.model import Model
from charnn.tokenizers import Tokenizer

if TYPE_CHECKING:
    from charnn.corpora.runs import RunLengths
    from charnn.generation.generator import Generation, TextGenerator
    from charnn.generation.model import NextTokenModel
    from charnn.generation.text import Piece, Request, Text
    from charnn.tasks.language_model.conditions import LabelWeights
    from charnn.tasks.language_model.use.counts import Counts
    from charnn.tasks.language_model.use.lines import LineModel, LineScore
    from charnn.tasks.language_model.use.mixed import Network
    from charnn.tasks.language_model.use.runtime import RuntimeLanguageModel

SEEDS = 1 << 32
LARGE_GRAPH = 2_000_000
"""A graph of more bytes does not fit one core's own cache, and single steps of it gain a fifth to a half from a second
core."""


class LanguageModel(Model[LanguageModelDirectory, LanguageModelConfig]):
    """A language model, as `charnn.load` gives it: it writes texts, and says how probable others are.

    model = charnn.LanguageModel.load("corpus")
    text = "".join(model.sample("The ", temperature=0.8, length=60, seed=1))
    bits = [line.bits_per_character for line in model.score(["the cat sat", "xqz vkj"])]
    """

    directory_class = LanguageModelDirectory
    learner: Network | None = None
    """The same model as one that learns from what it scores (`learn.adaptation`), where that is wanted."""

    def __reduce__(self) -> tuple[Any, ...]:
        """Raises UsageError for a model that learns, since what it has learned is in its directory no more."""
        if self.learner is not None:
            raise UsageError(
                f"{self.path}: a model that learns from what it reads cannot be copied",
                hint="load the model without adapt where the copy is used",
            )
        return super().__reduce__()

    @cached_property
    def tokenizer(self) -> Tokenizer:
        """The model's tokenizer. Raises ModelFormatError where its file is missing or damaged."""
        return self.directory.tokenizer()

    @cached_property
    def runs(self) -> dict[str, RunLengths] | None:
        """How long the runs of each character are that follows itself in the text that was learned; None where that is
        not known. Raises ModelFormatError where the record is damaged."""
        return self.directory.runs()

    @cached_property
    def _runtimes(self) -> dict[tuple[bool, int], RuntimeLanguageModel]:
        return {}

    @property
    def may_stop(self) -> bool:
        """Whether the model has seen whole documents, and so has learned where a text ends."""
        return self.config.corpus.ends_are_learned

    @property
    def labels(self) -> list[str]:
        """The labels that the model knows, none of them for a model of texts without labels."""
        return self.config.corpus.label_names

    def mixture(self, label: str | Mapping[str, float] | None) -> LabelWeights | None:
        """The weight of each label, for a label, several as in `Irish=0.7,Russian=0.3`, or their weights by name.

        It is None for no label. Raises UsageError for a label that the model does not know.
        """
        from charnn.tasks.language_model.use.labels import mixture_of, parse_labels

        if label is None:
            return None
        if not self.labels:
            raise UsageError(
                f"--label: {self.path} learned texts without labels", hint="charnn train --conditioned learns them"
            )
        return mixture_of(parse_labels(label, self.labels) if isinstance(label, str) else label, self.labels)

    def label_of(self, text: Text) -> str | dict[str, float] | None:
        """The label that a text is written with, the weights of several, or None for a model without labels."""
        from charnn.tasks.language_model.conditions import LABEL
        from charnn.tasks.language_model.use.labels import named

        weights = text.conditions.get(LABEL)
        return None if weights is None else named(weights, self.labels)

    def sample(
        self,
        prompt: str = "",
        *,
        seed: int | None = None,
        label: str | Mapping[str, float] | None = None,
        **sampling: Any,
    ) -> Generation:
        """The text that follows `prompt`, in pieces as it is made, as `charnn sample --no-echo` writes it.

        A model that knows labels writes it with `label`, which may be a mixture: {"Irish": 0.7, "Russian": 0.3}.
        Without one it draws a label as often as it was seen. `sampling` are the fields of
        `charnn.generation.config.SamplingConfig`: temperature, top_k, length and so on. The same seed gives the same
        text; without one it is another every time. Raises UsageError or ConfigError for what cannot be done.
        """
        from charnn.generation.generator import Generation

        wanted = sampling_config(sampling)
        return Generation(
            self.texts([given_text(prompt, "sample")], wanted, seed=seed, label=label, batch=1, echo=False)
        )

    def texts(
        self,
        prompts: Iterable[str | None],
        sampling: SamplingConfig,
        *,
        seed: int | None = None,
        label: str | Mapping[str, float] | None = None,
        number: int = 1,
        batch: int = 64,
        echo: bool = True,
        scored: bool = False,
        alternatives: int | None = None,
    ) -> Iterator[Piece]:
        """The pieces of `number` texts for each prompt, one text after the other; `batch` of them are made at once.

        A prompt of None says that asking for the next one would wait. Each text has random numbers of its own, made
        from the seed and its number. `label` is as for `sample`. With `echo` a pattern must match the prompt, too. With
        `scored` a text gets its log-probability, and with `alternatives` also so many alternatives to each symbol. With
        several beams, the texts are the likeliest ones that the beams find.
        """
        from charnn.generation.generator import in_order

        seed = secrets.randbelow(SEEDS) if seed is None else given_number(seed, "seed", "sample")
        if sampling.beams > 1:
            from charnn.generation.beam import likeliest_texts

            wanted = self._requests(prompts, number=1, seed=seed)
            runtime = self._writer(label)
            return likeliest_texts(
                runtime,
                self.tokenizer,
                sampling,
                wanted,
                number=number,
                may_stop=self.may_stop,
                echo=echo,
                runs=self.runs,
            )
        generator = self.generator(
            sampling, label=label, batch=batch, echo=echo, scored=scored, alternatives=alternatives
        )
        return in_order(generator.texts(self._requests(prompts, number=number, seed=seed)))

    def generator(
        self, sampling: SamplingConfig, *, label: str | Mapping[str, float] | None = None, **options: Any
    ) -> TextGenerator:
        """A generator of texts with this model; `options` are those of `TextGenerator`."""
        from charnn.generation.generator import TextGenerator

        return TextGenerator(
            self._writer(label),
            self.tokenizer,
            sampling,
            may_stop=self.may_stop,
            runs=self.runs,
            **options,
        )

    def _writer(self, label: str | Mapping[str, float] | None) -> NextTokenModel:
        """The model, ready to write texts with these labels."""
        runtime = self.runtime(self.precision or "auto", threads=self.threads)
        if not self.labels and label is None:
            return self.beside_ngrams(runtime)
        return self.beside_ngrams(runtime.with_labels(self.mixture(label), self.config.corpus.label_probabilities))

    def score(
        self, lines: Iterable[str], *, ends: bool = False, label: str | Mapping[str, float] | None = None
    ) -> Iterator[LineScore]:
        """The score of each line, which the model reads by itself, in order and as `charnn score` has it.

        Lines are read ahead, in chunks. With `ends`, line ends are scored, too. A model that knows labels scores each
        line under `label`. Without one the line's label is unknown, and its score says what it costs under each of
        them, too. The precision is fp32 unless another was asked for.
        """
        from charnn.tasks.language_model.use.lines import LineScorer, score_stream

        threads = self.threads if self.learner is None else 1
        with closing(LineScorer([self.line_model(ends=ends, label=label)], ends=ends, threads=threads)) as scorer:
            for chunk in score_stream(([line] for line in given_texts(lines, "score")), scorer):
                yield from (line.scores[0] for line in chunk)

    def likeliest_label(self, score: LineScore) -> str:
        """The most probable label of a line that was scored without one (Bayes' rule).

        Raises UsageError for a model without labels.
        """
        import numpy as np

        from charnn.tasks.language_model.use.labels import posterior

        if score.label_nats_K is None:
            raise UsageError(f"{self.path} was not asked for the label: it has none, or one was given")
        prior_K = np.array(self.config.corpus.label_probabilities)
        return self.labels[int(posterior(score.label_nats_K, prior_K).argmax())]

    def line_model(self, *, ends: bool = False, label: str | Mapping[str, float] | None = None) -> LineModel:
        """The model as a reader of lines. It reads each after the ids that open a document; with `ends`, a model that
        was trained on lines is also scored for ending the text there. `label` is as for `score`."""
        from charnn.tasks.language_model.use.lines import LineModel
        from charnn.tokenizers.base import first_ids

        corpus, scorer = self.config.corpus, self.runtime(self.precision or "fp32", threads=1)
        if label is not None:
            scorer = scorer.with_labels(self.mixture(label))
        names = self.labels if label is None else []
        by_label = [self.beside_ngrams(scorer.with_labels(self.mixture({name: 1.0}))) for name in names]
        return LineModel(
            self.beside_ngrams(scorer) if self.learner is None else self.counts.learning(self.learner),
            self.tokenizer,
            first_ids(self.tokenizer, ends_are_learned=self.may_stop),
            stops=ends and corpus.document == "line" and self.may_stop,
            by_label=by_label,
            label_probabilities=corpus.label_probabilities,
            learns=self.learner is not None,
        )

    @cached_property
    def counts(self) -> Counts:
        """All that is counted beside the network."""
        from charnn.tasks.language_model.use.counts import Counts

        return Counts(self.directory)

    def beside_ngrams(self, network: Network) -> Network:
        """The network, which may be one that learns, with what `counts` has beside it."""
        return self.counts.beside(network)

    def runtime(self, precision: InferencePrecision, *, threads: int, backwards: bool = False) -> RuntimeLanguageModel:
        """The network alone, ready to run with so many threads of its own. It is loaded once.

        Raises UsageError where int8 is asked for and there is no int8 graph, and for a model that reads backwards
        unless whoever asks turns texts round for it and says so.
        """
        from charnn.tasks.language_model.use.runtime import RuntimeLanguageModel

        if not backwards:
            self.directory.require_forwards()
        key = self.is_quantized(precision), threads
        if key not in self._runtimes:
            graph = self.directory.graph(quantized=key[0])
            self._runtimes[key] = RuntimeLanguageModel(graph, threads=threads)
        return self._runtimes[key]

    def threads_for_steps(self, processors: int) -> int:
        """The number of processors that are worth using where a text is written one step at a time."""
        size = self.directory.weights_size() / (4 if self.is_quantized(self.precision or "auto") else 1)
        return min(2, processors) if size > LARGE_GRAPH else 1

    def _requests(self, prompts: Iterable[str | None], *, number: int, seed: int) -> Iterator[Request | None]:
        """The requests for the texts. It warns, once for each, of characters that the model has never seen."""
        import numpy as np

        from charnn.corpora.unseen import known_writing, shown
        from charnn.generation.text import Request

        count, warned = itertools.count(), set[str]()
        for prompt in prompts:
            if prompt is None:
                yield None
                continue
            if unknown := [c for c in self.tokenizer.unknown_characters(prompt) if c not in warned]:
                warned.update(unknown)
                otherwise = known_writing(prompt, self.tokenizer.unknown_characters)
                warnings.warn(
                    f"the model has never seen {shown(unknown)}: read as the unknown token{otherwise}",
                    CharnnWarning,
                    stacklevel=2,
                )
            for _ in range(number):
                place = next(count)
                yield Request(place, prompt, np.random.default_rng((seed, place)))
