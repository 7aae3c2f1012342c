"""Measures what int8 inference costs and gains a classifier, with the two graphs as inference runs them."""

from __future__ import annotations

from functools import partial

import numpy as np

from charnn.linear.mixture import probabilities
from charnn.tasks.classifier.calibration import decided
from charnn.tasks.classifier.config import ClassifierQuantization
from charnn.tasks.classifier.directory import BIAS, HELD_OUT, LIKELIHOODS, TABLE, ClassifierDirectory
from charnn.tasks.classifier.features import direct_logits
from charnn.tasks.classifier.learn.data import EncodedTexts
from charnn.tasks.classifier.learn.linear import MEASURED_SCORES
from charnn.tasks.classifier.use.text_classifier import RuntimeClassifierNetwork
from charnn.training.hardware import speed_ratio

LARGEST_LOSS = 0.002
"""The fraction of texts that int8 may get wrong more often than fp32 where it is used."""
TEXTS = 2000
"""The cost is measured on so many validation texts at most."""
ROUNDS = 5


def measure_quantization(directory: ClassifierDirectory, texts: EncodedTexts) -> ClassifierQuantization:
    """Reads the first validation texts with both graphs, and times them. The direct path is the same for both."""
    config, weights = directory.config(), directory.weights()
    labels, multiple = config.network.labels, config.corpus.multiple
    networks = [RuntimeClassifierNetwork(directory.graph(quantized=quantized), labels) for quantized in (False, True)]
    count = min(len(texts), TEXTS, max(MEASURED_SCORES // labels, 1))
    ids, lengths_N = np.concatenate(texts.ids[:count]).astype(np.int32), texts.lengths[:count]
    targets_NK = texts.labels.part(0, count).dense()
    direct_NK = np.zeros((count, labels), np.float32) + weights[BIAS]
    if HELD_OUT in weights:
        direct_NK += weights[HELD_OUT][:count]
    elif config.network.features:
        direct_NK += direct_logits(texts.rows.chosen(np.arange(count)), weights[TABLE], weights.get(LIKELIHOODS))
    right = []
    for network in networks:
        p_NK = probabilities(network.logits(ids, lengths_N) + direct_NK, multiple=multiple)
        right.append(int((decided(p_NK, multiple=multiple) == targets_NK).all(1).sum()))
    lost = round((right[0] - right[1]) / count, 6)
    plain, quantized = (partial(network.logits, ids, lengths_N) for network in networks)
    ratio = speed_ratio(plain, quantized, ROUNDS)
    return ClassifierQuantization(lost, ratio, used=lost < LARGEST_LOSS and ratio > 1)
