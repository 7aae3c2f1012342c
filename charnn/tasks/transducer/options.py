"""The options of a transducer, for learning pairs and for being scored on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from charnn.config.model import SymbolKind
from charnn.corpora.pairs import PairsLayout
from charnn.tasks.options import PAIRS, option
from charnn.tasks.shared_options import (
    DecoderOptions,
    EvaluationOptions,
    FoldOptions,
    LineOptions,
    MemberOptions,
    MistakeOptions,
    StartFromOptions,
)
from charnn.tasks.training_options import RecurrentTrainingOptions
from charnn.tasks.transducer.config import DEFAULT_BEAM, AttentionKind, TransducerTrainingConfig

When = Literal["auto", "always", "never"]
IS_WANTED = {"auto": None, "always": True, "never": False}


@dataclass(frozen=True)
class PairsOptions:
    """The options that say where the sides of a pair are in a file."""

    source: str | None = option(
        None,
        "Take the sources from this column of a table: its name in the header or in JSON lines, or its number.",
        panel=PAIRS,
        metavar="COLUMN",
        shown_default="1, or a usual name, such as source",
    )
    target: str | None = option(
        None,
        "Take the targets from this column of a table: its name in the header or in JSON lines, or its number.",
        panel=PAIRS,
        metavar="COLUMN",
        shown_default="the last, or a usual name, such as target",
    )
    features: str | None = option(
        None,
        "Take features, such as V;PST with semicolons between them, from this column of a table: its name or its "
        "number. They are read beside the source, each as a symbol of its own.",
        panel=PAIRS,
        metavar="COLUMN",
        shown_default="the second of three columns, or features",
    )

    @property
    def layout(self) -> PairsLayout:
        return PairsLayout(self.source, self.features, self.target)


@dataclass(frozen=True)
class TransducerOptions(
    PairsOptions, DecoderOptions, MemberOptions, StartFromOptions, LineOptions, FoldOptions, RecurrentTrainingOptions
):
    source_symbols: SymbolKind | None = option(
        None,
        "Read a source as characters, as symbols between spaces (spaces), as bytes, or as pieces of words that are "
        "learned first (unigram).",
        panel=PAIRS,
        shown_default="characters, or spaces where they are short symbols, such as phones",
    )
    target_symbols: SymbolKind | None = option(
        None,
        "Write a target as characters, as symbols between spaces (spaces), as bytes, or as pieces of words that are "
        "learned first (unigram).",
        panel=PAIRS,
        shown_default="characters, or spaces where they are short symbols, such as phones",
    )
    lookup: When = option(
        "auto",
        "Answer a source that training had with the target that it had there, without asking the network. auto does so "
        "where that does better on the validation data.",
        panel=PAIRS,
    )
    attention: AttentionKind | None = option(
        None,
        "Let each symbol be written from one place of the source, which may move back (hard) or not (monotonic), "
        "from a weighted mean of all places (additive, dot), or from one vector for the whole source (none).",
        panel=PAIRS,
        shown_default="hard; for long lines of very many symbols additive",
    )
    copy: When = option(
        "auto",
        "Let the network copy symbols of the source, also those that training had not. auto does so where most symbols "
        "of the targets stand in their source, too.",
        panel=PAIRS,
    )
    label_smoothing: float | None = option(
        None,
        "Learn to give the right symbol the probability 1 - P, and the rest to all symbols alike. This keeps the "
        "network from being too sure.",
        panel=PAIRS,
        metavar="P",
        minimum=0,
        maximum=0.9,
        shown_default=f"{TransducerTrainingConfig.label_smoothing:g}",
    )
    scheduled_sampling: float | None = option(
        None,
        "While it learns, show the decoder the symbol that it would have written itself instead of the right one, with "
        "probability P, so that it learns to go on after a mistake.",
        panel=PAIRS,
        metavar="P",
        minimum=0,
        maximum=1,
        shown_default=f"{TransducerTrainingConfig.scheduled_sampling:g}",
    )


@dataclass(frozen=True)
class TransducerEvaluationOptions(PairsOptions, MistakeOptions, EvaluationOptions):
    """The layout is that of the training data, unless an option says otherwise."""

    beam: int = option(
        DEFAULT_BEAM,
        "Follow N hypotheses side by side to find the most probable target; 1 is greedy. Where a model has n-grams of "
        "aligned pairs beside its network, edits where pairs have features, or words where pairs are lines, they rank "
        "the targets that two and more find, and may propose some.",
        panel=PAIRS,
        metavar="N",
        minimum=1,
    )
