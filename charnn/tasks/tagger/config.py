"""The configuration of a tagger, as config.json has it: its treebank, its network and its scores."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

from charnn.cells import require_known
from charnn.config import Json, ModelConfig, SourceFile, TrainingConfig, TrainingRecord
from charnn.config.as_json import later, require
from charnn.config.model import require_members
from charnn.corpora.decoding import OnError
from charnn.readable import counted
from charnn.readers.reader import DIRECTIONS, ReaderConfig
from charnn.tasks.tagger.linear_gain import TaggerLinear

PASSED_OVER = "_"
"""Stands among the names of columns for one that is passed over."""
WordReaderKind = Literal["cnn", "lstm"]
DecoderKind = Literal["independent", "feedback", "crf"]
EntityScheme = Literal["IO", "BIO", "IOB1", "IOBES", "BILOU", "BMES"]
"""How tags mark named entities; `charnn.tasks.tagger.entities` says what each scheme means."""
Level = Literal["word", "character"]
TreebankFormat = Literal["conllu", "columns", "slashed", "aligned"]
"""What tags can be learned from: CoNLL-U; columns between tabs; word_TAG; two files, a tag for every character."""
TextFormat = Literal["conllu", "columns", "slashed", "lines", "tokens", "text", "characters"]
"""What can be tagged: the first three of these; raw lines; words between spaces; running text; characters."""
OutputFormat = Literal["conllu", "columns", "slashed", "characters"]
"""What tags can be written as; with the last of these a line of tags for each line of characters."""


@dataclass(frozen=True)
class TreebankConfig(Json):
    """Records what a tagger was trained on, precisely enough to find the same split again."""

    sources: tuple[SourceFile, ...]
    format: TreebankFormat
    columns: tuple[str, ...]
    """The names of the columns whose tags are learned: `upos`, `xpos`, `feats`, or `tag` where a format has a single
    column without a name."""
    level: Level = "word"
    validation_sources: tuple[SourceFile, ...] = ()
    """Given with --valid; where there are none, the last tenth of the sentences was held out."""
    tag_sources: tuple[SourceFile, ...] = ()
    """For each of `sources`, the file with a tag for each of its characters, where the format is `aligned`."""
    encoding: str = "utf-8"
    training_sentences: int = 0
    training_words: int = 0
    training_characters: int = 0
    """How many characters the words have."""
    validation_sentences: int = 0
    validation_words: int = 0
    schemes: tuple[EntityScheme | None, ...] = later(())
    """For each column, the scheme that all tags of the training data keep to, so that what is decoded keeps to it too;
    empty where no column has one."""
    file_columns: tuple[str, ...] = later(())
    """The names of the files' columns of tags, in their order, with `_` for one that is passed over, where they are not
    `columns`."""
    untagged_words: tuple[int, ...] = later(())
    """For each column, how many words of the files have no tag in it."""
    untagged_sentences: int = later(0)
    """How many sentences of the files have no tag at all: they are counted nowhere else."""

    held_out: bool = later(True)
    """Whether there is anything to validate with. Otherwise validations measure the training sentences."""
    on_error: OnError = later("fail")
    """What was done about sentences that are malformed or have bytes that are not in the encoding."""
    skipped_sentences: int = later(0)
    """How many such sentences were left out."""

    def __post_init__(self) -> None:
        require(len(self.schemes) in (0, len(self.columns)), "schemes has an entry for each column, or none")

    def scheme(self, column: int) -> EntityScheme | None:
        return self.schemes[column] if self.schemes else None

    @property
    def columns_in_files(self) -> tuple[str, ...]:
        """The names of the columns of tags in files that have no names for them."""
        return self.file_columns or self.columns

    @property
    def left_out(self) -> str:
        """What is not learned for want of a tag, in words; "" where nothing is."""
        counts = zip(self.columns, self.untagged_words, strict=False)  # older models have not counted
        parts = [f"{counted(count, self.level)} without {column}" for column, count in counts if count]
        if self.untagged_sentences:
            parts.append(f"{counted(self.untagged_sentences, 'sentence')} without any tag")
        if self.skipped_sentences:
            parts.append(f"{counted(self.skipped_sentences, 'sentence')} that cannot be read")
        return ", ".join(parts)


@dataclass(frozen=True)
class TaggerNetworkConfig(Json):
    """Characters to word vectors, both directions of recurrent layers over the words, a head for each column."""

    words: int
    """Rows of the table of word vectors."""
    characters: int
    tags: tuple[int, ...]
    """How many tags each column has."""
    cell: str = "lstm"
    layers: int = 1
    hidden_size: int = 128
    """The units of each direction."""
    words_from: WordReaderKind = "cnn"
    decoder: DecoderKind = "independent"
    word_size: int = 64
    character_size: int = 32
    reader_size: int = 64
    """The units of each direction, or of each of the two widths of the convolution, that read a word's characters."""
    affix_size: int = 64
    shape_size: int = 32
    neighbour_size: int = 128
    """Units that see a word and its two neighbours, beside the recurrent layers; 0 is none."""
    dropout: float = 0.4
    """The dropout after the recurrent layers and after the neighbours."""
    input_dropout: float = 0.3
    """The dropout of the words' vectors."""
    word_dropout: float = 0.25
    """a in a / (a + count), the probability that a word's own vector is dropped in training."""
    spelling_dropout: float = 0.1
    """The probability that all that a word's spelling says is dropped in training, so that its neighbours must tell."""
    affix_dropout: float = 0.5
    """The probability that a beginning or end of a word is dropped in training, so that the others must tell."""
    readers: tuple[ReaderConfig, ...] = later(())
    """What has read text before, and reads each sentence beside the word vectors; the one that reads forwards first."""
    context_size: int = later(0)
    """The numbers that the states of all readers become, beside those of a word's vector."""
    members: int = later(1)
    """The number of networks of this shape that are used side by side, and whose probabilities are averaged."""
    tells_tags: bool = later(False)
    """Whether the vectors of words learn from the tags that words had elsewhere in the treebank."""
    guesses_tags: bool = later(False)
    """Whether the recurrent layers learn to guess the tags of the words beside each word, too."""

    def __post_init__(self) -> None:
        require_known(self.cell)
        for name in ("words", "characters", "layers", "hidden_size", "word_size", "character_size", "reader_size"):
            require(getattr(self, name) >= 1, f"{name.replace('_', ' ')} must be at least 1")
        for name in ("affix_size", "shape_size", "neighbour_size"):
            require(getattr(self, name) >= 0, f"{name.replace('_', ' ')} cannot be negative")
        require(bool(self.tags) and min(self.tags) >= 1, "a tagger has a column with a tag at least")
        for name in ("dropout", "input_dropout", "spelling_dropout", "affix_dropout"):
            require(0.0 <= getattr(self, name) < 1.0, f"{name.replace('_', ' ')} is a probability below 1")
        require(0.0 <= self.word_dropout < math.inf, "word dropout cannot be negative")
        require_members(self.members)
        directions = [reader.direction for reader in self.readers]
        require(directions == [d for d in DIRECTIONS if d in directions], "a tagger has one reader for a direction")
        require((self.context_size > 0) == bool(self.readers), "a tagger has a context size where it has readers")

    def __str__(self) -> str:
        several = f"{self.members:,} members, each " if self.members > 1 else ""
        return (
            f"{several}{self.words_from} words, {self.layers} x 2 x {self.hidden_size} {self.cell}, "
            f"{self.decoder} tags, dropout {self.dropout:g}"
        )

    @property
    def states_size(self) -> int:
        """R, the numbers of all readers' states of a word."""
        return sum(reader.hidden_size for reader in self.readers)


