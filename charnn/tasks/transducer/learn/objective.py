"""The objective of a transducer: each target symbol after those before it, with the right ones given."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from charnn.config.training import TrainingConfig
from charnn.streaming import batches_by_length
from charnn.tasks.transducer.config import (
    DEFAULT_BEAM,
    WRITING_PLACES,
    PairsConfig,
    TransducerTrainingConfig,
    TransducerValidation,
)
from charnn.tasks.transducer.dataset import Reference
from charnn.tasks.transducer.learn.ctc import CtcNetwork, ctc_nats
from charnn.tasks.transducer.learn.data import EncodedPairs, PairBatch, drop_probabilities
from charnn.tasks.transducer.learn.network import TransducerNetwork
from charnn.tasks.transducer.learn.networks import AnyNetwork, TransducerEnsemble, decoder_of, without
from charnn.tasks.transducer.lookup import Lookup
from charnn.tasks.transducer.pair_model import PairModel
from charnn.tasks.transducer.symbols import Symbols
from charnn.tasks.transducer.use.decoding import SearchOptions
from charnn.tasks.transducer.use.line_transducer import PADDING
from charnn.tasks.transducer.use.ranking import TrustedNgrams
from charnn.tasks.transducer.use.scoring import nearest
from charnn.tasks.transducer.use.search import find_targets
from charnn.training.objective import BatchedObjective, Batches
from charnn.training.report import Report

VALIDATION_ROWS, VALIDATION_NUMBERS = 64, 1 << 24
"""The sources whose targets are written at once: fewer where so many numbers are kept of the symbols of each."""
MOST_VALIDATED = 500
"""The most sources that a validation writes the targets of."""
MOST_WRITTEN = 15_000
"""The most symbols that the targets of these sources have, unless they are fewer than FEWEST_VALIDATED."""
FEWEST_VALIDATED = 50
FLOOR = -10.0
"""The least ln p that label smoothing asks for: what only a gate can write has no more than that."""


class References:
    """Sources that are validated with, taken at even distances: so many that a validation does not take long."""

    def __init__(self, references: Sequence[Reference], symbols: Symbols, lookup: Lookup) -> None:
        mean = sum(len(symbols.encode_target(one.targets[0])) for one in references) / len(references)
        count = min(len(references), MOST_VALIDATED, max(int(MOST_WRITTEN / mean), FEWEST_VALIDATED))
        chosen = [references[i * len(references) // count] for i in range(count)]
        self.sources = [symbols.encode_source(one.source, one.features) for one in chosen]
        self.targets = [one.targets for one in chosen]
        self.known = [lookup.find(one.source, one.features) for one in chosen]


class TransducerObjective(BatchedObjective):
    """The members of an ensemble learn from the same batches, and each learns as if it were alone. They differ in the
    weights that they begin with, and in what dropout drops."""

    validation_type = TransducerValidation
    unit = "symbol"

    def __init__(
        self,
        network: AnyNetwork,
        training: EncodedPairs,
        reference: References,
        own: References,
        corpus: PairsConfig,
        config: TrainingConfig,
        regularization: TransducerTrainingConfig,
        learn_ngrams: Callable[[Callable[[], bool]], PairModel | None],
    ) -> None:
        """`reference` is what is validated with, and `own` the same of the training pairs. `learn_ngrams` ends early
        once what it is given says that the run is interrupted."""
        random = np.random.default_rng(config.seed)
        super().__init__(Batches(training.areas, rows=config.batch_size, random=random))
        self.network = network
        self._device = next(network.parameters()).device
        self._pairs, self._reference, self._own, self._corpus = training, reference, own, corpus
        self._regularization = regularization
        self._random = np.random.default_rng(config.seed)
        self._targets_in_batch = max(round(config.batch_size * float(training.target_lengths.mean())), 1)
        self._dropped = drop_probabilities(training.counts(), regularization.unknown_rate)
        self.ngrams: PairModel | None = None
        """The n-grams of aligned pairs, once the objective is prepared, or None where there are none."""
        self._learn_ngrams = learn_ngrams

    @property
    def targets_in_batch(self) -> int:
        return self._targets_in_batch

    def prepare(self, interrupted: Callable[[], bool]) -> None:
        """Learns the n-grams of aligned pairs, within the budget of the run."""
        self.ngrams = self._learn_ngrams(interrupted)

    def loss(self) -> tuple[Tensor, int]:
        batch = self._pairs.batch(self._batches.next(), self._device, dropped=self._dropped, random=self._random)
        return self._nats(self.network, batch), int(batch.inside_BT.sum())

    def leave_out(self, number: int) -> None:
        assert isinstance(self.network, TransducerEnsemble)
        self.network = without(self.network, number)

    def _nats(self, network: AnyNetwork, batch: PairBatch) -> Tensor:
        if isinstance(network, TransducerEnsemble):
            return torch.stack([self._nats(member, batch) for member in network.each])
        return self._framed(network, batch) if isinstance(network, CtcNetwork) else self._taught(network, batch)

    def _framed(self, network: CtcNetwork, batch: PairBatch) -> Tensor:
        """-ln p of the targets over all paths of frames. Smoothing asks of every frame what it asks of every symbol."""
        log_p_BFV = network.log_probabilities(batch.sources)
        nats = ctc_nats(log_p_BFV, batch.targets_BT, batch.inside_BT.sum(1) - 1).sum()
        if smoothing := self._regularization.label_smoothing:
            uniform = -(log_p_BFV.clamp_min(FLOOR).mean(2)).mean(1) * batch.inside_BT.sum(1)
            nats = (1 - smoothing) * nats + smoothing * uniform.sum()
        return nats

    def _taught(self, network: TransducerNetwork, batch: PairBatch) -> Tensor:
        """-ln p of each symbol of the targets after those before it."""
        memory = network.remember(batch.sources)
        before_BT = self._sampled(network, batch) if self._regularization.scheduled_sampling else batch.before_BT
        log_p_BTV = network.log_probabilities(memory, network.decode(memory, before_BT), batch.targets_BT)
        nats_BT = -log_p_BTV.gather(2, batch.targets_BT[..., None])[..., 0]
        if smoothing := self._regularization.label_smoothing:
            nats_BT = (1 - smoothing) * nats_BT - smoothing * log_p_BTV.clamp_min(FLOOR).mean(2)
        return (nats_BT * batch.inside_BT).sum()

    @torch.no_grad()
    def _sampled(self, network: TransducerNetwork, batch: PairBatch) -> Tensor:
        """The symbols before each step, some of them the network's own instead of the right ones (Bengio et al. 2015).

        Both passes read whole targets, as Mihaylova and Martins (2019) do: the network's own symbols are those that it
        writes after the right ones.
        """
        memory = network.remember(batch.sources)
        states_BTH = network.decode(memory, batch.before_BT)
        own_BT = network.log_probabilities(memory, states_BTH, batch.targets_BT).argmax(2)
        chosen_BT = torch.rand(own_BT.shape, device=own_BT.device) < self._regularization.scheduled_sampling
        mixed_BT = torch.where(chosen_BT, own_BT, batch.targets_BT)
        return torch.cat([batch.before_BT[:, :1], mixed_BT[:, :-1]], 1)

    def validate(self, report: Report) -> TransducerValidation:
        accuracy, errors, with_lookup = self._score(self._reference)
        return TransducerValidation(
            accuracy, errors, with_lookup, report.step, report.epoch, report.seconds, len(self._reference.sources)
        )

    def train_loss(self) -> float:
        accuracy, errors, _ = self._score(self._own)
        return (1 - accuracy + errors) / 2

    def figures_beside(self, ngrams: TrustedNgrams) -> dict[str, float]:
        """What a validation of the network as it is now says, by its names, where n-grams rank what a beam finds."""
        accuracy, errors, with_lookup = self._score(self._reference, ngrams)
        return {"accuracy": accuracy, "symbol_error_rate": errors, "accuracy_with_lookup": with_lookup}

    def _score(self, reference: References, ngrams: TrustedNgrams | None = None) -> tuple[float, float, float]:
        """The accuracy, the symbol error rate, and the accuracy with lookup, of targets that are written greedily, or
        that n-grams find best among those of a beam."""
        decoder, symbols = decoder_of(self.network), self._pairs.symbols
        beams = 1 if ngrams is None else DEFAULT_BEAM
        options = SearchOptions(beams, symbols.target.unknown_id, self.network.config.copies, beams)
        right = wrong_symbols = all_symbols = right_with_lookup = 0
        if not self._is_finite():
            return math.nan, math.nan, math.nan
        lengths = [len(source.ids) for source in reference.sources]
        rows, places = self._written_at_once(beams)
        for chosen in batches_by_length(lengths, rows=rows, padded_total=places, padding=PADDING):
            sources = [reference.sources[i] for i in chosen]
            bounds = [self._corpus.length_bound(len(source.ids)) for source in sources]
            found = find_targets(decoder, sources, bounds, options)
            if ngrams is not None:
                found = ngrams.best(decoder, sources, found, options)
            for i, source, targets in zip(chosen, sources, found, strict=True):
                text = symbols.decode(targets[0].ids, [source.texts[place] for place in targets[0].places])
                wanted = reference.targets[i]
                errors, length = nearest([symbols.target.encode(one).tolist() for one in wanted], targets[0].ids)
                wrong_symbols, all_symbols = wrong_symbols + errors, all_symbols + length
                right += text in wanted
                right_with_lookup += (text if (known := reference.known[i]) is None else known) in wanted
        count = len(reference.sources)
        return right / count, wrong_symbols / max(all_symbols, 1), right_with_lookup / count

    def _written_at_once(self, beams: int) -> tuple[int, int | None]:
        """The most sources of which targets are written at once, and the most places that they have together."""
        config = self.network.config
        of_place, frames = VALIDATION_NUMBERS // (beams * config.outputs), config.frames
        rows = min(VALIDATION_ROWS, of_place // WRITING_PLACES) if config.is_hard else VALIDATION_ROWS
        places = of_place // frames if config.copies or config.decoder == "ctc" else None
        return max(rows, 1), None if places is None else max(places, 1)

    def _is_finite(self) -> bool:
        return all(bool(parameter.isfinite().all()) for parameter in self.network.parameters())

    def position(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        tensors, values = super().position()
        return tensors, {**values, "random": self._random.bit_generator.state}

    def restore(self, tensors: dict[str, Tensor], values: dict[str, Any]) -> None:
        super().restore(tensors, values)
        self._random.bit_generator.state = values["random"]
