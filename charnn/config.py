"""What a model, its training and its sampling are made of: frozen dataclasses, with JSON in and out.

Defaults live here and nowhere else. Values are checked when a configuration is built, whichever way it came, and
a key that is not known is refused: a file written by a newer version is never half understood.
"""

from __future__ import annotations

import dataclasses
import math
import types
import typing
from dataclasses import dataclass, field
from typing import Any, Literal, Self

from charnn.errors import ConfigError

Cell = Literal["rnn", "lstm", "gru"]
TokenizerKind = Literal["characters", "bytes", "unigram", "bpe"]
DocumentUnit = Literal["file", "paragraph", "line"]
Device = Literal["auto", "cpu", "cuda", "mps"]
Precision = Literal["auto", "fp32", "bf16"]
Task = Literal["language-model", "tagger"]
WordReaderKind = Literal["cnn", "lstm"]
DecoderKind = Literal["independent", "feedback", "crf"]
Level = Literal["word", "character"]
TreebankFormat = Literal["conllu", "columns", "slashed", "aligned"]
"""What tags can be learned from: CoNLL-U; columns between tabs; word_TAG; two files, a tag for every character."""
TextFormat = Literal["conllu", "columns", "slashed", "lines", "tokens", "text", "characters"]
"""What can be tagged: the first three of the above; raw lines; words between spaces; running text; characters."""

HELD_OUT_FRACTION = 0.1


class Json:
    """JSON in and out for a frozen dataclass: every key known, every value of the declared type."""

    def to_json(self) -> dict[str, Any]:
        return dataclasses.asdict(self)  # type: ignore[call-overload, no-any-return]

    @classmethod
    def from_json(cls, value: object) -> Self:
        """The configuration that `to_json` gave. Raises ConfigError for unknown or missing keys and wrong types."""
        return typing.cast(Self, _convert(cls, value, cls.__name__))


