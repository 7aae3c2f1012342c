"""The configuration of a transducer, as config.json has it: its pairs, its network and its scores."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from charnn.cells import require_known
from charnn.config import Json, ModelConfig, SourceFile, TrainingConfig, TrainingRecord
from charnn.config.as_json import later, require
from charnn.config.model import SymbolKind, require_members
from charnn.corpora.decoding import OnError
from charnn.corpora.pairs import PairsLayout
from charnn.readable import counted, percent

WRITING_PLACES = 16
"""Where hard attention stands, it writes from the likeliest places alone, at most so many; those of longer sources have
next to no probability, and would make each step as long as the source."""
DEFAULT_BEAM = 5
"""So many partial targets of a source are kept at each step of the search."""
MOST_PROPOSALS = 100
"""The most targets of a source that n-grams of aligned pairs propose."""
LENGTH_SLACK = 10
"""So many symbols more than training had for a source of its length may be written."""
DecoderKind = Literal["attention", "ctc"]
"""`attention` writes symbol by symbol, each after those before it; `ctc` lets every place of the source write some."""
AttentionKind = Literal["none", "additive", "dot", "hard", "monotonic"]


@dataclass(frozen=True)
class PairsConfig(Json):
    """Records what a transducer was trained on, precisely enough to find the same split again."""

    sources: tuple[SourceFile, ...]
    layout: PairsLayout
    source_symbols: SymbolKind
    target_symbols: SymbolKind
    validation_sources: tuple[SourceFile, ...] = ()
    """Given with --valid; where there are none, a tenth of the sources was held out."""
    encoding: str = "utf-8"
    on_error: OnError = "fail"
    held_out: bool = True
    """Whether pairs were held out, or given to validate with; otherwise all were learned, and validated with."""
    lookup: bool | None = None
    """Whether sources seen in training are answered with their target. None leaves it to the validation."""
    training_pairs: int = 0
    training_characters: int = 0
    """How many characters the targets have that are learned."""
    training_symbols: int = 0
    """How many symbols the targets have, their stops counted."""
    validation_pairs: int = 0
    seen_pairs: int = 0
    """How many of the validation pairs have a source that training has, too."""
    has_features: bool = False
    length_ratio: float = 1.0
    """The largest number of target symbols for each source symbol, stops counted on either side, in training."""

    def length_bound(self, places: int) -> int:
        """The most symbols that are written for a source of so many places, its features and its stop counted."""
        return math.ceil(self.length_ratio * places) + LENGTH_SLACK


@dataclass(frozen=True)
class TransducerNetworkConfig(Json):
    """An encoder that reads the source in both directions, and a decoder that writes the target."""

    inputs: int
    """Rows of the table of source symbols and features, the stop and the unknown symbol counted."""
    outputs: int
    """V, the number of target symbols, the stop and the unknown symbol counted."""
    cell: str = "lstm"
    layers: int = 1
    hidden_size: int = 128
    """The units of each direction of the encoder, and of the decoder."""
    embedding_size: int = 64
    attention: AttentionKind = "monotonic"
    copies: bool = False
    """Whether the decoder may copy a source symbol."""
    dropout: float = 0.3
    decoder: DecoderKind = later("attention")
    frames: int = later(1)
    """The frames of each place of a source, with the decoder `ctc`."""
    direct_features: int = later(0)
    """The features that every symbol of the target is also told by directly, and not only through what the encoder made
    of them: the last ones of the inputs. 0 for pairs without features, and for models of the first version."""

    jumps: int = later(0)
    """The numbers of places for which hard attention has learned how likely it moves ahead by them: by none, by one,
    and so on, the last one for that many and more. 0 for other decoders, and for models that weigh all moves alike."""

    members: int = later(1)
    """The networks of this shape that are used as one: the probabilities of symbols are the mean of theirs."""

    @property
    def is_hard(self) -> bool:
        """Whether each symbol is written from one place, and all ways to align source and target are summed."""
        return self.attention in ("hard", "monotonic")

    @property
    def moves_back(self) -> bool:
        """Whether hard attention may move back, to any place, and has learned how likely that is."""
        return self.attention == "hard"

    def __str__(self) -> str:
        several = f"{self.members:,} members, each " if self.members > 1 else ""
        size = f"{several}{self.layers} x 2 x {self.hidden_size} {self.cell}"
        return f"{size}, {self._how_it_decodes()}, dropout {self.dropout:g}"

    def _how_it_decodes(self) -> str:
        if self.decoder == "ctc":
            how = f"ctc with {self.frames} frame{'s' if self.frames > 1 else ''} a place"
        elif self.attention == "none":
            how = "a decoder without attention, through one vector for the whole source"
        else:
            how = f"a decoder with {self.attention} attention"
        return how + (", copies" if self.copies else "")

    def __post_init__(self) -> None:
        require_known(self.cell)
        for name in ("inputs", "outputs", "layers", "hidden_size", "embedding_size", "frames"):
            require(getattr(self, name) >= 1, f"{name.replace('_', ' ')} must be at least 1")
        require(0 <= self.direct_features < self.inputs, "features are some of the inputs")
        require(self.jumps >= 0, "jumps must be at least 0")
        require_members(self.members)
        require(self.members == 1 or self.decoder != "ctc", "ctc is for one network")
        require(not self.jumps or self.is_hard, "jumps are for hard attention")
        require(self.jumps > 0 or not self.moves_back, "attention that moves back has jumps")
        require(0.0 <= self.dropout < 1.0, "dropout is a probability below 1")


@dataclass(frozen=True)
class TransducerValidation(Json):
    """The validation of the weights that a transducer's run kept. Targets are written greedily for it."""

    accuracy: float
    """The fraction of sources whose target is right as a whole; of several references any will do."""
    symbol_error_rate: float
    """The edit distances of the targets, divided by the length of the references."""
    accuracy_with_lookup: float
    """The accuracy where sources that training has are answered with its target."""
    step: int
    epoch: float
    seconds: float
    lines: int = later(0)
    """The number of sources."""

    @property
    def loss(self) -> float:
        """The mean of the fractions of wrong lines and of wrong symbols, since few lines alone tell little."""
        return (1 - self.accuracy + self.symbol_error_rate) / 2

    @property
    def standard_error(self) -> float:
        """That of the loss, where whether a line is right is a binomial trial, and wrong lines are equally wrong."""
        wrong = 1 - self.accuracy
        return self.loss * math.sqrt(self.accuracy / (wrong * self.lines)) if wrong > 0 and self.lines else 0.0

    @property
    def summary(self) -> str:
        return f"{100 * self.accuracy:.2f}% of lines right, {100 * self.symbol_error_rate:.2f}% of symbols wrong"

    def __str__(self) -> str:
        return self.summary

    @staticmethod
    def amount(loss: float) -> str:
        """A loss, or a difference of losses, in words."""
        return f"{100 * loss:.2f}% wrong (mean of lines and symbols)"

    @property
    def lookup_wins(self) -> bool:
        return self.accuracy_with_lookup > self.accuracy


