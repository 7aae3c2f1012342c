"""The symbols of both sides of a pair: text to ids and back, and which source symbols are also target symbols."""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, overload

import numpy as np

from charnn import tokenizers
from charnn.arrays import Int32s, Int64s
from charnn.config.as_json import json_text
from charnn.config.model import SymbolKind, TokenizerConfig
from charnn.corpora.pairs import Pair, split_features
from charnn.errors import ModelFormatError, TokenizerError
from charnn.tokenizers.base import STOP_ID, TOKENIZER_JSON, Tokenizer
from charnn.tokenizers.characters import CharacterTokenizer
from charnn.tokenizers.spaced import SpacedTokenizer

Side = Tokenizer
"""The tokenizer of one side of a pair."""
PIECES = 500
"""The most pieces of a SentencePiece vocabulary."""
SPACED_FRACTION = 0.5
"""The fraction of the lines that have a space in them where symbols stand between spaces."""
LONGEST_SPACED = 2.5
"""The most characters that such symbols have on average."""
MOST_SPACED = 250
"""The most different symbols that stand between spaces."""


def kind_of_symbols(texts: Iterable[str]) -> SymbolKind:
    """`spaces` where most of the texts are short symbols between spaces, such as phones, and else `characters`."""
    counts, several, every = Counter[str](), 0, 0
    for text in texts:
        symbols = text.split()
        counts.update(symbols)
        several += len(symbols) > 1
        every += 1
    is_spaced = several >= SPACED_FRACTION * every
    mean = sum(len(symbol) * count for symbol, count in counts.items()) / max(counts.total(), 1)
    return "spaces" if is_spaced and mean <= LONGEST_SPACED and len(counts) <= MOST_SPACED else "characters"


@dataclass(frozen=True)
class EncodedSource:
    """A source as the encoder reads it: its features, its symbols and a stop."""

    ids: list[int]
    features: int
    """How many of the ids are features."""
    copies: list[int]
    """For each id, the target symbol that copying it writes; V where there is none."""
    texts: list[str]
    """For each id, what is written where an unknown symbol is copied."""

    @property
    def bundle(self) -> tuple[int, ...]:
        """The ids of its features."""
        return tuple(self.ids[: self.features])

    @property
    def symbols(self) -> list[int]:
        """The ids of its symbols."""
        return self.ids[self.features : -1]

    @property
    def text(self) -> str:
        """The source, where its symbols are characters."""
        return "".join(self.texts)


