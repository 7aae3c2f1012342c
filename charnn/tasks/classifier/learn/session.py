"""A classifier's run: labelled texts and what the user asked for in, a model directory out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Self

import numpy as np
import torch

from charnn.config.model import TokenizerConfig
from charnn.config.training import Budget
from charnn.linear.mixture import probabilities
from charnn.readable import counted
from charnn.tasks.classifier.config import ClassifierConfig, ClassifierQuantization
from charnn.tasks.classifier.corpus import LabelledCorpus
from charnn.tasks.classifier.directory import ClassifierDirectory
from charnn.tasks.classifier.learn.data import EncodedCorpus
from charnn.tasks.classifier.learn.network import AnyClassifier, copy_weights, make_network
from charnn.tasks.classifier.learn.objective import ClassifierObjective
from charnn.tasks.classifier.learn.plan import ClassifierOverrides, ClassifierPlan, decide, plan_to_resume
from charnn.tasks.classifier.learn.quantization import measure_quantization
from charnn.tasks.classifier.learn.transfer import InitialWeights
from charnn.tasks.task import Run
from charnn.training.hardware import allowed_threads
from charnn.training.keeper import Weights
from charnn.training.report import Report
from charnn.training.session import Session
from charnn.training.verdict import HeldOut

PREVIEW_TEXTS, PREVIEW_CHARACTERS = 5, 60
FEW_TEXTS = 500
"""Where there are fewer texts to train on, those that are held out are missed."""


class ClassifierSession(Session[ClassifierConfig]):
    directory: ClassifierDirectory
    objective: ClassifierObjective
    preview_title = "texts it never saw"

    def __init__(self, directory: ClassifierDirectory, plan: ClassifierPlan, corpus: LabelledCorpus) -> None:
        self.corpus, self._plan = corpus, plan
        config = plan.config
        self._encoded = EncodedCorpus.encode(
            corpus,
            plan.tokenizer,
            plan.features,
            longest=config.training.window_length,
            balance=config.balance,
            likelihoods=config.network.likelihoods,
        )

        def objective(device: torch.device) -> ClassifierObjective:
            network = make_network(config.network)
            if plan.initial_weights is not None:
                for number, one in enumerate(network.each):
                    copy_weights(one, plan.initial_weights.of_member(number), plan.initial_weights.rows(plan.tokenizer))
            network.to(device)
            return ClassifierObjective(network, self._encoded, config=config.training)

        super().__init__(directory, config, objective, self._write, threads=plan.threads)
        self._characters_per_unit = max(config.corpus.training_characters, 1) / config.corpus.training_texts

    @classmethod
    def start(
        cls,
        run: Run,
        corpus: LabelledCorpus,
        tokenizer_config: TokenizerConfig,
        overrides: ClassifierOverrides,
        *,
        source: InitialWeights | None = None,
    ) -> ClassifierSession:
        """Begins a new run, from the weights of `source` where there is one. The directory is made once all else is
        right."""
        allowed = allowed_threads(run.thread_counts)
        plan = decide(corpus, tokenizer_config, overrides, source=source, thread_counts=allowed)
        return cls.begin(
            plan.config,
            lambda: run.create(ClassifierDirectory),
            ClassifierDirectory,
            lambda made: cls(made, plan, corpus),
        )

    @classmethod
    def _as_planned(
        cls, directory: ClassifierDirectory, corpus: LabelledCorpus, budget: Budget | None, thread_counts: Sequence[int]
    ) -> Self:
        return cls(directory, plan_to_resume(directory, budget, thread_counts=thread_counts), corpus)

    @property
    def network(self) -> AnyClassifier:
        return self.objective.network

    def restore(self, arrays: Mapping[str, Any], values: dict[str, Any]) -> None:
        # Early versions kept the linear models among the parameters; they are solved again.
        super().restore({name: array for name, array in arrays.items() if ".direct." not in name}, values)

    def preview(self, report: Report) -> str:
        """Some validation texts, others each time, with the label that each gets by now."""
        texts, validation = self.corpus.measured, self._encoded.validation
        chosen = [(report.step + number) % len(texts) for number in range(min(PREVIEW_TEXTS, len(texts)))]
        batch = validation.symbols(chosen, next(self.network.parameters()).device)
        network = self.network
        with torch.no_grad():
            logits_MNK = network(batch.ids_BT, batch.lengths_B).numpy(force=True).astype(np.float64)[None]
        if (direct_MNK := self.objective.direct_logits_of_validation) is not None:
            logits_MNK = np.concatenate((logits_MNK, direct_MNK[:, chosen]))
        logits_NK = network.mixture.logits(logits_MNK)
        p_NK = probabilities(logits_NK, multiple=self.config.corpus.multiple)
        names = list(self.corpus.labels)
        return "\n".join(
            f"{names[int(p_K.argmax())]} {p_K.max():.2f}  {' '.join(texts[number].text.split())[:PREVIEW_CHARACTERS]}"
            for number, p_K in zip(chosen, p_NK, strict=True)
        )

    def _write(self, weights: Weights) -> None:
        directory = self.directory
        directory.write_tokenizer(self._plan.tokenizer)
        directory.write_labels(self._plan.labels)
        directory.write_features(self._plan.features)

    def _describe(self) -> list[str]:
        config = self.config
        network, corpus = config.network, config.corpus
        parameters = self.parameters + network.features * network.labels
        learns_held_out = network.features > 0 and self.corpus.learns_held_out
        several = ", any number for each text" if corpus.multiple else ""
        is_short = corpus.training_texts < FEW_TEXTS and self.holds_out
        direct = f"{network.features:,} n-grams and words beside it" if network.features else "nothing beside it"
        return [
            f"texts     {corpus.training_texts:,} to train on, "
            f"{f'{corpus.validation_texts:,} to validate with' if self.holds_out else 'none held out'}"
            f"{', which the linear models learn afterwards' if learns_held_out else ''}; "
            f"{network.labels:,} labels{several}",
            *(["          so few texts teach little; --valid none learns all of them"] if is_short else []),
            *(f"          {remark}" for remark in (*self._remarks_on_labels(), *self.corpus.remarks)),
            f"network   {network}, {direct}: {parameters:,} parameters",
            self._training_row(f"{counted(config.training.batch_size, 'text')} a batch"),
        ]

    def _remarks_on_labels(self) -> Iterator[str]:
        """What is left out where texts and labels are so many that it would take too long, or too much memory."""
        measured, labels = len(self._encoded.validation), self.config.network.labels
        if measured < self.config.corpus.validation_texts:
            yield f"validations read {measured:,} texts of these, since each has a probability of {labels:,} labels"
        if self.config.network.features and not self._encoded.evidence.solved_models:
            yield "for so many texts with so many labels n-grams are counted, and no linear models are solved"

    def _held_out(self) -> HeldOut:
        has_linear_models = self.config.network.features > 0
        return HeldOut(len(self._encoded.validation), "texts", after_all_was_read=has_linear_models)

    def _measure_quantization(self) -> ClassifierQuantization:
        return measure_quantization(self.directory, self._encoded.validation)