@dataclass(frozen=True)
class TransducerQuantization(Json):
    """The cost and gain of int8 inference for a transducer, measured on the machine that trained."""

    accuracy_lost: float
    """The fraction of validation lines that fp32 gets right and int8 does not, less the opposite."""
    speed_ratio: float
    """Lines a second, int8 over fp32."""
    used: bool
    """Whether it was worth it: clearly faster, at no cost in lines."""


@dataclass(frozen=True)
class PairNgramsConfig(Json):
    """How far n-grams of aligned pairs are trusted beside the network, as the validation has decided, or as is usual
    where nothing is held out: among the targets that a search has found, the logarithm of a probability is the sum of
    those of the two with these weights, of what a target that training had gains by that, and of a constant."""

    network_weight: float
    weight: float
    floor: float
    """What the n-grams hold impossible among these targets has this probability."""
    accuracy: float | None
    """The fraction of validation lines that are right with them; None where nothing is held out."""
    accuracy_alone: float | None
    """The same by the network alone, with the same search."""
    accuracy_with_lookup: float | None
    """The same with them where sources that training has are answered with its target."""
    proposals: int = later(0)
    """So many of the likeliest targets by the n-grams are ranked with those that the search has found. 0 where they
    rank only what it finds, and for models of the first version."""

    known_weight: float = later(0.0)
    """So many nats a target gains, or loses, that some source had in training. 0 for models of the first version."""

    symbol_error_rate: float | None = later(None)
    """Where sources are long, the fraction of the symbols of validation lines that is wrong with them. None elsewhere,
    and where nothing is held out."""

    symbol_error_rate_alone: float | None = later(None)
    """The same by the network alone, with the same search."""

    def __str__(self) -> str:
        """What they do, and what comes of it."""
        return f"{self._what_they_do()}: {self._what_comes_of_it()}"

    def _what_comes_of_it(self) -> str:
        if self.accuracy is None or self.accuracy_alone is None:
            return "unmeasured, as nothing is held out"
        said = f"{percent(self.accuracy)}% of lines right with them, {percent(self.accuracy_alone)}% without"
        if self.symbol_error_rate is None or self.symbol_error_rate_alone is None:
            return said
        wrong, wrong_alone = percent(self.symbol_error_rate), percent(self.symbol_error_rate_alone)
        return f"{said}; {wrong}% of symbols wrong with them, {wrong_alone}% without"

    def _what_they_do(self) -> str:
        if self.proposals:
            targets = counted(self.proposals, "target")
            return f"propose {targets} beside what a beam of {DEFAULT_BEAM} finds, and rank all of them"
        return f"rank what a beam of {DEFAULT_BEAM} finds"

    def __post_init__(self) -> None:
        require(math.isfinite(self.known_weight), "the weight of known targets is finite")
        require(0 <= self.proposals <= MOST_PROPOSALS, f"n-grams propose at most {MOST_PROPOSALS} targets")
        require(0 <= self.network_weight < math.inf, "the weight of the network is from 0")
        require(0 <= self.weight < math.inf, "the weight of n-grams is from 0")
        require(0 < self.floor < 1, "the floor of n-grams is a probability above 0")


