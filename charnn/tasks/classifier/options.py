"""The options of a classifier, for learning labelled texts and for being scored on them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from charnn.corpora.labelled_layout import LabelledLayout
from charnn.tasks.classifier.config import ClassifierNetworkConfig, Pool
from charnn.tasks.options import LABELLED, NETWORK, option
from charnn.tasks.shared_options import (
    EvaluationOptions,
    FoldOptions,
    LabelledOptions,
    LineOptions,
    MemberOptions,
    MistakeOptions,
    NgramOptions,
    SymbolOptions,
)
from charnn.tasks.training_options import RecurrentTrainingOptions


@dataclass(frozen=True)
class ClassifierOptions(
    MemberOptions, NgramOptions, LabelledOptions, SymbolOptions, LineOptions, FoldOptions, RecurrentTrainingOptions
):
    balance: bool = option(
        False,
        "Let every label weigh the same in training, however many texts it has, and make rare labels so much more "
        "probable that macro-F1 is best. Rare labels are then found more often, and frequent ones less.",
        panel=LABELLED,
    )
    label_separator: str | None = option(
        None,
        "Take what stands between these characters in the place of a label for several labels of one text, as in "
        "--label-separator , for billing, login. Each text may then have any number of labels.",
        panel=LABELLED,
        metavar="CHARS",
        shown_default="none, so that all of it is one label",
    )
    pool: Pool | None = option(
        None,
        "Make one vector of a text of what the recurrent layers say at its last symbol, of the mean or the largest "
        "value over all symbols, or of a mean whose weights are learned (attention).",
        panel=NETWORK,
        shown_default=ClassifierNetworkConfig.pool,
    )

    @property
    def layout(self) -> LabelledLayout:
        return replace(super().layout, separator=self.label_separator)


@dataclass(frozen=True)
class ClassifierEvaluationOptions(LabelledOptions, MistakeOptions, EvaluationOptions):
    """The layout is that of the training data, unless an option says otherwise; the separator always is."""
