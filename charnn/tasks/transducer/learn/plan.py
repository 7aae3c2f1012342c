"""Decides once what a transducer's run will be: one frozen value, from what the user asks for and from the pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from charnn.config.training import Budget
from charnn.corpora.pairs import Pair
from charnn.errors import CorpusError, UsageError
from charnn.tasks.transducer.config import (
    AttentionKind,
    DecoderKind,
    TransducerConfig,
    TransducerNetworkConfig,
    TransducerTrainingConfig,
)
from charnn.tasks.transducer.dataset import PairSet, is_running_text, with_fewer_repetitions
from charnn.tasks.transducer.directory import TransducerDirectory
from charnn.tasks.transducer.learn.data import LARGEST_PAIR, EncodedPairs
from charnn.tasks.transducer.learn.transfer import SHAPE, InitialWeights
from charnn.tasks.transducer.symbols import Symbols
from charnn.tokenizers.base import STOP_ID
from charnn.training.hardware import threads_for
from charnn.training.planning import Overrides, new_record, under_budget
from charnn.training.transfer import same_shape

LEARNING_RATE = 4e-3
LONG_SOURCE = 24
"""The mean number of places from which on a source is long. Where places are many and alike, what they are does not
tell which of them is next, so attention that never moves back learns how far it moves at once there, too."""
JUMPS = 8
"""Hard attention learns how likely it moves ahead by 0 to 6 places, and by 7 and more."""
MANY_OUTPUTS = 200
"""So many target symbols let additive attention take the place of the hard one where sources are long, since that
keeps a distribution of symbols for every place."""
TOGETHER = 1024
"""So many pairs are looked at at once."""
LARGEST_BATCH = 60_000
"""The most places times symbols of a batch, padding aside. Attention keeps a few vectors for each while a step is
taken, which are a few hundred megabytes together; smaller steps, of which there are more, also learn sooner."""
MOST_EMITTED = 1 << 26
"""Hard attention keeps a distribution of the target symbols for each place and symbol as well: the most numbers of
these in a batch, of which there are some four copies while a step is taken. Pairs with more are left out."""
FEW_PAIRS, STRONG_DROPOUT = 3_000, 0.5
"""Fewer pairs than this are learned with so much dropout, which five languages of 800 words preferred to less."""
MOST_FRAMES = 8
"""The most frames of a place, with the decoder `ctc`: every one costs a distribution of symbols."""
COPIED = 0.5
"""The fraction of the target symbols that also stand in their source from which on the decoder may copy."""
SMALL_STEP = 8192
"""The batch size times the hidden units of a small step, for which one thread is enough."""


@dataclass(frozen=True)
class TransducerOverrides(Overrides):
    """The values that the user asked for, those that only a transducer has among them."""

    embedding_size: int | None = None
    decoder: DecoderKind | None = None
    attention: AttentionKind | None = None
    copies: bool | None = None
    label_smoothing: float | None = None
    scheduled_sampling: float | None = None
    members: int | None = None


@dataclass(frozen=True)
class TransducerPlan:
    config: TransducerConfig
    symbols: Symbols
    training: EncodedPairs
    threads: int
    """The number of threads that a step is worth."""
    initial_weights: InitialWeights | None = None


def default_budget(targets: int) -> Budget:
    """A time for pairs with so many target symbols: a minute and a half for a few thousand, three minutes for fifty
    thousand and more, and half an hour for ten million."""
    return Budget(seconds=float(round(min(max(180 * (targets / 60_000) ** 0.5, 90), 1800))))


def decide(
    pairs: PairSet,
    overrides: TransducerOverrides,
    *,
    source: InitialWeights | None = None,
    thread_counts: Sequence[int],
) -> TransducerPlan:
    """The plan of a new run: what the user asked for, and the rest chosen for the pairs. Nothing is written.

    `source` is the model to start from; `thread_counts` are the numbers of threads that may be used. Raises ConfigError
    for what cannot be, UsageError for options that contradict the pairs or `source`, CorpusError where all pairs are
    too long.
    """
    symbols = Symbols.of(pairs.training, pairs.config.source_symbols, pairs.config.target_symbols)
    if source is not None:
        symbols = symbols.joined(source.symbols)
        overrides = _with_shape_of(overrides, source)
    fewer = is_running_text(pairs.training)
    learned = with_fewer_repetitions(pairs.training) if fewer else pairs.training
    encoded, frames = _encoded(learned, symbols, overrides, source)
    network = _network(encoded, frames, overrides, source)
    if (longest := longest_pair(network)) < LARGEST_PAIR:
        encoded = EncodedPairs(learned, symbols, longest=longest, frames=frames if network.decoder == "ctc" else None)
        _check_some(encoded, longest)
    corpus = replace(
        pairs.config,
        training_characters=learned.target_characters,
        training_symbols=int(encoded.target_lengths.sum()),
        length_ratio=round(float((encoded.target_lengths / encoded.source_lengths).max()), 4),
    )
    training = overrides.training_config(
        budget=default_budget(corpus.training_symbols),
        batch_size=default_batch_size(encoded, min(LARGEST_BATCH, longest)),
        learning_rate=LEARNING_RATE,
    )
    chosen = overrides.asked("label_smoothing", "scheduled_sampling")
    regularization = TransducerTrainingConfig(**chosen, fewer_repetitions=fewer)
    config = TransducerConfig("transducer", network, training, regularization, corpus, new_record())
    threads = threads_for(training.batch_size * network.hidden_size, SMALL_STEP, thread_counts)
    return TransducerPlan(config, symbols, encoded, threads, source)


def _encoded(
    learned: Sequence[Pair], symbols: Symbols, overrides: TransducerOverrides, source: InitialWeights | None
) -> tuple[EncodedPairs, int]:
    """The pairs that are not too long to be learned from, and the frames of each place that the decoder `ctc` has."""
    encoded, frames = EncodedPairs(learned, symbols, longest=LARGEST_PAIR), 1
    if overrides.decoder == "ctc":
        _check_ctc(overrides)
        needed = int(encoded.frames_needed.max(initial=1))
        frames = min(needed, MOST_FRAMES) if source is None else source.network.frames
        encoded = EncodedPairs(learned, symbols, longest=LARGEST_PAIR, frames=frames)
    _check_some(encoded, LARGEST_PAIR)
    return encoded, frames


def _check_some(encoded: EncodedPairs, longest: int) -> None:
    if not len(encoded):
        raise CorpusError(f"all pairs are too long: source times target may be {longest:,} symbols", hint="cut them")


def longest_pair(network: TransducerNetworkConfig) -> int:
    """The most places of a source times symbols of its target that such a network learns from."""
    return min(LARGEST_PAIR, MOST_EMITTED // network.outputs) if network.is_hard else LARGEST_PAIR


def _check_ctc(overrides: TransducerOverrides) -> None:
    """Raises UsageError for what only a decoder with attention has."""
    for value, option in ((overrides.attention, "--attention"), (overrides.scheduled_sampling, "--scheduled-sampling")):
        if value is not None:
            raise UsageError(f"{option} is for --decoder attention, and this is ctc", hint="leave one of them out")
    if (overrides.members or 1) > 1:
        raise UsageError(
            "--members: networks with --decoder ctc write a symbol in different frames, so that a mean has it twice "
            "or not at all",
            hint="leave one of them out",
        )


def _network(
    encoded: EncodedPairs, frames: int, overrides: TransducerOverrides, source: InitialWeights | None
) -> TransducerNetworkConfig:
    """The network that suits the pairs. Raises UsageError where it is to copy what it cannot copy."""
    symbols, decoder = encoded.symbols, overrides.decoder or "attention"
    if overrides.copies and not symbols.can_copy:
        raise UsageError("--copy: source and target are not made of the same kind of symbols")
    is_long = float(encoded.source_lengths.mean()) > LONG_SOURCE
    is_soft = is_long and symbols.outputs > MANY_OUTPUTS
    attention: AttentionKind = overrides.attention or ("additive" if is_soft else "hard")
    if decoder == "ctc":
        attention = "none"
    has_places = decoder == "ctc" or attention != "none"
    if overrides.copies and not has_places:
        raise UsageError("--copy: without attention there is no place to copy from")
    copies = overrides.copies
    if copies is None:
        copies = has_places and symbols.can_copy and copied_fraction(encoded) >= COPIED
    sizes = overrides.asked("cell", "layers", "hidden_size", "embedding_size", "dropout", "members")
    if len(encoded) < FEW_PAIRS:
        sizes.setdefault("dropout", STRONG_DROPOUT)
    jumps = JUMPS if attention == "hard" or (attention == "monotonic" and is_long) else 0
    direct_features = len(symbols.features)
    if source is not None:
        jumps = source.network.jumps
        direct_features = direct_features if source.network.direct_features else 0
    return TransducerNetworkConfig(
        symbols.inputs,
        symbols.outputs,
        attention=attention,
        copies=copies,
        decoder=decoder,
        frames=frames,
        jumps=jumps,
        direct_features=direct_features,
        **sizes,
    )


def _with_shape_of(overrides: TransducerOverrides, source: InitialWeights) -> TransducerOverrides:
    copies = source.network.copies
    if overrides.copies not in (None, copies):
        raise UsageError(
            f"the model to start from {'copies' if copies else 'does not copy'} symbols",
            hint="leave --copy out: the weights keep their shape",
        )
    return same_shape(overrides, source.network, SHAPE)


def default_batch_size(pairs: EncodedPairs, largest: int) -> int:
    """The pairs of a batch: fewer where an epoch would have few batches, and where they are so long that attention
    would need too much memory, for more than `largest` places times symbols."""
    area = float((pairs.source_lengths * pairs.target_lengths).mean())
    return min(32, max(1, len(pairs) // 25), max(1, int(largest / area)))


def copied_fraction(pairs: EncodedPairs) -> float:
    """The fraction of the target symbols that stand in their source, too."""
    copied = 0
    for start in range(0, len(pairs), TOGETHER):
        some = range(start, min(start + TOGETHER, len(pairs)))
        own = np.arange(len(some))[:, None] * (pairs.symbols.outputs + 1)
        targets = pairs.targets.padded(some, STOP_ID)
        copied += int((np.isin(targets + own, pairs.copies(some) + own) & (targets != STOP_ID)).sum())
    return copied / max(int((pairs.target_lengths - 1).sum()), 1)


def plan_to_resume(
    directory: TransducerDirectory, pairs: PairSet, budget: Budget | None, *, thread_counts: Sequence[int]
) -> TransducerPlan:
    """The plan of the run that is in `directory`, under another budget unless that is None."""
    # What n-grams are worth beside the network is found again when the run ends.
    config, symbols = replace(under_budget(directory.config(), budget), ngrams=None), directory.symbols()
    network = config.network
    frames = network.frames if network.decoder == "ctc" else None
    learned = with_fewer_repetitions(pairs.training) if config.regularization.fewer_repetitions else pairs.training
    encoded = EncodedPairs(learned, symbols, longest=longest_pair(network), frames=frames)
    threads = threads_for(config.training.batch_size * network.hidden_size, SMALL_STEP, thread_counts)
    return TransducerPlan(config, symbols, encoded, threads)