class Symbols:
    """The symbols of the sources, their features and the targets. An id of a feature follows those of the sources."""

    def __init__(self, source: Side, features: Sequence[str], target: Side) -> None:
        self.source, self.features, self.target = source, tuple(features), target
        self._feature_ids = {feature: source.size + number for number, feature in enumerate(self.features)}

    @classmethod
    def of(cls, pairs: Sequence[Pair], source: SymbolKind, target: SymbolKind) -> Symbols:
        """The symbols of these pairs. Raises TokenizerError where a side cannot be made of such symbols."""
        features = sorted({feature for given in {pair.features for pair in pairs} for feature in split_features(given)})
        sources, targets = SidesOf(pairs, "source"), SidesOf(pairs, "target")
        return cls(_trained(source, sources), features, _trained(target, targets))

    def joined(self, others: Symbols) -> Symbols:
        """These symbols, and those of `others` besides. A side of another kind, or of pieces, is that of `others`."""
        features = sorted({*self.features, *others.features})
        return Symbols(_joined(self.source, others.source), features, _joined(self.target, others.target))

    def input_names(self) -> tuple[tuple[str, str], ...]:
        """What each input stands for, as `Tokenizer.symbols` says it."""
        return (*self.source.symbols(), *(("feature", feature) for feature in self.features))

    @property
    def inputs(self) -> int:
        return self.source.size + len(self.features)

    @property
    def outputs(self) -> int:
        return self.target.size

    def encode_source(self, source: str, features: str = "") -> EncodedSource:
        """A feature that training has not had is read as an unknown symbol."""
        before, symbols = self._ids_of_features(features), self.source.encode(source).tolist()
        none = self.outputs
        copies = [none] * len(before) + [self._copies[symbol] for symbol in symbols] + [none]
        return EncodedSource(
            [*before, *symbols, STOP_ID], len(before), copies, [""] * len(before) + self._texts(source, symbols) + [""]
        )

    def source_ids(self, source: str, features: str = "") -> Int32s:
        """The ids of an encoded source."""
        ids = self.source.encode(source)
        return np.concatenate((np.array(self._ids_of_features(features), np.int32), ids, np.zeros(1, np.int32)))

    def target_ids(self, target: str) -> Int32s:
        """The ids of a target, with the stop at its end."""
        return np.append(self.target.encode(target), np.int32(STOP_ID))

    def _ids_of_features(self, features: str) -> list[int]:
        unknown = self.source.unknown_id or STOP_ID
        return [self._feature_ids.get(feature, unknown) for feature in split_features(features)]

    def encode_target(self, target: str) -> list[int]:
        """The ids of a target, with the stop at its end."""
        return [*self.target.encode(target).tolist(), STOP_ID]

    def decode(self, ids: Sequence[int], unknown: Sequence[str] = ()) -> str:
        """The text of target symbols; `unknown` are the texts that stand for the unknown ones, in order."""
        if not unknown:
            return self.target.decode(ids)
        if self.target.kind not in ("characters", "spaces"):
            return self.target.decode(ids)
        texts, copied = [], iter(unknown)
        for token in ids:
            if token != STOP_ID:
                texts.append(next(copied) if token == self.target.unknown_id else self.target.decode([token]))
        return (" " if self.target.kind == "spaces" else "").join(texts)

    def target_text(self, source: EncodedSource, ids: Sequence[int]) -> str | None:
        """The text of target symbols, where the unknown ones are copies of those of the source, in their order. None
        where there are more of them than the source has."""
        unknown = self.target.unknown_id
        copied = [text for symbol, text in zip(source.copies, source.texts, strict=True) if symbol == unknown]
        wanted = list(ids).count(-1 if unknown is None else unknown)
        return None if wanted > len(copied) else self.decode(ids, copied[:wanted])

    @staticmethod
    def parts(side: Side, text: str) -> list[str]:
        """The text of each symbol of `text`, unknown ones as they are written."""
        if side.kind == "characters":
            return list(text)
        if side.kind == "spaces":
            return text.split()
        if side.kind == "bytes":
            return [f"{byte:02x}" for byte in text.encode("utf-8", "surrogateescape")]
        return [side.decode([token]) for token in side.encode(text).tolist()]

    def unknown_in(self, source: str, features: str) -> tuple[str, ...]:
        """The symbols and features that training has not had."""
        lacking = [one for one in split_features(features) if one not in self._feature_ids]
        return (*self.source.unknown_characters(source), *dict.fromkeys(lacking))

    @property
    def can_copy(self) -> bool:
        """Whether both sides are made of symbols of the same kind, so that one can be copied to the other."""
        return self.source.kind == self.target.kind and self.source.kind in ("characters", "spaces", "bytes")

    @cached_property
    def _copies(self) -> list[int]:
        """For each source symbol, the same target symbol; V where there is none."""
        if not self.can_copy:
            return [self.outputs] * self.source.size
        places = {symbol: number for number, symbol in enumerate(self.target.symbols()) if number != STOP_ID}
        return [places.get(symbol, self.outputs) for symbol in self.source.symbols()]

    def _texts(self, source: str, symbols: Sequence[int]) -> list[str]:
        if self.source.kind == "characters":
            return list(source)
        return source.split() if self.source.kind == "spaces" else [""] * len(symbols)

    def to_bytes(self) -> bytes:
        value = {"source": _plain(self.source), "features": list(self.features), "target": _plain(self.target)}
        return json_text(value).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Symbols:
        """What `to_bytes` gave. Raises ModelFormatError for anything else."""
        try:
            value = json.loads(data.decode("utf-8"))
            if not isinstance(value, dict) or set(value) != {"source", "features", "target"}:
                raise ValueError
            features = value["features"]
            if not isinstance(features, list) or not all(isinstance(one, str) for one in features):
                raise ValueError
            return cls(_side(value["source"]), features, _side(value["target"]))
        except (ValueError, KeyError, TypeError, RecursionError, TokenizerError):
            raise ModelFormatError("not the symbols of a transducer") from None

    @cached_property
    def copies(self) -> Int64s:
        """For each input, the target symbol that copying it writes; V where there is none."""
        return np.array([*self._copies, *[self.outputs] * len(self.features)], np.int64)


class SidesOf(Sequence[str]):
    """One side of all pairs."""

    def __init__(self, pairs: Sequence[Pair], side: Literal["source", "target"]) -> None:
        self._pairs, self._side = pairs, side

    def __len__(self) -> int:
        return len(self._pairs)

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[str]: ...
    def __getitem__(self, place: int | slice) -> str | Sequence[str]:
        if isinstance(place, slice):
            return SidesOf(self._pairs[place], self._side)
        return str(getattr(self._pairs[place], self._side))

    def __iter__(self) -> Iterator[str]:
        return (getattr(pair, self._side) for pair in self._pairs)


def _trained(kind: SymbolKind, texts: Sequence[str]) -> Side:
    if kind == "spaces":
        return SpacedTokenizer.train(texts)
    size = min(PIECES, 300 + len(texts)) if kind == "unigram" else 2
    return tokenizers.train(TokenizerConfig(kind, size), texts)


def _joined(side: Side, other: Side) -> Side:
    texts = sorted({text for one in (side, other) for kind, text in one.symbols() if kind == "text"})
    if isinstance(side, SpacedTokenizer) and isinstance(other, SpacedTokenizer):
        return SpacedTokenizer(texts)
    if isinstance(side, CharacterTokenizer) and isinstance(other, CharacterTokenizer):
        return CharacterTokenizer("".join(texts))
    return other


def _plain(side: Side) -> dict[str, Any]:
    """The tokenizer's own JSON, or for one of pieces its kind and its file in base64."""
    if side.file_name == TOKENIZER_JSON:
        return dict(json.loads(side.to_bytes()))
    return {"kind": side.kind, "model": base64.b64encode(side.to_bytes()).decode("ascii")}


def _side(value: dict[str, Any]) -> Side:
    kind = value["kind"]
    is_of_pieces = kind == "unigram"
    data = base64.b64decode(value["model"], validate=True) if is_of_pieces else json.dumps(value).encode("ascii")
    if kind == "spaces":
        return SpacedTokenizer.from_bytes(data)
    if kind in ("characters", "bytes", "unigram"):
        return tokenizers.load(kind, data)
    raise ValueError(kind)
