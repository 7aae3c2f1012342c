"""The configuration of a classifier, as config.json has it: its texts, its network and its scores."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from charnn.cells import require_known
from charnn.config import Json, ModelConfig, SourceFile, TrainingConfig, TrainingRecord
from charnn.config.as_json import later, require
from charnn.config.model import TokenizerConfig, require_members
from charnn.corpora.decoding import OnError
from charnn.corpora.labelled_layout import LabelledLayout

Pool = Literal["last", "mean", "max", "attention"]
"""How the outputs of the recurrent layers become one vector."""


@dataclass(frozen=True)
class LabelledFile(Json):
    """One file that labelled texts were read from."""

    source: SourceFile
    label: str | None = None
    """The label of all its texts, where the file belongs to a folder of labels."""
    is_one_text: bool = False
    """Whether the whole file is one text; otherwise each line is."""


@dataclass(frozen=True)
class LabelledCorpusConfig(Json):
    """Records what a classifier was trained on, precisely enough to find the same split again."""

    files: tuple[LabelledFile, ...]
    layout: LabelledLayout = field(default_factory=LabelledLayout)
    validation_files: tuple[LabelledFile, ...] = ()
    """Given with --valid; where there are none, a tenth of the texts of each label was held out."""
    encoding: str = "utf-8"
    on_error: OnError = "fail"
    held_out: bool = True
    """Whether texts were held out, or given to validate with; otherwise all were learned, and validated with."""
    multiple: bool = False
    """Whether a text may have any number of labels, none among them; otherwise it has one."""
    training_texts: int = 0
    training_characters: int = 0
    validation_texts: int = 0


@dataclass(frozen=True)
class ClassifierNetworkConfig(Json):
    """Recurrent layers that read a text in each direction, and a direct path from its n-grams to the labels."""

    vocabulary_size: int
    labels: int
    features: int
    """The n-grams and words of the direct path; 0 where there is none."""
    cell: str = "lstm"
    layers: int = 1
    hidden_size: int = 64
    """The units of each direction."""
    embedding_size: int = 32
    residual: bool = False
    pool: Pool = "max"
    dropout: float = 0.3
    ngrams: int = 5
    """The most characters of an n-gram of the direct path; 0 where there is none."""
    words: int = 2
    """The most words that are one feature of the direct path."""
    places: bool = later(default=False)
    """Whether the direct path has what stands at the ends of a text, and words with another between them."""
    shapes: bool = later(default=False)
    """Whether the direct path has the shapes of words: where they have capitals, small letters and digits."""
    lengths: bool = later(default=False)
    """Whether the direct path knows how long a text is, by the ranges of lengths that it is in."""
    likelihoods: bool = later(default=False)
    """Whether the direct path has the likelihood of a text under each label, by its n-grams of characters."""
    word_dropout: float = later(0.0)
    """The part of the words that the network reads as unknown ones while it learns; 0 where it reads other symbols."""
    members: int = later(1)
    """The number of recurrent networks of this shape that are used side by side, and whose logits are averaged."""

    def __post_init__(self) -> None:
        require_known(self.cell)
        for name in ("vocabulary_size", "labels", "layers", "hidden_size", "embedding_size"):
            require(getattr(self, name) >= 1, f"{name.replace('_', ' ')} must be at least 1")
        require(0 <= self.ngrams <= 8, "n-grams have 0 to 8 characters")
        require(0 <= self.words <= 2, "a feature has 0 to 2 words")
        require(self.features >= 0, "features cannot be negative")
        require(0.0 <= self.dropout < 1.0, "dropout is a probability below 1")
        require(0.0 <= self.word_dropout < 1.0, "word dropout is a probability below 1")
        require_members(self.members)

    def __str__(self) -> str:
        several = f"{self.members:,} members, each " if self.members > 1 else ""
        return (
            f"{several}{self.layers} x 2 x {self.hidden_size} {self.cell}, {self.pool} of its outputs, dropout "
            f"{self.dropout:g}"
        )


@dataclass(frozen=True)
class ClassifierValidation(Json):
    """The best validation of a classifier's run."""

    nats_per_text: float
    """The mean of -ln p of the label, or of all decisions about a text that may have several."""
    accuracy: float
    """The fraction of texts whose labels are right, all of them."""
    macro_f1: float
    calibration_error: float
    """The expected calibration error (`charnn.tasks.classifier.calibration`)."""
    shares: tuple[float, ...]
    """The weights of the experts in the sum of their logits."""
    step: int
    epoch: float
    seconds: float

    @property
    def loss(self) -> float:
        return self.nats_per_text

    @property
    def standard_error(self) -> float:
        return 0.0

    @property
    def summary(self) -> str:
        return f"{self.nats_per_text:.4f} nats  {100 * self.accuracy:.2f}%  macro-F1 {100 * self.macro_f1:.2f}"

    def __str__(self) -> str:
        return (
            f"{100 * self.accuracy:.2f}% right, macro-F1 {100 * self.macro_f1:.2f}, calibration error "
            f"{self.calibration_error:.3f}"
        )

    @staticmethod
    def amount(loss: float) -> str:
        """A loss, or a difference of losses, in words."""
        return f"{loss:.3f} nats"


@dataclass(frozen=True)
class ClassifierQuantization(Json):
    """The cost and gain of int8 inference for a classifier, measured on the machine that trained."""

    accuracy_lost: float
    """The fraction of validation texts that fp32 gets right and int8 does not, less the opposite."""
    speed_ratio: float
    """Texts a second, int8 over fp32."""
    used: bool
    """Whether it was worth it: faster, at a cost of less than two texts in a thousand."""


@dataclass(frozen=True)
class ClassifierConfig(ModelConfig):
    task: Literal["classifier"]
    tokenizer: TokenizerConfig
    network: ClassifierNetworkConfig
    training: TrainingConfig
    corpus: LabelledCorpusConfig
    balance: bool
    """Whether every label weighs the same in training, however many texts it has."""
    record: TrainingRecord
    scores: ClassifierValidation | None = None
    quantization: ClassifierQuantization | None = None
    """The cost and gain of int8. It is None until they have been measured, and inference is fp32 until then."""