@dataclass(frozen=True)
class TaggerValidation(Json):
    """The best validation of a tagger's run."""

    columns: tuple[str, ...]
    accuracies: tuple[float, ...]
    """The fraction of words with the right tag, for each column."""
    all_columns_accuracy: float
    """The fraction of words that are right in every column."""
    unknown_accuracy: float | None
    """The same fraction among the words that the training data do not have; None where there are none."""
    step: int
    epoch: float
    seconds: float

    @property
    def loss(self) -> float:
        """The mean over columns of the fraction of words with a wrong tag."""
        return 1 - sum(self.accuracies) / len(self.accuracies)

    @property
    def standard_error(self) -> float:
        return 0.0

    @property
    def summary(self) -> str:
        return "  ".join(f"{column} {100 * a:.2f}%" for column, a in zip(self.columns, self.accuracies, strict=True))

    def __str__(self) -> str:
        unknown = "" if self.unknown_accuracy is None else f", unknown words {100 * self.unknown_accuracy:.2f}%"
        return self.summary + unknown

    @staticmethod
    def amount(loss: float) -> str:
        """A loss, or a difference of losses, in words."""
        return f"{100 * loss:.2f}% wrong"


@dataclass(frozen=True)
class TaggerQuantization(Json):
    """The cost and gain of int8 inference for a tagger, measured on the machine that trained."""

    accuracy_lost: float
    """The fraction of validation words that fp32 gets right and int8 does not, less the opposite; all columns."""
    speed_ratio: float
    """Words a second, int8 over fp32."""
    used: bool
    """Whether it was worth it: faster, at a cost of less than a word in a thousand."""


