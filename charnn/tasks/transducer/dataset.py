"""The pairs to learn from, those held out, and the record that finds the same ones again."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, overload

import numpy as np

from charnn.config.model import SourceFile, SymbolKind
from charnn.corpora.data_files import DataFiles
from charnn.corpora.decoding import OnError
from charnn.corpora.documents import HELD_OUT_FRACTION, Fold
from charnn.corpora.pairs import Pair, PairsLayout, pairs_in
from charnn.corpora.table_files import read_table, read_table_again
from charnn.corpora.tables import Table
from charnn.errors import CorpusError
from charnn.readable import file_name
from charnn.tasks.transducer.config import PairsConfig
from charnn.tasks.transducer.stored_pairs import Groups, StoredPairs
from charnn.tasks.transducer.symbols import kind_of_symbols

MOST_HELD_OUT = 1000
"""The most pairs that are held out: enough to tell accuracies to a point, and few enough to be written often."""
RUNNING_TEXT = 0.2
"""Where more than this fraction of the pairs has come before, they are words of a running text."""


@dataclass(frozen=True)
class PairSet:
    training: StoredPairs
    validation: StoredPairs
    config: PairsConfig
    remarks: tuple[str, ...] = ()
    """What a person should know of these pairs, a line each."""


class Reference(NamedTuple):
    """A source, and the targets that are right for it."""

    source: str
    features: str
    targets: list[str]
    line: int
    file: str = ""


class _References(Sequence[Reference]):
    """Each is made anew when it is asked for, as there may be many."""

    def __init__(self, pairs: StoredPairs) -> None:
        self._pairs = pairs
        self._groups = None if is_running_text(pairs) else Groups.of(pairs.given_keys)

    def __len__(self) -> int:
        return len(self._pairs) if self._groups is None else len(self._groups)

    @overload
    def __getitem__(self, place: int) -> Reference: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Reference]: ...
    def __getitem__(self, place: int | slice) -> Reference | Sequence[Reference]:
        if isinstance(place, slice):
            return [self[number] for number in range(*place.indices(len(self)))]
        places = [place] if self._groups is None else self._groups.places(place).tolist()
        pairs = [self._pairs[at] for at in places]
        targets = list(dict.fromkeys(pair.target for pair in pairs))
        return Reference(pairs[0].source, pairs[0].features, targets, pairs[0].line, pairs[0].file)

    def __iter__(self) -> Iterator[Reference]:
        return map(self.__getitem__, range(len(self)))


def references(pairs: Sequence[Pair]) -> Sequence[Reference]:
    """Each source with all its targets; in a running text, each word by itself, with the target that it has there."""
    return _References(StoredPairs.of(pairs))


def is_running_text(pairs: Sequence[Pair]) -> bool:
    """Whether many of the pairs have come before, as the words of a text do."""
    recurring = len(pairs) - len(np.unique(StoredPairs.of(pairs).keys))
    return recurring > RUNNING_TEXT * len(pairs)


def with_fewer_repetitions(pairs: Sequence[Pair]) -> StoredPairs:
    """The pairs, in their order, of which one that comes n times is kept as often as the root of n, rounded up."""
    stored = StoredPairs.of(pairs)
    groups = Groups.of(stored.keys)
    counts = np.diff(groups.starts)
    kept = np.array([math.isqrt(count - 1) + 1 for count in counts.tolist()], np.int64)
    number_within = np.arange(len(stored)) - np.repeat(groups.starts[:-1], counts)
    return stored.chosen(np.sort(groups.order[number_within < np.repeat(kept, counts)]))


class _File(NamedTuple):
    pairs: StoredPairs
    name: str
    """The name of the file in messages."""
    source: SourceFile


def read_pair_set(
    data: DataFiles,
    *,
    layout: PairsLayout,
    source_symbols: SymbolKind | None = None,
    target_symbols: SymbolKind | None = None,
    lookup: bool | None = None,
) -> PairSet:
    """The pairs in these files; see `sources.read`.

    Every tenth source is held out with all its targets; in a running text, whose words recur, it is the last tenth of
    the pairs. Symbols that are None are told from the pairs. Raises CorpusError for what cannot be read, and where
    nothing is left to train on or to validate with.
    """
    files, held_out = (
        _read_files(paths, layout, data.encoding, data.on_error) for paths in (data.paths, data.validation_paths)
    )
    training = _joined(files)
    config = PairsConfig(
        sources=tuple(file.source for file in files),
        layout=layout,
        source_symbols=source_symbols or kind_of_symbols(training.sources()),
        target_symbols=target_symbols or kind_of_symbols(training.targets()),
        validation_sources=tuple(file.source for file in held_out),
        encoding=data.encoding,
        on_error=data.on_error,
        held_out=data.holds_out,
        lookup=lookup,
    )
    return _pair_set(files, held_out, config, data.fold)


def read_pair_set_again(config: PairsConfig) -> PairSet:
    """The pairs that `config` records. Raises CorpusError where a file of them is missing or has changed."""
    return _pair_set(_again(config.sources, config), _again(config.validation_sources, config), config)


def read_named_again(paths: Sequence[str], config: PairsConfig) -> PairSet | None:
    """The pairs that `config` records, with those to train on in the files at `paths`; None where these are others."""
    files = _read_files(paths, config.layout, config.encoding, config.on_error)
    if [file.source.sha256 for file in files] != [source.sha256 for source in config.sources]:
        return None
    return _pair_set(files, _again(config.validation_sources, config), config)


def pairs_of(path: str, layout: PairsLayout, encoding: str, on_error: OnError) -> tuple[StoredPairs, SourceFile]:
    """The pairs in a file, `-` for standard input, and its record. Raises what `read_table` and `pairs_in` raise."""
    table, source = read_table(path, encoding=encoding, on_error=on_error)
    return _stored(table, layout), source


def _stored(table: Table, layout: PairsLayout) -> StoredPairs:
    return StoredPairs(pair._replace(file=table.name) for pair in pairs_in(table, layout))


def _joined(files: Sequence[_File]) -> StoredPairs:
    return files[0].pairs if len(files) == 1 else StoredPairs(pair for file in files for pair in file.pairs)


def _read_files(paths: Sequence[str], layout: PairsLayout, encoding: str, on_error: OnError) -> list[_File]:
    found = [(path, *pairs_of(path, layout, encoding, on_error)) for path in paths]
    return [_File(pairs, file_name(path), source) for path, pairs, source in found]


def _again(sources: Sequence[SourceFile], config: PairsConfig) -> list[_File]:
    files = []
    for source in sources:
        table = read_table_again(source, encoding=config.encoding, on_error=config.on_error)
        files.append(_File(_stored(table, config.layout), source.path, source))
    return files


def _pair_set(files: list[_File], held_out: list[_File], config: PairsConfig, fold: Fold | None = None) -> PairSet:
    training, validation = _joined(files), _joined(held_out)
    if not config.held_out:
        validation = training
    elif fold is not None and is_running_text(training):
        training, validation = _chosen(training, fold.of_blocks(range(len(training))))
    elif fold is not None:
        source_keys = training.source_keys
        training, validation = _chosen(training, fold.of_groups(range(len(training)), source_keys.__getitem__))
    elif not held_out:
        training, validation = hold_out(training)
    for pairs, of in ((training, files), (validation, held_out or files)):
        if not pairs:
            names = ", ".join(file.name for file in of)
            if not training and not validation:
                raise CorpusError(f"{names}: there is no pair in it", hint="write source<TAB>target on each line")
            raise CorpusError(
                f"{names}: there are too few pairs: some must be held out",
                hint="2 sources are the least, or a file to validate with (--valid FILE), or --valid none",
            )
    counted = replace(
        config,
        training_pairs=len(training),
        training_characters=training.target_characters,
        validation_pairs=len(validation),
        seen_pairs=int(np.isin(validation.given_keys, training.given_keys).sum()),
        has_features=training.has_features,
    )
    return PairSet(training, validation, counted, tuple(_remarks(training, validation, held_out=config.held_out)))


def _chosen(pairs: StoredPairs, parts: tuple[list[int], list[int]]) -> tuple[StoredPairs, StoredPairs]:
    first, second = (pairs.chosen(np.array(part, np.int64)) for part in parts)
    return first, second


def _remarks(training: StoredPairs, validation: StoredPairs, *, held_out: bool) -> Iterator[str]:
    distinct = training.chosen(np.unique(training.keys, return_index=True)[1])
    if several := int((np.unique(distinct.given_keys, return_counts=True)[1] > 1).sum()):
        yield f"sources with several targets, of which none is certain then: {several:,}"
    is_known = np.isin(validation.given_keys, training.given_keys)
    if held_out and (others := int((is_known & ~np.isin(validation.keys, training.keys)).sum())):
        yield f"validation pairs whose source has another target in the pairs to train on: {others:,}"


def hold_out(pairs: Sequence[Pair]) -> tuple[StoredPairs, StoredPairs]:
    """`(training, held_out)`: a tenth of the sources with all their targets, at even distances, or in a running text
    the last tenth of the pairs; at most MOST_HELD_OUT pairs, more or less."""
    stored = StoredPairs.of(pairs)
    wanted = min(round(HELD_OUT_FRACTION * len(stored)), MOST_HELD_OUT)
    wanted = max(wanted, 1)
    if is_running_text(stored):
        return stored[: len(stored) - wanted], stored[len(stored) - wanted :]
    keys = stored.source_keys
    sources = keys[Groups.of(keys).firsts]
    few = max(round(wanted * len(sources) / max(len(stored), 1)), 1)
    chosen = [(2 * i + 1) * len(sources) // (2 * few) for i in range(few)] if len(sources) > 1 else []
    is_held_out = np.isin(keys, sources[chosen])
    return stored.chosen(np.flatnonzero(~is_held_out)), stored.chosen(np.flatnonzero(is_held_out))
