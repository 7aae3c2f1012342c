"""Measures what int8 inference costs and gains a forecaster, with the two graphs as inference runs them."""

from __future__ import annotations

import time

import numpy as np

from charnn.tasks.forecaster.config import ForecasterQuantization
from charnn.tasks.forecaster.dataset import Split
from charnn.tasks.forecaster.directory import ForecasterDirectory
from charnn.tasks.forecaster.scores import Score
from charnn.tasks.forecaster.use.runtime import RuntimeForecasterNetwork

LARGEST_LOSS = 0.002
"""The largest rise of MASE with which int8 is used."""
WORTHWHILE = 1.1
"""So many times as fast int8 must be to be used."""
ROUNDS = 5


def measure_quantization(directory: ForecasterDirectory, split: Split) -> ForecasterQuantization:
    """Forecasts the validation windows with both graphs, and times them."""
    columns = directory.series().columns
    networks = [RuntimeForecasterNetwork(directory.graph(quantized=q), len(columns)) for q in (False, True)]
    windows, errors, seconds = split.windows(split.origins), [], np.zeros((ROUNDS, 2))
    for network in networks:
        score = Score(columns)
        outputs = network.outputs(windows.x_BTF, split.horizon)
        score.add(
            split.truth(split.origins), windows.values(outputs, columns, adds=directory.config().network.adds), windows
        )
        errors.append(score.figures("forecast").mase)
    for times in seconds:
        for number, network in enumerate(networks):
            started = time.perf_counter()
            network.outputs(windows.x_BTF, split.horizon)
            times[number] = time.perf_counter() - started
    lost = round(errors[1] - errors[0], 6)
    ratio = round(float(np.median(seconds[:, 0] / seconds[:, 1])), 3)
    return ForecasterQuantization(lost, ratio, used=lost <= LARGEST_LOSS and ratio >= WORTHWHILE)
