"""A tagger's run: a treebank and what the user asked for in, a model directory out."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Self

import torch

from charnn.checkpoint.directory import has_config
from charnn.config.training import Budget
from charnn.errors import ModelFormatError, UsageError
from charnn.readable import counted, duration
from charnn.readers.states import SentenceStates
from charnn.tasks.tagger.config import TaggerConfig, TaggerQuantization, WordFinding
from charnn.tasks.tagger.directory import TaggerDirectory
from charnn.tasks.tagger.entities import rules
from charnn.tasks.tagger.learn.data import EncodedTreebank, encoded_words
from charnn.tasks.tagger.learn.ensemble import AnyTagger, make_network
from charnn.tasks.tagger.learn.linear_model import SolvedModel
from charnn.tasks.tagger.learn.objective import TaggerObjective
from charnn.tasks.tagger.learn.plan import TaggerOverrides, TaggerPlan, decide, plan_to_resume
from charnn.tasks.tagger.learn.quantization import measure_quantization
from charnn.tasks.tagger.learn.remarks import remarks
from charnn.tasks.tagger.learn.segmenter import (
    COLUMNS,
    characters_of,
    configure_segmenter,
    measured,
    segmenter_budget,
    segmenter_lexicon,
    word_finding,
)
from charnn.tasks.tagger.learn.several import WHY_MEMBERS
from charnn.tasks.tagger.learn.teachers import said_before, said_by
from charnn.tasks.tagger.treebank import Treebank
from charnn.tasks.task import Run
from charnn.tasks.teaching import taught_by, warn_of_known_data
from charnn.training.hardware import allowed_threads
from charnn.training.keeper import Weights
from charnn.training.loop import Outcome
from charnn.training.report import Observer, Report
from charnn.training.session import Session
from charnn.training.verdict import HeldOut

PREVIEW_WORDS = 40


class TaggerSession(Session[TaggerConfig]):
    directory: TaggerDirectory
    objective: TaggerObjective
    preview_title = "a sentence it never saw"

    def __init__(self, directory: TaggerDirectory, plan: TaggerPlan, treebank: Treebank) -> None:
        self.treebank = treebank
        self._is_done = False
        """Whether only the segmenter is left to train."""
        self.lexicon = plan.lexicon
        self._started_from = plan.initial_weights and plan.initial_weights.found_in(plan.lexicon)
        config = plan.config
        self._chose_members = plan.chose_members
        self._readers, started = plan.readers, time.perf_counter()
        self._states = self._states_of_readers() if plan.readers else None
        self._encoded = EncodedTreebank(
            treebank, plan.lexicon, longest=config.training.window_length, states=self._states
        )
        reading_seconds = time.perf_counter() - started if plan.readers else 0.0
        said = said_by(plan.teachers, self._encoded.training.words, plan.lexicon) if plan.teachers else None
        frequencies, counts = torch.from_numpy(plan.lexicon.frequencies()), self._encoded.tag_counts(config.network)
        self._linear: SolvedModel | None = None
        if config.learns_linear:
            self._linear = SolvedModel(config.network.tags, config.training.budget.seconds)

        def objective(device: torch.device) -> TaggerObjective:
            schemes = rules(config.corpus, plan.lexicon)
            network = make_network(config.network, frequencies, schemes, plan.readers, counts).to(device)
            if plan.initial_weights is not None:
                plan.initial_weights.copy_into(network, plan.lexicon)
            return TaggerObjective(network, self._encoded, config.corpus, config.training, said, self._linear)

        super().__init__(directory, config, objective, self._write, threads=plan.threads)
        self.loop.progress.seconds += reading_seconds
        self._reading = f"the treebank was read in {duration(reading_seconds)}"
        if self._encoded.training.states is not None and not self._encoded.training.states.are_kept:
            self._reading = "what it says of so many words is too much to keep, so each batch is read when it comes"
        self._characters_per_unit = config.corpus.training_characters / config.corpus.training_words

    @classmethod
    def start(
        cls,
        run: Run,
        treebank: Treebank,
        overrides: TaggerOverrides,
        *,
        source: TaggerDirectory | None = None,
        teachers: Sequence[TaggerDirectory] = (),
    ) -> TaggerSession:
        """Begins a new run, from the weights of `source` where there is one, or with `teachers`. The directory is made
        once all else is right."""
        allowed = allowed_threads(run.thread_counts)
        plan = decide(treebank, overrides, thread_counts=allowed, source=source, teachers=teachers)
        for teacher in teachers:
            warn_of_known_data(teacher.path, teacher.config().corpus, treebank.config)
        return cls.begin(
            plan.config, lambda: run.create(TaggerDirectory), TaggerDirectory, lambda made: cls(made, plan, treebank)
        )

    @classmethod
    def _as_planned(
        cls, directory: TaggerDirectory, treebank: Treebank, budget: Budget | None, thread_counts: Sequence[int]
    ) -> Self:
        return cls(directory, plan_to_resume(directory, budget, thread_counts=thread_counts), treebank)

    def restore(self, arrays: Mapping[str, Any], values: dict[str, Any]) -> None:
        if self.config.teachers:
            words = int(self._encoded.training.lengths.sum())
            shapes = [(words, len(tags)) for tags in self.lexicon.tags.values()]
            try:
                self.objective.said = said_before(arrays, shapes, prefix="task.")
            except ValueError as error:
                path = self.directory.path
                raise ModelFormatError(f"{path}/training: not the state of this model: {error}") from None
        try:
            super().restore(arrays, values)
        except UsageError:
            if not self._has_words_to_find():
                raise
            self._is_done = True  # the tagger is done, and its segmenter was interrupted

    @property
    def network(self) -> AnyTagger:
        return self.objective.network

    @property
    def parameters(self) -> int:
        """How many numbers of the network are learned by gradients and kept: what is for learning only is no part."""
        kept = self.network.state_dict()
        return sum(parameter.numel() for name, parameter in self.network.named_parameters() if name in kept)

    def _train(self, observer: Observer, interrupted: Callable[[], bool]) -> Outcome:
        """Trains the tagger, and then the segmenter that goes with it, if one does."""
        outcome = "budget" if self._is_done else super()._train(observer, interrupted)
        if self.config.words is None or outcome in ("interrupt", "diverged"):
            return outcome
        learned = self._learn_words(self.config.words, observer, interrupted)
        return learned if learned == "interrupt" else outcome

    def _conclude(self, outcome: Outcome) -> None:
        self._set_beside()
        super()._conclude(outcome)

    def _set_beside(self) -> None:
        """Finds out what the linear model brings beside the weights that were kept, and keeps it if it brings
        something."""
        linear, is_kept = self._linear, self._keeper.is_saved and self.config.scores is not None
        if linear is None or not linear.is_solved or not is_kept:
            return
        if self.config.linear is not None:  # that of the sitting before: the network is measured alone
            self._keeper.update(linear=None)
        found = linear.beside(self.directory, self._encoded if self.holds_out else None)
        if found is None:
            self.remarks.append("a linear model makes held-out tags no likelier than the network, and is left out")
            return
        model, measured = found
        self._keeper.update(linear=measured, write=lambda: self.directory.write_linear(model))
        brought = measured.of_columns(self.config.corpus.columns)
        self.remarks.append(f"with a linear model of words beside the network: {brought}")

    def figures_of_end(self) -> Mapping[str, float | None]:
        if self._linear is None or not self._linear.is_solved:
            return {}
        with self.loop.as_validated():
            return self.objective.figures_beside(self._linear.with_usual_powers())

    @property
    def _text_to_validate_with(self) -> str:
        return "held-out raw text" if self.holds_out else "its own raw text"

    def _has_words_to_find(self) -> bool:
        """Whether a segmenter belongs to the run that is not there yet, was interrupted, or has a larger budget now."""
        directory, words = self.directory.segmenter(), self.config.words
        if words is None or words.segmenter_f1 is None or not has_config(directory.path):
            return words is not None
        segmenter = directory.config()
        is_cut = segmenter.record.stopped_by in ("running", "interrupt")
        return is_cut or segmenter.training.budget != segmenter_budget(self.config.training.budget)

    def _learn_words(self, words: WordFinding, observer: Observer, interrupted: Callable[[], bool]) -> Outcome:
        """Trains the segmenter, or goes on with it, and then measures how many words it finds."""
        characters, directory = characters_of(self.treebank), self.directory.segmenter()
        budget = segmenter_budget(self.config.training.budget)
        outcome: Outcome = "budget"
        try:
            if has_config(directory.path) and directory.config().corpus.columns == COLUMNS:
                session = TaggerSession.resume(directory, characters, budget, [self.threads])
            else:
                lexicon = segmenter_lexicon(characters)
                plan = TaggerPlan(
                    configure_segmenter(characters, lexicon, self.config.training, budget), lexicon, self.threads
                )
                session = TaggerSession.begin(
                    plan.config,
                    lambda: TaggerDirectory.create(directory.path, overwrite=True),
                    TaggerDirectory,
                    lambda made: TaggerSession(made, plan, characters),
                )
        except UsageError:
            if not has_config(directory.path):
                raise
        else:
            outcome = session.run(observer, interrupted)
        if outcome == "interrupt":
            return outcome
        if words.rules_sentence_f1 is None:  # the run was begun when segmenters found no sentences
            words = word_finding(self.treebank, wanted=True) or words
        of_words, of_sentences = measured(self.directory, self.treebank)
        found = replace(words, segmenter_f1=of_words, segmenter_sentence_f1=of_sentences)
        self._keeper.update(words=found)
        self.remarks.append(f"words of {self._text_to_validate_with}: {found}")
        self.remarks.append(f"sentences of {self._text_to_validate_with}: {found.of_sentences}")
        return outcome

    def preview(self, report: Report) -> str:
        """A validation sentence, another one each time, as the network tags it by now."""
        sentences = self.treebank.validation
        words = sentences[report.step % len(sentences)].words[:PREVIEW_WORDS]
        return " ".join(f"{word}_{tag}" for word, tag in zip(words, self.tag(words), strict=True))

    @torch.no_grad()
    def tag(self, words: list[str]) -> list[str]:
        """The tags of a sentence in the first column, from the network as it is now, in the mode that it is in."""
        device = next(self.network.parameters()).device
        read = encoded_words(self.lexicon.features(words), device)
        lengths_B = torch.tensor([len(words)], device=device)
        states_BTR = None
        if self._states is not None:
            states_BTR = torch.from_numpy(self._states.of([words]).transpose(1, 0, 2)).to(device)
        features_BTF = self.network(read, torch.arange(len(words), device=device)[None], lengths_B, states_BTR)
        (ids, *_) = self.network.decode(features_BTF, lengths_B)
        names = self.lexicon.tags[self.config.corpus.columns[0]]
        return [names[number] for number in ids[0]]

    def _write(self, weights: Weights) -> None:
        self.directory.write_lexicon(self.lexicon)
        self.directory.write_readers(self._readers)

    def _describe(self) -> list[str]:
        config = self.config
        network = config.network
        lines = [
            *remarks(self.treebank, self.lexicon, holds_out=self.holds_out),
            *([f"from      {self._started_from}"] if self._started_from else []),
            f"network   {network}: {self.parameters:,} parameters",
            *([f"          {WHY_MEMBERS}"] if self._chose_members else []),
            *([f"teachers  {taught_by(config.teachers, 'treebank')}"] if config.teachers else []),
            *(f"reader    {reader}" for reader in network.readers),
            *([f"          {self._reading}"] if network.readers else []),
            self._training_row(f"{counted(config.training.batch_size, 'sentence')} a batch"),
        ]
        if config.words is not None:
            budget = segmenter_budget(config.training.budget)
            lines.append(
                f"words     of {self._text_to_validate_with}: {config.words}; its sentences: "
                f"{config.words.of_sentences}; a segmenter is learned, for {budget}"
            )
        return lines

    def _held_out(self) -> HeldOut:
        return HeldOut(self.config.corpus.validation_words, "words")

    def _measure_quantization(self) -> TaggerQuantization:
        states = None
        if self._readers:
            states = self._states_of_readers(), self._states_of_readers(quantized=True)
        return measure_quantization(self.directory, self._encoded, self.network.decoders(), states)

    def _states_of_readers(self, *, quantized: bool = False) -> SentenceStates:
        return SentenceStates.made_from(self._readers, spaced=self.treebank.config.level == "word", quantized=quantized)
