"""The shapes of networks, and the regularisation that lives inside them."""

from __future__ import annotations

import math
from dataclasses import dataclass

from charnn.config.as_json import Json, later, require
from charnn.config.kinds import Cell, DecoderKind, Stopping, WordReaderKind


@dataclass(frozen=True)
class NetworkConfig(Json):
    """A stack of recurrent layers between an embedding and a linear head."""

    vocabulary_size: int
    cell: Cell = "lstm"
    layers: int = 2
    hidden_size: int = 256
    embedding_size: int = 64
    dropout: float = 0.0
    residual: bool = later(False)
    """Whether each layer's input, from the second layer on, is added to its output."""
    recurrent_depth: int = later(1)
    """Steps that a layer takes from one symbol to the next, all with the same weights."""
    weight_drop: float = later(0.0)
    """Dropout of the single weights from hidden state to hidden state, held for a window."""
    embedding_dropout: float = later(0.0)
    """Dropout of whole symbols, held for a window."""
    gradient_flow: float = later(0.0)
    """How strongly training keeps gradients from vanishing over time (Pascanu et al. 2013); of an rnn only."""

    stopping: Stopping = later("symbol")

    def __post_init__(self) -> None:
        for name in ("vocabulary_size", "layers", "hidden_size", "embedding_size", "recurrent_depth"):
            require(getattr(self, name) >= 1, f"{name.replace('_', ' ')} must be at least 1")
        for name in ("dropout", "weight_drop", "embedding_dropout"):
            require(0.0 <= getattr(self, name) < 1.0, f"{name.replace('_', ' ')} is a probability below 1")
        require(0.0 <= self.gradient_flow < math.inf, "the strength of the gradient flow is a number from 0")
        require(self.cell == "rnn" or self.gradient_flow == 0, f"--gradient-flow is for --cell rnn, not {self.cell}")

    def __str__(self) -> str:
        parts = [
            f"{self.layers} x {self.hidden_size} {self.cell}, embedding {self.embedding_size}, dropout {self.dropout:g}"
        ]
        parts += ["residual"] * self.residual
        parts += [f"recurrent depth {self.recurrent_depth}"] * (self.recurrent_depth > 1)
        for name in ("weight_drop", "embedding_dropout", "gradient_flow"):
            if value := getattr(self, name):
                parts.append(f"{name.replace('_', ' ')} {value:g}")
        parts += [f"stopping by {self.stopping}"] * (self.stopping != "symbol")
        return ", ".join(parts)


@dataclass(frozen=True)
class TaggerNetworkConfig(Json):
    """Characters to word vectors, both directions of recurrent layers over the words, a head for each column."""

    words: int
    """Rows of the table of word vectors."""
    characters: int
    tags: tuple[int, ...]
    """How many tags each column has."""
    cell: Cell = "lstm"
    layers: int = 1
    hidden_size: int = 128
    """Of each direction."""
    words_from: WordReaderKind = "cnn"
    decoder: DecoderKind = "independent"
    word_size: int = 64
    character_size: int = 32
    reader_size: int = 64
    """Of each direction, or of each of the two widths of the convolution."""
    affix_size: int = 64
    shape_size: int = 32
    neighbour_size: int = 128
    """Units that see a word and its two neighbours, beside the recurrent layers; 0 is none."""
    dropout: float = 0.4
    """After the recurrent layers and the neighbours."""
    input_dropout: float = 0.3
    """Of the words' vectors."""
    word_dropout: float = 0.25
    """a in a / (a + count), the probability that a word's own vector is dropped in training."""
    spelling_dropout: float = 0.1
    """The probability that all that a word's spelling says is dropped in training: its neighbours must tell."""
    affix_dropout: float = 0.5
    """The same of each beginning and end of a word: the others must tell."""

    def __post_init__(self) -> None:
        for name in ("words", "characters", "layers", "hidden_size", "word_size", "character_size", "reader_size"):
            require(getattr(self, name) >= 1, f"{name.replace('_', ' ')} must be at least 1")
        for name in ("affix_size", "shape_size", "neighbour_size"):
            require(getattr(self, name) >= 0, f"{name.replace('_', ' ')} cannot be negative")
        require(bool(self.tags) and min(self.tags) >= 1, "a tagger has a column with a tag at least")
        for name in ("dropout", "input_dropout", "spelling_dropout", "affix_dropout"):
            require(0.0 <= getattr(self, name) < 1.0, f"{name.replace('_', ' ')} is a probability below 1")
        require(0.0 <= self.word_dropout < math.inf, "word dropout cannot be negative")
