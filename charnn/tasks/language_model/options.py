"""What a language model can be told when it learns a text, and when it is scored on one."""

from __future__ import annotations

from dataclasses import dataclass

from charnn.config.tokenizer import TokenizerConfig, TokenizerKind
from charnn.corpora.documents import DocumentUnit
from charnn.errors import UsageError
from charnn.tasks.language_model.config import Stopping
from charnn.tasks.options import FIRST, NETWORK, TEXTS, RecurrentTrainingOptions, option

DEFAULT = TokenizerConfig()


@dataclass(frozen=True)
class LanguageModelOptions(RecurrentTrainingOptions):
    documents: DocumentUnit = option(
        "file",
        "Take each file, paragraph or line as one document. The model learns where a document ends, and ends its own "
        "texts likewise.",
        panel=FIRST,
    )
    stopping: Stopping | None = option(
        None,
        "Learn the end of a document as a symbol like any other, by an output that decides at each step (halt), or by "
        "its length, which is foretold at its start.",
        panel=TEXTS,
        shown_default="symbol",
    )
    tokenizer: TokenizerKind | None = option(
        None,
        "Read the text as characters, as the 256 bytes (any file at all), or as SentencePiece's pieces.",
        panel=TEXTS,
        shown_default="characters, or what the model of --from has",
    )
    vocab_size: int = option(
        DEFAULT.vocabulary_size, "Learn a vocabulary of so many pieces, for unigram and bpe.", panel=TEXTS, minimum=2
    )
    min_count: int = option(
        DEFAULT.min_count, "Take characters that occur fewer times than this for unknown ones.", panel=TEXTS, minimum=1
    )
    start_from: str | None = option(
        None,
        "Start from the weights of this model; symbols are matched by what they are.",
        panel=TEXTS,
        metavar="NAME|PATH",
        flag="--from",
        shown_default="",
    )
    residual: bool = option(False, "Add each layer's input to its output.", panel=NETWORK)
    recurrent_depth: int | None = option(
        None,
        "Let each layer take so many steps, with the same weights, from one symbol to the next.",
        panel=NETWORK,
        metavar="N",
        minimum=1,
        shown_default="1",
    )
    weight_drop: float | None = option(
        None,
        "Drop single recurrent weights with this probability while training.",
        panel=NETWORK,
        metavar="P",
        minimum=0,
        maximum=0.99,
        shown_default="0",
    )
    embedding_dropout: float | None = option(
        None,
        "Drop whole symbols with this probability while training.",
        panel=NETWORK,
        metavar="P",
        minimum=0,
        maximum=0.99,
        shown_default="0",
    )
    gradient_flow: float | None = option(
        None,
        "With --cell rnn, keep gradients from vanishing over time, this strongly (Pascanu et al. 2013).",
        panel=NETWORK,
        metavar="STRENGTH",
        minimum=0,
        shown_default="0",
    )

    def tokenizer_config(self, of_source: TokenizerConfig | None) -> TokenizerConfig:
        """The tokenizer that was asked for; else that of the model to start from, where there is one."""
        if self.tokenizer is None and of_source is not None:
            return TokenizerConfig(of_source.kind, of_source.vocabulary_size, self.min_count)
        return TokenizerConfig(self.tokenizer or DEFAULT.kind, self.vocab_size, self.min_count)


@dataclass(frozen=True)
class LanguageModelEvaluationOptions:
    context: str = option(
        "carried",
        "carried reads each text from beginning to end. A number N scores independent crops of N characters, as "
        "nanoGPT does.",
        panel=TEXTS,
        metavar="carried|N",
    )
    documents: DocumentUnit | None = option(
        None, "Take each file, paragraph or line of FILE as one document.", panel=TEXTS, shown_default="as in training"
    )

    @property
    def crop(self) -> int | None:
        """The characters of a crop; None where the state is carried through the text. Raises UsageError."""
        if self.context == "carried":
            return None
        if not self.context.isdecimal() or int(self.context) < 1:
            raise UsageError(f"--context {self.context}: give `carried` or a number of characters")
        return int(self.context)