@dataclass(frozen=True)
class WordFinding(Json):
    """How well the words and sentences of held-out raw text are found, by rules and by the segmenter that is learned
    with a tagger.

    The scores are F1: the harmonic mean of the fraction of the words found that are right, and of the right words that
    are found, and the same of sentences.
    """

    rules_f1: float
    segmenter_f1: float | None = None
    """None until the segmenter has been trained; rules find words until then."""
    rules_sentence_f1: float | None = later(None)
    """None where the segmenter does not find sentences, as the first ones did not."""
    segmenter_sentence_f1: float | None = later(None)

    @property
    def used(self) -> bool:
        """Whether the segmenter was worth it: it finds more words than the rules do."""
        return self.segmenter_f1 is not None and self.segmenter_f1 > self.rules_f1

    @property
    def sentences_used(self) -> bool:
        """Whether the segmenter finds more sentences than the rules do."""
        learned, by_rule = self.segmenter_sentence_f1, self.rules_sentence_f1
        return learned is not None and by_rule is not None and learned > by_rule

    def __str__(self) -> str:
        return _found_by(self.segmenter_f1, self.rules_f1, self.used, "raw text")

    @property
    def of_sentences(self) -> str:
        """What `str` says of words, of sentences; "" where the segmenter does not find them."""
        if self.rules_sentence_f1 is None:
            return ""
        return _found_by(self.segmenter_sentence_f1, self.rules_sentence_f1, self.sentences_used, "running text")


def _found_by(learned: float | None, by_rule: float, is_used: bool, where: str) -> str:
    rules = f"rules {100 * by_rule:.2f}%"
    if learned is None:
        return rules
    return f"F1 {100 * learned:.2f}%, {rules}; {'used' if is_used else 'not used'} for {where}"


@dataclass(frozen=True)
class TaggerConfig(ModelConfig):
    task: Literal["tagger"]
    network: TaggerNetworkConfig
    training: TrainingConfig
    corpus: TreebankConfig
    record: TrainingRecord
    scores: TaggerValidation | None = None
    quantization: TaggerQuantization | None = None
    """The cost and gain of int8. It is None until they have been measured, and inference is fp32 until then."""
    words: WordFinding | None = later(None)
    """How well a segmenter finds words and sentences. It is None where none is learned with the tagger."""
    teachers: tuple[str, ...] = later(())
    """The directories of the taggers that taught it, as they were named."""
    learns_linear: bool = later(False)
    """Whether a linear model of words in context is learned to stand beside the network."""
    linear: TaggerLinear | None = later(None)
    """What it brings. It is None until that is known, and where it brings nothing; the network is used alone then."""

    @property
    def result(self) -> TaggerValidation | None:
        """What the model reaches as it is used: network and linear model together, where it has one."""
        found, best = self.linear, self.scores
        if found is None or not found.words or best is None:
            return best
        return replace(
            best,
            accuracies=found.accuracies,
            all_columns_accuracy=found.all_columns_accuracy,
            unknown_accuracy=found.unknown_accuracy,
        )
