"""The labels that a language model writes and scores texts under: how they are named and mixed, and which label a text
most probably has.

A model of texts with labels is a classifier, too: by Bayes' rule the probability of a label given a text is that of the
text given the label, times how often the label was seen, over the sum of that for all labels.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from charnn.arrays import Floats
from charnn.errors import UsageError
from charnn.readable import instead_of
from charnn.softmax import softmax
from charnn.tasks.language_model.conditions import LabelWeights


def parse_labels(text: str, names: Sequence[str]) -> dict[str, float]:
    """The labels that a user names, each with its weight: one label, as in `Irish`, or several with a comma between
    them, as in `Irish=0.7,Russian=0.3`. A label without a weight has the weight 1.

    Raises UsageError for a weight that is no positive number.
    """
    if text in names:
        return {text: 1.0}
    weights = dict[str, float]()
    for part in text.split(","):
        name, equals, number = part.rpartition("=")
        if not equals or part in names:
            name, number = part, "1"
        try:
            weights[name] = float(number)
        except ValueError:
            raise UsageError(f"--label {text}: {number!r} is no weight", hint="write LABEL=0.7,LABEL=0.3") from None
    return weights


def mixture_of(weights: Mapping[str, float], names: Sequence[str]) -> LabelWeights:
    """The weight of each of the labels `names`, in their order; together they are 1.

    Raises UsageError for a label that is not among them, and names the nearest, and for weights that are not above 0.
    """
    for name, weight in weights.items():
        if name not in names:
            hint = instead_of(name, names, "its labels are")
            raise UsageError(f"--label {name}: the model has no such label", hint=hint)
        if not 0 < weight < math.inf:
            raise UsageError(f"--label {name}={weight:g}: a weight is a number above 0")
    total = sum(weights.values())
    return tuple(weights.get(name, 0.0) / total for name in names)


def named(mixture: LabelWeights, names: Sequence[str]) -> str | dict[str, float]:
    """The label of a mixture of one, or else the weights of the labels that are in it, by name."""
    weights = {name: weight for name, weight in zip(names, mixture, strict=True) if weight}
    return weights if len(weights) > 1 else next(iter(weights))


def marginal_nats(nats_KT: Floats, probabilities_K: Floats) -> Floats:
    """-ln p of each token of a text of which the label is not known, (T,), from that under each of K labels.

    `probabilities_K` says how probable each label is before anything of the text is read. What was read makes some
    labels more probable for what follows, so the sum over the text is -ln of the mean of the text's probabilities.
    """
    with np.errstate(divide="ignore"):
        joint_KT = np.log(probabilities_K)[:, np.newaxis] - np.cumsum(nats_KT, axis=1, dtype=np.float64)
    log_p_T = np.logaddexp.reduce(joint_KT, axis=0)
    nats_T: Floats = -np.diff(log_p_T, prepend=0.0)
    return nats_T


def posterior(nats_K: Floats, probabilities_K: Floats) -> Floats:
    """The probability of each label given a text that costs `nats_K` under it."""
    with np.errstate(divide="ignore"):
        return softmax(np.log(probabilities_K) - nats_K.astype(np.float64))
