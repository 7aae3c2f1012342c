"""Conditions: what a language model is told at each step beside the id, such as how many tokens remain.

A condition has one value for each id that is read. The network has an embedding for it, whose row for the value is
added to the embedding of the id. There are two: the countdown of a model that foretells how long a document will be,
and the label of the document (Goodfellow et al. 2016, figure 10.9). Another one would be a `Condition` that
`conditions_of` gives, and a value in `TextConditionValues` for texts that are written.
"""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol, Self

import numpy as np

from charnn.arrays import Float32s, Int64s, Integers
from charnn.generation.model import NO_CONDITIONS, Conditions, TextStart
from charnn.tasks.language_model.config import Stopping
from charnn.tasks.language_model.lengths import LENGTH_CLASSES, LengthRows, class_of, draw_length, remaining_tokens
from charnn.tokenizers.base import STOP_ID

if TYPE_CHECKING:
    from charnn.tasks.language_model.long_ids import Ids

LabelWeights = tuple[float, ...]
"""The weight of each label, in the order of the model's labels. The weights add up to 1."""


@dataclass(frozen=True)
class Condition:
    """A condition that each step is given beside its id."""

    name: str
    """The name of the condition. Its embedding is the network's parameter `NAME.weight`, (size, E)."""
    port: str
    """The name of the graph's input for the rows of the embedding, which has the shape of the ids. It is not the
    condition's name, because that is the embedding's in the graph."""
    size: int
    """The number of rows of the embedding."""
    beside_stops: bool
    """Whether it is added to the embedding of a stop token, too."""
    row_of: Callable[[Integers], Integers] = np.asarray
    """Gives the row of the embedding for each value, in the shape of the values."""
    is_mixed: bool = False
    """Whether the graph's input has a weight for each row, (..., size) in fp32, instead of the number of one row. What
    is added is then the sum of the rows, each times its weight."""


def _remaining(targets_BT: Integers, later_B: Integers | None) -> Integers:
    remaining_BT = remaining_tokens(targets_BT, STOP_ID)
    return remaining_BT if later_B is None else remaining_BT + later_B[:, np.newaxis]


COUNTDOWN = Condition("countdown", "left", LENGTH_CLASSES, beside_stops=False, row_of=class_of)
"""The number of tokens of the document that follow each id, 0 after the last one. The network sees it as a class of
lengths."""
LABEL = "label"
"""The name of the condition that is the document's label. Its values are numbers of labels, or a weight for each."""
LABEL_PORT = "label_weights"


def weights_of_labels(numbers: Integers, labels: int) -> Float32s:
    """The weight (..., K) of each of K labels where texts have those with these numbers (...)."""
    weights = np.zeros((*numbers.shape, labels), np.float32)
    np.put_along_axis(weights, numbers[..., np.newaxis].astype(np.intp), 1, -1)
    return weights


def conditions_of(stopping: Stopping, labels: int) -> tuple[Condition, ...]:
    """The conditions of a model that ends documents in this way and knows so many labels, 0 for one without."""
    countdown = (COUNTDOWN,) if stopping == "length" else ()
    label = (Condition(LABEL, LABEL_PORT, labels, beside_stops=True, is_mixed=True),) if labels else ()
    return countdown + label


class ConditionRows(Protocol):
    """The row of a condition's embedding beside each token of a text."""

    def __getitem__(self, places_BT: Int64s, /) -> Integers:
        """The rows at these places, in their shape."""
        ...


def condition_rows(
    conditions: Iterable[Condition], targets_N: Ids, labels_N: ConditionRows | None = None
) -> dict[str, ConditionRows]:
    """The rows of each condition's embedding, by its name, for the inputs of a text with these targets.

    `labels_N` has the number of the label of the document that each target belongs to, for a model that knows labels.
    """

    def rows_of(condition: Condition) -> ConditionRows:
        if condition is COUNTDOWN:
            return LengthRows(targets_N, STOP_ID)
        if labels_N is None:
            raise AssertionError("a model that knows labels learns from documents that have some")
        return labels_N  # the row of a label is its number

    return {condition.name: rows_of(condition) for condition in conditions}


