"""What is learned from, and how it is read."""

from __future__ import annotations

from dataclasses import dataclass

from charnn.config.as_json import Json, require
from charnn.config.kinds import DocumentUnit, Level, TokenizerKind, TreebankFormat

HELD_OUT_FRACTION = 0.1
HELD_OUT_CHARACTERS = 1_000_000
"""Of a text, at most: enough to tell two models apart, and few enough to be read at every validation of a long run."""


@dataclass(frozen=True)
class TokenizerConfig(Json):
    kind: TokenizerKind = "characters"
    vocabulary_size: int = 1000
    """Pieces of a SentencePiece vocabulary; the other kinds take theirs from the text."""
    min_count: int = 1
    """Characters seen fewer times than this share the unknown token (`characters` only)."""

    def __post_init__(self) -> None:
        require(self.vocabulary_size >= 2, "a vocabulary needs at least 2 pieces")
        require(self.min_count >= 1, "the minimum count of a character is at least 1")


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
    """Given with --valid; where there are none, the last tenth of `sources` was held out, or HELD_OUT_CHARACTERS."""
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
