"""The options of a language model, for learning a text and for being scored on one."""

from __future__ import annotations

from dataclasses import dataclass

from charnn.corpora.documents import DocumentUnit
from charnn.errors import UsageError
from charnn.tasks.language_model.config import Stopping
from charnn.tasks.options import FIRST, LABELLED, NETWORK, TEXTS, TRAINING, option
from charnn.tasks.shared_options import (
    EvaluationOptions,
    LabelledOptions,
    LineOptions,
    MemberOptions,
    NgramOptions,
    SymbolOptions,
    TeacherOptions,
)
from charnn.tasks.training_options import RecurrentTrainingOptions


@dataclass(frozen=True)
class LanguageModelOptions(
    TeacherOptions,
    MemberOptions,
    NgramOptions,
    LabelledOptions,
    SymbolOptions,
    LineOptions,
    RecurrentTrainingOptions,
):
    documents: DocumentUnit = option(
        "file",
        "Take each file, paragraph or line as one document. The model learns where documents end, and ends the texts "
        "that it writes likewise.",
        panel=FIRST,
    )
    conditioned: bool = option(
        False,
        "Read the corpus as texts that have a label each, such as lines of label<TAB>text, and learn one model of the "
        "texts of all labels. `charnn sample --label LABEL` then writes texts of that label.",
        panel=LABELLED,
    )
    stopping: Stopping | None = option(
        None,
        "Learn in this way where a document ends. symbol: the end is one more symbol. halt: an extra output decides at "
        "each step. length: the length is foretold at the start and counted down.",
        panel=TEXTS,
        shown_default="symbol",
    )
    backwards: bool = option(
        False,
        "Read each text from its end to its beginning. Such a model writes nothing; it is for taggers, which read with "
        "it in both directions (--reader).",
        panel=TEXTS,
    )
    words: bool | None = option(
        None,
        "Count what comes after the beginning of a word and the words before it, too, and let it decide beside the "
        "n-grams, where that helps on held-out text. A model without words expects a text less well, and writes up to "
        "twice as fast.",
        panel=NETWORK,
        flag="--words/--no-words",
        shown_default="words, beside n-grams of texts without labels",
    )
    residual: bool = option(
        False, "Add each layer's input to its output, which makes many layers easier to train.", panel=NETWORK
    )
    recurrent_depth: int | None = option(
        None,
        "Let each layer take N steps, with the same weights, from one symbol to the next.",
        panel=NETWORK,
        metavar="N",
        minimum=1,
        shown_default="1",
    )
    weight_drop: float | None = option(
        None,
        "Set single recurrent weights to 0 at random, with probability P, while training.",
        panel=NETWORK,
        metavar="P",
        minimum=0,
        maximum=0.99,
        shown_default="0",
    )
    embedding_dropout: float | None = option(
        None,
        "Hide symbols from the network at random, with probability P, while training.",
        panel=NETWORK,
        metavar="P",
        minimum=0,
        maximum=0.99,
        shown_default="0",
    )
    forget: bool = option(
        False,
        "With --from, learn the new text alone. Otherwise, where it is short beside what the model has learned, parts "
        "of that are read beside it, so that the model does not forget them; it then takes some seconds.",
        panel=TRAINING,
    )
    gradient_flow: float | None = option(
        None,
        "With --cell rnn, keep gradients from vanishing over time, with this strength (Pascanu et al. 2013).",
        panel=NETWORK,
        metavar="STRENGTH",
        minimum=0,
        shown_default="0",
    )


@dataclass(frozen=True)
class LanguageModelEvaluationOptions(EvaluationOptions):
    context: str = option(
        "carried",
        "Predict each character from all the text before it (carried), or cut the text into crops of N characters and "
        "score each by itself, as nanoGPT does.",
        panel=TEXTS,
        metavar="carried|N",
    )
    documents: DocumentUnit | None = option(
        None, "Take each file, paragraph or line of FILE as one document.", panel=TEXTS, shown_default="as in training"
    )
    adapt: bool = option(
        False,
        "Let the model also go on learning from the text, after each part of it has been scored, and expect what it "
        "has read to come again; and say what the text costs then. The model on the disk stays as it is. This needs "
        "what training needs.",
        panel=TEXTS,
    )

    @property
    def crop(self) -> int | None:
        """The number of characters of a crop, or None where the state is carried through the text.

        Raises UsageError for another value.
        """
        if self.context == "carried":
            return None
        if not self.context.isdecimal() or int(self.context) < 1:
            raise UsageError(f"--context {self.context}: give `carried` or a number of characters")
        return int(self.context)
