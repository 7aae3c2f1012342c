"""The pairs to learn from, those held out, and the record that finds the same ones again."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from charnn.config.model import SourceFile, SymbolKind
from charnn.corpora.decoding import BadBytes, OnError, marking
from charnn.corpora.documents import HELD_OUT_FRACTION, Fold
from charnn.corpora.pairs import Pair, PairsLayout, read_pairs
from charnn.corpora.sources import read, read_again
from charnn.errors import CorpusError
from charnn.tasks.transducer.config import PairsConfig
from charnn.tasks.transducer.symbols import kind_of_symbols

MOST_HELD_OUT = 1000
"""The most pairs that are held out: enough to tell accuracies to a point, and few enough to be written often."""
RUNNING_TEXT = 0.2
"""Where more than this fraction of the pairs has come before, they are words of a running text."""


@dataclass(frozen=True)
class PairSet:
    training: list[Pair]
    validation: list[Pair]
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


def references(pairs: Sequence[Pair]) -> list[Reference]:
    """Each source with all its targets; in a running text, each word by itself, with the target that it has there."""
    if is_running_text(pairs):
        return [Reference(pair.source, pair.features, [pair.target], pair.line, pair.file) for pair in pairs]
    found: dict[tuple[str, str], Reference] = {}
    for pair in pairs:
        known = found.setdefault(
            (pair.source, pair.features), Reference(pair.source, pair.features, [], pair.line, pair.file)
        )
        if pair.target not in known.targets:
            known.targets.append(pair.target)
    return list(found.values())


def is_running_text(pairs: Sequence[Pair]) -> bool:
    """Whether many of the pairs have come before, as the words of a text do."""
    recurring = len(pairs) - len({(pair.source, pair.features, pair.target) for pair in pairs})
    return recurring > RUNNING_TEXT * len(pairs)


def with_fewer_repetitions(pairs: Sequence[Pair]) -> list[Pair]:
    """The pairs, in their order, of which one that comes n times is kept as often as the root of n, rounded up."""
    counts = Counter((pair.source, pair.features, pair.target) for pair in pairs)
    left = {pair: math.isqrt(count - 1) + 1 for pair, count in counts.items()}
    kept = []
    for pair in pairs:
        key = pair.source, pair.features, pair.target
        if left[key]:
            left[key] -= 1
            kept.append(pair)
    return kept


class _File(NamedTuple):
    pairs: list[Pair]
    name: str
    """The name of the file in messages."""
    source: SourceFile


def read_pair_set(
    paths: Sequence[str],
    validation_paths: Sequence[str] = (),
    *,
    layout: PairsLayout,
    source_symbols: SymbolKind | None = None,
    target_symbols: SymbolKind | None = None,
    lookup: bool | None = None,
    encoding: str = "utf-8",
    on_error: OnError = "fail",
    holds_out: bool = True,
    fold: Fold | None = None,
) -> PairSet:
    """The pairs in the files at `paths`, `-` for standard input; see `sources.read`.

    Without `validation_paths`, every tenth source is held out with all its targets; in a running text, whose words
    recur, it is the last tenth of the pairs. A `fold` holds out its own part instead. Where it `holds_out` none, all
    pairs are trained on and validated with.
    Symbols that are None are told from the pairs. Raises CorpusError for what cannot be read, and where nothing is left
    to train on or to validate with.
    """
    files, held_out = (_read_files(some, layout, encoding, on_error) for some in (paths, validation_paths))
    training = [pair for file in files for pair in file.pairs]
    config = PairsConfig(
        sources=tuple(file.source for file in files),
        layout=layout,
        source_symbols=source_symbols or kind_of_symbols([pair.source for pair in training]),
        target_symbols=target_symbols or kind_of_symbols([pair.target for pair in training]),
        validation_sources=tuple(file.source for file in held_out),
        encoding=encoding,
        on_error=on_error,
        held_out=holds_out,
        lookup=lookup,
    )
    return _pair_set(files, held_out, config, fold)


def read_pair_set_again(config: PairsConfig) -> PairSet:
    """The pairs that `config` records. Raises CorpusError where a file of them is missing or has changed."""
    return _pair_set(_again(config.sources, config), _again(config.validation_sources, config), config)


def read_named_again(paths: Sequence[str], config: PairsConfig) -> PairSet | None:
    """The pairs that `config` records, with those to train on in the files at `paths`; None where these are others."""
    files = _read_files(paths, config.layout, config.encoding, config.on_error)
    if [file.source.sha256 for file in files] != [source.sha256 for source in config.sources]:
        return None
    return _pair_set(files, _again(config.validation_sources, config), config)


def pairs_of(path: str, layout: PairsLayout, encoding: str, on_error: OnError) -> tuple[list[Pair], SourceFile]:
    """The pairs in a file, `-` for standard input, and its record. Raises what `read_pairs` and `read` raise."""
    text, source = read(path, encoding=encoding, on_error=marking(on_error))
    name = "standard input" if path == "-" else path
    return _named(read_pairs(text, name, layout, BadBytes(name, encoding, on_error)), name), source


def _named(pairs: list[Pair], name: str) -> list[Pair]:
    return [pair._replace(file=name) for pair in pairs]


def _read_files(paths: Sequence[str], layout: PairsLayout, encoding: str, on_error: OnError) -> list[_File]:
    found = [(path, *pairs_of(path, layout, encoding, on_error)) for path in paths]
    return [_File(pairs, "standard input" if path == "-" else path, source) for path, pairs, source in found]


def _again(sources: Sequence[SourceFile], config: PairsConfig) -> list[_File]:
    files = []
    for source in sources:
        text = read_again(source, encoding=config.encoding, on_error=marking(config.on_error))
        bad = BadBytes(source.path, config.encoding, config.on_error)
        pairs = _named(read_pairs(text, source.path, config.layout, bad), source.path)
        files.append(_File(pairs, source.path, source))
    return files


def _pair_set(files: list[_File], held_out: list[_File], config: PairsConfig, fold: Fold | None = None) -> PairSet:
    training = [pair for file in files for pair in file.pairs]
    validation = [pair for file in held_out for pair in file.pairs]
    if not config.held_out:
        validation = training
    elif fold is not None and is_running_text(training):
        training, validation = fold.of_blocks(training)
    elif fold is not None:
        training, validation = fold.of_groups(training, lambda pair: pair.source)
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
    seen = {(pair.source, pair.features) for pair in training}
    counted = replace(
        config,
        training_pairs=len(training),
        training_characters=sum(len(pair.target) for pair in training),
        validation_pairs=len(validation),
        seen_pairs=sum((pair.source, pair.features) in seen for pair in validation),
        has_features=any(pair.features for pair in training),
    )
    return PairSet(training, validation, counted, tuple(_remarks(training, validation, held_out=config.held_out)))


def _remarks(training: list[Pair], validation: list[Pair], *, held_out: bool) -> Iterator[str]:
    targets: dict[tuple[str, str], set[str]] = {}
    for pair in training:
        targets.setdefault((pair.source, pair.features), set()).add(pair.target)
    if several := sum(len(found) > 1 for found in targets.values()):
        yield f"sources with several targets, of which none is certain then: {several:,}"
    known = [targets.get((pair.source, pair.features)) for pair in validation]
    others = sum(found is not None and pair.target not in found for pair, found in zip(validation, known, strict=True))
    if held_out and others:
        yield f"validation pairs whose source has another target in the pairs to train on: {others:,}"


def hold_out(pairs: list[Pair]) -> tuple[list[Pair], list[Pair]]:
    """`(training, held_out)`: a tenth of the sources with all their targets, at even distances, or in a running text
    the last tenth of the pairs; at most MOST_HELD_OUT pairs, more or less."""
    wanted = min(round(HELD_OUT_FRACTION * len(pairs)), MOST_HELD_OUT)
    wanted = max(wanted, 1)
    if is_running_text(pairs):
        return pairs[: len(pairs) - wanted], pairs[len(pairs) - wanted :]
    sources = list(dict.fromkeys(pair.source for pair in pairs))
    few = max(round(wanted * len(sources) / max(len(pairs), 1)), 1)
    chosen = {sources[(2 * i + 1) * len(sources) // (2 * few)] for i in range(few)} if len(sources) > 1 else set()
    return [p for p in pairs if p.source not in chosen], [p for p in pairs if p.source in chosen]
