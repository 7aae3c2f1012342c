"""The objective of a forecaster: the pinball loss of the quantiles of what follows windows of the training rows."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from charnn.config.training import TrainingConfig
from charnn.tasks.forecaster.base import Ids
from charnn.tasks.forecaster.config import QUANTILES, ForecasterValidation
from charnn.tasks.forecaster.dataset import Dataset, Split
from charnn.tasks.forecaster.learn.network import ForecasterNetwork
from charnn.tasks.forecaster.scores import ForecastScore
from charnn.training.objective import BatchedObjective, Batches
from charnn.training.report import Report

BOUNDS = (-10.0, 10.0)
"""A truth that is farther off, in spreads, is learned as if it were here, since no quantile is farther off."""
WORTHWHILE = 0.97
"""What the network says counts if its loss is below this share of that of its base."""
BATCH = 64
"""The windows that a validation reads at once."""


class ForecasterObjective(BatchedObjective):
    validation_type = ForecasterValidation
    unit = "window"

    def __init__(self, network: ForecasterNetwork, dataset: Dataset, config: TrainingConfig) -> None:
        self.network = network
        self._device = next(network.parameters()).device
        self._dataset, self._is_held_out = dataset, config.keeps == "best"
        lengths = np.ones(len(dataset.training.origins), np.int64)
        super().__init__(Batches(lengths, rows=config.batch_size, random=np.random.default_rng(config.seed)))
        self.targets_in_batch = min(config.batch_size, len(lengths))

    def loss(self) -> tuple[Tensor, int]:
        """The loss on the next batch, in spreads, so that windows in quiet and in wild times weigh the same."""
        training, chosen = self._dataset.training, self._batches.next()
        origins = training.origins[chosen]
        windows = training.windows(origins)
        targets_BHC = (training.truth(origins) - windows.base_BHC) / windows.spread_BHC
        known_BHC = ~np.isnan(targets_BHC)
        targets, known, x_BTF = (
            torch.from_numpy(array.astype(np.float32)).to(self._device)
            for array in (np.clip(np.nan_to_num(targets_BHC), *BOUNDS), known_BHC, windows.x_BTF)
        )
        said_BHCQ = self.network(x_BTF, training.horizon).unflatten(-1, (-1, len(QUANTILES)))
        errors_BHCQ = targets[..., None] - said_BHCQ
        quantiles_Q = errors_BHCQ.new_tensor(QUANTILES)
        losses_BHC = 2 * torch.maximum(quantiles_Q * errors_BHCQ, (quantiles_Q - 1) * errors_BHCQ).mean(-1)
        return (losses_BHC * known).sum() / known[0].numel(), len(chosen)

    def _score(self, split: Split, origins: Ids, *, adds: bool) -> ForecastScore | None:
        """How the network as it is now forecasts from these origins, or where it `adds` nothing its base; None where
        what it says is not finite."""
        score = ForecastScore(self._dataset.columns)
        for some in np.array_split(origins, math.ceil(len(origins) / split.rows.at_once(BATCH, split.horizon))):
            windows = split.windows(some)
            with torch.no_grad():
                said = self.network(torch.from_numpy(windows.x_BTF).to(self._device), split.horizon).numpy(force=True)
            if not np.isfinite(said).all():
                return None
            outputs_BHCQ = said.reshape(*said.shape[:2], -1, len(QUANTILES))
            values_BHCQ = windows.values(outputs_BHCQ, self._dataset.columns, adds=adds)
            score.add(split.truth(some), values_BHCQ, windows)
        return score

    def validate(self, report: Report) -> ForecasterValidation:
        """Also decides whether what the network says counts, unless it has learned all of the data."""
        when = report.step, report.epoch, report.seconds
        split = self._dataset.validation
        score = self._score(split, split.origins, adds=True)
        if score is None:
            return ForecasterValidation(math.nan, math.nan, math.nan, 0.0, *when)
        if self._is_held_out:
            base = self._score(split, split.origins, adds=False)
            assert base is not None
            adds = score.quantile_loss < WORTHWHILE * base.quantile_loss
            self.network.config = replace(self.network.config, adds=adds)
            score = score if adds else base
        own, naive = score.figures("forecast"), score.figures(score.best_naive)
        assert own.coverage is not None
        return ForecasterValidation(
            round(score.quantile_loss, 6), round(own.mase, 6), round(naive.mase, 6), round(own.coverage, 6), *when
        )

    def train_loss(self) -> float:
        split, count = self._dataset.training, len(self._dataset.validation.origins)
        places = np.linspace(0, len(split.origins) - 1, min(count, len(split.origins))).round().astype(np.int64)
        score = self._score(split, split.origins[places], adds=self.network.config.adds)
        return math.nan if score is None else score.quantile_loss