def _convert(kind: Any, value: object, where: str) -> object:
    """`value`, read from JSON, as the declared type `kind`; `where` names the place for the error message."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (types.UnionType, typing.Union):
        if value is None and type(None) in arguments:
            return None
        (inner,) = (a for a in arguments if a is not type(None))
        return _convert(inner, value, where)
    if origin is Literal and value in arguments:
        return value
    if origin is tuple and isinstance(value, list):
        return tuple(_convert(arguments[0], item, f"{where}[{i}]") for i, item in enumerate(value))
    if dataclasses.is_dataclass(kind) and isinstance(value, dict):
        fields = {f.name: f for f in dataclasses.fields(kind)}
        if unknown := sorted(set(value) - set(fields)):
            raise ConfigError(f"{where}: unknown key {unknown[0]!r}")
        required = {n for n, f in fields.items() if f.default is f.default_factory is dataclasses.MISSING}
        if missing := sorted(required - set(value)):
            raise ConfigError(f"{where}: missing key {missing[0]!r}")
        hints = typing.get_type_hints(kind)
        return kind(**{n: _convert(hints[n], v, f"{where}.{n}") for n, v in value.items()})  # type: ignore[operator]
    if kind is float and type(value) in (int, float):
        try:
            return float(typing.cast(float, value))
        except OverflowError:
            raise ConfigError(f"{where}: too large a number") from None
    if isinstance(kind, type) and type(value) is kind:
        return value
    raise ConfigError(f"{where}: {value!r} is not allowed here")


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise ConfigError(message)


@dataclass(frozen=True)
class TokenizerConfig(Json):
    kind: TokenizerKind = "characters"
    vocabulary_size: int = 1000
    """Pieces of a SentencePiece vocabulary; the other kinds take theirs from the text."""
    min_count: int = 1
    """Characters seen fewer times than this share the unknown token (`characters` only)."""

    def __post_init__(self) -> None:
        _require(self.vocabulary_size >= 2, "a vocabulary needs at least 2 pieces")
        _require(self.min_count >= 1, "the minimum count of a character is at least 1")


@dataclass(frozen=True)
class NetworkConfig(Json):
    """A stack of recurrent layers between an embedding and a linear head."""

    vocabulary_size: int
    cell: Cell = "lstm"
    layers: int = 2
    hidden_size: int = 256
    embedding_size: int = 64
    dropout: float = 0.0

    def __post_init__(self) -> None:
        for name in ("vocabulary_size", "layers", "hidden_size", "embedding_size"):
            _require(getattr(self, name) >= 1, f"{name.replace('_', ' ')} must be at least 1")
        _require(0.0 <= self.dropout < 1.0, "dropout is a probability below 1")


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
            _require(getattr(self, name) >= 1, f"{name.replace('_', ' ')} must be at least 1")
        for name in ("affix_size", "shape_size", "neighbour_size"):
            _require(getattr(self, name) >= 0, f"{name.replace('_', ' ')} cannot be negative")
        _require(bool(self.tags) and min(self.tags) >= 1, "a tagger has a column with a tag at least")
        for name in ("dropout", "input_dropout", "spelling_dropout", "affix_dropout"):
            _require(0.0 <= getattr(self, name) < 1.0, f"{name.replace('_', ' ')} is a probability below 1")
        _require(0.0 <= self.word_dropout < math.inf, "word dropout cannot be negative")


@dataclass(frozen=True)
class Budget(Json):
    """How long training may take. Exactly one of the three is set."""

    seconds: float | None = None
    epochs: float | None = None
    steps: int | None = None

    def __post_init__(self) -> None:
        given = [v for v in (self.seconds, self.epochs, self.steps) if v is not None]
        _require(len(given) == 1, "a budget is one of seconds, epochs and steps")
        _require(given[0] > 0, "a budget must be more than nothing")

    def __str__(self) -> str:
        if self.seconds is not None:
            return f"{self.seconds:g} s"
        return f"{self.epochs:g} epochs" if self.epochs is not None else f"{self.steps:,} steps"


@dataclass(frozen=True)
class TrainingConfig(Json):
    budget: Budget
    lanes: int = 32
    """B: how many places of the text are read side by side."""
    window_length: int = 64
    """T: steps that a gradient flows back through."""
    learning_rate: float = 8e-3
    """At the top of the schedule, after warm-up."""
    warmup_fraction: float = 0.05
    final_rate_fraction: float = 0.01
    """Where the cosine ends, as a fraction of the top."""
    weight_decay: float = 0.01
    clip_norm: float | None = 1.0
    clip_value: float | None = None
    average_decay: float = 0.99
    """Decay, per step, of the running average of the weights; the average is what is validated and kept. 0 is none."""
    patience: int = 6
    """Validations in a row without a better loss that end training. 0 never does."""
    precision: Precision = "auto"
    device: Device = "auto"
    seed: int = 0

    def __post_init__(self) -> None:
        _require(self.lanes >= 1 and self.window_length >= 1, "lanes and window must be at least 1")
        _require(0 < self.learning_rate < math.inf, "the learning rate must be above 0")
        _require(0 <= self.final_rate_fraction <= 1, "the final learning rate is a fraction of the top one")
        _require(0 <= self.weight_decay < math.inf, "weight decay cannot be negative")
        _require(0 <= self.average_decay < 1, "the decay of the average is from 0 to below 1")
        _require(0 <= self.warmup_fraction < 1, "the warm-up fraction is from 0 to below 1")
        _require(self.clip_norm is None or self.clip_norm > 0, "--clip must be above 0")
        _require(self.clip_value is None or self.clip_value > 0, "--clip-value must be above 0")
        _require(self.patience >= 0, "patience cannot be negative")


@dataclass(frozen=True)
class SamplingConfig(Json):
    """How the next token is chosen, and when to stop. Filters apply in the order temperature, top-k, top-p, min-p."""

    temperature: float = 0.8
    """0 is greedy."""
    top_k: int | None = None
    top_p: float | None = None
    min_p: float | None = None
    length: int = 1000
    """Characters, the prompt not counted."""
    stop_strings: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        _require(0 <= self.temperature < math.inf, "the temperature is a number from 0")
        _require(self.top_k is None or self.top_k >= 1, "top-k must be at least 1")
        _require(self.top_p is None or 0 < self.top_p <= 1, "top-p is above 0 and at most 1")
        _require(self.min_p is None or 0 <= self.min_p <= 1, "min-p is from 0 to 1")
        _require(self.length >= 0, "the length cannot be negative")
        _require(all(self.stop_strings), "a stop string cannot be empty")


@dataclass(frozen=True)
class SourceFile(Json):
    """One file that a corpus was read from, as it was when it was read."""

    path: str
    """Absolute; `-` for standard input."""
    sha256: str
    """Of its bytes, unpacked where the file was compressed."""
    characters: int


@dataclass(frozen=True)
class CorpusConfig(Json):
    """What a model was trained on, precisely enough to find the same split again."""

    sources: tuple[SourceFile, ...]
    validation_sources: tuple[SourceFile, ...] = ()
    """Given with --valid; where there are none, the last tenth of `sources` was held out."""
    document: DocumentUnit = "file"
    encoding: str = "utf-8"
    documents: int = 0
    training_characters: int = 0
    validation_characters: int = 0

    @property
    def ends_are_learned(self) -> bool:
        """Whether a whole document was trained on: one that was cut for validation does not end where it is cut."""
        return self.documents > 1 or bool(self.validation_sources)


@dataclass(frozen=True)
class TreebankConfig(Json):
    """What a tagger was trained on, precisely enough to find the same split again."""

    sources: tuple[SourceFile, ...]
    format: TreebankFormat
    columns: tuple[str, ...]
    """Of the tags that are learned: `upos`, `xpos`, `feats`, or `tag` where a format has just one, unnamed."""
    level: Level = "word"
    validation_sources: tuple[SourceFile, ...] = ()
    """Given with --valid; where there are none, the last tenth of the sentences was held out."""
    tag_sources: tuple[SourceFile, ...] = ()
    """Of the format `aligned`: for each of `sources`, the file with a tag for each of its characters."""
    encoding: str = "utf-8"
    training_sentences: int = 0
    training_words: int = 0
    training_characters: int = 0
    """Of the words."""
    validation_sentences: int = 0
    validation_words: int = 0


@dataclass(frozen=True)
class Scores(Json):
    """The best validation of a run."""

    nats_per_character: float
    bits_per_character: float
    step: int
    epoch: float
    seconds: float
    """Of training, up to that validation."""

    @property
    def loss(self) -> float:
        """What training makes small, and keeps the weights of."""
        return self.nats_per_character

    @property
    def summary(self) -> str:
        """A few words for one line of a run's log."""
        return f"{self.nats_per_character:.4f} nats {self.bits_per_character:.4f} bits/char"

    def __str__(self) -> str:
        return f"{self.nats_per_character:.4f} nats, {self.bits_per_character:.4f} bits per character"


