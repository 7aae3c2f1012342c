"""A language model's run, which takes a corpus and what the user asked for, and writes a model directory."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from charnn.arrays import Integers
from charnn.config.model import TokenizerConfig
from charnn.config.training import Budget
from charnn.generation.config import SamplingConfig
from charnn.generation.generator import generate
from charnn.readable import counted
from charnn.tasks.language_model.config import LanguageModelConfig, LanguageModelNgrams, LanguageModelQuantization
from charnn.tasks.language_model.corpus import Corpus, warn_of_unseen
from charnn.tasks.language_model.directory import LanguageModelDirectory
from charnn.tasks.language_model.documents import beginning
from charnn.tasks.language_model.labelled_ngrams import LabelledNgrams
from charnn.tasks.language_model.learn.data import EncodedCorpus
from charnn.tasks.language_model.learn.ensemble import AnyNetwork, make_network
from charnn.tasks.language_model.learn.inference import NumpyLanguageModel
from charnn.tasks.language_model.learn.labelled_ngrams import CountedLabelledNgrams
from charnn.tasks.language_model.learn.ngrams import MEASURED, CountedNgrams
from charnn.tasks.language_model.learn.objective import LanguageModelObjective, check_lanes
from charnn.tasks.language_model.learn.overrides import LanguageModelOverrides
from charnn.tasks.language_model.learn.plan import LanguageModelPlan, decide, plan_for_all, plan_to_resume
from charnn.tasks.language_model.learn.quantization import CHARACTERS, measure_quantization
from charnn.tasks.language_model.learn.remarks import remarks
from charnn.tasks.language_model.learn.teachers import teachers_in
from charnn.tasks.language_model.mixing import MixedNgrams
from charnn.tasks.language_model.use.counts import beside_ngrams
from charnn.tasks.language_model.use.mixed import Network
from charnn.tasks.language_model.use.reading import score_carried
from charnn.tasks.language_model.use.runtime import RuntimeLanguageModel
from charnn.tasks.task import Run
from charnn.tasks.teaching import taught_by, warn_of_known_data
from charnn.tokenizers.base import STOP_ID
from charnn.training.distributed.processes import ALONE, Processes
from charnn.training.hardware import allowed_threads
from charnn.training.keeper import Weights
from charnn.training.loop import Outcome
from charnn.training.report import Report
from charnn.training.session import Session
from charnn.training.verdict import TWICE, HeldOut

WHY_MEMBERS = (
    "several, as one alone would read the text so often that it learns no more from it; --members 1 trains one"
)
PREVIEW = SamplingConfig(temperature=0.7, length=240)
PREVIEWED = 4000
"""The held-out characters that a preview finds out by how far n-grams are to be believed."""


class LanguageModelSession(Session[LanguageModelConfig]):
    directory: LanguageModelDirectory
    objective: LanguageModelObjective
    expects_gain = True
    preview_title = "a sample, temperature 0.7"

    def __init__(
        self, directory: LanguageModelDirectory, plan: LanguageModelPlan, corpus: Corpus, processes: Processes = ALONE
    ) -> None:
        self.tokenizer = plan.tokenizer
        self._texts, self._runs, self._blank_lines = corpus.validation, corpus.run_lengths(), corpus.blank_lines
        self._before, self._replayed = (
            beginning(corpus.before, CHARACTERS) if corpus.before else [],
            sum(len(piece.text) for piece in corpus.replayed),
        )
        self._old_nats: float | None = None
        self._chose_members = plan.chose_members
        config = plan.config
        self._encoded = EncodedCorpus.encode(corpus, plan.tokenizer, config.training.validation_characters)

        def objective(device: torch.device) -> LanguageModelObjective:
            network = make_network(config.network).to(device)
            if plan.initial_weights is not None:
                labels = corpus.config.label_names
                plan.initial_weights.copy_into(network, plan.tokenizer.symbols(), labels)
            return LanguageModelObjective(network, self._encoded, config.training, processes, plan.teachers)

        super().__init__(directory, config, objective, self._write, threads=plan.threads, processes=processes)
        self._ngrams: CountedNgrams | CountedLabelledNgrams | None = None
        if config.ngram_order and processes.is_first:
            order, labels = config.ngram_order, config.network.labels
            if labels:
                self._ngrams = CountedLabelledNgrams(self._encoded, plan.tokenizer.size, order, labels)
            else:
                self._ngrams = CountedNgrams(self._encoded, plan.tokenizer, order, words=config.counts_words)
            self.loop.progress.seconds += self._ngrams.seconds
        self.loop.progress.seconds += plan.measuring_seconds
        if plan.initial_weights is not None and self._before:
            self._old_nats = self._nats_before(self.network)

    @classmethod
    def start(
        cls,
        run: Run,
        corpus: Corpus,
        tokenizer_config: TokenizerConfig,
        overrides: LanguageModelOverrides,
        *,
        source: LanguageModelDirectory | None = None,
        teachers: Sequence[LanguageModelDirectory] = (),
    ) -> LanguageModelSession:
        """Begins a new run, from the weights of `source` where there is one, or with `teachers`. The directory is made
        once all is right.

        `decide` says what the run will be; under a time budget it measures the machine.

        This is collective: the first process decides what the run will be and reads `source` and `teachers`, which the
        others may leave out.
        """
        processes, allowed = run.processes, allowed_threads(run.thread_counts)

        def decided() -> LanguageModelPlan:
            return decide(
                corpus,
                tokenizer_config,
                overrides,
                source=source,
                teachers=teachers,
                processes=processes.size,
                thread_counts=allowed,
            )

        plan = plan_for_all(processes, decided, corpus, allowed)
        if processes.is_first and corpus.config.validation_sources:
            warn_of_unseen(corpus, plan.tokenizer)
        for teacher in teachers:
            theirs = teacher.config().corpus
            alike = theirs.document == corpus.config.document
            warn_of_known_data(teacher.path, theirs, corpus.config, splits_alike=alike)
        check_lanes(plan.config.training.batch_size, processes)
        return cls.begin(
            plan.config,
            lambda: run.create(LanguageModelDirectory),
            LanguageModelDirectory,
            lambda made: cls(made, plan, corpus, processes),
            processes,
        )

    @classmethod
    def resume(
        cls,
        directory: LanguageModelDirectory,
        data: Corpus,
        budget: Budget | None = None,
        thread_counts: Sequence[int] | None = None,
        processes: Processes = ALONE,
    ) -> LanguageModelSession:
        """As `Session.resume`. This is collective, and the number of processes may be another than before."""
        allowed = allowed_threads(thread_counts)
        state = processes.broadcast_state(directory.training_state)

        def resumed() -> LanguageModelPlan:
            return plan_to_resume(
                directory, teachers_in(state, directory), budget, processes=processes.size, thread_counts=allowed
            )

        plan = plan_for_all(processes, resumed, data, allowed)
        session = cls(directory, plan, data, processes)
        session.restore(*state)
        return session

    @property
    def network(self) -> AnyNetwork:
        return self.objective.network

    def _nats_before(self, network: AnyNetwork) -> float:
        """The nats per character, by `network`, of the text that was held out of what was learned before."""
        with torch.inference_mode():
            scorer, size = NumpyLanguageModel(network.eval()), network.config.vocabulary_size
            before = self._in_order(self._before)
            score = score_carried(scorer, *before, stop_id=STOP_ID, vocabulary_size=size, lanes=8, warm_up=128)
        return score.nats_per_character

    def _conclude(self, outcome: Outcome) -> None:
        if self._ngrams is not None and self.config.scores is not None and self._keeper.is_saved:
            self._set_beside()
        super()._conclude(outcome)
        if self.verdict is not None and self.config.ngrams is not None and self.holds_out:
            less = "; less beside its n-grams" if TWICE in self.verdict else ""
            self.verdict = f"the network alone: {self.verdict}{less}"
        if outcome != "interrupt" and self._before:
            kept = make_network(self.config.network)
            kept.load_state_dict({name: torch.from_numpy(array) for name, array in self.directory.weights().items()})
            how = "" if self.config.ngrams is None else " by the network alone"
            then = "" if self._old_nats is None else f", {self._old_nats:.4f} before"
            self.remarks.append(
                f"what it had learned before: {self._nats_before(kept):.4f} nats{how} on data held out of that{then}"
            )

    def _set_beside(self) -> None:
        """Finds out what n-grams bring beside the weights that were kept, and keeps them if they bring something."""
        network = RuntimeLanguageModel(self.directory.graph())
        found = self._found_beside(network, [*beginning(self._texts, MEASURED), *self._before])
        if found is None:
            self.remarks.append("n-grams of its text bring nothing beside the network, and are left out")
            return
        mixed, measured = found
        self._keeper.update(ngrams=measured, write=lambda: self.directory.write_ngrams(mixed))
        if self.config.has_unmeasured_ngrams:
            self.remarks.append(
                "its own data were read by the network alone: nothing tells what n-grams beside it bring"
            )

    def _found_beside(
        self, network: Network, texts: Sequence[str]
    ) -> tuple[MixedNgrams | LabelledNgrams, LanguageModelNgrams] | None:
        """The n-grams beside a network, as these texts call for where some are held out; where texts have labels, as
        the first ones of those that are held out do."""
        if self._ngrams is None:
            return None
        if not self.config.corpus.held_out:
            return self._ngrams.as_usual()
        if isinstance(self._ngrams, CountedNgrams):
            return self._ngrams.beside(network, *self._in_order(texts))
        documents, labels_DT = self._encoded.validation, self._encoded.validation_labels
        assert labels_DT is not None
        labels, number = [int(labels_T[0]) for labels_T in labels_DT], sum(map(len, texts))
        return self._ngrams.beside(network, documents, labels, self._encoded.validation_characters, most=number)

    def _in_order(self, texts: Sequence[str]) -> tuple[list[Integers], int]:
        """The ids of each text in the order in which they are read, and the characters of all."""
        step = -1 if self.config.corpus.backwards else 1
        return [self.tokenizer.encode(text)[::step] for text in texts], sum(map(len, texts))

    @property
    def measured(self) -> str:
        return super().measured if self._ngrams is None else f"{super().measured}, network alone"

    def preview(self, report: Report) -> str:
        """A text that the model writes now, without a prompt, its n-grams beside the network."""
        corpus = self.config.corpus
        network, may_stop = NumpyLanguageModel(self.network), corpus.ends_are_learned
        network.label_probabilities = corpus.label_probabilities
        model: Network = network
        if (found := self._found_beside(network, beginning(self._texts, PREVIEWED))) is not None:
            model = beside_ngrams(network, found[0])
        random = np.random.default_rng(report.step)
        text = "".join(generate(model, self.tokenizer, "", PREVIEW, random, may_stop=may_stop, runs=self._runs))
        return text[::-1] if corpus.backwards else text

    def _write(self, weights: Weights) -> None:
        self.directory.write_tokenizer(self.tokenizer)
        self.directory.write_runs(self._runs)

    def _describe(self) -> list[str]:
        config = self.config
        network, training, corpus = config.network, config.training, config.corpus
        limit = training.validation_characters
        at_a_time = "" if limit is None else f", {limit:,} at a time"
        validated = (
            f"{corpus.validation_characters:,} to validate with{at_a_time}" if self.holds_out else "none held out"
        )
        of_words = ", and of words" if config.counts_words else ""
        as_usual = "" if corpus.held_out else ", believed as is usual"
        backwards = "read backwards; " * corpus.backwards
        said = remarks(corpus, holds_out=self.holds_out, blank_lines=self._blank_lines)
        return [
            f"text      {corpus.training_characters:,} characters to train on, {validated}; {backwards}"
            f"{config.tokenizer.kind}, a vocabulary of {self.tokenizer.size:,}",
            *(f"          {remark}" for remark in said),
            *([f"beside it {self._replayed:,} characters of what the model has learned"] if self._replayed else []),
            f"network   {network}: {self.parameters:,} parameters",
            *([f"          {WHY_MEMBERS}"] if self._chose_members else []),
            *(
                [f"n-grams   of up to {counted(order, 'symbol')}{of_words}, beside the network{as_usual}"]
                if (order := config.ngram_order)
                else []
            ),
            *([f"teachers  {taught_by(config.teachers, 'text')}"] if config.teachers else []),
            self._training_row(
                f"{counted(training.batch_size, 'place')} read at once, {counted(training.window_length, 'step')} each"
            )
            + (f", {self.processes.size} processes" if self.processes.size > 1 else ""),
        ]

    def _held_out(self) -> HeldOut:
        return HeldOut(self._encoded.validation_characters, "characters")

    def _measure_quantization(self) -> LanguageModelQuantization:
        corpus, texts = self.config.corpus, beginning(self._texts, CHARACTERS)
        if corpus.backwards:
            texts = [text[::-1] for text in texts]
        return measure_quantization(self.directory, self.tokenizer, texts, corpus.label_probabilities or None)
