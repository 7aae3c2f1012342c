"""The configuration of a language model, as config.json has it: its text, its network and its scores."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from charnn.cells import CELLS, require_known
from charnn.config import Json, ModelConfig, SourceFile, TrainingConfig, TrainingRecord, later
from charnn.config.as_json import require
from charnn.config.model import TokenizerConfig, require_members
from charnn.corpora.decoding import OnError
from charnn.corpora.documents import DocumentUnit
from charnn.corpora.labelled_layout import AS_TOLD, LabelledLayout

Stopping = Literal["symbol", "halt", "length"]
"""The ways in which a model ends a document. symbol: the stop token is a symbol like any other. halt: an output apart
from the symbols decides at each step. length: the model foretells the document's length at its start, and counts it
down."""


@dataclass(frozen=True)
class Label(Json):
    """A label of a corpus whose documents have labels."""

    name: str
    documents: int
    """The number of documents to train on that have it."""


@dataclass(frozen=True)
class CorpusConfig(Json):
    """Records what a model was trained on, precisely enough to find the same split again."""

    sources: tuple[SourceFile, ...]
    validation_sources: tuple[SourceFile, ...] = ()
    """The files given with --valid. Where there are none, the last tenth of `sources` was held out, and at most
    HELD_OUT_CHARACTERS."""
    document: DocumentUnit = "file"
    encoding: str = "utf-8"
    documents: int = 0
    training_characters: int = 0
    validation_characters: int = 0
    labels: tuple[Label, ...] = later(())
    """The labels in the order of the network's, for a corpus of texts with labels."""
    layout: LabelledLayout = later(AS_TOLD)
    """Where these labels and texts are in the files."""

    on_error: OnError = later("fail")
    """What was done about bytes that are not in the encoding."""

    replayed: CorpusConfig | None = later(None)
    """What the model that the run started from had learned, of which parts were read beside this text; None where
    nothing was."""
    held_out: bool = later(True)
    """Whether there is anything to validate with. Otherwise validations measure the training text."""
    backwards: bool = later(False)
    """Whether each document was read from its end to its beginning."""

    @property
    def label_names(self) -> list[str]:
        return [label.name for label in self.labels]

    @property
    def label_probabilities(self) -> tuple[float, ...]:
        """How often each label was seen, as a fraction of all documents that the model was trained on."""
        documents = sum(label.documents for label in self.labels)
        return tuple(label.documents / documents for label in self.labels)

    @property
    def hashes(self) -> list[str]:
        """The hashes of all files, by which two corpora are compared."""
        return [source.sha256 for source in (*self.sources, *self.validation_sources)]

    @property
    def ends_are_learned(self) -> bool:
        """Whether the model was trained on a whole document."""
        return self.has_whole_documents or (self.replayed is not None and self.replayed.ends_are_learned)

    @property
    def has_whole_documents(self) -> bool:
        """Whether there is one in the text itself. A document that was cut for validation has no end."""
        return self.documents > 1 or bool(self.validation_sources) or not self.held_out


@dataclass(frozen=True)
class LanguageModelNetworkConfig(Json):
    """A stack of recurrent layers between an embedding and a linear head."""

    vocabulary_size: int
    cell: str = "lstm"
    layers: int = 2
    hidden_size: int = 256
    embedding_size: int = 64
    dropout: float = 0.0
    residual: bool = later(False)
    """Whether each layer's input, from the second layer on, is added to its output."""
    recurrent_depth: int = later(1)
    """The number of steps that a layer takes from one symbol to the next, all with the same weights."""
    weight_drop: float = later(0.0)
    """The probability that a single weight from hidden state to hidden state is dropped for a window."""
    embedding_dropout: float = later(0.0)
    """The probability that a symbol is dropped for a window."""
    gradient_flow: float = later(0.0)
    """The strength with which training keeps gradients from vanishing over time (Pascanu et al. 2013), for an rnn."""

    stopping: Stopping = later("symbol")
    """The way in which the model ends a document."""
    labels: int = later(0)
    """The number of labels that a text can be written with; 0 for a model of texts without labels."""
    members: int = later(1)
    """The number of networks of this shape that are used side by side, and whose probabilities are averaged."""

    def __post_init__(self) -> None:
        require_known(self.cell)
        for name in ("vocabulary_size", "layers", "hidden_size", "embedding_size", "recurrent_depth"):
            require(getattr(self, name) >= 1, f"{name.replace('_', ' ')} must be at least 1")
        for name in ("dropout", "weight_drop", "embedding_dropout"):
            require(0.0 <= getattr(self, name) < 1.0, f"{name.replace('_', ' ')} is a probability below 1")
        require(self.recurrent_depth <= 100, "recurrent depth must be at most 100")
        require(self.labels >= 0, "the number of labels is a number from 0")
        require_members(self.members)
        require(0.0 <= self.gradient_flow < math.inf, "the strength of the gradient flow is a number from 0")
        able = [name for name, cell in CELLS.items() if cell.has_gradient_flow]
        gated = [name for name, cell in CELLS.items() if cell.further is None]
        message = f"--weight-drop and --recurrent-depth are for --cell {' or '.join(gated)}, not {self.cell}"
        require(self.cell in gated or (self.weight_drop == 0 and self.recurrent_depth == 1), message)
        message = f"--gradient-flow is for --cell {' or '.join(able)}, not {self.cell}"
        require(self.cell in able or self.gradient_flow == 0, message)

    def __str__(self) -> str:
        several = f"{self.members:,} members, each " if self.members > 1 else ""
        size = f"{several}{self.layers} x {self.hidden_size} {self.cell}"
        parts = [f"{size}, embedding {self.embedding_size}, dropout {self.dropout:g}"]
        parts += ["residual"] * self.residual
        parts += [f"recurrent depth {self.recurrent_depth}"] * (self.recurrent_depth > 1)
        for name in ("weight_drop", "embedding_dropout", "gradient_flow"):
            if value := getattr(self, name):
                parts.append(f"{name.replace('_', ' ')} {value:g}")
        parts += [f"stopping by {self.stopping}"] * (self.stopping != "symbol")
        parts += [f"{self.labels:,} labels"] * (self.labels > 0)
        return ", ".join(parts)