@dataclass(frozen=True)
class TextConditionValues:
    """The conditions of one text that is being written. It meets `generation.model.TextConditions`."""

    remaining: int | None = None
    """The number of tokens that are still to come, or None for a model that does not count down."""
    label_weights: LabelWeights = ()
    """The weight of each label, or nothing for a model without labels."""

    @property
    def values(self) -> Mapping[str, Any]:
        countdown = {} if self.remaining is None else {COUNTDOWN.name: self.remaining}
        return {**countdown, LABEL: self.label_weights} if self.label_weights else countdown

    @property
    def is_over(self) -> bool:
        return self.remaining == 0

    def next(self) -> TextConditionValues:
        return self if self.remaining is None else replace(self, remaining=max(self.remaining - 1, 0))


class ConditionedLanguageModel(ABC):
    """A language model, whatever runs its network. It knows how the model ends a text, and its conditions."""

    segment: int | None = None
    """So many symbols a model scores before it learns from them; None for one that does not learn."""
    stopping: Stopping
    """The way in which the model ends a document."""
    labels: int = 0
    """The number of labels that the model knows."""
    mixture: LabelWeights | None = None
    """The labels of every text that the model begins or scores. Without it, each text that is begun draws one."""
    label_probabilities: LabelWeights | None = None
    """How probable each label is where one is drawn. None stands for labels that are all as probable."""

    def with_labels(self, mixture: LabelWeights | None, probabilities: LabelWeights | None = None) -> Self:
        """The same model for texts with these labels: with this mixture, or with one label each, drawn with these
        probabilities. The two share the network."""
        model = copy.copy(self)
        model.mixture, model.label_probabilities = mixture, probabilities
        return model

    @property
    def draws_stop(self) -> bool:
        """Whether the stop token is drawn as any other token is."""
        return self.stopping == "symbol"

    @property
    def halts(self) -> bool:
        """Whether a decision apart from the tokens says at each step if the text ends."""
        return self.stopping == "halt"

    def conditions(
        self, targets_BT: Integers, later_B: Integers | None = None, labels_BT: Integers | None = None
    ) -> Conditions:
        """The values (B, T) of each condition for the inputs of a known text, where `targets_BT` are the next tokens.

        The document at the end of each row has `later_B` more tokens beyond it. Without `later_B` it ends with the row.
        `labels_BT` has the number of the label of the document that each target belongs to; without it, all have the
        model's own mixture, and the values of that condition are (B, T, K) for K labels.
        """
        values: dict[str, Integers | Float32s] = {}
        if self.stopping == "length":
            values[COUNTDOWN.name] = _remaining(targets_BT, later_B)
        if self.labels:
            values[LABEL] = self._mixture_beside(targets_BT.shape) if labels_BT is None else labels_BT
        return values

    def start(self, prompt_tokens: int, random: np.random.Generator) -> TextStart:
        """Begins a text, as `generation.model.NextTokenModel` describes it."""
        weights = self._draw_labels(random)
        if self.stopping != "length":
            return TextStart(None, self.initial_state(1), TextConditionValues(None, weights))
        label = {LABEL: np.array([weights], np.float32)} if weights else NO_CONDITIONS
        logits_1V, log_p_1L, state = self.open_documents(1, label)
        length = draw_length(log_p_1L[0], random.random(), at_least=max(1, prompt_tokens))
        return TextStart(logits_1V[0], state, TextConditionValues(length, weights))

    def _draw_labels(self, random: np.random.Generator) -> LabelWeights:
        """The labels of one text, which draws a number where the labels are not the same for all."""
        if not self.labels or self.mixture is not None:
            return self.mixture or ()
        chosen = int(random.choice(self.labels, p=self.label_probabilities))
        return tuple(float(label == chosen) for label in range(self.labels))

    def _mixture_beside(self, shape: tuple[int, ...]) -> Float32s:
        """The weights of the model's own mixture beside ids of this shape."""
        if self.mixture is None:
            raise AssertionError("a text is scored under labels that are given")
        return np.broadcast_to(np.array(self.mixture, np.float32), (*shape, self.labels))

    @abstractmethod
    def initial_state(self, batch: int) -> Any:
        """The state of `batch` lanes that have read nothing."""

    @abstractmethod
    def open_documents(self, batch: int, conditions: Conditions = NO_CONDITIONS) -> tuple[Float32s, Float32s, Any]:
        """Reads the stop token that opens each of `batch` documents, where `stopping` is `length`.

        `conditions` (B,) are those beside the stop tokens, without the countdown, which has not begun. It gives the
        logits (B, V) of the first token, ln p (B, L) of the class of the document's length for `draw_length`, and the
        state after the stop token.
        """
