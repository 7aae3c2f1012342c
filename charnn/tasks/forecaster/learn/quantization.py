"""Measures what int8 inference costs and gains a forecaster, with the two graphs as inference runs them."""

from __future__ import annotations

import math
from functools import partial

import numpy as np

from charnn.tasks.forecaster.config import ForecasterQuantization
from charnn.tasks.forecaster.dataset import Split
from charnn.tasks.forecaster.directory import ForecasterDirectory
from charnn.tasks.forecaster.scores import ForecastScore
from charnn.tasks.forecaster.use.model import RuntimeForecasterNetwork
from charnn.training.hardware import speed_ratio

LARGEST_LOSS = 0.002
"""The largest rise of MASE with which int8 is used."""
WORTHWHILE = 1.1
"""So many times as fast int8 must be to be used."""
ROUNDS = 5


def measure_quantization(directory: ForecasterDirectory, split: Split) -> ForecasterQuantization:
    """Forecasts the validation windows with both graphs, and times them."""
    columns = directory.series().columns
    networks = [RuntimeForecasterNetwork(directory.graph(quantized=q), len(columns)) for q in (False, True)]
    each, adds = split.rows.at_once(len(split.origins), split.horizon), directory.config().network.adds
    scores = [ForecastScore(columns) for _ in networks]
    for some in np.array_split(split.origins, math.ceil(len(split.origins) / each)):
        windows = split.windows(some)
        for network, score in zip(networks, scores, strict=True):
            outputs = network.outputs(windows.x_BTF, split.horizon)
            score.add(split.truth(some), windows.values(outputs, columns, adds=adds), windows)
    before, after = (score.figures("forecast").mase for score in scores)
    lost = round(after - before, 6)
    plain, quantized = (partial(network.outputs, windows.x_BTF, split.horizon) for network in networks)
    ratio = speed_ratio(plain, quantized, ROUNDS)
    return ForecasterQuantization(lost, ratio, used=lost <= LARGEST_LOSS and ratio >= WORTHWHILE)