@dataclass(frozen=True)
class TransducerTrainingConfig(Json):
    """What a transducer's training has besides that of every task."""

    label_smoothing: float = 0.1
    scheduled_sampling: float = 0.0
    """The probability that the decoder is given its own symbol instead of the right one."""
    unknown_rate: float = 0.25
    """a in a / (a + count), the probability that a source symbol is read as the unknown one in training."""
    fewer_repetitions: bool = later(False)
    """Whether a pair that comes n times, as the words of a text do, is learned as if it came as often as the root of n:
    what is frequent is soon known, and what is rare is like what is new."""

    def __post_init__(self) -> None:
        require(0.0 <= self.label_smoothing < 1.0, "label smoothing is from 0 to below 1")
        require(0.0 <= self.scheduled_sampling <= 1.0, "scheduled sampling is a probability")
        require(self.unknown_rate >= 0, "the rate of unknown symbols cannot be negative")


@dataclass(frozen=True)
class TransducerConfig(ModelConfig):
    task: Literal["transducer"]
    network: TransducerNetworkConfig
    training: TrainingConfig
    regularization: TransducerTrainingConfig
    corpus: PairsConfig
    record: TrainingRecord
    scores: TransducerValidation | None = None
    quantization: TransducerQuantization | None = None
    """The cost and gain of int8. It is None until they have been measured, and inference is fp32 until then."""
    ngrams: PairNgramsConfig | None = later(None)
    """None where the network is by itself."""

    @property
    def looks_up(self) -> bool:
        """Whether sources seen in training are answered with their target."""
        if self.corpus.lookup is not None:
            return self.corpus.lookup
        ngrams = self.ngrams
        if ngrams is not None and ngrams.accuracy is not None and ngrams.accuracy_with_lookup is not None:
            return ngrams.accuracy_with_lookup > ngrams.accuracy
        return self.scores is not None and self.scores.lookup_wins