@dataclass(frozen=True)
class LanguageModelValidation(Json):
    """The best validation of a run."""

    nats_per_character: float
    bits_per_character: float
    step: int
    epoch: float
    seconds: float
    """The seconds of training up to that validation."""

    @property
    def loss(self) -> float:
        """The loss by which the best weights are chosen."""
        return self.nats_per_character

    @property
    def standard_error(self) -> float:
        return 0.0

    @property
    def summary(self) -> str:
        """A few words for one line of a run's log."""
        return f"{self.nats_per_character:.4f} nats {self.bits_per_character:.4f} bits/char"

    def __str__(self) -> str:
        return f"{self.nats_per_character:.4f} nats, {self.bits_per_character:.4f} bits per character"

    @staticmethod
    def amount(loss: float) -> str:
        """A loss, or a difference of losses, in words."""
        return f"{loss:.3f} nats"


@dataclass(frozen=True)
class LanguageModelQuantization(Json):
    """The cost and gain of int8 inference, measured on the machine that trained."""

    bits_per_character_lost: float
    speed_ratio: float
    """The characters per second of a single text in int8, divided by those in fp32."""
    used: bool
    """Whether int8 is worth it: it is faster, and costs less than 0.01 bits per character."""


MOST_NGRAM_SYMBOLS = 8
"""The most symbols of the n-grams that may be counted."""


@dataclass(frozen=True)
class LanguageModelNgrams(Json):
    """What n-grams of the text bring beside the network, on text that was held out."""

    ngrams: int
    """The number of n-grams that are kept."""
    characters: int
    """The number of characters that the following were measured on; 0 where nothing was held out."""
    nats_by_ngrams: float | None
    """The nats per character by the n-grams alone; None of no characters."""
    nats_by_network: float | None
    """The same by the network alone, in fp32."""
    nats_per_character: float | None
    """The same by both. Each half of the text is scored with weights that the other half has decided, or all of it with
    those that are usual where it is too short for that."""
    word_ngrams: int = later(0)
    """The number of symbols that are kept after the beginning of a word and the words before it; 0 without words."""


@dataclass(frozen=True)
class LanguageModelResult(Json):
    """What a model reaches on text that was held out, where n-grams stand beside its network."""

    nats_per_character: float
    """The nats per character by both together."""
    bits_per_character: float
    nats_by_network: float
    """The nats per character by the network alone."""
    nats_by_ngrams: float
    """The nats per character by the n-grams alone."""
    characters: int
    """The number of characters that these were measured on."""
    step: int
    """When the network had the weights that were kept."""
    epoch: float
    seconds: float

    @property
    def summary(self) -> str:
        """A few words for a row of a table."""
        return f"{self.nats_per_character:.4f} nats {self.bits_per_character:.4f} bits/char"

    def __str__(self) -> str:
        return (
            f"{self.nats_per_character:.4f} nats, {self.bits_per_character:.4f} bits per character (the network alone "
            f"{self.nats_by_network:.4f} nats, the n-grams alone {self.nats_by_ngrams:.4f}; {self.characters:,} "
            "held-out characters)"
        )


@dataclass(frozen=True)
class LanguageModelConfig(ModelConfig):
    task: Literal["language-model"]
    tokenizer: TokenizerConfig
    network: LanguageModelNetworkConfig
    training: TrainingConfig
    corpus: CorpusConfig
    record: TrainingRecord
    scores: LanguageModelValidation | None = None
    quantization: LanguageModelQuantization | None = None
    """The cost and gain of int8. It is None until they have been measured, and inference is fp32 until then."""
    teachers: tuple[str, ...] = later(())
    """The directories of the models that taught it, as they were named."""
    ngram_order: int = later(0)
    """The most symbols of the n-grams that are counted to stand beside the network; 0 counts none."""
    counts_words: bool = later(False)
    """Whether what was met in words is counted, too."""
    ngrams: LanguageModelNgrams | None = later(None)
    """What they bring. It is None until that has been measured, and where they bring too little; the network is used
    alone then."""

    @property
    def has_unmeasured_ngrams(self) -> bool:
        """Whether there are n-grams beside the network, but nothing was held out that tells what they bring."""
        return self.ngrams is not None and self.ngrams.nats_per_character is None

    @property
    def result(self) -> LanguageModelValidation | LanguageModelResult | None:
        """What the model reaches as it is used: network and n-grams together, where it has n-grams and was measured
        with them; otherwise by the network alone."""
        found, best = self.ngrams, self.scores
        if found is None or best is None or found.nats_per_character is None:
            return best
        if found.nats_by_network is None or found.nats_by_ngrams is None:  # a file that someone has changed
            return best
        return LanguageModelResult(
            nats_per_character=found.nats_per_character,
            bits_per_character=found.nats_per_character / math.log(2),
            nats_by_network=found.nats_by_network,
            nats_by_ngrams=found.nats_by_ngrams,
            characters=found.characters,
            step=best.step,
            epoch=best.epoch,
            seconds=best.seconds,
        )

    def __post_init__(self) -> None:
        require(self.tokenizer.kind != "words", "a language model writes what it reads, and words are only read")
        require(0 <= self.ngram_order <= MOST_NGRAM_SYMBOLS, f"n-grams have at most {MOST_NGRAM_SYMBOLS} symbols")