@dataclass(frozen=True)
class TagScores(Json):
    """The best validation of a tagger's run."""

    columns: tuple[str, ...]
    accuracies: tuple[float, ...]
    """Of each column: the fraction of words with the right tag."""
    all_columns_accuracy: float
    """The fraction of words that are right in every column."""
    unknown_accuracy: float | None
    """The same of the words that the training data do not have; None where there are none."""
    step: int
    epoch: float
    seconds: float

    @property
    def loss(self) -> float:
        """The mean over columns of the fraction of words with a wrong tag."""
        return 1 - sum(self.accuracies) / len(self.accuracies)

    @property
    def summary(self) -> str:
        return "  ".join(f"{column} {100 * a:.2f}%" for column, a in zip(self.columns, self.accuracies, strict=True))

    def __str__(self) -> str:
        unknown = "" if self.unknown_accuracy is None else f", unknown words {100 * self.unknown_accuracy:.2f}%"
        return self.summary + unknown


@dataclass(frozen=True)
class Quantization(Json):
    """What int8 inference costs and gains, measured on the machine that trained."""

    bits_per_character_lost: float
    speed_ratio: float
    """Characters a second of one stream, int8 over fp32."""
    used: bool
    """Whether it was worth it: faster, at a cost of less than 0.01 bits per character."""


@dataclass(frozen=True)
class TagQuantization(Json):
    """What int8 inference costs and gains a tagger, measured on the machine that trained."""

    accuracy_lost: float
    """The fraction of validation words that fp32 gets right and int8 does not, less the opposite; all columns."""
    speed_ratio: float
    """Words a second, int8 over fp32."""
    used: bool
    """Whether it was worth it: faster, at a cost of less than a word in a thousand."""
