"""A transducer's run: pairs and what the user asked for in, a model directory out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Self

import torch

from charnn.config.training import Budget
from charnn.readable import counted
from charnn.tasks.task import Run
from charnn.tasks.transducer.config import TransducerConfig, TransducerQuantization
from charnn.tasks.transducer.dataset import PairSet, references
from charnn.tasks.transducer.directory import TransducerDirectory
from charnn.tasks.transducer.learn.edit_rules import learn_edit_rules
from charnn.tasks.transducer.learn.line_words import learn_line_words
from charnn.tasks.transducer.learn.networks import AnyNetwork, decoder_of, network_of
from charnn.tasks.transducer.learn.objective import References, TransducerObjective
from charnn.tasks.transducer.learn.pair_ngrams import learn_pair_ngrams
from charnn.tasks.transducer.learn.plan import TransducerOverrides, TransducerPlan, decide, plan_to_resume
from charnn.tasks.transducer.learn.quantization import measure_quantization, measured_references
from charnn.tasks.transducer.learn.transfer import InitialWeights
from charnn.tasks.transducer.learn.trust import candidates_of, trusted, usually_trusted
from charnn.tasks.transducer.pair_model import PairModel
from charnn.tasks.transducer.stored_lookup import StoredLookup
from charnn.tasks.transducer.stored_pairs import StoredPairs
from charnn.tasks.transducer.use.decoding import SearchOptions
from charnn.tasks.transducer.use.ranking import TrustedNgrams
from charnn.tasks.transducer.use.search import find_targets
from charnn.training.hardware import allowed_threads
from charnn.training.keeper import Weights
from charnn.training.loop import Outcome
from charnn.training.report import Report
from charnn.training.session import Session
from charnn.training.verdict import HeldOut


class TransducerSession(Session[TransducerConfig]):
    directory: TransducerDirectory
    objective: TransducerObjective
    preview_title = "a source it never saw, and what it writes"

    def __init__(self, directory: TransducerDirectory, plan: TransducerPlan, pairs: PairSet) -> None:
        self.symbols, self._pairs, self._left_out = plan.symbols, pairs, plan.training.left_out
        config = plan.config
        self._started_from = plan.initial_weights and plan.initial_weights.found_in(plan.symbols)
        self._lookup = StoredLookup(StoredPairs.of(pairs.training))
        self._references = references(pairs.validation)
        reference = References(self._references, plan.symbols, self._lookup)
        own = References(references(pairs.training), plan.symbols, self._lookup)

        def learn_ngrams(interrupted: Callable[[], bool]) -> PairModel | None:
            asked = pairs.training, plan.symbols, config.training.budget.seconds, interrupted
            if config.corpus.has_features:
                return learn_edit_rules(*asked)
            return learn_line_words(*asked) or learn_pair_ngrams(*asked)

        def objective(device: torch.device) -> TransducerObjective:
            network = network_of(config.network)
            if plan.initial_weights is not None:
                plan.initial_weights.copy_into(network, plan.symbols)
            network.to(device)
            return TransducerObjective(
                network,
                plan.training,
                reference,
                own,
                config.corpus,
                config.training,
                config.regularization,
                learn_ngrams,
            )

        super().__init__(directory, config, objective, self._write, threads=plan.threads)
        self._characters_per_unit = config.corpus.training_characters / max(config.corpus.training_symbols, 1)

    @property
    def network(self) -> AnyNetwork:
        """The network as it is now: a member that diverged is left out."""
        return self.objective.network

    @classmethod
    def start(
        cls, run: Run, pairs: PairSet, overrides: TransducerOverrides, *, source: InitialWeights | None = None
    ) -> TransducerSession:
        """Begins a new run, from the weights of `source` where there is one. The directory is made once all else is
        right. Raises what `decide` raises."""
        plan = decide(pairs, overrides, source=source, thread_counts=allowed_threads(run.thread_counts))
        return cls.begin(
            plan.config,
            lambda: run.create(TransducerDirectory),
            TransducerDirectory,
            lambda made: cls(made, plan, pairs),
        )

    @classmethod
    def _as_planned(
        cls, directory: TransducerDirectory, pairs: PairSet, budget: Budget | None, thread_counts: Sequence[int]
    ) -> Self:
        return cls(directory, plan_to_resume(directory, pairs, budget, thread_counts=thread_counts), pairs)

    def preview(self, report: Report) -> str:
        """A source that was held out, another one each time, and its target as the network writes it by now."""
        one = self._references[report.step % len(self._references)]
        source = self.symbols.encode_source(one.source, one.features)
        bound = self.config.corpus.length_bound(len(source.ids))
        greedy = SearchOptions(1, self.symbols.target.unknown_id, self.config.network.copies)
        (found,) = find_targets(decoder_of(self.network), [source], [bound], greedy)
        written = self.symbols.decode(found[0].ids, [source.texts[place] for place in found[0].places])
        shown = " ".join(filter(None, (one.source, one.features)))
        return f"{shown} -> {written}" + ("" if written in one.targets else f"   (right: {one.targets[0]})")

    def _write(self, weights: Weights) -> None:
        self.directory.write_symbols(self.symbols)
        self.directory.write_lookup(self._lookup)

    def _describe(self) -> list[str]:
        config = self.config
        network, corpus = config.network, config.corpus
        features = f", {counted(len(self.symbols.features), 'feature')}" if corpus.has_features else ""
        lines = [
            f"pairs     {corpus.training_pairs:,} to train on, {self._validated_with()}",
            *(f"          {remark}" for remark in self._pairs.remarks),
            f"symbols   source {corpus.source_symbols}, {self.symbols.source.size - 2:,}{features}; "
            f"target {corpus.target_symbols}, {self.symbols.outputs - 2:,}",
            f"network   {network}: {self.parameters:,} parameters",
            self._training_row(f"{counted(config.training.batch_size, 'pair')} a batch"),
        ]
        if config.regularization.fewer_repetitions:
            lines.insert(
                1, "          pairs recur, as words of a text do: one that comes 9 times is learned 3 times an epoch"
            )
        if self._started_from is not None:
            lines.append(f"from      {self._started_from}")
        if self._left_out:
            what = "they need more frames than there are" if network.decoder == "ctc" else "too long to learn from"
            lines.insert(1, f"          {counted(self._left_out, 'pair')} left out: {what}")
        return lines

    def _validated_with(self) -> str:
        corpus = self.config.corpus
        if not self.holds_out:
            return "none held out"
        seen = f", {corpus.seen_pairs:,} of them with a source that training has, too" if corpus.seen_pairs else ""
        return f"{corpus.validation_pairs:,} to validate with{seen}"

    def _conclude(self, outcome: Outcome) -> None:
        if self._keeper.is_saved and (self.config.scores is not None or outcome == "interrupt"):
            self._weigh_ngrams()
        super()._conclude(outcome)

    def _weigh_ngrams(self) -> None:
        """Keeps the n-grams or edits of pairs where they help, or nothing tells whether they do, and says so."""
        ngrams, config = self.objective.ngrams, None
        if ngrams is not None and not self.holds_out:
            config = usually_trusted(ngrams)
        elif ngrams is not None:
            chosen = measured_references(self._references)
            candidates = candidates_of(self.directory, ngrams, chosen)
            config = trusted(ngrams, self.symbols, chosen, candidates, self._lookup)
        kept = None if config is None else ngrams
        self._keeper.update(ngrams=config, write=lambda: self.directory.write_ngrams(kept))
        if kept is not None:
            self.remarks.append(f"{kept.kind} {config}")

    def figures_of_end(self) -> Mapping[str, float | None]:
        if (ngrams := self.objective.ngrams) is None:
            return {}
        beside = TrustedNgrams(ngrams, usually_trusted(ngrams), self.symbols, self._lookup.targets)
        with self.loop.as_validated():
            return self.objective.figures_beside(beside)

    def _held_out(self) -> HeldOut:
        return HeldOut(self.config.corpus.validation_pairs, "pairs")

    def _measure_quantization(self) -> TransducerQuantization:
        return measure_quantization(self.directory, self._references)
